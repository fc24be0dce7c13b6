"""A WaveNet that generates the waveform itself, conditioned on the same spectra, without linear prediction.

It has the vocoder's layers, is trained like it and for as long, and stands beside it so that the choice is shown.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from speech_sounds import Prompt, write

from foretell.audio.network import begin_for_sound
from foretell.audio.signal import MelSpectrum, measured_phase
from foretell.audio.signal.frames import PARTS
from foretell.speech import Speech, SpeechModel, vocoder_task
from foretell.speech.preparing import vocoder_batches
from foretell.speech.request import Request
from foretell.speech.scales import log_hertz, vocoder_frames
from foretell.speech.synthesis import Synthesiser
from foretell.speech.vocoder import HEAD, LOUDEST, Vocoder
from foretell.speech.vocoder_task import Voiced
from foretell.training.loop import train

_LOUDNESS = LOUDEST
"""`levels_of` divides by `LOUDEST`, which suits a residual; a waveform is in [-1, 1]."""


def trained(model: SpeechModel, speech: Speech, minutes: float, checkpoint: Path) -> Vocoder:
    """The WaveNet, trained on recordings with their spectra, as the vocoder is."""
    network, settings = model.network, model.settings
    examples = []
    for recording in speech.recordings:
        samples = np.zeros(len(recording.mel) * network.vocoder.hop, np.float32)
        samples[: len(recording.waveform)] = recording.waveform
        pitch, sounding = torch.from_numpy(log_hertz(recording.hertz)), torch.from_numpy(recording.voiced)
        frames = vocoder_frames(network.scaled(recording.mel), pitch, sounding).numpy()
        phase = measured_phase(recording.waveform, recording.hertz, recording.voiced, network.prediction.mel.frames)
        examples.append(Voiced(frames, vocoder_task.levels_of(samples * _LOUDNESS), phase))
    torch.manual_seed(settings.training.seed)
    plain = Vocoder(settings, settings.bands, network.vocoder.hop)
    begin_for_sound(plain.wavenet, HEAD)
    batches = vocoder_batches(settings, network, examples, seed=settings.training.seed)
    training = replace(settings.training, minutes=minutes)
    history = train(
        plain, batches, vocoder_task.loss, settings=training, device="cpu", checkpoint=checkpoint, identity="plain"
    )
    print(f"WaveNet without linear prediction: {history.steps:,} steps in {minutes:.0f} min")
    return plain.eval()


class Waveform:
    """In the place of linear prediction: what the WaveNet draws is the waveform."""

    def __init__(self, mel: MelSpectrum) -> None:
        self.mel = mel

    def filters(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Nothing, for each part of a frame."""
        return np.zeros(PARTS * len(log_mel), np.float32)

    def synthesise(self, drawn: NDArray[np.float32], filters: Any, past: Any) -> tuple[NDArray[np.float32], Any]:  # noqa: ARG002
        """The waveform itself."""
        return drawn / np.float32(_LOUDNESS), past


def synthesiser(model: SpeechModel, plain: Vocoder) -> Synthesiser:
    """What speaks with it: durations, spectra, pitch and all filters but linear prediction are those of the model."""
    network = copy.deepcopy(model.network)
    network.vocoder = plain
    network.prediction = Waveform(network.prediction.mel)  # type: ignore[assignment]
    return Synthesiser(network, model.learned)


def speak(model: SpeechModel, synthesiser: Synthesiser, prompt: Prompt, path: Path) -> None:
    """Speak a prompt with it."""
    segments = Request(prompt.voice, prompt.language).segments(prompt.text, model.learned.repertoire, print)
    write(path, np.concatenate(list(synthesiser.stream(segments))), model.rate)
