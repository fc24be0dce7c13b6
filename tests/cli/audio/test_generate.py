"""`foretell audio generate`: a file of sound, progress, and what it refuses."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.mark.usefixtures("voice")
def test_words(run, tmp_path: Path) -> None:
    done = run("audio", "generate", "voice", "--seconds", "0.5", "--out", "new.wav")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("new.wav: 0.50 s of sound at 4,000 samples per second, generated in ")
    assert " s with float32 weights: " in done.stdout
    assert done.stdout.rstrip().endswith("times real time.")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Generating:  50 %, ")
    assert lines[-1].startswith("Generating: 100 %, ")
    assert all("samples per second, " in line and " times real time, " in line for line in lines)
    sound, rate = soundfile.read(tmp_path / "new.wav")
    assert (len(sound), rate) == (2000, 4000)
    assert soundfile.info(tmp_path / "new.wav").subtype == "PCM_16"


@pytest.mark.usefixtures("voice")
def test_options(run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "seed.flac", np.random.default_rng(0).uniform(-1, 1, (300, 2)), 8000)

    def sound(*options: str) -> np.ndarray:
        done = run("audio", "generate", "voice", "--seconds", "0.02", "--out", "new.flac", "--quiet", *options)
        assert (done.exit_code, done.output) == (0, "")
        return soundfile.read(tmp_path / "new.flac")[0]

    plain = sound()
    np.testing.assert_array_equal(plain, sound("--speaker", "ann", "--seed", "0"))
    for options in (
        ["--speaker", "bob"],
        ["--seed", "1"],
        ["--temperature", "0.01"],
        ["--top-k", "2"],
        ["--top-p", "0.02"],
        ["--seed-audio", "seed.flac"],
    ):
        assert not np.array_equal(plain, sound(*options)), options
    for weights in ("bfloat16", "int8", "auto"):
        assert len(sound("--weights", weights)) == 80


@pytest.mark.usefixtures("voice")
def test_json(run) -> None:
    done = run("audio", "generate", "voice", "--seconds", "0.1", "--out", "new.wav", "--speaker", "bob", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["files"], document["samples"], document["sample_rate"]) == ({"sound": "new.wav"}, 400, 4000)
    assert document["speaker"] == "bob"
    assert document["weights"] == "float32"
    assert document["times_real_time"] == pytest.approx(document["samples_per_second"] / 4000)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--temperature", "0"], "temperature"),
        (["--temperature", "-1"], "temperature"),
        (["--top-k", "0"], "top_k"),
        (["--top-p", "2"], "top_p"),
        (["--seconds", "0"], "seconds is 0"),
        (["--seconds", "nan"], "seconds is nan"),
        (["--seconds", "1e308"], "seconds is 1e+308"),
        (["--seconds", "1e6"], "a WAV file holds 2 GiB at most"),
        (["--seed", "-1"], "seed"),
        (["--speaker", "eve"], "speaker 'eve' is not known to this model; it knows ann, bob"),
        (["--seed-audio", "nowhere.wav"], "there is no file nowhere.wav"),
        (["--seed-audio", "text.wav"], "text.wav cannot be read as audio"),
        (["--out", "new.mp3"], "end its name in one of .wav, .flac"),
        (["--out", "no/new.wav"], "there is no folder no"),
        (["--out", "folder.wav"], "output folder.wav is a folder"),
        (["--seed-audio", "old.wav", "--out", "old.wav"], "old.wav is the sound that is read"),
    ],
)
@pytest.mark.usefixtures("voice")
def test_refused(options: list[str], said: str, refused, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound " * 30)
    (tmp_path / "folder.wav").mkdir()
    soundfile.write(tmp_path / "old.wav", np.ones(100), 4000)
    message = refused("generate", "voice", "--out", "new.wav", *options)
    assert said in message
    assert len(message.splitlines()) == 1


def test_models_that_will_not_do(refused, voice: Path) -> None:
    assert "nowhere does not exist" in refused("generate", "nowhere", "--out", "new.wav")
    weights = voice / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "is damaged, cut short" in refused("generate", "voice", "--out", "new.wav")


@pytest.mark.parametrize("ending", ["wav", "flac"])
@pytest.mark.usefixtures("voice")
def test_a_full_disk(ending: str, refused, tmp_path: Path) -> None:
    (tmp_path / f"new.{ending}").write_bytes(b"an older one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        message = refused("generate", "voice", "--seconds", "3", "--out", f"new.{ending}", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"new.{ending} cannot be written" in message
