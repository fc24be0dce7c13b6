"""A new kind takes one module and one line of the registry: commands, folder, `info` and help know it then."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from foretell.cli.app import app
from foretell.errors import ModelError, SettingsError
from foretell.model.registry import KINDS, Entry


@pytest.fixture
def foretell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, once the registry has the line, in a folder with numbers."""
    spec = importlib.util.spec_from_file_location("toy_kind", Path(__file__).parent / "toy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_kind", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(KINDS, "toy", Entry("toy", "toy_kind:TOY", "Learn the mean of numbers."))
    monkeypatch.chdir(tmp_path)
    Path("numbers.txt").write_text("3\n" * 10 + "5\n" * 10)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_its_commands_and_its_folder(foretell: Any) -> None:
    assert "Learn the mean of numbers." in foretell("--help").output
    said = foretell("toy", "train", "--help").output
    for words in (
        "--power",
        "an error that counts",
        "--validation",
        "--learning-rate",
        "foretell toy train numbers.txt",
    ):
        assert words in said
    options = ("--steps", "300", "--learning-rate", "0.1", "--validation", "0", "--out", "mean")
    done = foretell("toy", "train", "numbers.txt", *options, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["command"], document["model"]) == ("toy train", {"count": 20, "parameters": 1})
    assert json.loads(foretell("toy", "evaluate", "mean", "numbers.txt", "--json").stdout)["score"]["error"] < 0.1
    assert foretell("toy", "predict", "mean", "--to", "6").stdout == "10.0\n"
    assert json.loads(foretell("info", "mean", "--json").stdout)["kind"] == "toy"
    done = foretell("text", "generate", "mean")
    assert done.exit_code == 2
    assert "`foretell toy predict` takes it" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--power", "3"], "power is 3: it must be an even number at least 2"),
        (["--power", "0"], "power is 0"),
        (["--steps", "1", "--epochs", "1"], "--epochs and --steps each set how long"),
    ],
)
def test_its_settings_are_checked(options: list[str], said: str, foretell: Any) -> None:
    done = foretell("toy", "train", "numbers.txt", "--out", "mean", *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_its_model_alone(foretell: Any, tmp_path: Path) -> None:
    toy = sys.modules["toy_kind"]
    assert foretell
    with pytest.raises(ModelError, match="not been trained yet"):
        toy.ToyModel().save(tmp_path / "m")
    with pytest.raises(SettingsError, match=r"power is 1\.5: it must be a whole number"):
        toy.ToySettings(power=1.5)
