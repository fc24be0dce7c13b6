"""Segments of phonemes to sound, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.audio.signal import HarmonicFilter, LevelCorrection, RunningPhase
from foretell.audio.signal.frames import PARTS
from foretell.audio.signal.phase import pitch_at_samples
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.speech.contour import Contour, PredictedContour
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.residual import ResidualGenerators, residual
from foretell.speech.scales import vocoder_pitch
from foretell.speech.utterance import Segment

FIRST_FRAMES, FRAMES = 7, 25
"""Frames of the first chunk of a segment, which is to be heard soon, and of all others."""
UNVOICED, VOICED = 1.0, 0.7
"""Temperatures that suit speech: lower ones have less noise between the harmonics of a voice, but in consonants without
one, which are noise, they are too quiet."""
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
        Two filters follow: one keeps the harmonics and weakens the noise between them, of which the vocoder makes too
        much, and one brings each band to the level of the contour's spectrum.
        """
        vocoder, prediction, total = self.network.vocoder, self.network.prediction, len(contour)
        past: NDArray[np.float64] | None = None
        harmonics, running = HarmonicFilter(prediction.mel.frames), RunningPhase(prediction.mel.frames)
        levels = LevelCorrection(prediction.mel)
        start = 0
        with self._generators.one(seed, weights) as generator:
            while start < total:
                stop = min(start + (FRAMES if start else FIRST_FRAMES), total)
                contour.require(stop + vocoder.margin)
                around = torch.arange(start - 1, stop + 1).clamp(0, total - 1)
                hertz, voiced = vocoder_pitch(contour.frames[0, around])
                phase = torch.from_numpy(running.of(hertz, voiced))
                with torch.no_grad():
                    local = vocoder.local_between(contour.frames, start, stop, phase[None])
                if temperature is None:
                    share = torch.from_numpy(pitch_at_samples(hertz, voiced, vocoder.hop)[1])
                    temperatures = UNVOICED + (VOICED - UNVOICED) * share
                else:
                    temperatures = torch.full(phase.shape, temperature)
                drawn = residual(generator, local, temperatures)
                # Filters are interpolated between neighbouring frames.
                low = max(0, start - 1)
                filters = prediction.filters(contour.mel[low : stop + 1])[PARTS * (start - low) : PARTS * (stop - low)]
                waveform, past = prediction.synthesise(drawn, filters, past)
                ready = levels.of(harmonics.of(waveform, hertz, voiced), contour.mel[start:stop])
                if len(ready):
                    yield ready
                start = stop
        yield levels.rest()
