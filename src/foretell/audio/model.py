"""A WaveNet for sound: trained on a folder, judged in bits a sample, generating, kept in a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.audio.batches import Batches
from foretell.audio.corpus import read_corpus
from foretell.audio.data import AudioData, names, read_data, require_known
from foretell.audio.fit import AudioFit
from foretell.audio.generation import Voice, checked_waveform
from foretell.audio.levels import Levels
from foretell.audio.network import build
from foretell.audio.reading import read_sound
from foretell.audio.settings import AudioSettings
from foretell.audio.speakers import SpeakersFrom
from foretell.audio.task import AudioTask
from foretell.errors import SettingsError
from foretell.field_types import from_plain, read_value
from foretell.nn import WaveNet
from foretell.nn.decoding.wavenet_generator import Backend, Precision
from foretell.nn.heads import Head, Sampling, head_from_dict
from foretell.training import History, Progress
from foretell.training.hardware import Hardware
from foretell.training.model_folder import read_folder, write_folder

KIND = "audio"
_CHUNK_SECONDS = 0.25
_LONGEST_SECONDS = 10_000_000


@dataclass(frozen=True)
class Evaluation:
    """How well a model foretells sounds that it reads: lower is better."""

    bits: float
    """Bits a sample over all of them."""
    samples: int
    sounds: int
    speakers: tuple[tuple[str, float, int], ...] = ()
    """Name, bits a sample and samples of each speaker among them, where the model tells speakers apart."""


@dataclass(frozen=True)
class AudioModel:
    """A trained network and what is known of it. `train` or `load` make one."""

    network: WaveNet
    """On the CPU, in evaluation mode."""
    head: Head
    settings: AudioSettings
    """With the sample rate filled in."""
    speakers: tuple[str, ...]
    """In the order of the network's classes; none where it does not tell them apart."""
    speakers_from: SpeakersFrom | None
    history: History
    validation_bits: float | None
    """Bits a sample over held-out sounds; None where nothing was held out."""
    trained_on: tuple[int, float]
    """Sounds, and seconds of them."""

    @property
    def rate(self) -> int:
        """Samples a second."""
        assert self.settings.sample_rate is not None
        return self.settings.sample_rate

    @classmethod
    def train(
        cls,
        sounds: str | Path | AudioData,
        settings: AudioSettings | None = None,
        *,
        speakers_from: SpeakersFrom | None = None,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> AudioModel:
        """Train a network on a folder of sounds, or on what `read_data` made of one.

        `checkpoint`, a folder: a run that was killed goes on from it, see `foretell.training.train`, which names the
        errors too; `tensorboard`, a folder, takes scalars and, after each evaluation, a second of generated sound.
        Raises `AudioError` for sounds that cannot be used.
        """
        settings = settings or AudioSettings()
        data = sounds if isinstance(sounds, AudioData) else read_data(sounds, settings, speakers_from=speakers_from)
        return cls.of_fit(
            AudioFit(data, settings),
            data,
            device=device,
            checkpoint=checkpoint,
            tensorboard=tensorboard,
            on_progress=on_progress,
        )

    @classmethod
    def of_fit(cls, fit: AudioFit, data: AudioData, **options: Any) -> AudioModel:
        """The model that a fit leads to; options as in `AudioFit.fit`."""
        history = fit.fit(**options)
        bits = fit.score()
        return cls(
            network=fit.network.cpu().eval(),
            head=fit.head,
            settings=fit.settings,
            speakers=data.speakers,
            speakers_from=data.speakers_from,
            history=history,
            validation_bits=bits,
            trained_on=(len(data.training), sum(len(sound.levels) for sound in data.training) / data.rate),
        )

    def evaluate(
        self,
        folder: str | Path,
        *,
        skip_silent: bool = False,
        device: str = "auto",
        on_progress: Callable[[float], None] | None = None,
    ) -> Evaluation:
        """Judge the model by a folder of sounds, trimmed and resampled as its own were.

        `on_progress` is told the share that is done. Raises `AudioError` for sounds that cannot be used, and for a
        speaker that the model does not know.
        """
        corpus = read_corpus(
            folder,
            Levels(self.head).encode,
            rate=self.rate,
            trim=self.settings.trim,
            speakers_from=self.speakers_from,
            skip_silent=skip_silent,
        )
        require_known(corpus, self.speakers, folder)
        settings = self.settings
        batches = Batches(
            corpus.sounds,
            self.head,
            batch=settings.batch,
            chunk=settings.chunk,
            piece=settings.piece,
            receptive_field=self.network.receptive_field,
            speakers=self.speakers or None,
        )
        place = Hardware(device, "32-true").device
        try:
            scores = AudioTask(self.head).score(self.network.to(place), batches.watched(on_progress))
        finally:
            self.network.cpu()
        by_name = (
            sorted((self.speakers[k], score.bits, score.samples) for k, score in scores.by_speaker.items())
            if (self.speakers)
            else []
        )
        return Evaluation(scores.total.bits, scores.total.samples, len(corpus.sounds), tuple(by_name))

    def generate(self, seconds: float, **options: Any) -> NDArray[np.float32]:
        """A waveform of that many seconds; options as in `stream`."""
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
        weights: Precision = "float32",
        backend: Backend = "auto",
    ) -> Iterator[NDArray[np.float32]]:
        """Waveforms `(chunk,)` as they are generated, `seconds` in all; None: for as long as they are taken.

        - `chunk`: samples at a time; a quarter of a second if not given.
        - `speaker`: one of `speakers`; due where the model tells them apart, the first one if not given.
        - `seed_audio`: a file, or a waveform `(N,)` of floats in [-1, 1] at the model's rate, that the sound goes on
          from.
        - `temperature`, `top_k`, `top_p`: see `foretell.nn.heads.Sampling`.
        - `weights`, `backend`: see `foretell.nn.Generator`.

        One seed gives one sound. Raises `SettingsError` for options that make no sense, among them a speaker that the
        model does not know, and `AudioError` for seed audio that cannot be read.
        """
        if seconds is not None and not 0 < seconds <= _LONGEST_SECONDS:
            raise SettingsError(f"seconds is {seconds:g}: it must be above 0 and at most {_LONGEST_SECONDS:,}")
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
        if isinstance(seed_audio, str | Path):
            seed_audio = read_sound(seed_audio, self.rate)
        elif seed_audio is not None:
            seed_audio = checked_waveform(seed_audio)
        voice = Voice(self.network, self.head, self.speaker_number(speaker))
        return voice.stream(
            None if seconds is None else max(1, round(seconds * self.rate)),
            chunk=chunk or max(1, round(_CHUNK_SECONDS * self.rate)),
            seed=seed,
            seed_audio=seed_audio,
            sampling=sampling,
            weights=weights,
            backend=backend,
        )

    def speaker_number(self, speaker: str | None) -> int | None:
        """The network's class of a speaker, by default of the first; raises `SettingsError` for an unknown one."""
        if not self.speakers:
            if speaker is not None:
                raise SettingsError(
                    f"speaker {speaker!r}: this model tells no speakers apart; train one with --speakers-from"
                )
            return None
        if speaker is None:
            return 0
        if speaker not in self.speakers:
            raise SettingsError(f"speaker {speaker!r} is not known to this model; it knows {names(self.speakers)}")
        return self.speakers.index(speaker)

    def save(self, folder: str | Path) -> None:
        """Write the model as a folder, whole or not at all; raises `SettingsError` where that cannot be."""
        write_folder(
            folder,
            KIND,
            {
                "settings": dataclasses.asdict(self.settings),
                "head": self.head.to_dict(),
                "speakers": list(self.speakers),
                "speakers_from": self.speakers_from,
                "history": self.history.to_dict(),
                "validation_bits": self.validation_bits,
                "trained_on": list(self.trained_on),
            },
            self.network.state_dict(),
        )

    @classmethod
    def load(cls, folder: str | Path) -> AudioModel:
        """Read what `save` wrote.

        Raises `ModelError` for a folder that is missing, damaged, of a newer format or of another kind.
        """
        stored = read_folder(folder, KIND)
        with stored.understood():
            settings = from_plain(AudioSettings, stored.description["settings"])
            head = head_from_dict(stored.description["head"])
            speakers = read_value(tuple[str, ...], stored.description["speakers"])
            history = History.from_dict(stored.description["history"])
            if settings.sample_rate is None:
                raise ValueError("no sample rate")
            if len(set(speakers)) != len(speakers):
                raise ValueError("a speaker that stands twice")
            known = {
                "speakers_from": read_value(SpeakersFrom | None, stored.description["speakers_from"]),
                "validation_bits": read_value(float | None, stored.description["validation_bits"]),
                "trained_on": read_value(tuple[int, float], stored.description["trained_on"]),
            }
        layers = settings.layers * settings.cycles
        tensors = stored.tensors(lambda: build(settings, head, len(speakers)).state_dict(), at_least=layers)
        with torch.device("meta"):
            network = build(settings, head, len(speakers))
        network.load_state_dict(tensors, assign=True)
        return cls(network.eval(), head, settings, speakers, history=history, **known)

    def facts(self) -> dict[str, Any]:
        """What the model is, for `foretell info`."""
        settings, network = self.settings, self.network
        field = network.receptive_field
        return {
            "model": "wavenet for audio",
            "sample_rate": self.rate,
            "head": settings.head,
            "layers": f"{settings.layers} x {settings.cycles}",
            "residual": settings.residual,
            "skip": settings.skip,
            "parameters": sum(p.numel() for p in network.parameters()),
            "receptive_field": f"{field:,} samples, {1000 * field / self.rate:,.0f} ms",
            "speakers": names(self.speakers) or "not told apart",
            "trained_on": f"{self.trained_on[0]:,} sounds, {self.trained_on[1]:,.0f} s",
            "validation_bits": self.validation_bits,
        }
