"""A WaveNet for sound: training, evaluation in bits per sample, and generation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.audio.batches import Batches
from foretell.audio.corpus import Corpus, read_corpus
from foretell.audio.data import names, require_known
from foretell.audio.fit import AudioFit
from foretell.audio.generation import Voice, checked_waveform
from foretell.audio.levels import Levels
from foretell.audio.network import build, head_of
from foretell.audio.reading import read_sound
from foretell.audio.settings import AudioSettings
from foretell.audio.task import AudioTask, Scores
from foretell.errors import SettingsError
from foretell.model import score as model_score
from foretell.model.base import Model, Recipe
from foretell.model.printer import Printer
from foretell.nn import WaveNet
from foretell.nn.decoding.wavenet_generator import Backend, Generator
from foretell.nn.decoding.wavenet_weights import Precision, WeightsOrAuto
from foretell.nn.heads import Head, Sampling
from foretell.training.device import device_named

_CHUNK_SECONDS = 0.25
_LONGEST_SECONDS = 10_000_000


@dataclass(frozen=True)
class Score(model_score.Score):
    """The score of a model on sounds: lower is better."""

    labels: ClassVar[dict[str, str]] = {"bits": "bits per sample"}
    bits: float
    """Bits per sample over all of them."""
    samples: int
    sounds: int
    speakers: tuple[tuple[str, float, int], ...] = ()
    """Name, bits per sample and samples of each speaker among them, where the model tells speakers apart."""

    def numbers(self) -> dict[str, float | int | None]:
        """See `foretell.model.score.Score`."""
        return {"bits": self.bits, "samples": self.samples, "sounds": self.sounds}

    def show(self, printer: Printer, what: str) -> None:
        """Print a line for each speaker, too."""
        rows = [*self.speakers, (what if not self.speakers else "all", self.bits, self.samples)]
        head = "speaker" if self.speakers else ""
        printer.table([head, "bits per sample", "samples"], rows, strong=len(rows) - 1)

    def document(self) -> dict[str, Any]:
        """See `foretell.model.score.Score`."""
        speakers = [{"speaker": name, "bits": bits, "samples": samples} for name, bits, samples in self.speakers]
        return {**self.numbers(), "speakers": speakers}


@dataclass(frozen=True)
class Learned:
    """The learned state of an audio model besides its weights."""

    rate: int
    """Samples per second."""
    speakers: tuple[str, ...]
    """Names of the speakers in the order of the network's classes; empty for a model without speakers."""
    sounds: int
    seconds: float
    """That it was trained on."""
    short: int
    """Number of these sounds that are shorter than the receptive field."""
    repeated: float
    """The share of their samples that are read twice, as context, since long sounds are cut up."""

    def __post_init__(self) -> None:
        if self.rate < 1:
            raise ValueError(f"rate is {self.rate}")
        if len(set(self.speakers)) != len(self.speakers):
            raise ValueError("a speaker that stands twice")


class AudioModel(Model[AudioSettings, Learned, WaveNet, Corpus, Score]):
    """A WaveNet that predicts each sample of a sound from those before it."""

    kind = "audio"

    @property
    def head(self) -> Head:
        """Output distribution of the network."""
        return head_of(self.settings)

    @property
    def rate(self) -> int:
        """Samples per second. Raises `ModelError` before it is known."""
        return self.learned.rate

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers in the order of the network's classes; empty for a model without speakers."""
        return self.learned.speakers

    def read(
        self,
        source: Any,
        on_progress: Callable[[float], None] | None = None,  # noqa: ARG002
    ) -> Corpus:
        """See `Model`: sounds are trimmed and resampled as in training; their speakers must be known."""
        corpus = read_corpus(
            source.folder,
            Levels(self.head).encode,
            rate=self.rate,
            trim=self.settings.trim,
            speakers_from=self.settings.speakers_from,
            skip_silent=self.settings.skip_silent or source.skip_silent,
        )
        require_known(corpus, self.speakers, source.folder)
        return corpus

    def evaluate(
        self, data: Corpus, *, on_progress: Callable[[float], None] | None = None, device: str = "auto"
    ) -> Score:
        """Evaluate the model on sounds from `read`; `on_progress` gets the fraction that is done."""
        network, settings = self.network, self.settings
        batches = Batches(
            data.sounds,
            self.head,
            batch=settings.batch,
            chunk=settings.chunk,
            piece=settings.piece,
            receptive_field=network.receptive_field,
            speakers=self.speakers or None,
        )
        place = device_named(device)
        try:
            scores = AudioTask(self.head).score(network.to(place), batches.watched(on_progress))
        finally:
            network.cpu()
        return _score(scores, len(data.sounds), self.speakers)

    def generate(self, seconds: float, **options: Any) -> NDArray[np.float32]:
        """Generate a waveform of that many seconds; options as in `stream`."""
        return np.concatenate(list(self.stream(seconds, **options)))

    def stream(
        self,
        seconds: float | None = None,
        *,
        chunk: int | None = None,
        speaker: str | None = None,
        seed_audio: str | Path | NDArray[np.float32] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        weights: WeightsOrAuto = "float32",
        backend: Backend = "auto",
    ) -> Iterator[NDArray[np.float32]]:
        """Yield waveforms `(chunk,)` as they are generated, `seconds` in all; None for an endless stream.

        - `chunk`: samples per waveform; a quarter of a second if not given.
        - `speaker`: one of `speakers`; the first one if not given.
        - `seed_audio`: a file, or a waveform `(N,)` of floats in [-1, 1] at the model's rate, to continue.
        - `temperature`, `top_k`, `top_p`: see `foretell.nn.heads.Sampling`.
        - `weights`, `backend`: see `foretell.nn.Generator`; "auto" is `real_time_weights`.

        The same seed gives the same sound. Raises `SettingsError` for invalid options, such as an unknown speaker, and
        `AudioError` for seed audio that cannot be read.
        """
        if seconds is not None and not 0 < seconds <= _LONGEST_SECONDS:
            raise SettingsError(f"seconds is {seconds:g}: it must be above 0 and at most {_LONGEST_SECONDS:,}")
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
        if isinstance(seed_audio, str | Path):
            seed_audio = read_sound(seed_audio, self.rate)
        elif seed_audio is not None:
            seed_audio = checked_waveform(seed_audio)
        voice = Voice(self.network, self.head, self.speaker_number(speaker))
        if weights == "auto":
            weights = self.real_time_weights()
        return voice.stream(
            None if seconds is None else max(1, round(seconds * self.rate)),
            chunk=chunk or max(1, round(_CHUNK_SECONDS * self.rate)),
            seed=seed,
            seed_audio=seed_audio,
            sampling=sampling,
            weights=weights,
            backend=backend,
        )

    def real_time_weights(self) -> Precision:
        """Measure which weights run in real time on this machine; return the most accurate of them, or the fastest."""
        first = torch.tensor([0]) if self.speakers else None
        return Generator(self.network, self.head, global_y=first, weights="auto", rate=self.rate).weights

    def speaker_number(self, speaker: str | None) -> int | None:
        """Return the network's class of a speaker, by default the first; raises `SettingsError` for an unknown one."""
        if not self.speakers:
            if speaker is not None:
                raise SettingsError(
                    f"speaker {speaker!r}: this model was not trained with speakers; train one with --speakers-from"
                )
            return None
        if speaker is None:
            return 0
        if speaker not in self.speakers:
            raise SettingsError(f"speaker {speaker!r} is not known to this model; it knows {names(self.speakers)}")
        return self.speakers.index(speaker)

    def sentences(self) -> list[str]:
        """See `Model`."""
        field, learned = self.network.receptive_field, self.learned
        heard = f"a receptive field of {field:,} samples ({1000 * field / learned.rate:,.0f} ms)"
        lines = [f"{self.parameters:,} trainable parameters and {heard}."]
        if learned.short:
            lines.append(
                f"{learned.short:,} of {learned.sounds:,} training sounds are shorter than that: what is missing "
                "before them counts as silence."
            )
        if learned.repeated:
            lines.append(
                f"Long sounds are cut up: {100 * learned.repeated:.1f} % of the samples are read twice, as context."
            )
        return lines

    def _recipe(self, data: Corpus, validation: Corpus | None) -> Recipe[Learned, WaveNet, Score]:
        settings = self.settings
        held = validation if validation is not None and validation.sounds else None
        with torch.device("meta"):
            field = build(settings, self.head, len(data.speakers)).receptive_field
        fit = AudioFit(data, held, settings, field)
        learned = Learned(data.rate, data.speakers, len(data.sounds), data.seconds, fit.short, fit.repeated)

        def score(network: WaveNet) -> Score:
            return _score(fit.score(network), len(held.sounds) if held else 0, data.speakers)

        return Recipe(
            learned,
            fit.batches,
            fit.task.loss,
            steps_per_epoch=fit.batches.steps,
            units_per_step=fit.samples_per_step,
            identity=lambda: [
                [[sound.name, len(sound.levels)] for sound in corpus.sounds] for corpus in (data, held) if corpus
            ],
            evaluate=fit.bits if held is not None else None,
            score=score if held is not None else None,
            illustrate=fit.illustrate,
        )

    def _build(self, learned: Learned) -> WaveNet:
        return build(self.settings, self.head, len(learned.speakers))

    def _facts(self) -> dict[str, Any]:
        settings, learned = self.settings, self.learned
        field = self.network.receptive_field
        return {
            "sample_rate": learned.rate,
            "head": settings.head,
            "layers": f"{settings.layers} x {settings.cycles}",
            "residual": settings.residual,
            "skip": settings.skip,
            "receptive_field": f"{field:,} samples, {1000 * field / learned.rate:,.0f} ms",
            "speakers": names(learned.speakers) or "not told apart",
            "trained_on": f"{learned.sounds:,} sounds, {learned.seconds:,.0f} s",
        }


def _score(scores: Scores, sounds: int, speakers: tuple[str, ...]) -> Score:
    by_name = [(speakers[k], score.bits, score.samples) for k, score in scores.by_speaker.items()] if speakers else []
    return Score(scores.total.bits, scores.total.samples, sounds, tuple(sorted(by_name)))
