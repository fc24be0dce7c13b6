"""A WaveNet that generates the waveform itself, conditioned on the same spectra, without linear prediction.

It has the vocoder's layers, is trained like it and for as long, and stands beside it so that the choice is shown.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from speech_sounds import Prompt, write

from foretell.audio.network import begin_for_sound
from foretell.audio.signal import RunningPhase, measured_phase
from foretell.nn import Generator
from foretell.nn.mu_law import decode
from foretell.speech import Speech, SpeechModel, vocoder_task
from foretell.speech.preparing import vocoder_batches
from foretell.speech.scales import log_hertz, vocoder_frames, vocoder_pitch
from foretell.speech.synthesis import Synthesiser
from foretell.speech.vocoder import HEAD, LEVELS, LOUDEST, Vocoder
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


def speak(model: SpeechModel, plain: Vocoder, prompt: Prompt, path: Path) -> None:
    """Speak a prompt with it: durations, spectra and pitch are those of the model."""
    synthesiser = Synthesiser(model.network, model.learned)
    repertoire = model.learned.repertoire
    from foretell.speech.request import Request

    segments = Request(prompt.voice, prompt.language).segments(prompt.text, repertoire, print)
    parts: list[NDArray[np.float32]] = []
    for segment in segments:
        contour = synthesiser.contour(segment)
        contour.require(len(contour))
        around = torch.arange(-1, len(contour) + 1).clamp(0, len(contour) - 1)
        running = RunningPhase(model.network.prediction.mel.frames)
        phase = torch.from_numpy(running.of(*vocoder_pitch(contour.frames[0, around])))
        with torch.no_grad():
            local = plain.local_between(contour.frames, 0, len(contour), phase[None])
        generator = Generator(plain.wavenet, HEAD, seed=0, weights="int8")
        levels = generator.generate(local.shape[1], local)
        parts.append(decode(levels[0], LEVELS).numpy())
    write(path, np.concatenate(parts), model.rate)
