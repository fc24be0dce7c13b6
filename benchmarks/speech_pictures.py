"""The sounds and spectrograms of the documentation: `python benchmarks/speech_pictures.py --work WORK --words FILE`.

A voice is trained on Pico (`pip install py-nanotts`, Apache-2.0), which says sentences of FILE. Of a sentence that is
not among them come Pico's own recording, the same through the vocoder alone, and what the voice makes of the text: as
docs/sounds/speech-*.flac, and as a picture, docs/images/speech.png. A model in WORK is not trained again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from speech import train
from speech_sounds import Prompt, Recorder, Through, pico_voice, said_by_peer, spoken

from foretell.speech import SpeechModel

DOCS = Path(__file__).parents[1] / "docs"
TEXT = "The birch canoe slid on the smooth planks."
NAMES = {"recording": "Recording", "vocoder": "Through the vocoder alone", "text": "From text"}
_SENTENCES = 300
_WINDOW, _OVERLAP, _FLOOR = 400, 320, -100.0


def main() -> None:
    """Train if there is no model, speak, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--judge", default=sys.executable, help="the Python that has py-nanotts")
    parser.add_argument("--docs", type=Path, default=DOCS)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    folder = pico_voice(asked.work / "pico", asked.words, _SENTENCES, asked.judge)
    place = asked.work / "model"
    if not place.exists():
        train([folder], place, "--steps", str(asked.steps))
    model = SpeechModel.load(place)
    torch.set_num_threads(1)
    recorder = Recorder(asked.work / "sounds")
    if not said_by_peer(recorder, "Pico", asked.judge, {"text": [Prompt(Path(), "pico", "en", TEXT)]}):
        sys.exit("py-nanotts is not installed: pip install py-nanotts, or name the Python that has it by --judge")
    recording = recorder.sounds[0].path
    prompt = Prompt(recording, "pico", "en", TEXT)
    places = {name: asked.work / f"{name}.wav" for name in NAMES}
    soundfile.write(places["recording"], *soundfile.read(recording))
    Through(model, asked.work)(prompt, places["vocoder"])
    spoken(model)(prompt, places["text"])
    sounds = {name: soundfile.read(path, dtype="float32") for name, path in places.items()}
    (asked.docs / "sounds").mkdir(exist_ok=True)
    for name, (waveform, rate) in sounds.items():
        soundfile.write(asked.docs / "sounds" / f"speech-{name}.flac", waveform, rate)
    draw(asked.docs / "images" / "speech.png", {name: sound for name, (sound, _) in sounds.items()}, model.rate)


def draw(to: Path, sounds: dict[str, NDArray[np.float32]], rate: int) -> None:
    """Draw the spectrograms below one another as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.5), layout="constrained")
    panels = figure.subplots(len(sounds), 1, sharex=True, sharey=True)
    for axes, (name, sound) in zip(panels, sounds.items(), strict=True):
        faint = 1e-6 * np.random.default_rng(0).standard_normal(len(sound))
        axes.specgram(
            sound + faint, NFFT=_WINDOW, Fs=rate, noverlap=_OVERLAP, vmin=_FLOOR, vmax=-30, cmap="magma", scale="dB"
        )
        axes.set_title(NAMES[name], fontsize=10, loc="left")
        axes.set_ylabel("Hz")
    panels[-1].set_xlabel("seconds")
    figure.savefig(to, dpi=90)


if __name__ == "__main__":
    main()
