"""Voices trained on recordings: error on held-out prompts, copy-synthesis, speed and size.

    python benchmarks/speech.py --data FOLDER [--voices allison june] --minutes 60 --keep MODEL

FOLDER holds a folder for each voice, with metadata.csv and wavs. With --keep, a model that is there is judged again
without training. Copy-synthesis is the vocoder alone: the spectrum and pitch of a recording -> sound.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from foretell.model.holdout import held_out
from foretell.speech import Speech, SpeechModel, SpeechSettings, read_speech
from foretell.speech.contour import Contour
from foretell.speech.corpus import split
from foretell.speech.scales import log_hertz, vocoder_frames
from foretell.speech.synthesis import Synthesiser
from foretell.training import TrainingSettings

_DECIBELS = 10 / np.log(10)
_LINES = {
    "en": "The birch canoe slid on the smooth planks.",
    "es": "El barco salió del puerto muy temprano.",
    "fr": "Le bateau quitte le port de bonne heure.",
    "it": "La barca lascia il porto di buon mattino.",
    "ru": "Лодка вышла из гавани рано утром.",
}


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--voices", nargs="+")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    names = arguments.voices or sorted(p.parent.name for p in arguments.data.glob("*/metadata.csv"))
    model = SpeechModel(SpeechSettings(training=_training(arguments.minutes)))
    if arguments.keep is not None and arguments.keep.exists():
        model = SpeechModel.load(arguments.keep)
    settings = model.settings
    folders = [arguments.data / name for name in names]
    speech = read_speech(folders, rate=settings.sample_rate, bands=settings.bands)
    owners = [recording.voice for recording in speech.recordings]
    training, validation = split(speech, held_out(len(owners), settings.validation, 0, owners=owners))
    assert validation is not None
    if model.history is None:
        model.train(training, validation, device="cpu")
        if arguments.keep is not None:
            model.save(arguments.keep)
    print("\n".join(model.sentences()))
    size = sum(t.numel() * t.element_size() for t in model.network.state_dict().values())
    print(f"size of the weights: {size / 1e6:.1f} MB")
    for name in model.voices:
        own = Speech(validation.rate, tuple(r for r in validation.recordings if r.voice == name))
        if own.recordings:
            numbers = {k: round(v, 2) for k, v in model.evaluate(own).document().items()}
            print(f"{name}: {numbers}, copy-synthesis {copied(model, own):.2f} dB from the recordings")
    torch.set_num_threads(1)
    for name in model.voices:
        language = model.learned.repertoire.voices[name].languages[0].partition("-")[0]
        if language in _LINES:
            print(f"{name}: {speed(model, name, _LINES[language])}")


def _training(minutes: float) -> TrainingSettings:
    defaults = SpeechSettings().training
    return TrainingSettings(
        steps=1_000_000_000,
        minutes=minutes,
        learning_rate=defaults.learning_rate,
        average=defaults.average,
        evaluate_every=defaults.evaluate_every,
    )


def copied(model: SpeechModel, speech: Speech, most: int = 10) -> float:
    """Return the mean distance in dB between the mel spectra of recordings and of their copy-synthesis."""
    network = model.network
    synthesiser = Synthesiser(network, model.learned)
    distances = []
    for recording in speech.recordings[:most]:
        pitch, voiced = torch.from_numpy(log_hertz(recording.hertz)), torch.from_numpy(recording.voiced)
        frames = vocoder_frames(network.scaled(recording.mel), pitch, voiced)[None]
        contour = Contour(recording.mel, frames, torch.zeros(0))
        sound = np.concatenate(list(synthesiser.sound(contour, seed=0, temperature=1.0)))
        gap = _DECIBELS * (network.prediction.mel.of(sound) - recording.mel)
        distances.append(np.sqrt((gap**2).mean(1)).mean())
    return float(np.mean(distances))


def speed(model: SpeechModel, voice: str, text: str) -> str:
    """Say how long a second of speech takes on one thread, and how soon the first sound is there."""
    for _ in range(2):  # the second call is a warm one
        began, first, samples = time.perf_counter(), 0.0, 0
        for chunk in model.stream(text, voice=voice):
            first = first or time.perf_counter() - began
            samples += len(chunk)
        seconds = time.perf_counter() - began
    return f"real-time factor {seconds * model.rate / samples:.2f}, first sound after {1000 * first:.0f} ms"


if __name__ == "__main__":
    main()
