"""`foretell caption train` and `foretell caption predict`, one after the other."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from foretell.caption import Captioner

TINY = ("--steps", "20", "--size", "16", "--channels", "2", "--hidden", "8", "--vocabulary", "300", "--shift", "1")
TRAIN = ("caption", "train", "photos", "--captions", "captions.csv", "--out", "model")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of twelve pictures, and beside it a table of their captions."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rows = ["image,caption"]
    for k in range(12):
        colour = ("red", "green", "blue")[k % 3]
        name = f"{'more/' if k > 9 else ''}{k:02}.png"
        Image.new("RGB", (20 + k, 20), colour).save(folder / name)
        rows.append(f'{name},"a {colour} picture, number {k}"')
    (tmp_path / "captions.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def model(run: Callable[..., Any], photos: Path) -> Path:
    done = run(*TRAIN, *TINY, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    return photos.parent / "model"


@pytest.mark.parametrize("attention", [["--attention"], []])
def test_train_and_run(attention: list[str], run: Callable[..., Any], photos: Path) -> None:
    folder = photos.parent
    done = run(*TRAIN, *TINY, *attention)
    assert done.exit_code == 0, done.output
    for words in ("12 pictures with 12 captions, 1 of them held out", "20 steps in", "nats per word", "exact captions"):
        assert words in done.stdout
    assert "left" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["captions.csv", "model", "photos"]

    places = ("photos/03.png", "photos/more")
    names = ["photos/03.png", "photos/more/10.png", "photos/more/11.png"]
    done = run("caption", "predict", "model", *places)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == names
    done = run("caption", "predict", "model", *places, "--beam", "2", "--json")
    captioner = Captioner.load(folder / "model")
    captions = captioner.predict([folder / name for name in names], beam=2)
    assert json.loads(done.stdout)["captions"] == [
        {"image": name, "caption": text} for name, text in zip(names, captions, strict=True)
    ]


def test_json_says_what_there_is(run: Callable[..., Any], photos: Path) -> None:
    with open(photos.parent / "captions.csv", "a") as table:
        table.write("00.png,another\n00.png,another\n")
    (photos / "unnamed.png").write_bytes(b"never opened")
    done = run(*TRAIN, *TINY, "--json")
    document = json.loads(done.stdout)
    data = document["data"]
    assert (data["training"], data["validation"], data["not_in_the_table"]) == (11, 1, 1)
    assert (data["captions"], data["repeated"]) == (13, 1)
    assert document["training"]["steps"] == 20
    assert document["validation"]["images"] == 1
    done = run("caption", "predict", "model", "photos/00.png", "--json")
    document = json.loads(done.stdout)
    assert [entry["image"] for entry in document["captions"]] == ["photos/00.png"]
    assert document["model"]["size"] == 16
    document = json.loads(run("info", "model", "--json").stdout)
    assert (document["kind"], document["attention"]) == ("caption", False)


def test_into_a_table(run: Callable[..., Any], model: Path) -> None:
    done = run("caption", "predict", "model", "photos", "--output", "out.parquet")
    assert done.exit_code == 0, done.output
    assert "out.parquet" in done.stdout
    table = pl.read_parquet(model.parent / "out.parquet")
    assert table.columns == ["image", "caption"]
    assert table["image"].to_list()[0] == "photos/00.png"
    assert len(table) == 12
    done = run("caption", "predict", "model", "photos", "--output", "-")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["image"] for row in rows] == table["image"].to_list()


def test_columns_by_name_and_few_pictures(run: Callable[..., Any], photos: Path) -> None:
    rows = "no,said,photo\n" + "".join(f"{k},words {k},{k:02}.png\n" for k in range(5))
    (photos.parent / "few.tsv").write_text(rows.replace(",", "\t"))
    done = run(
        "caption", "train", "photos", "--captions", "few.tsv", "-o", "model", *TINY, "--image", "photo",
        "--caption", "said",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "5 pictures with 5 captions, none held out" in done.stdout
    assert "7 pictures in the folder are not in the table" in done.stdout


def test_a_caption_of_10_000_words(run: Callable[..., Any], photos: Path) -> None:
    with open(photos.parent / "captions.csv", "a") as table:
        table.write(f"00.png,{'word ' * 10_000}\n")
    done = run(*TRAIN, *TINY)
    assert done.exit_code == 0, done.output
    assert "1 captions were cut off after 100 words" in done.stdout


@pytest.mark.usefixtures("photos")
def test_ctrl_c_and_on(interrupted_and_resumed: Callable[[tuple[str, ...]], None]) -> None:
    options = (*TRAIN, *TINY[2:], "--steps", "100")
    interrupted_and_resumed(options)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close in another way")
@pytest.mark.usefixtures("model")
def test_a_closed_pipe(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("caption", "predict", "model", "photos")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert complaint == ""
