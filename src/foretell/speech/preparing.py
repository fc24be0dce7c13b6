"""Recordings as the networks learn them."""

from __future__ import annotations

import torch

from foretell.audio.signal import measured_phase
from foretell.speech import vocoder_task
from foretell.speech.acoustic_task import Prepared
from foretell.speech.aligning import Durations
from foretell.speech.corpus import Speech
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.scales import PITCH_UNIT, log_hertz, vocoder_frames
from foretell.speech.settings import SpeechSettings
from foretell.speech.vocoder_task import VocoderBatches, Voiced


def prepared(network: SpeechNetwork, learned: Learned, speech: Speech, durations: Durations) -> list[Prepared]:
    """Return aligned recordings as the acoustic network learns them."""
    found = []
    for recording, own in zip(speech.recordings, durations, strict=True):
        voice = learned.voices.index(recording.voice)
        pitch = (torch.from_numpy(log_hertz(recording.hertz)) - network.voice_pitch[voice]) / PITCH_UNIT
        found.append(
            Prepared(
                torch.tensor(learned.symbols.numbers(recording.symbols)),
                torch.tensor(recording.stress),
                voice,
                learned.languages.index(recording.language),
                torch.from_numpy(own),
                network.scaled(recording.mel),
                pitch,
                torch.from_numpy(recording.voiced),
            )
        )
    return found


def voiced(network: SpeechNetwork, speech: Speech) -> list[Voiced]:
    """Return recordings as the vocoder learns them: with the spectra that were recorded.

    By predicted spectra the residual is too loud or too quiet for several frames at a time, by as much as they err. A
    network that learns from it goes on as loud as it has been, and its loudness drifts.
    """
    found = []
    for recording in speech.recordings:
        filters = network.prediction.filters(recording.mel)
        levels = vocoder_task.levels_of(network.prediction.residual(recording.waveform, filters))
        pitch, sounding = torch.from_numpy(log_hertz(recording.hertz)), torch.from_numpy(recording.voiced)
        frames = vocoder_frames(network.scaled(recording.mel), pitch, sounding)
        phase = measured_phase(recording.waveform, recording.hertz, recording.voiced, network.prediction.mel.frames)
        found.append(Voiced(frames.numpy(), levels, phase))
    return found


def vocoder_batches(
    settings: SpeechSettings, network: SpeechNetwork, recordings: list[Voiced], *, seed: int, misheard: float = 0.0
) -> VocoderBatches:
    """Return stretches of recordings for the vocoder."""
    vocoder = network.vocoder
    return VocoderBatches(
        recordings,
        batch=settings.batch,
        stretch=settings.stretch,
        margin=vocoder.margin,
        hop=vocoder.hop,
        seed=seed,
        misheard=misheard,
    )
