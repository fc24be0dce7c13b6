"""`foretell info`: what it says of the kernels, and whether that is so; and what of models of each kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foretell import nn
from foretell.audio.model import AudioModel, Learned, Score
from foretell.audio.settings import AudioSettings
from foretell.kernels import native, reference
from foretell.music.model import MusicModel
from foretell.music.settings import MusicSettings
from foretell.training.history import History

CLI = "from foretell.cli import main; main()"
WITHOUT_LIBRARY = f"import foretell.kernels.native as native; native._path = lambda _: None; {CLI}"
MISSING = "warning: foretell is using its slow reference kernels"
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def foretell(*arguments: str, program: str = CLI, folder: Path | None = None, **variables: str) -> Any:
    """The command in a process of its own: the two environment variables are read once a process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORETELL_")}
    environment = {**kept, "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)


def document(**variables: str) -> Any:
    done = foretell("info", "--json", **variables)  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_document(run: Callable[..., Any]) -> None:
    facts = json.loads(run("info", "--json").stdout)
    measured = ["threads_are_faster_by", "microseconds_to_start_them", "second_level_cache_in_kib"]
    assert list(facts) == [
        "foretell",
        "command",
        "python",
        "torch",
        "threads",
        "device",
        "kernels",
        "instruction_set",
        "matrix_tiles",
        *(measured if native.library() else []),
        "backends",
    ]
    assert facts["threads"] == torch.get_num_threads()
    assert list(facts["backends"]) == ["rnn", "lstm", "gru", "wavenet"]
    assert {"peephole", "proj_size"} & set(facts["backends"]["gru"]) == set()
    assert "reset_after=False" in facts["backends"]["gru"]
    assert "reset_after=False" not in facts["backends"]["lstm"]
    if native.library():
        assert facts["threads_are_faster_by"] > 0
        assert facts["microseconds_to_start_them"] >= 0  # one thread need not be started
    answers = {backend for of in facts["backends"].values() for backend in of.values()}
    assert answers <= {"native", "torch", "torch (cuDNN)", "reference"}


def test_the_table_fits_a_terminal(run: Callable[..., Any]) -> None:
    done = run("info")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    library = native.library()
    (named,) = (line for line in lines if line.startswith("instruction set"))
    assert named.split()[2:] == ["none" if library is None else library.instruction_set]
    layers, fast = ("torch", "reference") if library is None else ("native", "native")
    (plain,) = (line for line in lines if line.startswith("plain"))
    assert plain.split()[1:] == [layers] * 3
    assert lines[-1].strip() == f"wavenet: {layers}; on CUDA torch; generation: {fast}"


CASES = [(cell, {}) for cell in LAYERS]
CASES += [(cell, {name: value}) for cell in LAYERS for name, value in (("layer_norm", True), ("zoneout", 0.5))]
CASES += [(cell, {"recurrent_dropout": 0.5}) for cell in LAYERS]
CASES += [("lstm", {"peephole": True}), ("lstm", {"proj_size": 1}), ("gru", {"reset_after": False})]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(("cell", "options"), CASES, ids=str)
def test_a_layer_runs_on_what_it_names(
    cell: str, options: dict[str, Any], dtype: torch.dtype, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = LAYERS[cell]
    layer = kind(2, 3, dtype=dtype, **options).train(training)
    ran = set()

    def spy(owner: Any, name: str, said: str) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, **k: (ran.add(said), original(*a, **k))[1])

    spy(reference, "scan", "reference")
    spy(kind.torch_layer, "forward", "torch")  # type: ignore[attr-defined]
    spy(native.Library, "call", "native")
    for lengths in (None, torch.tensor([4, 2, 0])):
        ran.clear()
        layer(torch.randn(4, 3, 2, dtype=dtype), lengths=lengths)
        assert ran == {layer.backend()}


def test_an_instruction_set_is_named() -> None:
    if native._path("baseline") is None:
        pytest.skip("no kernels were built here")
    facts = document(FORETELL_ISA="baseline")
    assert (facts["kernels"], facts["instruction_set"]) == ("compiled", "baseline")
    assert facts["matrix_tiles"] in ("none: not in this processor", "none: not chosen by FORETELL_ISA")
    assert facts["backends"]["lstm"]["layer_norm"] == "native"
    assert facts["backends"]["lstm"]["CUDA"] == "torch (cuDNN)"
    assert facts["backends"]["lstm"]["CUDA, layer_norm"] == "reference"


def test_kernels_turned_off() -> None:
    facts = document(FORETELL_KERNELS="reference")
    assert facts["kernels"] == "none: turned off by FORETELL_KERNELS=reference"
    assert facts["instruction_set"] == "none"
    assert facts["backends"]["gru"]["plain"] == "torch"
    assert facts["backends"]["gru"]["layer_norm"] == "reference"


def test_no_kernels_built() -> None:
    done = foretell("info", program=WITHOUT_LIBRARY)
    assert done.returncode == 0
    assert "none: not built" in done.stdout
    assert "native" not in done.stdout
    assert done.stderr.startswith(MISSING)
    assert done.stderr.count("\n") == 1


# One command after another in forked children, which find torch imported but nothing of foretell.
EACH_IN_A_CHILD = """
import json, os, sys, tempfile
import polars, torch

answers = []
for name, arguments in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        if (child := os.fork()) == 0:
            os.environ[name] = "sse9"
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.argv[1:] = arguments
            from foretell.cli import main
            main()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.append([status, *(file.seek(0) or file.read() for file in (out, err))])
print(json.dumps(answers))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_variable_that_makes_no_sense(sales: Path) -> None:
    commands = [
        ("FORETELL_KERNELS", ("info",)),
        ("FORETELL_ISA", ("info",)),
        ("FORETELL_ISA", ("info", "model")),
        ("FORETELL_ISA", ("fit", "sales.csv", "-n", "7", "--save", "new")),
        ("FORETELL_ISA", ("forecast", "sales.csv", "-n", "7", "-o", "-")),
        ("FORETELL_ISA", ("predict", "model", "sales.csv", "-o", "-")),
        ("FORETELL_ISA", ("backtest", "model", "sales.csv", "-o", "-")),
    ]
    done = foretell(json.dumps(commands), program=EACH_IN_A_CHILD, folder=sales.parent)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(commands)
    for (name, _), (status, out, complaint) in zip(commands, answers, strict=True):
        assert (status, out) == (2, "")
        assert complaint.startswith(f"error: {name} is 'sse9': ")
        assert complaint.count("\n") == 1
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]


@pytest.mark.parametrize(
    ("program", "variables", "warned"),
    [(CLI, {"FORETELL_KERNELS": "reference"}, 0), (WITHOUT_LIBRARY, {}, 1)],
    ids=["off", "missing"],
)
def test_forecasts_without_kernels(
    program: str,
    variables: dict[str, str],
    warned: int,
    run: Callable[..., Any],
    sales: Path,
    tiny: tuple[str, ...],
) -> None:
    command = ("forecast", "sales.csv", "-n", "7", "-o", "-", *tiny)
    done = foretell(*command, program=program, folder=sales.parent, **variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("foretell is using its slow reference kernels") == warned
    forecasts = [[line.split(",") for line in out.splitlines()] for out in (done.stdout, run(*command).stdout)]
    names, others = ([row[:2] for row in forecast] for forecast in forecasts)
    assert names == others
    values, expected = (torch.tensor([[float(cell) for cell in row[2:]] for row in f[1:]]) for f in forecasts)
    assert values.shape == (7, 5)
    torch.testing.assert_close(values, expected, rtol=1e-3, atol=0)


HISTORY = History(np.ones(7), np.ones(7), np.ones(7), ((7, 2.5),), best=2.5, best_step=7, seconds=61.0)


def save_audio_model(folder: Path) -> AudioModel:
    model = AudioModel(AudioSettings(speakers_from="name", layers=3, residual=4, skip=5))
    model.initialise(Learned(8000, ("ann", "bob"), sounds=9, seconds=12.5, short=0, repeated=0.0))
    model.history, model.validation = HISTORY, Score(2.5, 100, 1)
    model.save(folder)
    return model


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_a_forecaster(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    assert (
        run("fit", "sales.csv", "-n", "7", "--model", "lstm", "--windows", "0", "--save", "model", *tiny).exit_code == 0
    )
    facts = json.loads(run("info", "model", "--json").stdout)
    assert (facts["kind"], facts["model"], facts["hidden"], facts["layers"]) == ("forecast", "lstm", 8, 1)
    assert (facts["horizon"], facts["series"], facts["training"]["steps"]) == (7, 1, 20)
    shown = run("info", str(sales.parent / "model")).stdout
    assert "forecast" in shown
    assert "20 steps in" in shown


def test_an_audio_model(run: Callable[..., Any], tmp_path: Path) -> None:
    model = save_audio_model(tmp_path / "voice")
    facts = json.loads(run("info", "voice", "--json").stdout)
    assert (facts["kind"], facts["sample_rate"], facts["head"]) == ("audio", 8000, "categorical")
    assert (facts["residual"], facts["skip"], facts["parameters"]) == (4, 5, count(model.network))
    assert facts["validation_bits"] == 2.5
    assert (facts["training"]["steps"], facts["training"]["validation_loss"]) == (7, 2.5)
    shown = run("info", "voice").stdout
    for words in ("audio", "8,000", "ann", "bob", "7 steps in", "2.5"):
        assert words in shown


def test_a_music_model_with_and_without_training(run: Callable[..., Any], tmp_path: Path) -> None:
    model = MusicModel(MusicSettings(backbone="lstm", hidden=6)).initialise(None)
    model.save(tmp_path / "tune")
    facts = json.loads(run("info", "tune", "--json").stdout)
    assert (facts["kind"], facts["backbone"], facts["parameters"]) == ("music", "lstm", count(model.network))
    assert facts["training"] == {"sentences": ["It was not trained: its weights are random."]}
    assert "validation_loss" not in facts
    shown = run("info", "tune").stdout
    assert "not trained" in shown
    assert "None" not in shown
    model.history = HISTORY
    model.save(tmp_path / "tune")
    assert json.loads(run("info", "tune", "--json").stdout)["training"]["best_step"] == 7
    assert "7 steps in" in run("info", "tune").stdout


def test_a_model_of_another_kind_than_a_command_takes(run: Callable[..., Any], sales: Path) -> None:
    save_audio_model(sales.parent / "voice")
    done = run("predict", "voice", "sales.csv", "-o", "-")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'audio', but one of the kind 'forecast' is needed; `foretell audio generate` takes it" in done.stderr


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "weights.safetensors").write_bytes(b""), "weights.safetensors is damaged"),
        (lambda folder: (folder / "model.json").write_text("{"), "model.json is damaged"),
        (lambda folder: (folder / "model.json").unlink(), "is not a model"),
        (lambda folder: folder.rename(folder.parent / "elsewhere"), "voice does not exist"),
    ],
    ids=["weights", "description", "empty", "missing"],
)
def test_a_model_that_is_none(
    run: Callable[..., Any], tmp_path: Path, break_it: Callable[[Path], Any], message: str
) -> None:
    save_audio_model(tmp_path / "voice")
    break_it(tmp_path / "voice")
    done = run("info", "voice")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
