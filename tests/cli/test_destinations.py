"""Where results may go: never into a folder that is deleted in the end; and of what is deleted foretell wrote all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from foretell.cli.destinations import Destinations, default_destinations, lies_in
from foretell.cli.training import is_checkpoint
from foretell.errors import SettingsError
from foretell.training.checkpoint import reserved, write

TRAINED = ("--steps", "2", "--hidden", "4", "--layers", "1", "--quiet")
FORECAST = ("forecast", "sales.csv", "-n", "2", "--model", "lstm", "--input-steps", "7", "--windows", "0", *TRAINED)


@pytest.mark.parametrize(
    ("options", "place", "folder"),
    [
        (["--checkpoint", "forecast"], "forecast/forecast.csv", "forecast"),
        (["--checkpoint", "."], "forecast/forecast.csv", "."),
        (["--checkpoint", "forecast/model"], "checkpoint forecast/model", "forecast/model"),
        (["--checkpoint", "ck", "--save", "ck/model"], "model ck/model", "ck"),
        (["--checkpoint", "ck", "--save", "ck/fit"], "model ck/fit", "ck"),
        (["--checkpoint", "ck", "-o", "ck/f.csv"], "ck/f.csv", "ck"),
        (["--checkpoint", "ck", "-o", "ck/fit/f.csv"], "ck/fit/f.csv", "ck"),
        (["--checkpoint", "ck", "-o", "link/f.csv"], "link/f.csv", "ck"),
        (["--checkpoint", "link", "-o", "ck/f.csv"], "ck/f.csv", "link"),
        (["--checkpoint", "ck/../ck", "-o", "ck/fit/../f.csv"], "ck/fit/../f.csv", "ck/../ck"),
        (["--checkpoint", "ck", "--report", "ck/r.html"], "ck/r.html", "ck"),
        (["--checkpoint", "ck", "-o", "f.csv", "--png", "link/fit/p.png"], "link/fit/p.png", "ck"),
        (["--checkpoint", "ck", "-o", "f.csv", "--tensorboard", "ck/tb"], "--tensorboard ck/tb", "ck"),
        (["--save", "old", "-o", "old/f.csv"], "old/f.csv", "old"),
    ],
)
def test_an_output_in_a_folder_of_its_own_kind_is_refused(
    options: list[str], place: str, folder: str, run: Callable[..., Any], sales: Path, tmp_path: Path
) -> None:
    if "." in options:
        # The table would be told before.
        (tmp_path / "data").mkdir()
        sales.rename(tmp_path / "data" / "sales.csv")
        (tmp_path / "empty").mkdir()
        os.chdir(tmp_path / "empty")
        arguments = ("forecast", "../data/sales.csv", *FORECAST[2:])
    else:
        (tmp_path / "ck" / "fit").mkdir(parents=True)
        (tmp_path / "link").symlink_to("ck")
        (tmp_path / "old").mkdir()
        arguments = FORECAST
    before = sorted(tmp_path.rglob("*"))
    done = run(*arguments, *options)
    assert done.exit_code == 2, done.output
    assert f"{place} is in the " in done.stderr
    assert f"folder {folder}, which holds nothing else" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "out"),
    [
        (("fit", "sales.csv", "-n", "2"), "--save"),
        (("audio", "train", "sales.csv"), "--out"),
        (("music", "train", "sales.csv"), "--out"),
        (("classify", "train", "sales.csv", "--text", "day", "--label", "sold"), "--out"),
        (("translate", "train", "sales.csv", "sales.csv"), "--out"),
        (("caption", "train", ".", "--captions", "sales.csv"), "--out"),
        (("text", "train", "sales.csv"), "--out"),
    ],
)
def test_every_command_that_trains_refuses(
    command: tuple[str, ...], out: str, run: Callable[..., Any], sales: Path
) -> None:
    (sales.parent / "ck").mkdir()
    (sales.parent / "m").mkdir()
    for place, checkpoint in (("ck/model", "ck"), ("ck/../ck/m", "ck"), ("m", "m/ck"), ("m", "m")):
        done = run(*command, out, place, "--checkpoint", checkpoint)
        assert done.exit_code == 2, done.output
        assert "which holds nothing else" in done.stderr, done.stderr
    assert sorted(path.name for path in sales.parent.iterdir()) == ["ck", "m", "sales.csv"]


def test_a_checkpoint_among_the_results_is_no_output_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    default_destinations("forecast", "backtest", "report", "model").check()
    Destinations(forecast="a.csv", checkpoint=Path("a.csv.checkpoint"), tensorboard=Path("runs")).check()
    (tmp_path / "out").mkdir()
    Destinations(model=Path("out/model"), checkpoint=Path("out/model.checkpoint")).check()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_lies_in_what(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for path, folder in (
        ("a", "a"),
        ("a/x", "a"),
        ("link/x", "a"),
        ("a/b/x/y", "link"),
        ("new/x", "new"),
        ("a/b/..", "a"),
    ):
        assert lies_in(tmp_path / path, tmp_path / folder), path
    for path, folder in (("a", "a/b"), ("ab", "a"), ("link/../x", "a/b"), ("new", "newer"), ("round/x", "a")):
        assert not lies_in(tmp_path / path, tmp_path / folder), path


def test_what_foretell_did_not_write_stays(run: Callable[..., Any], sales: Path) -> None:
    mine = sales.parent / "mine"
    own = {
        "fit/thesis.txt": b"my life's work",
        "fit/tensors-mine.safetensors": b"x",
        "fit/tensors-3.safetensors": b"x",
        "fit/.foretell-mine.tmp": b"x",
        "fit/notes/tensors-1.safetensors": b"x",
        "finish/checkpoint.json.tmp": b"x",
    }
    for name, content in own.items():
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_bytes(content)
    (sales.parent / "elsewhere.txt").write_text("x")
    (mine / "fit" / "checkpoint.json.tmp").symlink_to(sales.parent / "elsewhere.txt")
    (mine / "fit" / ".foretell-0123456789abcdef.tmp").symlink_to(sales.parent / "elsewhere.txt")
    before = sorted(mine.rglob("*"))
    done = run(*FORECAST, "--checkpoint", "mine")
    assert done.exit_code == 0, done.output
    assert "Going on" not in done.stderr
    assert sorted(mine.rglob("*")) == before
    assert {name: (mine / name).read_bytes() for name in own} == own
    assert (sales.parent / "elsewhere.txt").read_text() == "x"
    assert (sales.parent / "forecast" / "forecast.csv").exists()


def test_a_checkpoint_of_another_program_stays(run: Callable[..., Any], sales: Path) -> None:
    file = sales.parent / "mine" / "fit" / "checkpoint.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"epoch": 3}')
    done = run(*FORECAST, "--checkpoint", "mine")
    assert done.exit_code == 2
    assert "or choose another" in done.stderr
    Destinations(checkpoint=sales.parent / "mine").drop_checkpoint()
    assert file.read_text() == '{"epoch": 3}'


def test_a_folder_that_links_elsewhere_loses_the_checkpoint_alone(run: Callable[..., Any], sales: Path) -> None:
    photos = sales.parent / "photos"
    photos.mkdir()
    (photos / "me.jpg").write_bytes(b"x")
    (sales.parent / "ck").mkdir()
    (sales.parent / "ck" / "fit").symlink_to(photos)
    assert run(*FORECAST, "--checkpoint", "ck").exit_code == 0
    assert [path.name for path in photos.iterdir()] == ["me.jpg"]


def test_a_model_put_aside_is_not_replaced_by_one_of_another_kind(run: Callable[..., Any], sales: Path) -> None:
    assert run("fit", *FORECAST[1:], "--save", "model").exit_code == 0
    aside = sales.parent / ".model.0123456789abcdef.previous"
    (sales.parent / "model").rename(aside)
    with pytest.raises(SettingsError, match="holds a model of the kind 'forecast'"):
        Destinations(model=sales.parent / "model", kind="text").check()
    done = run("info", "model")
    assert done.exit_code == 0, done.output
    assert run("predict", "model", "sales.csv", "-o", "f.csv", "--quiet").exit_code == 0
    assert run("fit", *FORECAST[1:], "--save", "model").exit_code == 0
    assert sorted(path.name for path in sales.parent.iterdir()) == ["f.csv", "model", "sales.csv"]


def test_an_output_that_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SettingsError, match="not an ordinary file"):
        Destinations(forecast=str(tmp_path / "pipe.csv")).check()
    shutil.rmtree(tmp_path)


def test_another_run_with_the_same_outputs_is_the_reason_that_is_told(run: Callable[..., Any], sales: Path) -> None:
    with reserved(sales.parent / "forecast" / "checkpoint" / "fit"):
        done = run(*FORECAST)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("error: another run is training with the checkpoint folder forecast/checkpoint/fit")
    assert "space" not in done.stderr
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]


@pytest.mark.parametrize("stretch", ["fit", "finish", "fit-fine-tuned", "finish-gru"])
def test_the_checkpoint_of_any_stretch_is_gone_on_from_and_dropped(tmp_path: Path, stretch: str) -> None:
    folder = tmp_path / "ck"
    write(folder / stretch, 1, {"x": torch.zeros(1)}, {})
    to = Destinations(model=tmp_path / "model", checkpoint=folder)
    to.check()
    assert is_checkpoint(folder)
    to.drop_checkpoint()
    assert not folder.exists()
