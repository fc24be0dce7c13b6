"""`foretell music train` and `foretell music generate`, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from foretell.music.chorales import HEADER, read_chorale

TINY = ("--steps", "20", "--hidden", "8")


@pytest.fixture
def bach(tmp_path: Path) -> Path:
    """A folder of chorales in three parts."""
    chords = np.repeat([(72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48)], 4, axis=0)
    for part, count in (("train", 4), ("valid", 2), ("test", 1)):
        folder = tmp_path / "bach" / part
        folder.mkdir(parents=True)
        for k in range(count):
            rows = [",".join(map(str, row)) for row in (chords + k).tolist()]
            (folder / f"chorale_{k:03}.csv").write_text("\n".join([",".join(HEADER), *rows]) + "\n")
    return tmp_path / "bach"


@pytest.fixture
def model(run: Callable[..., Any], bach: Path) -> Path:
    done = run("music", "train", "bach", "--out", "model", *TINY, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    return bach.parent / "model"


@pytest.mark.parametrize("backbone", ["lstm", "gru", "wavenet", "conv-lstm"])
def test_train_and_generate(backbone: str, run: Callable[..., Any], bach: Path) -> None:
    folder = bach.parent
    done = run("music", "train", "bach", "-o", "model", "--backbone", backbone, *TINY)
    assert done.exit_code == 0, done.output
    for words in (
        f"{backbone} of",
        "4 for training, 2 for validation, 1 for test",
        "20 steps in",
        "nats per note",
        "accuracy",
    ):
        assert words in done.stdout
    assert "left" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["bach", "model"]

    done = run("music", "generate", "model", "-o", "new.mid", "--chords", "12", "--picture", "new.png")
    assert done.exit_code == 0, done.output
    for words in ("12 chords", "2.0 s", "new.mid", "new.png"):
        assert words in done.stdout
    assert len(read_chorale(folder / "new.mid").notes) <= 12
    assert (folder / "new.png").read_bytes()[1:4] == b"PNG"


def test_json_says_what_there_is(run: Callable[..., Any], bach: Path) -> None:
    done = run("music", "train", "bach", "-o", "model", *TINY, "--json")
    document = json.loads(done.stdout)
    assert [document["data"][part] for part in ("training", "validation", "test")] == [4, 2, 1]
    assert document["training"]["steps"] == 20
    assert document["test"]["notes"] == 63
    assert document["validation"]["loss"] == pytest.approx(document["training"]["validation_loss"])
    done = run("music", "evaluate", "model", "bach", "--json")
    assert json.loads(done.stdout)["score"] == document["test"]
    done = run("music", "generate", "model", "-o", "new.wav", "--seconds", "3", "--tempo", "60", "--json")
    document = json.loads(done.stdout)
    assert (document["chords"], document["seconds"], document["files"]) == (12, 3.0, {"music": "new.wav"})
    assert soundfile.info(bach.parent / "new.wav").duration == pytest.approx(4.0)


def test_the_start_of_a_chorale(run: Callable[..., Any], model: Path) -> None:
    start = model.parent / "bach" / "test" / "chorale_000.csv"
    done = run(
        "music", "generate", "model", "-o", "new.mid", "--chords", "4", "--start", str(start), "--start-chords", "8"
    )
    assert done.exit_code == 0, done.output
    assert "4 chords after 8 given ones" in done.stdout
    given = read_chorale(start).notes
    assert sorted(map(tuple, read_chorale(model.parent / "new.mid").notes[:8].T)) == sorted(map(tuple, given[:8].T))


def test_the_same_seed_gives_the_same_bytes(run: Callable[..., Any], model: Path) -> None:
    written = []
    for seed in ("3", "3", "4"):
        done = run("music", "generate", "model", "-o", "new.mid", "--chords", "16", "--seed", seed, "--top-p", "0.95")
        assert done.exit_code == 0, done.output
        written.append((model.parent / "new.mid").read_bytes())
    assert written[0] == written[1] != written[2]


def test_without_a_valid_part_some_chorales_are_held_out(run: Callable[..., Any], bach: Path) -> None:
    first = (bach / "train" / "chorale_000.csv").read_text()
    songs = bach.parent / "songs"
    songs.mkdir()
    for k in range(10):
        (songs / f"{k}.csv").write_text(first)
    done = run("music", "train", "songs", "-o", "model", *TINY)
    assert done.exit_code == 0, done.output
    assert "9 for training, 1 for validation; these were held out" in done.stdout
    (songs / "0.csv").unlink()
    done = run("music", "train", "songs", "-o", "model", *TINY)
    assert done.exit_code == 0, done.output
    assert "9 for training. Nothing is held out" in done.stdout


@pytest.mark.usefixtures("bach")
def test_ctrl_c_and_on(interrupted_and_resumed: Callable[[tuple[str, ...]], None]) -> None:
    options = ("music", "train", "bach", "-o", "model", "--steps", "60", "--hidden", "8")
    interrupted_and_resumed(options)
