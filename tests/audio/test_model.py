"""A model: trained, judged, generating, kept in a folder."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from foretell.audio import AudioModel, Score, Sounds, read_sound
from foretell.audio.settings import AudioSettings
from foretell.errors import AudioError, ModelError, SettingsError
from foretell.training.settings import TrainingSettings


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> AudioModel:
    folder = tmp_path_factory.mktemp("voices")
    random = np.random.default_rng(0)
    for take in range(4):
        for speaker in ("ann", "bob"):
            soundfile.write(folder / f"{take}_{speaker}_0.wav", random.uniform(-0.5, 0.5, 300), 4000)
    return trained(folder, speakers_from="name")


def trained(folder: Path, **changes: Any) -> AudioModel:
    settings = small_settings(**changes)
    parts = Sounds(folder).parts(settings)
    return AudioModel(settings).train(parts.training, parts.validation, device="cpu")


def judged(model: AudioModel, folder: Path, **options: Any) -> Score:
    return model.evaluate(model.read(Sounds(folder)), device="cpu", **options)


def small_settings(**changes: Any) -> AudioSettings:
    training = TrainingSettings(steps=4, learning_rate=0.05, evaluate_every=2)
    small = {"layers": 3, "cycles": 1, "residual": 8, "skip": 8, "batch": 4, "chunk": 256, "training": training}
    return AudioSettings(**{**small, **changes})


def test_what_is_known_of_it(model: AudioModel) -> None:
    assert model.rate == 4000
    assert model.speakers == ("ann", "bob")
    assert (model.learned.sounds, model.learned.seconds) == (7, pytest.approx(7 * 300 / 4000))
    assert model.history is not None
    assert model.validation is not None
    assert model.validation.bits == pytest.approx(model.history.best)
    assert model.validation.sounds == 1
    assert model.facts()["speakers"] == "ann, bob"
    assert json.dumps(model.facts())


def test_one_seed_one_sound(model: AudioModel) -> None:
    sound = model.generate(0.05, seed=3)
    assert sound.dtype == np.float32
    assert sound.shape == (200,)
    np.testing.assert_array_equal(sound, model.generate(0.05, seed=3))
    assert not np.array_equal(sound, model.generate(0.05, seed=4))
    assert not np.array_equal(sound, model.generate(0.05, seed=3, speaker="bob"))
    np.testing.assert_array_equal(sound, model.generate(0.05, seed=3, speaker="ann", backend="reference"))


def test_a_stream_gives_the_same_in_chunks_and_has_no_end(model: AudioModel) -> None:
    chunks = list(model.stream(0.05, chunk=60, seed=3))
    assert [len(chunk) for chunk in chunks] == [60, 60, 60, 20]
    np.testing.assert_array_equal(np.concatenate(chunks), model.generate(0.05, seed=3))
    endless = list(islice(model.stream(chunk=50, seed=3), 4))
    np.testing.assert_array_equal(np.concatenate(endless), np.concatenate(chunks))


def test_seed_audio_is_gone_on_from(model: AudioModel, tmp_path: Path) -> None:
    heard = np.random.default_rng(1).uniform(-0.5, 0.5, 500).astype(np.float32)
    sound = model.generate(0.02, seed_audio=heard)
    assert sound.shape == (80,)
    assert not np.array_equal(model.generate(0.02), sound)
    # It hears the receptive field, 8 samples, and nothing before.
    field = model.network.receptive_field
    np.testing.assert_array_equal(model.generate(0.02, seed_audio=heard[-field:]), sound)
    soundfile.write(tmp_path / "seed.wav", np.stack([heard, heard], 1), 4000, subtype="FLOAT")
    np.testing.assert_array_equal(model.generate(0.02, seed_audio=tmp_path / "seed.wav"), sound)
    # Shorter than the receptive field: silence before.
    assert model.generate(0.02, seed_audio=heard[:2]).shape == (80,)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 1.5}, "top_p"),
        ({"speaker": "eve"}, "speaker 'eve' is not known to this model; it knows ann, bob"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": 1e308}, "at most 10,000,000"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], said: str, model: AudioModel) -> None:
    with pytest.raises(SettingsError, match=said):
        model.stream(**{"seconds": 0.01, **options})


def test_evaluation_by_speaker(model: AudioModel, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    for name, length in (("0_ann_1", 500), ("1_ann_1", 300), ("0_bob_1", 600)):
        soundfile.write(tmp_path / f"{name}.wav", random.uniform(-0.5, 0.5, length), 4000)
    found = judged(model, tmp_path)
    assert (found.samples, found.sounds) == (1400, 3)
    assert [(name, samples) for name, _, samples in found.speakers] == [("ann", 800), ("bob", 600)]
    total = sum(bits * samples for _, bits, samples in found.speakers)
    assert found.bits == pytest.approx(total / 1400)
    # A model that has learnt next to nothing of white noise: at least the entropy, at most a little above 8 bits.
    assert 5 < found.bits < 9
    soundfile.write(tmp_path / "0_eve_1.wav", random.uniform(-0.5, 0.5, 100), 4000)
    with pytest.raises(AudioError, match="the speaker 'eve' is not among ann, bob"):
        judged(model, tmp_path)


@pytest.mark.parametrize("head", ["categorical", "mixture_of_logistics", "gaussian"])
def test_a_folder_keeps_it(head: str, voices: Path, tmp_path: Path) -> None:
    model = trained(voices, head=head, validation=0)
    model.save(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "weights.safetensors"]
    loaded = AudioModel.load(tmp_path / "model")
    assert loaded.settings == model.settings
    assert loaded.head == model.head
    assert (loaded.speakers, loaded.validation, loaded.learned) == ((), None, model.learned)
    assert not loaded.network.training
    np.testing.assert_array_equal(loaded.generate(0.01), model.generate(0.01))
    assert judged(loaded, voices) == judged(model, voices)
    with pytest.raises(SettingsError, match="was not trained with speakers"):
        loaded.generate(0.01, speaker="ann")


def rewrite(folder: Path, change) -> None:
    """Change a description, with a checksum that fits."""
    from foretell.model.folder import read_folder, write_folder

    stored = read_folder(folder)
    description = stored.description
    change(description)
    import safetensors.torch

    write_folder(folder, stored.kind, description, safetensors.torch.load_file(folder / "weights.safetensors"))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["settings"].update(residual=16),
        lambda d: d["settings"].update(layers=4),
        lambda d: d["settings"].update(residual=10**9),
        lambda d: d["learned"].update(rate=None),
        lambda d: d["learned"].update(rate=0),
        lambda d: d.pop("settings"),
        lambda d: d["settings"].update(colour="red"),
        lambda d: d["settings"].update(head="shoulders"),
        lambda d: d["learned"]["speakers"].append("eve"),
        lambda d: d["learned"].update(speakers=["ann", "ann"]),
        lambda d: d.pop("history"),
    ],
)
def test_a_folder_of_another_shape(change, model: AudioModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    rewrite(tmp_path / "model", change)
    with pytest.raises(ModelError, match="model"):
        AudioModel.load(tmp_path / "model")


def test_damaged_and_missing(model: AudioModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        AudioModel.load(tmp_path / "model")
    model.save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ModelError, match="is damaged, cut short"):
        AudioModel.load(tmp_path / "model")


def test_training_reads_sound_as_files_have_it(voices: Path) -> None:
    sound = read_sound(voices / "0_ann_0.wav")
    torch.testing.assert_close(float(np.abs(sound).max()), 0.5, atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("seed_audio", "said"),
    [
        (np.zeros((100, 2), np.float32), r"an array \(100, 2\) of float32"),
        (np.zeros(100, np.int16), r"an array \(100,\) of int16"),
        (np.array([0.0, np.nan, np.inf]), "seed_audio holds nan"),
    ],
)
def test_seed_audio_that_makes_no_sense(seed_audio, said: str, model: AudioModel) -> None:
    with pytest.raises(SettingsError, match=said):
        model.stream(0.01, seed_audio=seed_audio)


def test_seed_audio_of_doubles(model: AudioModel) -> None:
    heard = np.random.default_rng(1).uniform(-0.5, 0.5, 50).astype(np.float32)
    wide = model.generate(0.02, seed_audio=heard.astype(np.float64))
    np.testing.assert_array_equal(wide, model.generate(0.02, seed_audio=heard))


def test_evaluation_says_how_far_it_is(model: AudioModel, tmp_path: Path) -> None:
    for k in range(6):
        soundfile.write(tmp_path / f"{k}_ann_0.wav", np.random.default_rng(k).uniform(-0.5, 0.5, 1000), 4000)
    told: list[float] = []
    found = judged(model, tmp_path, on_progress=told.append)
    assert found == judged(model, tmp_path)
    assert told == pytest.approx([k / 8 for k in range(1, 9)])  # two batches of four chunks


def test_weights_that_are_not_finite(model: AudioModel, tmp_path: Path) -> None:
    import safetensors.torch

    from foretell.model.folder import read_folder, write_folder

    model.save(tmp_path / "model")
    stored = read_folder(tmp_path / "model")
    tensors = safetensors.torch.load_file(tmp_path / "model" / "weights.safetensors")
    tensors["output.bias"][3] = float("nan")
    write_folder(tmp_path / "model", "audio", stored.description, tensors)
    with pytest.raises(ModelError, match=r"output\.bias in .* not finite"):
        AudioModel.load(tmp_path / "model")
