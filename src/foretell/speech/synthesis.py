"""Segments of phonemes to sound, chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.audio.signal import HarmonicFilter, LevelCorrection, MelSpectrum, RunningPhase
from foretell.audio.signal.frames import PARTS
from foretell.audio.signal.phase import pitch_at_samples
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.speech.contour import Contour, PredictedContour
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.residual import ResidualGenerators, residual
from foretell.speech.scales import vocoder_pitch
from foretell.speech.utterance import Segment

FIRST_FRAMES, FRAMES = 10, 25
"""Frames of the first chunk of a segment, which is to be heard soon, and of all others."""
UNVOICED, VOICED = 1.0, 0.7
"""Temperatures that suit speech: lower ones have less noise between the harmonics of a voice, but in consonants without
one, which are noise, they are too quiet."""
QUIET, SILENT = -0.7, -1.2
"""Average levels of a frame's bands, in the networks' units, below which noise is lowered, and lowered the most."""
LOWERED = 12.0
"""The most by which it is lowered, in dB."""
WEIGHTS: Precision = "int8"
"""The weights that generate fastest; the ear does not tell them from others."""


class Synthesiser:
    """Speaks with trained networks. Of one call nothing is left for the next but generators that are ready."""

    def __init__(self, network: SpeechNetwork, learned: Learned) -> None:
        self.network = network
        self._learned = learned
        self._generators = ResidualGenerators(network.vocoder.wavenet)

    def stream(
        self,
        segments: Iterable[Segment],
        *,
        seed: int = 0,
        temperature: float | None = None,
        weights: Precision = WEIGHTS,
    ) -> Iterator[NDArray[np.float32]]:
        """Yield waveforms of segments that the repertoire knows; a segment is read when the one before is spoken."""
        rate = self._learned.rate
        for number, segment in enumerate(segments):
            if segment.symbols:
                # A sentence sounds the same wherever it stands, but for its seed.
                yield from self.sound(
                    self.contour(segment), seed=seed + number, temperature=temperature, weights=weights
                )
            if segment.pause_after > 0:
                yield np.zeros(round(segment.pause_after * rate), np.float32)

    def contour(self, segment: Segment) -> PredictedContour:
        """Return durations, and spectrum and pitch as they are required, of a segment."""
        return PredictedContour(self.network, self._learned, segment)

    def sound(
        self, contour: Contour, *, seed: int, temperature: float | None = None, weights: Precision = WEIGHTS
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the waveform of a contour: the residual by the vocoder, filtered by linear prediction.

        The residual is drawn at `temperature`, or where that is None at one that suits voiced and unvoiced sounds each.
        What the vocoder says is noisy between the harmonics, and too loud or too quiet in one band or another: two
        filters correct that. In their time the first sound comes some frames later than it is drawn.
        """
        vocoder, prediction, total = self.network.vocoder, self.network.prediction, len(contour)
        past: NDArray[np.float64] | None = None
        running, filters = RunningPhase(prediction.mel.frames), _AfterFilters(prediction.mel, contour)
        start = 0
        with self._generators.one(seed, weights) as generator:
            while start < total:
                stop = min(start + (FRAMES if start else FIRST_FRAMES), total)
                contour.require(stop + vocoder.margin)
                around = torch.arange(start - 1, stop + 1).clamp(0, total - 1)
                frequencies, voicing = pitch_at_samples(*vocoder_pitch(contour.frames[0, around]), vocoder.hop)
                phase = running.of(frequencies)
                with torch.no_grad():
                    local = vocoder.local_between(contour.frames, start, stop, torch.from_numpy(phase)[None])
                drawn = residual(generator, local, _temperatures(temperature, torch.from_numpy(voicing)))
                # Coefficients are interpolated between neighbouring frames.
                low = max(0, start - 1)
                coefficients = prediction.filters(contour.mel[low : stop + 1])
                coefficients = coefficients[PARTS * (start - low) : PARTS * (stop - low)]
                waveform, past = prediction.synthesise(drawn, coefficients, past)
                if len(ready := filters.of(waveform, phase, frequencies, voicing)):
                    yield ready
                start = stop
        if len(rest := filters.rest()):
            yield rest


def _temperatures(given: float | None, voicing: Tensor) -> Tensor:
    return UNVOICED + (VOICED - UNVOICED) * voicing if given is None else torch.full_like(voicing, given)


class _AfterFilters:
    """Takes the noise from between harmonics, and brings each band to the level of the contour's spectrum, or lower.

    Windows overlap, and bands do: levels that are corrected twice come nearer to those that are due. Pauses, where a
    recording has the noise of its room, are quieter than these.
    """

    def __init__(self, mel: MelSpectrum, contour: Contour) -> None:
        self._contour = contour
        self._hop = mel.frames.hop
        self._harmonics = HarmonicFilter(mel.frames)
        self._levels = [LevelCorrection(mel) for _ in range(2)]
        self._done = [0] * len(self._levels)

    def of(self, *piece: Any) -> NDArray[np.float32]:
        """Take the next piece, as `HarmonicFilter.of` does; return the samples that are ready."""
        return self._levelled(self._harmonics.of(*piece), 0)

    def rest(self) -> NDArray[np.float32]:
        """Return the samples that are left at the end."""
        rests = [self._levelled(self._harmonics.rest(), 0)]
        rests += [self._levelled(correction.rest(), k + 1) for k, correction in enumerate(self._levels)]
        return np.concatenate(rests)

    def _levelled(self, waveform: NDArray[np.float32], first: int) -> NDArray[np.float32]:
        for k, correction in list(enumerate(self._levels))[first:]:
            start, self._done[k] = self._done[k], self._done[k] + len(waveform) // self._hop
            waveform = correction.of(waveform, self._due(start, self._done[k]))
        return waveform

    def _due(self, start: int, stop: int) -> NDArray[np.float32]:
        levels = self._contour.frames[0, start:stop, :-2].mean(1, keepdim=True).numpy()
        silent = np.clip((QUIET - levels) / (QUIET - SILENT), 0, 1)
        lowered = self._contour.mel[start:stop] - silent * np.float32(LOWERED * math.log(10) / 10)
        return lowered.astype(np.float32)
