"""What every kind of the registry promises: its commands, its JSON, its model's life, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_origin

import numpy as np
import pytest
import soundfile
from PIL import Image

from foretell import ModelError, SettingsError
from foretell.cli.declared_options import made
from foretell.declaration import declared
from foretell.model.folder import write_folder
from foretell.model.registry import KINDS
from foretell.training import TrainingSettings

NAMES = [name for name, entry in KINDS.items() if not entry.taken_by]


def audio(folder: Path) -> None:
    (folder / "sounds").mkdir()
    for k in range(4):
        waveform = np.random.default_rng(k).uniform(-0.5, 0.5, 300)
        soundfile.write(folder / "sounds" / f"{k}.wav", waveform, 4000)


def speech(folder: Path) -> None:
    (folder / "linda" / "wavs").mkdir(parents=True)
    rows = []
    for k, said in enumerate(("əna", "nata", "tanə", "natə", "anata", "tana", "ənat", "atan") * 2):
        tone = np.sin(0.2 * np.arange(3200)) * np.repeat(np.random.default_rng(k).uniform(0.1, 0.5, 8), 400)
        soundfile.write(folder / "linda" / "wavs" / f"{k}.wav", tone, 8000)
        rows.append(f"{k}|en|{said}\n")
    (folder / "linda" / "metadata.csv").write_text("".join(rows))


def music(folder: Path) -> None:
    (folder / "bach").mkdir()
    for k in range(10):
        rows = ["note0,note1,note2,note3", *(f"{72 + k},67,64,48" for _ in range(8))]
        (folder / "bach" / f"{k}.csv").write_text("\n".join(rows) + "\n")


def classify(folder: Path) -> None:
    rows = ["said,mood", *(f"a {'fine' if k % 2 else 'dull'} day {k},{'good' if k % 2 else 'bad'}" for k in range(40))]
    (folder / "t.csv").write_text("\n".join(rows) + "\n")


def translate(folder: Path) -> None:
    (folder / "en").write_text("one\ntwo\nthree\n" * 40)
    (folder / "fr").write_text("un\ndeux\ntrois\n" * 40)


def caption(folder: Path) -> None:
    (folder / "photos").mkdir()
    rows = ["image,caption"]
    for k in range(12):
        Image.new("RGB", (20, 20), ("red", "blue")[k % 2]).save(folder / "photos" / f"{k:02}.png")
        rows.append(f"{k:02}.png,a {('red', 'blue')[k % 2]} one")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n")


def text(folder: Path) -> None:
    (folder / "rhyme.txt").write_text(100 * "one two, buckle my shoe;\n")


SETTINGS: dict[str, dict[str, Any]] = {
    "audio": {"layers": 3, "residual": 4, "skip": 4, "chunk": 64, "piece": 64},
    "speech": {
        "bands": 12,
        "hidden": 8,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "layers": 2,
        "cycles": 1,
        "residual": 4,
        "skip": 4,
        "local": 4,
        "stretch": 4,
    },
    "music": {"backbone": "gru", "hidden": 4, "window": 8},
    "classify": {"hidden": 4, "members": 1},
    "translate": {"hidden": 4, "embedding": 4, "vocabulary": 300},
    "caption": {"size": 16, "channels": 1, "hidden": 4, "vocabulary": 300},
    "text": {"hidden": 4, "streams": 4, "chunk": 16},
}
SOURCES: dict[str, tuple[str, ...]] = {
    "audio": ("sounds",),
    "speech": ("linda", "--phonemes"),
    "music": ("bach",),
    "classify": ("t.csv", "--text", "said", "--label", "mood"),
    "translate": ("en", "fr"),
    "caption": ("photos", "--captions", "captions.csv"),
    "text": ("rhyme.txt",),
}
"""How each kind's data is named on the command line."""


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind, in a folder with data for it."""
    monkeypatch.chdir(tmp_path)
    globals()[request.param](tmp_path)
    name: str = request.param
    return name


def settings_of(kind: str, steps: int = 6, **more: Any) -> Any:
    training = TrainingSettings(steps=steps, evaluate_every=3, checkpoint_every=2)
    return KINDS[kind].kind.settings(training=training, **{**SETTINGS[kind], **more})  # type: ignore[call-arg]


def options(kind: str) -> list[str]:
    return [word for name, value in SETTINGS[kind].items() for word in (f"--{name.replace('_', '-')}", str(value))]


def train(kind: str, *more: str) -> tuple[str, ...]:
    return (kind, "train", *SOURCES[kind], *options(kind), *more)


def parts_of(kind: str) -> Any:
    source, words = KINDS[kind].kind.source, list(SOURCES[kind])
    fields = {field.name: field for field in declared(source)}
    values: dict[str, Any] = {}
    places = []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            values[word[2:]] = True if fields[word[2:]].hint is bool else words.pop(0)
        else:
            places.append(word)
    names = [name for name, field in fields.items() if field.setting is not None and field.setting.positional]
    values |= {n: [p] if get_origin(fields[n].hint) is tuple else p for n, p in zip(names, places, strict=False)}
    return made(source, values).parts(settings_of(kind))


def test_commands_and_their_json(kind: str, run: Callable[..., Any]) -> None:
    done = run(*train(kind, "--steps", "4", "--device", "cpu", "--json", "--out", "model"))
    assert done.exit_code == 0, done.output
    trained = json.loads(done.stdout)
    assert list(trained) == ["foretell", "command", "model", "data", "training", "validation", "files"]
    assert (trained["command"], trained["files"]) == (f"{kind} train", {"model": "model"})
    assert trained["training"]["steps"] == 4
    assert trained["data"]["training"] > trained["data"]["validation"] > 0
    assert trained["validation"] is not None

    done = run(kind, "evaluate", "model", *SOURCES[kind], "--json")
    assert done.exit_code == 0, done.output
    judged = json.loads(done.stdout)
    assert list(judged) == ["foretell", "command", "model", "options", "score"]
    assert judged["model"] == trained["model"]
    assert set(judged["score"]) == set(trained["validation"])

    told = json.loads(run("info", "model", "--json").stdout)
    assert told["kind"] == kind
    assert {name: told[name] for name in trained["model"]} == trained["model"]
    assert KINDS[kind].help in run("--help").output.replace("\n             ", " ")


def test_a_share_and_other_data_to_judge_by(kind: str, run: Callable[..., Any], tmp_path: Path) -> None:
    done = run(*train(kind, "--steps", "1", "--validation", "0", "--json", "--out", "model"))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["validation"] is None
    source = KINDS[kind].kind.source
    done = run(*train(kind, "--out", "other", *(len(source.places) + 1) * ("--validation", "nowhere")))
    assert done.exit_code == 2
    assert "--validation takes" in done.stderr
    done = run(*train(kind, "--out", "other", *len(source.places) * ("--validation", "nowhere")))
    assert done.exit_code == 2
    assert "nowhere" in done.stderr
    assert not (tmp_path / "other").exists()


def test_before_there_is_a_network(kind: str, tmp_path: Path) -> None:
    model = KINDS[kind].model(settings_of(kind))
    for asked in (lambda: model.parameters, lambda: model.network, model.facts, lambda: model.save(tmp_path / "m")):
        with pytest.raises(ModelError, match="not been trained yet"):
            asked()
    assert (model.history, model.validation) == (None, None)


def test_save_and_load(kind: str, tmp_path: Path) -> None:
    parts = parts_of(kind)
    model = KINDS[kind].model(settings_of(kind)).train(parts.training, parts.validation, device="cpu")
    model.save(tmp_path / "model")
    again = KINDS[kind].model.load(tmp_path / "model")
    assert (again.settings, again.validation, again.facts()) == (model.settings, model.validation, model.facts())
    assert again.history.to_json() == model.history.to_json()
    assert again.parameters == model.parameters > 0
    assert again.evaluate(parts.validation).document() == model.evaluate(parts.validation).document()
    other = next(name for name in NAMES if name != kind)
    with pytest.raises(ModelError, match=f"'{kind}', but one of the kind '{other}'"):
        KINDS[other].model.load(tmp_path / "model")
    with pytest.raises(SettingsError, match=f"holds a model of the kind '{kind}'"):
        write_folder(tmp_path / "model", other, {}, {})


def test_a_stopped_training_leaves_the_model_and_goes_on(kind: str, tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    parts, device = parts_of(kind), {"device": "cpu"}
    model = KINDS[kind].model(settings_of(kind))
    whole = KINDS[kind].model(settings_of(kind)).train(parts.training, parts.validation, **device)
    with pytest.raises(KeyboardInterrupt):
        model.train(parts.training, parts.validation, checkpoint=tmp_path / "c", on_progress=stop, **device)
    with pytest.raises(ModelError, match="not been trained yet"):
        _ = model.network
    steps: list[int] = []
    model.train(
        parts.training,
        parts.validation,
        checkpoint=tmp_path / "c",
        on_progress=lambda progress: steps.append(progress.step),
        **device,
    )
    assert steps == [4, 5, 6]
    for name, tensor in whole.network.state_dict().items():
        assert model.network.state_dict()[name].equal(tensor), name
    network, history = model.network, model.history
    with pytest.raises(KeyboardInterrupt):
        model.train(parts.training, parts.validation, on_progress=stop, **device)
    assert model.network is network
    assert model.history is history
    with pytest.raises(ModelError):
        model.train(parts.validation, None, checkpoint=tmp_path / "c", **device)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--steps", "0"], "steps=0"),
        (["--minutes", "0"], "minutes=0"),
        (["--epochs", "0"], "epochs is 0"),
        (["--epochs", "nan"], "epochs is nan"),
        (["--steps", "5", "--minutes", "1"], "--steps and --minutes each set how long to train"),
        (["--steps", "5", "--epochs", "1"], "--epochs and --steps each set how long to train"),
        (["--seed", "-1"], "seed=-1"),
        (["--learning-rate", "0"], "learning_rate=0"),
        (["--validation", "0.9"], "validation is 0.9"),
        (["--validation", "nan"], "validation is nan"),
        (["--device", "abacus"], "device='abacus'"),
        (["--out", "nowhere/model"], "there is no folder nowhere"),
        (["--out", "m", "--checkpoint", "m"], "checkpoint m is in the model's folder m"),
        (["--out", "m", "--tensorboard", "m"], "--tensorboard m is in the model's folder m"),
        (["--out", "m", "--tensorboard", "m.checkpoint/fit"], "is in the checkpoint's folder m.checkpoint"),
        (["--out", "file"], "output file is a file"),
        (["--tensorboard", "file"], "file is a file; give a folder"),
        (["--checkpoint", "folder"], "holds 'a', which is of no checkpoint"),
        (["--out", "folder"], "holds something other than a model"),
    ],
)
def test_train_refuses(
    kind: str, more: list[str], said: str, run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("")
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in more else ["--out", "model"]
    refused(run(*train(kind, *out, *more, "--quiet")), tmp_path, before, said)


def test_other_models_are_refused(
    kind: str, run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    other = next(name for name in NAMES if name != kind)
    write_folder(tmp_path / "other", other, {}, {})
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name, said in (
        ("nothing", "does not exist"),
        ("empty", "is not a model"),
        ("other", f"`{KINDS[other].command}` takes it"),
    ):
        refused(run(kind, "evaluate", name, *SOURCES[kind]), tmp_path, before, said)
