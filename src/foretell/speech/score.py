"""How well a speech model predicts recordings that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from foretell.model import score as model_score
from foretell.speech import acoustic_task, vocoder_task
from foretell.speech.aligning import align_others
from foretell.speech.corpus import Speech
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.preparing import prepared, vocoder_batches, voiced
from foretell.speech.scales import PITCH_UNIT
from foretell.speech.settings import SpeechSettings

_BATCHES = 10
"""Factor by which the final evaluation exceeds those during training."""
_DECIBELS = 10 / math.log(10)
_SEMITONES = 12 / math.log(2)


@dataclass(frozen=True)
class Score(model_score.Score):
    """The score of a model on recordings: lower is better."""

    labels: ClassVar[dict[str, str]] = {
        "spectrum": "spectrum, dB",
        "pitch": "pitch, semitones",
        "voicing": "voicing, %",
        "duration": "durations, ms",
        "bits": "bits per sample",
    }
    spectrum: float
    """Mean distance between predicted and recorded mel spectra, with the recording's own durations and pitch."""
    pitch: float
    """Mean absolute error of the predicted fundamental frequency in semitones."""
    voicing: float
    """Percentage of frames whose voicing is predicted wrongly."""
    duration: float
    """Mean absolute error of the predicted durations of phonemes, in milliseconds."""
    bits: float
    """Bits per sample of the residual, with recorded spectra."""
    recordings: int


def score_of(
    settings: SpeechSettings,
    network: SpeechNetwork,
    learned: Learned,
    data: Speech,
    on_progress: Callable[[float], None] | None = None,
) -> Score:
    """Return the score on recordings of known voices."""
    told = on_progress or (lambda _: None)
    data = learned.known(data)
    recordings = prepared(network, learned, data, align_others(network, data, learned.voices, learned.phonemes))
    spectrum, pitch, voicing, duration = [], [], [], []
    for done, one in enumerate(recordings):
        batch = acoustic_task.batch_of([one])
        with torch.no_grad():
            spoken = network.acoustic(batch.phonemes, batch.durations, batch.pitch, batch.voiced)
        gap = (spoken.mel[0] - one.mel) * network.mel_scale * _DECIBELS
        spectrum.append(gap.square().mean(1).sqrt())
        pitch.append((spoken.pitch[0] - one.pitch).abs()[one.voiced] * PITCH_UNIT * _SEMITONES)
        voicing.append(((spoken.voicing[0] > 0) != one.voiced).float())
        frames = torch.expm1(spoken.log_durations[0]).clamp(min=0)
        duration.append((frames - one.durations).abs() * 1000 * network.prediction.mel.frames.seconds)
        told(0.5 * done / len(recordings))
    batches = vocoder_batches(settings, network, voiced(network, data), seed=1)
    bits = vocoder_task.evaluator(batches, _BATCHES * settings.validation_steps)(network.vocoder)
    told(1.0)
    return Score(_mean(spectrum), _mean(pitch), 100 * _mean(voicing), _mean(duration), bits, len(data.recordings))


def _mean(parts: list[torch.Tensor]) -> float:
    values = np.concatenate([part.numpy() for part in parts])
    return float(values.mean(dtype=np.float64)) if len(values) else 0.0
