"""Training: it learns, says what it works on, lets TensorBoard hear it, and goes on from a checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

from foretell.audio import AudioModel, Sounds
from foretell.audio.fit import AudioFit
from foretell.audio.task import AudioTask
from foretell.errors import ModelError, SettingsError
from foretell.training.settings import TrainingSettings


def trained(settings, folder: Path, **options) -> AudioModel:
    parts = Sounds(folder).parts(settings)
    return AudioModel(settings).train(parts.training, parts.validation, device="cpu", **options)


@pytest.mark.parametrize("head", ["categorical", "mixture_of_logistics", "gaussian"])
def test_it_learns(head: str, voices: Path, tiny) -> None:
    training = TrainingSettings(steps=60, learning_rate=0.02, average=0.9, evaluate_every=30)
    settings = tiny(head=head, training=training, speakers_from="name")
    parts = Sounds(voices).parts(settings)
    model = trained(settings, voices)
    assert model.validation is not None
    assert model.history is not None
    before = AudioModel(settings).initialise(model.learned).evaluate(parts.validation, device="cpu")
    assert model.validation.bits < before.bits - 1
    assert model.history.best == pytest.approx(model.validation.bits)
    assert not model.network.training


def test_what_is_said_of_the_network(voices: Path, tiny, tmp_path: Path, make_tone) -> None:
    settings = tiny(layers=9, kernel_size=2)
    model = trained(settings, voices)
    weights = sum(p.numel() for p in model.network.parameters())
    said = model.sentences()
    assert said[0] == f"{weights:,} trainable parameters and a receptive field of 512 samples (64 ms)."
    assert "of 9 training sounds are shorter than that" in said[1]
    fit = AudioFit(Sounds(voices).parts(settings).training, None, settings, 512)
    assert fit.batches.steps >= 3
    assert fit.samples_per_step == pytest.approx(sum(p.stop - p.start for p in fit.batches._pieces) / fit.batches.steps)
    folder = tmp_path / "long"
    folder.mkdir()
    soundfile.write(folder / "long.wav", make_tone(2), 8000)
    # 16,000 samples in 8 pieces: 7 times 7 samples of context.
    assert trained(tiny(piece=2000, chunk=500, validation=0), folder).sentences()[-1] == (
        "Long sounds are cut up: 0.3 % of the samples are read twice, as context."
    )


def test_sounds_that_were_read_for_another_head(voices: Path, tiny) -> None:
    parts = Sounds(voices).parts(tiny())
    with pytest.raises(SettingsError, match="a head other than gaussian"):
        AudioModel(tiny(head="gaussian")).train(parts.training, parts.validation)


def test_the_seed_decides(voices: Path, tiny) -> None:
    def weights(**changes) -> torch.Tensor:
        model = trained(tiny(**changes), voices)
        return torch.cat([p.detach().reshape(-1) for p in model.network.parameters()])

    state = torch.random.get_rng_state()
    assert torch.equal(weights(seed=1), weights(seed=1))
    assert not torch.equal(weights(seed=1), weights(seed=2))
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_stopped_run_goes_on_to_the_same_weights(voices: Path, tiny, tmp_path: Path) -> None:
    settings = tiny(steps=6, chunk=128)
    whole = trained(settings, voices)

    def stop(progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        trained(settings, voices, checkpoint=checkpoint, on_progress=stop)
    steps: list[int] = []
    resumed = trained(settings, voices, checkpoint=checkpoint, on_progress=lambda progress: steps.append(progress.step))
    assert steps == [4, 5, 6]
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ModelError, match="comes from another network"):
        trained(tiny(steps=6, chunk=128, residual=4), voices, checkpoint=checkpoint)


def test_tensorboard_hears_a_second(voices: Path, tiny, tmp_path: Path, monkeypatch) -> None:
    written = []

    class Writer:
        def __init__(self, log_dir, purge_step):
            pass

        def add_scalar(self, tag, value, step):
            written.append((tag, step, value))

        def add_audio(self, tag, sound, step, sample_rate):
            written.append((tag, step, (sound, sample_rate)))

        def close(self):
            pass

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    model = trained(tiny(sample_rate=1000), voices, tensorboard=tmp_path / "board")
    assert model.validation is not None
    heard = [(step, content) for tag, step, content in written if tag == "generated"]
    assert [step for step, _ in heard] == [2, 3]
    for _, (sound, rate) in heard:
        assert (tuple(sound.shape), rate) == ((1, 1000), 1000)
        assert np.abs(sound.numpy()).max() <= 1
    judged = [value for tag, step, value in written if (tag, step) == ("evaluation", 3)]
    assert judged == [pytest.approx(model.validation.bits)]


def test_evaluations_take_a_part_and_the_last_one_more(tmp_path: Path, tiny, monkeypatch) -> None:
    random = np.random.default_rng(0)
    for k in range(40):
        soundfile.write(tmp_path / f"{k}.wav", random.uniform(-0.5, 0.5, 100), 8000)
    settings = tiny(validation=0.5, validation_steps=1, batch=1, chunk=100, steps=1)
    heard: list[int] = []
    score = AudioTask.score

    def counted(self, network, batches):
        batches = list(batches)
        heard.append(len(batches))
        return score(self, network, batches)

    monkeypatch.setattr(AudioTask, "score", counted)
    trained(settings, tmp_path)
    assert heard == [1, 10]


def test_a_checkpoint_of_other_sounds_is_refused(voices: Path, tiny, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    settings = tiny(steps=2, validation=0)
    trained(settings, voices, checkpoint=checkpoint)
    trained(settings, voices, checkpoint=checkpoint)
    (voices / "4_ann_0.wav").rename(voices / "4_ann_1.wav")
    with pytest.raises(ModelError, match="other data"):
        trained(settings, voices, checkpoint=checkpoint)
