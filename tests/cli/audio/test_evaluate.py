"""`foretell audio evaluate`: bits per sample, and a line for each speaker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.mark.usefixtures("voice", "recordings")
def test_a_line_for_each_speaker(run) -> None:
    done = run("audio", "evaluate", "voice", "recordings", "--device", "cpu")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "voice on recordings" in lines
    assert [line.split()[0] for line in lines[-4:]] == ["speaker", "ann", "bob", "all"]
    assert lines[-1].split()[-1] == "3,200"
    assert done.stderr.splitlines()[-1].startswith("Evaluating: 100 %, ")
    assert run("audio", "evaluate", "voice", "recordings", "--device", "cpu", "--quiet").output == ""


@pytest.mark.usefixtures("voice", "recordings")
def test_json(run) -> None:
    done = run("audio", "evaluate", "voice", "recordings", "--json", "--device", "cpu")
    document = json.loads(done.stdout)
    score = document["score"]
    assert [entry["speaker"] for entry in score["speakers"]] == ["ann", "bob"]
    assert score["bits"] == pytest.approx(np.mean([entry["bits"] for entry in score["speakers"]]))
    assert (score["samples"], score["sounds"], document["model"]["sample_rate"]) == (3200, 8, 4000)


@pytest.mark.usefixtures("voice")
def test_refused(refused, recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty holds no sound" in refused("evaluate", "voice", "empty")
    assert "does not exist" in refused("evaluate", "nowhere", "recordings")
    soundfile.write(recordings / "0_eve_0.wav", np.random.default_rng(0).uniform(-1, 1, 100), 4000)
    assert "0_eve_0.wav: the speaker 'eve' is not among ann, bob" in refused("evaluate", "voice", "recordings")
    soundfile.write(recordings / "0_eve_0.wav", np.zeros(100), 4000)
    assert "0_eve_0.wav is silent throughout" in refused("evaluate", "voice", "recordings")
