"""A model that speaks: trained on recordings with transcripts, judged on others, kept in a folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.model.base import Model, Recipe
from foretell.nn import Sampling
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.speech.corpus import Speech, expectation
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.request import Request
from foretell.speech.score import Score, score_of
from foretell.speech.settings import SpeechSettings
from foretell.speech.stages import Stages
from foretell.speech.synthesis import WEIGHTS, Synthesiser
from foretell.training.history import Progress


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)


class SpeechModel(Model[SpeechSettings, Learned, SpeechNetwork, Speech, Score]):
    """Text to speech in the voices and languages of recordings."""

    kind = "speech"
    settings_before = {"whitening": 1.0, "harmonics": 0}  # noqa: RUF012 (as the base class declares it)
    _synthesiser: Synthesiser | None = None

    @property
    def rate(self) -> int:
        """Samples per second. Raises `ModelError` before it is known."""
        return self.learned.rate

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the voices. Raises `ModelError` before they are known."""
        return self.learned.voices

    def train(
        self,
        data: Speech,
        validation: Speech | None = None,
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """See `Model`: alignment, acoustic network and vocoder one after another, each resumed where it was stopped."""
        learned = Learned.of(data)
        held = None
        if validation is not None and validation.recordings:
            self._require_known(validation, learned)
            held = validation
        network = self._new(learned)
        stages = Stages(self.settings, network, learned, data, held, device, checkpoint, tensorboard, on_progress)
        history, samples = stages.run()
        score = None if held is None else score_of(self.settings, network, learned, held)
        self._ready, self.history, self.validation = (network, learned), history, score
        self.units_per_step = samples
        return self

    def evaluate(self, data: Speech, *, on_progress: Callable[[float], None] | None = None) -> Score:
        """Judge the model by recordings of its own voices; `on_progress` is told the share that is done."""
        network, learned = self.network, self.learned
        self._require_known(data, learned)
        return score_of(self.settings, network, learned, data, on_progress)

    def read(self, source: Any, on_progress: Callable[[float], None] | None = None) -> Speech:
        """See `Model`: at the rate of the model."""
        speech: Speech = source.read(replace(self.settings, sample_rate=self.rate), on_progress)
        return speech

    def say(self, text: str, **options: Any) -> NDArray[np.float32]:
        """Return the waveform of a text; options as in `stream`."""
        return np.concatenate([np.zeros(0, np.float32), *self.stream(text, **options)])

    def stream(
        self,
        text: str | Iterable[list[str]],
        *,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        pitch: float = 1.0,
        phonemes: bool = False,
        front_end: str = "gruut",
        seed: int = 0,
        temperature: float | None = None,
        weights: Precision = WEIGHTS,
        on_warning: Callable[[str], None] | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """Yield waveforms as they are generated, at `rate` samples per second.

        - `text`: plain, with `[[ipa]]` and `[pause 500ms]`, or SSML; or lines as they come, in groups.
        - `voice`: one of `voices`; if not given, the first one that speaks the language.
        - `language`: that of the text; if not given, that of the voice.
        - `speed`, `pitch`: factors; 2 is twice as fast, or an octave higher.
        - `phonemes`: the text is IPA. `front_end`: what reads text, "gruut" or "espeak-ng".
        - `seed`: one seed gives one sound. `temperature`: below 1 is smoother; if not given, what suits voiced and
          unvoiced sounds each. `weights`: see `foretell.nn.Generator`.
        - `on_warning`: called with sentences about what is spoken otherwise than written; else `warnings.warn` is.

        Raises `SettingsError` for options that make no sense, among them unknown voices, and `TextError` for text that
        cannot be read.
        """
        request = Request(voice, language, speed, pitch, phonemes, front_end)
        if temperature is not None:
            Sampling(temperature)
        segments = request.segments(text, self.learned.repertoire, on_warning or _warn)
        return self._speaking().stream(segments, seed=seed, temperature=temperature, weights=weights)

    def sentences(self) -> list[str]:
        """See `Model`."""
        learned, network = self.learned, self.network
        voices = ", ".join(f"{voice} ({', '.join(own.languages)})" for voice, own in learned.repertoire.voices.items())
        vocoder = sum(p.numel() for p in network.vocoder.parameters())
        lines = [f"{self.parameters:,} trainable parameters, {vocoder:,} of them in the vocoder.", f"Voices: {voices}."]
        if few := expectation(learned.seconds, len(learned.voices)):
            lines.append(few)
        return lines

    def _speaking(self) -> Synthesiser:
        network, learned = self.network, self.learned
        if self._synthesiser is None or self._synthesiser.network is not network:
            self._synthesiser = Synthesiser(network, learned)
        return self._synthesiser

    @staticmethod
    def _require_known(data: Speech, learned: Learned) -> None:
        for recording in data.recordings:
            if recording.voice not in learned.voices:
                raise SettingsError(
                    f"{recording.name} is of the voice {recording.voice!r}, which is not trained on; there are "
                    f"{', '.join(learned.voices)}"
                )

    def _recipe(self, data: Speech, validation: Speech | None) -> Recipe[Learned, SpeechNetwork, Score]:
        raise NotImplementedError("a speech model is trained in stages, each with a recipe of its own")

    def _build(self, learned: Learned) -> SpeechNetwork:
        return SpeechNetwork(
            self.settings,
            learned.rate,
            symbols=len(learned.symbols),
            phonemes=len(learned.phonemes),
            voices=len(learned.voices),
            languages=len(learned.languages),
        )

    def _facts(self) -> dict[str, Any]:
        settings, learned = self.settings, self.learned
        return {
            "sample_rate": learned.rate,
            "voices": ", ".join(learned.voices),
            "languages": ", ".join(learned.languages),
            "symbols": len(learned.symbols),
            "bands": settings.bands,
            "wavenet": f"{settings.layers} x {settings.cycles}, {settings.residual} channels",
            "trained_on": f"{learned.recordings:,} recordings, {learned.seconds:,.0f} s",
        }
