"""`foretell audio train`: findings, progress, results, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.audio import AudioModel


@pytest.mark.usefixtures("recordings")
def test_words(run, small, tmp_path: Path) -> None:
    done = run("audio", "train", "recordings", "--out", "voice", "--speakers-from", "name", *small)
    assert done.exit_code == 0, done.output
    assert "8 sounds, 0.8 s at 4,000 samples per second." in done.stdout
    assert "2 speakers, by the files' names: ann, bob." in done.stdout
    assert "bits per sample" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("Training: 100 %, step 10 of 10, ")
    assert "samples per second, " in lines[-1]
    assert "bits per sample, " in lines[-1]
    assert "\x1b" not in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recordings", "voice"]
    model = AudioModel.load(tmp_path / "voice")
    assert (model.rate, model.speakers, model.history.steps) == (4000, ("ann", "bob"), 10)


@pytest.mark.usefixtures("recordings")
def test_json_and_another_folder_to_judge_by(run, small, tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    soundfile.write(tmp_path / "judge" / "a.wav", np.random.default_rng(1).uniform(-0.5, 0.5, 800), 8000)
    options = ("--validation", "judge", "--rate", "2000", "--head", "gaussian", "--json")
    done = run("audio", "train", "recordings", "--out", "voice", *small, *options)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["validation"]["bits"] > 0
    assert document["training"]["steps"] == 10
    assert document["model"]["head"] == "gaussian"
    assert document["files"] == {"model": "voice"}
    assert document["data"]["sentences"][0] == "8 sounds, 0.8 s at 2,000 samples per second."
    assert "Validation: 1 sound of judge." in document["data"]["sentences"]


@pytest.mark.usefixtures("recordings")
def test_quiet_and_epochs(run, small, tmp_path: Path) -> None:
    short = [option for option in small if option not in ("--steps", "10")]
    done = run("audio", "train", "recordings", "-o", "voice", *short, "--epochs", "2", "--quiet", "--validation", "0")
    assert (done.exit_code, done.output) == (0, "")
    model = AudioModel.load(tmp_path / "voice")
    # Eight sounds of 400 samples, four side by side in two chunks: four steps per epoch.
    assert model.history.steps == 8
    assert model.validation is None


@pytest.mark.usefixtures("recordings")
def test_a_clock(run, small) -> None:
    short = [option for option in small if option not in ("--steps", "10")]
    done = run("audio", "train", "recordings", "--out", "voice", *short, "--minutes", "0.005")
    assert done.exit_code == 0, done.output
    assert "Training ended early: time: the budget was used up" in done.stdout
    assert " of 1,000,000" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--epochs", "1e308"], "epochs is 1e+308: that is more than 1,000,000,000 steps"),
        (["--epochs", "1e10"], "epochs is 1e+10: that is more than 1,000,000,000 steps"),
        (["--tensorboard", "recordings/0_ann_0.wav"], "recordings/0_ann_0.wav is a file; give a folder"),
        (["--tensorboard", "recordings/0_ann_0.wav/runs"], "0_ann_0.wav is a file; give a folder"),
        (["--validation", "."], "the sounds to train on, recordings, are part of it"),
        (["--layers", "0"], "layers is 0"),
        (["--rate", "10"], "sample_rate is 10"),
        (["--trim", "-3"], "trim is -3"),
        (["--validation", "0.9"], "validation is 0.9"),
        (["--validation", "nowhere"], "there is no folder nowhere"),
        (["--out", "recordings"], "recordings holds something other than a model"),
        (["--out", "no/voice"], "there is no folder"),
        (["--checkpoint", "recordings"], "which is of no checkpoint"),
    ],
)
@pytest.mark.usefixtures("recordings")
def test_options_that_make_no_sense(options: list[str], said: str, refused) -> None:
    assert said in refused("train", "recordings", "--out", "voice", "--quiet", *options)


@pytest.mark.usefixtures("recordings")
def test_a_device_that_is_not_there(run, small) -> None:
    done = run("audio", "train", "recordings", "--out", "voice", *small, "--device", "abacus")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: device='abacus'")


def noise(count: int = 400) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, count)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty (0 bytes)"),
        (b"not a sound at all" * 20, "cannot be read as audio"),
        (np.zeros(0), "holds no samples"),
        (np.zeros(400), "is silent throughout: remove it, or skip such files (--skip-silent)"),
        (np.array([0.0, np.nan, 0.5]), "holds NaN at"),
        ("half", "is cut short"),
    ],
)
def test_files_that_will_not_do(content, said: str, refused, recordings: Path) -> None:
    bad = recordings / "9_bad_9.wav"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif isinstance(content, str):
        bad.write_bytes((recordings / "0_ann_0.wav").read_bytes()[:400])
    else:
        soundfile.write(bad, content, 4000, subtype="FLOAT")
    message = refused("train", "recordings", "--out", "voice")
    assert said in message
    assert "9_bad_9.wav" in message
    assert len(message.splitlines()) == 1


def test_folders_that_will_not_do(refused, recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty holds no sound" in refused("train", "empty", "--out", "voice")
    assert "there is no folder nowhere" in refused("train", "nowhere", "--out", "voice")
    soundfile.write(recordings / "nameless.wav", noise(), 4000)
    assert "nameless.wav names no speaker" in refused("train", "recordings", "--out", "v", "--speakers-from", "name")


def test_what_is_odd_and_will_do(run, recordings: Path, small) -> None:
    """Stereo, 8, 24 and 32 bits, other rates, silence that is skipped, sounds shorter than the receptive field."""
    soundfile.write(recordings / "a.wav", np.stack([noise(), noise()], 1), 4000)
    for name, subtype in (("b", "PCM_U8"), ("c", "PCM_24"), ("d", "PCM_32"), ("e", "FLOAT")):
        soundfile.write(recordings / f"{name}.wav", noise(), 11_025, subtype=subtype)
    soundfile.write(recordings / "f.wav", noise(3), 4000)
    soundfile.write(recordings / "g.wav", np.zeros(100), 4000)
    done = run("audio", "train", "recordings", "--out", "voice", *small, "--skip-silent", "--validation", "0")
    assert done.exit_code == 0, done.output
    assert "14 sounds" in done.stdout
    assert "1 file silent throughout: skipped, such as g.wav." in done.stdout
    assert "1 of 14 training sounds are shorter than that" in done.stdout


@pytest.mark.parametrize("head", ["categorical", "mixture_of_logistics"])
@pytest.mark.parametrize(
    ("takes", "options"),
    [
        (1, ()),
        (2, ()),
        (2, ("--validation", "0")),
        (1, ("--chunk", "32")),
        (4, ("--batch", "1")),
        (4, ("--batch", "1", "--speakers-from", "name")),
    ],
)
def test_few_recordings_and_batches_of_one(
    run, small, recordings: Path, takes: int, options: tuple[str, ...], head: str
) -> None:
    for path in sorted(recordings.iterdir())[takes:]:
        path.unlink()
    done = run("audio", "train", "recordings", "--out", "voice", *small, "--head", head, *options)
    assert done.exit_code == 0, done.output
    assert AudioModel.load("voice").history.steps == 10
