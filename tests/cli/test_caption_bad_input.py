"""Bad pictures and captions: a clear message that names the thing, exit status 2, no traceback, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foretell.caption import Captioned, Captioner, CaptionSettings
from foretell.model.folder import write_folder
from foretell.training.settings import TrainingSettings

GOOD = "image,caption\na.png,red\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (20, 20), "red").save(folder / "a.png")
    (folder / "bad.png").write_bytes(b"no picture")
    Image.effect_noise((64, 64), 50).save(folder / "cut.png")
    (folder / "cut.png").write_bytes((folder / "cut.png").read_bytes()[:1000])
    return folder


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (None, [], ["there is no file t.csv"]),
        ("", [], ["t.csv is empty"]),
        ("image,caption\n", [], ["t.csv", "rows"]),
        ("x,y,z\na.png,red,1\n", [], ["which column is the image?"]),
        (GOOD, ["--image", "photo"], ["no image column 'photo'"]),
        (GOOD, ["--caption", "photo"], ["no caption column 'photo'"]),
        (GOOD + "a.png,\n", [], ["'caption', row 3"]),
        (GOOD + ",red\n", [], ["'image', row 3"]),
        (GOOD + "b.png,red\n", [], ["row 3", "no file 'b.png'"]),
        (GOOD + "bad.png,red\n", [], ["row 3", "bad.png is not a readable picture"]),
        (GOOD + "cut.png,red\n", [], ["row 3", "cut.png cannot be read", "cut short"]),
        ("image,caption\na.png,K\xe4\x81se\n", [], ["t.csv: row 2 is not UTF-8"]),
        (GOOD, ["--size", "0"], ["size is 0"]),
        (GOOD, ["--size", "65"], ["size is 65", "multiple of 8"]),
        (GOOD, ["--channels", "0"], ["channels is 0"]),
        (GOOD, ["--hidden", "0"], ["hidden is 0"]),
        (GOOD, ["--hidden", "1000000000"], ["not enough memory"]),
        (GOOD, ["--dropout", "1"], ["dropout is 1"]),
        (GOOD, ["--shift", "64"], ["shift is 64"]),
        (GOOD, ["--vocabulary", "5"], ["vocabulary is 5"]),
        (GOOD, ["--encoding", "morse"], ["encoding 'morse' is not known"]),
        (GOOD, ["--out", "photos"], ["holds something other than a model"]),
    ],
)  # fmt: skip
def test_train_refuses(
    table: str | None,
    options: list[str],
    said: list[str],
    run: Callable[..., Any],
    photos: Path,
    refused: Callable[..., None],
) -> None:
    if table is not None:
        (photos.parent / "t.csv").write_bytes(table.encode("latin-1"))
    before = sorted(photos.parent.rglob("*"))
    out = [] if "--out" in options else ["--out", "model"]
    done = run("caption", "train", "photos", "--captions", "t.csv", *out, *options, "--quiet")
    refused(done, photos.parent, before, *said)


def test_train_refuses_what_is_no_folder_of_pictures(
    run: Callable[..., Any], photos: Path, refused: Callable[..., None]
) -> None:
    (photos.parent / "t.csv").write_text(GOOD)
    (photos.parent / "none").mkdir()
    before = sorted(photos.parent.rglob("*"))
    for folder, said in (("nowhere", "no folder nowhere"), ("t.csv", "no folder t.csv"), ("none", "no pictures")):
        done = run("caption", "train", folder, "--captions", "t.csv", "-o", "model", "--quiet")
        refused(done, photos.parent, before, said)


@pytest.fixture
def model(photos: Path) -> Path:
    pictures = Captioned(("a",), np.zeros((1, 16, 16, 3), np.uint8), (("red",),))
    settings = CaptionSettings(
        size=16, channels=1, hidden=2, vocabulary=300, shift=0, longest=3, training=TrainingSettings(steps=1)
    )
    Captioner(settings).train(pictures, device="cpu").save(photos.parent / "model")
    return photos.parent / "model"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing.png"], ["there is no file nothing.png"]),
        (["photos/a.png", "photos/bad.png"], ["photos/bad.png is not a readable picture"]),
        (["photos"], ["photos/bad.png is not a readable picture"]),
        (["photos/cut.png"], ["photos/cut.png cannot be read"]),
        (["empty"], ["empty holds no pictures"]),
        (["photos/a.png", "--beam", "0"], ["beam is 0"]),
        (["photos/a.png", "--beam", "100000"], ["beam is 100000"]),
        (["photos/a.png", "--device", "abacus"], ["device='abacus'"]),
        (["photos/a.png", "--output", "x.txt"], ["output x.txt: end its name in one of"]),
        (["photos/a.png", "--output", "nowhere/x.csv"], ["there is no folder nowhere"]),
        (["photos/a.png", "--output", "-", "--json"], ["--json and --output -"]),
    ],
)
@pytest.mark.usefixtures("model")
def test_run_refuses(
    options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    refused(run("caption", "predict", "model", *options), tmp_path, before, *said)


def test_run_refuses_other_models(run: Callable[..., Any], photos: Path, refused: Callable[..., None]) -> None:
    write_folder(photos.parent / "sound", "audio", {}, {})
    before = sorted(photos.parent.rglob("*"))
    for folder, said in (("nothing", "does not exist"), ("photos", "is not a model"), ("sound", "foretell audio")):
        refused(run("caption", "predict", folder, "photos/a.png"), photos.parent, before, said)


@pytest.mark.usefixtures("model")
def test_a_full_disk_leaves_nothing(
    run: Callable[..., Any], tmp_path: Path, full_disk: Callable[[], None], refused: Callable[..., None]
) -> None:
    (tmp_path / "x.csv").write_bytes(b"what was there before")
    before = sorted(tmp_path.rglob("*"))
    full_disk()
    done = run("caption", "predict", "model", "photos/a.png", "-o", "x.csv", "--quiet")
    refused(done, tmp_path, before, "x.csv", "No space left on device")
    assert (tmp_path / "x.csv").read_bytes() == b"what was there before"
