"""All that a speech model has learned: both networks, the units of their frames, and what aligns recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.audio.network import begin_for_sound
from foretell.audio.signal import Frames, LinearPrediction, MelSpectrum
from foretell.speech.acoustic import AcousticNetwork
from foretell.speech.alignment import STATES, Gaussians
from foretell.speech.corpus import Speech
from foretell.speech.features import alignment_size
from foretell.speech.scales import log_hertz
from foretell.speech.settings import SpeechSettings
from foretell.speech.vocoder import HEAD, Vocoder


class SpeechNetwork(nn.Module):
    """The acoustic network and the vocoder for `symbols` symbols, `phonemes` of them sounds."""

    mel_mean: Tensor
    """(bands,)"""
    mel_scale: Tensor
    """(bands,)"""
    voice_pitch: Tensor
    """(voices,) mean log Hz of voiced frames"""
    aligner_means: Tensor
    """(voices, states, features)"""
    aligner_variances: Tensor
    """(voices, states, features)"""

    def __init__(
        self, settings: SpeechSettings, rate: int, *, symbols: int, phonemes: int, voices: int, languages: int
    ) -> None:
        super().__init__()
        mel = MelSpectrum(Frames(rate), settings.bands)
        self.prediction = LinearPrediction(mel, settings.prediction_order, settings.whitening)
        self.acoustic = AcousticNetwork(settings, symbols, voices, languages, settings.bands)
        self.vocoder = Vocoder(settings, settings.bands, Frames(rate).hop)
        begin_for_sound(self.vocoder.wavenet, HEAD)
        states = (voices, 1 + STATES * phonemes, alignment_size(settings.bands))
        self.register_buffer("mel_mean", torch.zeros(settings.bands))
        self.register_buffer("mel_scale", torch.ones(settings.bands))
        self.register_buffer("voice_pitch", torch.zeros(voices))
        self.register_buffer("aligner_means", torch.zeros(states))
        self.register_buffer("aligner_variances", torch.ones(states))

    def measure(self, speech: Speech, voices: Sequence[str]) -> None:
        """Take the units of frames from recordings."""
        mel = np.concatenate([recording.mel for recording in speech.recordings])
        self.mel_mean.copy_(torch.from_numpy(mel.mean(0)))
        self.mel_scale.copy_(torch.from_numpy(mel.std(0).clip(0.1)))
        for number, voice in enumerate(voices):
            own = [r for r in speech.recordings if r.voice == voice]
            voiced = np.concatenate([log_hertz(r.hertz)[r.voiced] for r in own])
            self.voice_pitch[number] = float(voiced.mean()) if len(voiced) else float(np.log(150))

    def scaled(self, mel: NDArray[np.float32]) -> Tensor:
        """Return a log-mel spectrum in the networks' units."""
        return (torch.from_numpy(mel) - self.mel_mean) / self.mel_scale

    def unscaled(self, mel: Tensor) -> NDArray[np.float32]:
        """Return the log-mel spectrum that is `mel` in the networks' units."""
        found: NDArray[np.float32] = (mel * self.mel_scale + self.mel_mean).detach().numpy()
        return found

    def aligner(self, voice: int) -> Gaussians:
        """Return what aligns the recordings of a voice."""
        return Gaussians(self.aligner_means[voice].numpy(), self.aligner_variances[voice].numpy())

    def set_aligner(self, voice: int, gaussians: Gaussians) -> None:
        """Keep what aligns the recordings of a voice."""
        self.aligner_means[voice] = torch.from_numpy(gaussians.means)
        self.aligner_variances[voice] = torch.from_numpy(gaussians.variances)
