"""A picture of sound: the spectrograms of test recordings, and of what a kept model generates for the same speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wavenet_digits import unpacked

from foretell.audio import AudioModel, read_sound
from foretell.audio.corpus import trimmed
from foretell.audio.speakers import speaker_of

SPEAKERS = 2
WINDOW, OVERLAP = 256, 224
FLOOR = -90.0


def draw(to: Path, data: Path, kept: Path, seconds: float, temperature: float, seed: int) -> str:
    """Write the picture as a PNG; for each of two speakers a row, recorded on the left, generated on the right."""
    from matplotlib.figure import Figure

    model = AudioModel.load(kept)
    speakers = model.speakers[:SPEAKERS]
    with unpacked(data) as (_, test):
        recorded = {speaker: _recording(model, test, speaker, seconds) for speaker in speakers}
    figure = Figure(figsize=(11, 2.4 * len(speakers) + 0.6), layout="constrained")
    panels = figure.subplots(len(speakers), 2, sharex=True, sharey=True, squeeze=False)
    for row, speaker in zip(panels, speakers, strict=True):
        generated = model.generate(seconds, speaker=speaker, temperature=temperature, seed=seed)
        for axes, sound, what in zip(
            row, (recorded[speaker], generated), ("digits, recorded", "generated"), strict=True
        ):
            level = float(np.sqrt(np.mean(sound**2)))
            axes.specgram(
                sound + 1e-6 * np.random.default_rng(0).standard_normal(len(sound)),
                NFFT=WINDOW,
                Fs=model.rate,
                noverlap=OVERLAP,
                vmin=FLOOR - 30,
                vmax=FLOOR + 60,
                cmap="magma",
            )
            axes.set_title(f"{speaker}: {what} (RMS {level:.3f})", fontsize=10)
            axes.set_xlim(0, seconds)
    for axes in panels[-1]:
        axes.set_xlabel("seconds")
    for axes in panels[:, 0]:
        axes.set_ylabel("Hz")
    figure.savefig(to, dpi=120, metadata={"Software": None})
    return f"{to}: {', '.join(speakers)}; {seconds:g} s each, temperature {temperature:g}, seed {seed}"


def _recording(model: AudioModel, test: Path, speaker: str, seconds: float) -> NDArray[np.float32]:
    """Test recordings of one speaker one after the other, trimmed as the model's were."""
    parts: list[NDArray[np.float32]] = []
    for file in sorted(test.glob("*.wav"), key=lambda file: file.stem.split("_")[::-1]):
        if speaker_of(file, "name") == speaker and sum(map(len, parts)) < seconds * model.rate:
            sound = read_sound(file, model.rate)
            parts.append(sound if model.settings.trim is None else trimmed(sound, model.rate, model.settings.trim))
    return np.concatenate(parts)[: round(seconds * model.rate)]
