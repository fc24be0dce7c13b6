"""Segments of phonemes to sound, chunk by chunk."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.audio.signal.frames import PARTS
from foretell.nn import Generator, Sampling, WaveNet
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.nn.mu_law import decode
from foretell.speech.acoustic import Phonemes
from foretell.speech.alignment import NOTHING, STATES
from foretell.speech.corpus import aligned_as, bounded
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.scales import PITCH_UNIT, vocoder_frames
from foretell.speech.utterance import Segment
from foretell.speech.vocoder import HEAD, LEVELS, LOUDEST

FIRST_FRAMES, FRAMES = 5, 25
"""Frames of the first chunk of a segment, which is to be heard soon, and of all others."""
TEMPERATURE = 1.0
"""The temperature that suits speech."""
_LEAST_PHONEME = STATES
_LONGEST_SYMBOL = 300


def tempered(network: WaveNet, temperature: float) -> WaveNet:
    """Return a network whose levels, drawn at a temperature, follow the density of the residual at that temperature.

    Levels of mu-law are wider the louder they are: their probabilities alone, sharpened, would favour loud ones. The
    logits of the copy are those of densities, times their widths to the power of the temperature.
    """
    if temperature == 1:
        return network
    copied = copy.deepcopy(network)
    assert copied.output is not None
    assert copied.output.bias is not None
    log_widths = (torch.arange(LEVELS) - HEAD.silence).abs() / (LEVELS // 2) * math.log(LEVELS)
    with torch.no_grad():
        copied.output.bias.add_((temperature - 1) * log_widths)
    return copied


@dataclass(frozen=True)
class Contour:
    """A segment in T frames, as the vocoder is told it."""

    mel: NDArray[np.float32]
    """(T, bands) log-mel spectrum"""
    frames: Tensor
    """(1, T, bands + 2)"""
    durations: Tensor
    """(N,) frames of each symbol"""


class Synthesiser:
    """Speaks with trained networks; nothing is kept from one call to the next."""

    def __init__(self, network: SpeechNetwork, learned: Learned) -> None:
        self._network = network
        self._learned = learned
        self._voices = {voice: number for number, voice in enumerate(learned.voices)}
        self._numbers = learned.phonemes

    def stream(
        self,
        segments: Iterable[Segment],
        *,
        seed: int = 0,
        temperature: float = TEMPERATURE,
        weights: Precision = "float32",
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

    @torch.no_grad()
    def contour(self, segment: Segment) -> Contour:
        """Return durations, spectrum and pitch of a segment."""
        network, learned = self._network, self._learned
        assert segment.voice is not None
        symbols, stress = bounded(segment)
        voice = self._voices[segment.voice]
        phonemes = Phonemes(
            torch.tensor([learned.symbols.numbers(symbols)]),
            torch.tensor([stress]),
            torch.ones(1, len(symbols), dtype=torch.bool),
            torch.tensor([voice]),
            torch.tensor([learned.languages.index(segment.language)]),
        )
        acoustic = network.acoustic
        states, log_durations, identity = acoustic.encode(phonemes)
        durations = self._durations(symbols, log_durations[0], segment.rate)
        raised = torch.full((1, len(symbols)), float(np.log(segment.pitch)) / PITCH_UNIT)
        spoken = acoustic.decode(states, durations[None], identity, log_durations, raise_pitch=raised)
        log_pitch = spoken.pitch * PITCH_UNIT + network.voice_pitch[voice]
        frames = vocoder_frames(spoken.mel, log_pitch, spoken.voicing > 0)
        return Contour(network.unscaled(spoken.mel[0]), frames, durations)

    @torch.no_grad()
    def sound(
        self, contour: Contour, *, seed: int, temperature: float, weights: Precision = "float32"
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the waveform of a contour: the residual by the vocoder, filtered by linear prediction."""
        network, hop = self._network, self._network.vocoder.hop
        total = len(contour.mel)
        if not total:
            return
        conditioning = network.vocoder.conditioning(contour.frames)
        filters = network.prediction.filters(contour.mel)
        generator = Generator(
            tempered(network.vocoder.wavenet, temperature),
            HEAD,
            sampling=Sampling(temperature),
            seed=seed,
            weights=weights,
        )
        past: NDArray[np.float64] | None = None
        start = 0
        while start < total:
            stop = min(start + (FRAMES if start else FIRST_FRAMES), total)
            # Interpolation between frames looks at one neighbour on either side.
            low, high = max(0, start - 1), min(total, stop + 1)
            local = network.vocoder.at_samples(conditioning[:, low:high])[:, (start - low) * hop :]
            local = local[:, : (stop - start) * hop]
            levels = generator.generate((stop - start) * hop, local)
            residual = (decode(levels[0], LEVELS) * LOUDEST).numpy()
            waveform, past = network.prediction.synthesise(residual, filters[PARTS * start : PARTS * stop], past)
            yield waveform
            start = stop

    def _durations(self, symbols: tuple[str, ...], log_durations: Tensor, rate: float) -> Tensor:
        """Return whole numbers of frames at a rate; a phoneme has a few at least."""
        kinds = torch.from_numpy(aligned_as(symbols, self._numbers))
        frames = torch.expm1(log_durations).clamp(0, _LONGEST_SYMBOL) / rate
        # Rounded so that the sum of all is right, not each.
        ends = torch.where(kinds == NOTHING, 0.0, frames).cumsum(0).round()
        durations = torch.diff(ends, prepend=ends.new_zeros(1)).long()
        return torch.where(kinds >= 0, durations.clamp(min=_LEAST_PHONEME), durations)
