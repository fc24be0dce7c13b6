"""The sounds and spectrograms of the documentation, from what `speech.py` made: `--data FOLDER --work WORK`.

Of every voice one prompt that was held out is chosen, of several words and about three seconds: as it was recorded, the
same through the vocoder alone, and from text; and a Harvard sentence by the English voice. They become
docs/sounds/*.mp3, and the spectrograms of the English prompt docs/images/speech.webp. The texts are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from speech_sounds import CODEC, HARVARD, OURS, PROMPTS, RATE, RECORDINGS, divided, harvard, place_of

from foretell.speech import SpeechSettings

DOCS = Path(__file__).parents[1] / "docs"
ROWS = {"recording": RECORDINGS, "vocoder": CODEC, "text": OURS}
TITLES = {"recording": "Recording", "vocoder": "Through the vocoder alone", "text": "From text"}
_SECONDS, _WORDS = 3.0, 4
_WINDOW, _OVERLAP, _FLOOR = 400, 320, -100.0
_QUALITY = 0.6
"""Of MP3, as libsndfile has it: 0 is the best."""


def main() -> None:
    """Choose, compress and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--docs", type=Path, default=DOCS)
    asked = parser.parse_args()
    folders = sorted(path.parent for path in asked.data.glob("*/metadata.csv"))
    held, _ = divided(folders, SpeechSettings(), asked.work / "held-out.json")
    sounds = asked.work / "sounds"
    for voice in [folder.name for folder in folders]:
        own = [n for n, prompt in enumerate(held) if prompt.voice == voice and len(prompt.text.split()) >= _WORDS]
        lengths = [heard(place_of(sounds, RECORDINGS, PROMPTS, voice, number))[1] for number in own]
        chosen = own[int(np.argmin(np.abs(np.array(lengths) - _SECONDS)))]
        print(f"{voice} ({held[chosen].language}): {held[chosen].text}")
        waveforms = {name: heard(place_of(sounds, row, PROMPTS, voice, chosen))[0] for name, row in ROWS.items()}
        for name, waveform in waveforms.items():
            compress(asked.docs / "sounds" / f"{voice}-{name}.mp3", waveform)
        if held[chosen].language == "en":
            draw(asked.docs / "images" / "speech.webp", waveforms)
            print(f"Harvard: {next(harvard(voice)).text}")
            compress(asked.docs / "sounds" / "harvard.mp3", heard(place_of(sounds, OURS, HARVARD, voice, 0))[0])


def heard(path: Path) -> tuple[NDArray[np.float32], float]:
    """A sound and its seconds."""
    waveform, rate = soundfile.read(path, dtype="float32")
    return waveform, len(waveform) / rate


def compress(to: Path, waveform: NDArray[np.float32]) -> None:
    """Write a sound as MP3, which every browser plays."""
    to.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(to, waveform, RATE, format="MP3", compression_level=_QUALITY, bitrate_mode="VARIABLE")


def draw(to: Path, sounds: Mapping[str, NDArray[np.float32]]) -> None:
    """Draw the spectrograms below one another as WebP."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.5), layout="constrained")
    panels = figure.subplots(len(sounds), 1, sharex=True, sharey=True)
    for axes, (name, sound) in zip(panels, sounds.items(), strict=True):
        faint = 1e-6 * np.random.default_rng(0).standard_normal(len(sound))
        axes.specgram(
            sound + faint, NFFT=_WINDOW, Fs=RATE, noverlap=_OVERLAP, vmin=_FLOOR, vmax=-30, cmap="magma", scale="dB"
        )
        axes.set_title(TITLES[name], fontsize=10, loc="left")
        axes.set_ylabel("Hz")
    panels[-1].set_xlabel("seconds")
    figure.savefig(to, dpi=90, pil_kwargs={"quality": 80})


if __name__ == "__main__":
    main()
