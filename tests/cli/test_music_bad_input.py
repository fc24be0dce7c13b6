"""Bad music: a clear message that names the thing, exit status 2, no traceback, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import write_folder
from foretell.music import MusicModel, MusicSettings

HEADER = "note0,note1,note2,note3\n"
ROW = "72,67,64,48\n"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], ["bach holds no chorales"]),
        ("", [], ["bach: a.csv is not a chorale", "empty"]),
        (HEADER, [], ["bach: a.csv holds a header and no rows"]),
        (HEADER + ROW + "72,67,64\n", [], ["bach: a.csv: row 3 has 3 cells"]),
        (HEADER + "72,x,64,48\n", [], ["bach: a.csv: row 2, column note1", "'x'"]),
        (HEADER + "99,67,64,48\n", [], ["bach: a.csv: row 2, column note0", "no note 99"]),
        (HEADER + ROW, ["--hidden", "0"], ["hidden is 0"]),
        (HEADER + ROW, ["--layers", "0"], ["layers is 0"]),
        (HEADER + ROW, ["--backbone", "gru", "--dropout", "1"], ["dropout is 1"]),
        (HEADER + ROW, ["--dropout", "0.3"], ["dropout is 0.3", "wavenet"]),
        (HEADER + ROW, ["--tensorboard", "bach/a.csv"], ["a.csv is a file; give a folder"]),
        (HEADER + ROW, ["--semitones", "-1"], ["semitones is -1"]),
        (HEADER + ROW, ["--backbone", "gru", "--hidden", "100000000"], ["not enough memory"]),
        (HEADER + ROW, ["--out", "bach"], ["holds something other than a model"]),
        (HEADER + ROW, ["--checkpoint", "bach"], ["holds 'a.csv', which is of no checkpoint"]),
    ],
)  # fmt: skip
def test_train_refuses(
    content: str | None,
    options: list[str],
    said: list[str],
    run: Callable[..., Any],
    tmp_path: Path,
    refused: Callable[..., None],
) -> None:
    (tmp_path / "bach").mkdir()
    if content is not None:
        (tmp_path / "bach" / "a.csv").write_text(content)
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in options else ["--out", "model"]
    refused(run("music", "train", "bach", *out, *options, "--quiet"), tmp_path, before, *said)


def test_train_refuses_what_is_no_collection(
    run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    (tmp_path / "bad.tgz").write_bytes(b"no tar")
    (tmp_path / "song.mid").write_bytes(b"no MIDI")
    before = sorted(tmp_path.rglob("*"))
    for source, said in (("bad.tgz", "cannot be read as a tar file"), ("song.mid", "neither a folder"), ("x", "no f")):
        refused(run("music", "train", source, "-o", "model"), tmp_path, before, said)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    MusicModel(MusicSettings(hidden=4, embedding=2)).initialise(None).save(tmp_path / "model")
    (tmp_path / "a.csv").write_text(HEADER + ROW)
    (tmp_path / "empty.mid").write_bytes(b"")
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "x.mp3"], ["output x.mp3: end its name in one of .mid, .midi, .wav"]),
        (["--out", "nowhere/x.mid"], ["there is no folder nowhere"]),
        (["--out", "model"], ["output model: end its name"]),
        (["--picture", "x.jpg"], ["x.jpg", ".png"]),
        (["--picture", "nowhere/x.png"], ["there is no folder nowhere"]),
        (["--temperature", "0"], ["temperature must be a number above 0", "top_k=1"]),
        (["--temperature", "-1"], ["temperature"]),
        (["--temperature", "nan"], ["temperature"]),
        (["--top-k", "0"], ["top_k must be at least 1"]),
        (["--top-p", "0"], ["top_p must be above 0"]),
        (["--top-p", "1.5"], ["top_p"]),
        (["--chords", "0"], ["0 chords"]),
        (["--chords", "-5"], ["-5 chords"]),
        (["--chords", "1000000"], ["1,000,000 chords", "10,000"]),
        (["--chords", "4", "--seconds", "1"], ["--chords and --seconds"]),
        (["--seconds", "0"], ["seconds is 0", "above 0"]),
        (["--seconds", "inf"], ["seconds is inf"]),
        (["--seconds", "1e308"], ["--seconds 1e+308", "1,000,000 chords"]),
        (["--out", "x.wav", "--chords", "9999", "--tempo", "10"], ["9,999 chords at 10 beats", "write .mid"]),
        (["--tempo", "0"], ["tempo is 0", "from 10 to 1,000"]),
        (["--seed", "-1"], ["seed is -1"]),
        (["--out", "empty.mid", "--start", "empty.mid"], ["empty.mid is the chorale that is read"]),
        (["--start", "nothing.csv"], ["there is no file nothing.csv"]),
        (["--start", "empty.mid"], ["empty.mid is not a MIDI file"]),
        (["--start", "model"], ["model is a folder"]),
        (["--start", "a.csv", "--start-chords", "0"], ["start_chords is 0", "at least 1"]),
    ],
)
@pytest.mark.usefixtures("model")
def test_generate_refuses(
    options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in options else ["--out", "x.mid"]
    refused(run("music", "generate", "model", *out, *options), tmp_path, before, *said)


def test_generate_refuses_other_models(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    write_folder(tmp_path / "sound", "audio", {}, {})
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name, said in (
        ("nothing", "does not exist"),
        ("empty", "is not a model"),
        ("sound", "foretell audio generate"),
    ):
        refused(run("music", "generate", name, "-o", "x.mid"), tmp_path, before, said)


@pytest.mark.usefixtures("model")
def test_a_full_disk_leaves_nothing(
    run: Callable[..., Any], tmp_path: Path, full_disk: Callable[[], None], refused: Callable[..., None]
) -> None:
    (tmp_path / "x.mid").write_bytes(b"what was there before")
    before = sorted(tmp_path.rglob("*"))
    full_disk()
    done = run("music", "generate", "model", "-o", "x.mid", "--chords", "2", "--quiet")
    refused(done, tmp_path, before, "x.mid", "No space left on device")
    assert (tmp_path / "x.mid").read_bytes() == b"what was there before"


@pytest.mark.usefixtures("model")
def test_a_picture_that_cannot_be_drawn_leaves_the_music(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretell.music.picture._MOST_BARS", 1)
    done = run("music", "generate", "model", "-o", "x.mid", "--chords", "16", "--picture", "x.png", "--quiet")
    assert done.exit_code == 2
    assert "tones, a picture shows 1: draw less; the music itself was written to x.mid" in done.stderr
    assert (tmp_path / "x.mid").read_bytes()[:4] == b"MThd"
    assert not (tmp_path / "x.png").exists()
