"""A voice from recordings of a pretend speaker: trained, judged, kept, and heard."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foretell.errors import ForetellError
from foretell.model.folder import _digest
from foretell.speech import Speech, SpeechModel, SpeechSettings, Voice, Voices, read_speech, stages
from foretell.speech.learned import Learned
from foretell.speech.synthesis import FIRST_FRAMES, Synthesiser
from foretell.speech.utterance import Segment
from foretell.training import TrainingSettings
from foretell.training.history import Progress
from foretell.training.loop import train

SETTINGS: dict[str, Any] = {
    "bands": 16,
    "prediction_order": 10,
    "hidden": 24,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "dropout": 0.0,
    "layers": 5,
    "cycles": 1,
    "residual": 16,
    "skip": 16,
    "local": 8,
    "acoustic_learning_rate": 1e-2,
    "acoustic_share": 0.5,
    "validation_steps": 2,
}


def settings(steps: int, **more: Any) -> SpeechSettings:
    training = TrainingSettings(steps=steps, learning_rate=1e-2, average=0.9, evaluate_every=50, checkpoint_every=20)
    return SpeechSettings(**{**SETTINGS, **more}, training=training)


@pytest.fixture
def speech(record: Callable[..., Path], tmp_path: Path) -> Speech:
    folders = [record(tmp_path / "anna", 200.0), record(tmp_path / "otto", 110.0)]
    return read_speech(folders, rate=None, bands=16, phonemes=True)


def halves(speech: Speech) -> tuple[Speech, Speech]:
    held = [recording for recording in speech.recordings if recording.name in ("03.wav", "11.wav")]
    kept = [recording for recording in speech.recordings if recording not in held]
    return Speech(speech.rate, tuple(kept)), Speech(speech.rate, tuple(held))


def test_voices_learn_to_speak(speech: Speech, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    training, held = halves(speech)
    stages: list[str] = []

    def heard(progress: Progress) -> None:
        if progress.stage not in stages:
            stages.append(progress.stage)

    model = SpeechModel(settings(240)).train(training, held, device="cpu", on_progress=heard)
    assert stages == ["Alignment", "Acoustic network", "Critic", "Vocoder"]
    assert model.history is not None
    assert model.history.steps == 240
    score = model.validation
    assert score is not None
    assert score.recordings == 4
    # The pretend speakers are regular: what is asked is that each part has learned its task.
    assert score.spectrum < 6
    assert score.pitch < 1
    assert score.voicing < 10
    assert score.duration < 30
    assert score.bits < 7

    model.save(tmp_path / "voices")
    voice = Voice.load(tmp_path / "voices")
    assert voice.voices == ("anna", "otto")
    for name, hertz in (("anna", 200.0), ("otto", 110.0)):
        waveform = voice.say("aniu ani", voice=name, phonemes=True)
        assert waveform.dtype == np.float32
        assert 0.6 < len(waveform) / 8_000 < 1.6
        loudness = [np.sqrt((part**2).mean()) for part in np.array_split(waveform, 20)]
        assert max(loudness) < 0.5
        assert np.median(loudness[4:-4]) > 5 * loudness[0]
        synthesiser = Synthesiser(voice.network, voice.learned)
        contour = synthesiser.contour(Segment(tuple("aniu"), (0,) * 4, "en", name))
        contour.require(len(contour))
        pitch, sounding = contour.frames[0, :, -2], contour.frames[0, :, -1] > 0
        assert float(torch.exp(pitch[sounding] * 0.4).median() * 150) == pytest.approx(hertz, rel=0.06)
        assert sounding.float().mean() > 0.5

    # Before there was such a setting, prediction left a white residual.
    described = tmp_path / "voices" / "model.json"
    head = json.loads(described.read_text())
    assert head["model"]["settings"].pop("whitening") == 0.5
    described.write_text(json.dumps({**head, "sha256": _digest(head["model"])}))
    assert SpeechModel.load(tmp_path / "voices").settings.whitening == 1


def test_models_from_before_the_network_was_told_the_phase_speak(speech: Speech, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    model = SpeechModel(settings(20, harmonics=0)).train(halves(speech)[0], device="cpu")
    model.save(tmp_path / "voices")
    described = tmp_path / "voices" / "model.json"
    head = json.loads(described.read_text())
    assert head["model"]["settings"].pop("harmonics") == 0
    described.write_text(json.dumps({**head, "sha256": _digest(head["model"])}))
    loaded = SpeechModel.load(tmp_path / "voices")
    assert loaded.settings.harmonics == 0
    assert np.array_equal(loaded.say("ani", phonemes=True), model.say("ani", phonemes=True))


@pytest.mark.parametrize(
    "change", [{"rate": 2 * 10**9}, {"rate": 10**30}, {"rate": 0}, {"seconds": math.nan}, {"recordings": -1}]
)
def test_numbers_that_no_training_gives_are_refused(change: dict[str, Any], speech: Speech) -> None:
    """A description by a stranger must not decide how large the filter banks are."""
    learned = Learned.of(speech)
    with pytest.raises(ValueError, match=r"rate is|trained on"):
        replace(learned, **change)


def test_saying_follows_its_options(speech: Speech) -> None:
    torch.set_num_threads(1)
    training, _ = halves(speech)
    voice = SpeechModel(settings(60)).train(training, device="cpu")
    said = voice.say("ani ana", phonemes=True, seed=3)
    assert np.array_equal(said, voice.say("ani ana", phonemes=True, seed=3))
    assert not np.array_equal(said, voice.say("ani ana", phonemes=True, seed=4))
    chunks = list(voice.stream("ani ana", phonemes=True, seed=3))
    assert len(chunks) > 2
    assert len(chunks[0]) == (FIRST_FRAMES - 7) * 80
    assert np.array_equal(np.concatenate(chunks), said)
    slow = voice.say("ani ana", phonemes=True, speed=0.5)
    assert len(slow) == pytest.approx(2 * len(said), rel=0.15)
    paused = voice.say("[[ani]] [pause 700ms] [[ana]]")
    assert len(paused) > 0.7 * 8_000
    with pytest.raises(ForetellError, match="there is no voice 'ana'"):
        voice.say("ani", voice="ana", phonemes=True)
    with pytest.raises(ForetellError, match="temperature"):
        voice.say("ani", phonemes=True, temperature=0)
    with pytest.warns(UserWarning, match="not trained on"):
        voice.say("ø", phonemes=True)


@pytest.mark.parametrize(
    ("chosen", "fast", "due"),
    [
        ("auto", "bf16-mixed", "bf16-mixed"),
        ("auto", "32-true", "32-true"),
        ("32-true", "bf16-mixed", "32-true"),
        ("bf16-mixed", "32-true", "bf16-mixed"),
    ],
)
def test_the_acoustic_network_has_a_precision_of_its_own(
    chosen: str, fast: str, due: str, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def noted(*given: Any, settings: TrainingSettings, **options: Any) -> Any:
        seen[type(given[0]).__name__] = settings.precision
        return train(*given, settings=settings, **options)

    monkeypatch.setattr(stages, "train", noted)
    monkeypatch.setattr(stages, "fast_precision", lambda _: fast)
    SpeechModel(settings(12, acoustic_precision=chosen)).train(speech, device="cpu")
    assert seen == {"AcousticNetwork": due, "Criticised": due, "Vocoder": "32-true"}


def test_a_training_that_was_stopped_goes_on_in_every_stage(speech: Speech, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    training, held = halves(speech)
    whole = SpeechModel(settings(40)).train(training, held, device="cpu")
    seen: list[tuple[str, int]] = []

    def stop_at(stage: str, step: int) -> Callable[[Progress], None]:
        def told(progress: Progress) -> None:
            seen.append((progress.stage, progress.step))
            if (progress.stage, progress.step) == (stage, step):
                raise KeyboardInterrupt

        return told

    model = SpeechModel(settings(40))
    for stage, step in (("Acoustic network", 11), ("Critic", 17), ("Vocoder", 31)):
        with pytest.raises(KeyboardInterrupt):
            model.train(training, held, device="cpu", checkpoint=tmp_path / "fit", on_progress=stop_at(stage, step))
    model.train(training, held, device="cpu", checkpoint=tmp_path / "fit", on_progress=stop_at("", 0))
    assert [step for stage, step in seen if stage != "Alignment"] == list(range(1, 41))
    assert sum(stage == "Alignment" for stage, _ in seen) == 2  # one for each voice, once
    for name, tensor in whole.network.state_dict().items():
        assert model.network.state_dict()[name].equal(tensor), name
    assert sorted(path.name for path in tmp_path.glob("fit*")) == [
        f"fit-{part}" for part in ("acoustic", "alignment", "critic", "vocoder")
    ]


def test_other_voices_are_refused(speech: Speech, record: Callable[..., Path], tmp_path: Path) -> None:
    training, _ = halves(speech)
    other = read_speech([record(tmp_path / "ida", 240.0, ["ana"])], rate=8_000, bands=16, phonemes=True)
    with pytest.raises(ForetellError, match=r"voice 'ida', which is not trained on; there are anna, otto"):
        SpeechModel(settings(2)).train(training, other, device="cpu")


def test_one_recording_is_enough_to_train(record: Callable[..., Path], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    folder = record(tmp_path / "anna", 200.0, ["ana nisa"])
    parts = Voices((folder,), phonemes=True).parts(settings(4))
    assert parts.validation is None
    voice = SpeechModel(settings(4)).train(parts.training, parts.validation, device="cpu")
    assert voice.validation is None
    assert np.isfinite(voice.say("ana", phonemes=True)).all()
    assert any("expect to recognise the voice, but not every word" in sentence for sentence in voice.sentences())


def test_a_long_text_is_heard_from_its_beginning(speech: Speech) -> None:
    torch.set_num_threads(1)
    voice = SpeechModel(settings(4)).train(halves(speech)[0], device="cpu")
    stream = voice.stream("ani ana " * 12_500, phonemes=True)
    assert len(next(stream)) == (FIRST_FRAMES - 7) * 80
    stream.close()  # type: ignore[attr-defined]
    assert len(voice.say("ani.", phonemes=True)) > 0
