"""The declaration of audio models: data source, generation and commands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from foretell.audio.settings import AudioSettings
from foretell.declaration import DATA, OUTPUT, Setting
from foretell.model.answer import Answer, Drawing
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.source import Parts, Progressed, Source
from foretell.storage.outputs import require_apart, require_ending, require_writable

if TYPE_CHECKING:
    from foretell.audio.corpus import Corpus

_SOUND = "The sound"


@dataclass(frozen=True)
class Sounds(Source["Corpus"]):
    """A folder of audio files."""

    places: ClassVar[tuple[str, ...]] = ("folder",)
    folder: Annotated[
        Path,
        Setting("Folder of WAV, FLAC, OGG and MP3 files; subfolders are included.", positional=True),
    ]

    skip_silent: Annotated[bool, Setting("Skip files that are silent throughout, instead of refusing them.", DATA)] = (
        False
    )

    def read(self, settings: AudioSettings, on_progress: Progressed | None = None) -> Corpus:
        """Return all sounds of the folder."""
        return self.parts(replace(settings, validation=0.0), None, on_progress).training

    def parts(
        self,
        settings: AudioSettings,
        validation: Sounds | None = None,
        on_progress: Progressed | None = None,  # noqa: ARG002
    ) -> Parts[Corpus]:
        """See `read_data`."""
        from foretell.audio.data import read_data

        settings = replace(settings, skip_silent=settings.skip_silent or self.skip_silent)
        return read_data(self.folder, settings, validation=None if validation is None else validation.folder).parts()


@dataclass(frozen=True)
class Speak(Answer):
    """Generate sound with a trained model, sample by sample.

    The output file appears only when it is complete.
    """

    verb: ClassVar[str] = "generate"
    out: Annotated[Path, Setting("Output file, .wav or .flac.", OUTPUT, short="-o")]
    seconds: Annotated[float, Setting("Duration in seconds.", _SOUND, metavar="S")] = 5.0
    seed_audio: Annotated[
        Path | None, Setting("Audio file to continue from. It is not repeated in the output.", _SOUND)
    ] = None
    speaker: Annotated[
        str | None,
        Setting("Speaker, if the model was trained with speakers; the first one if not given.", _SOUND, metavar="NAME"),
    ] = None
    drawing: Drawing = field(default_factory=Drawing)
    weights: Annotated[
        Literal["float32", "bfloat16", "int8", "auto"],
        Setting(
            "Precision of the weights: bfloat16 is faster than float32 and slightly less accurate, int8 more so; auto "
            "chooses the most accurate that generates in real time on this machine.",
            _SOUND,
        ),
    ] = "float32"

    def check(self, *, json: bool) -> None:  # noqa: ARG002
        """See `Answer`."""
        from foretell.audio.writing import FORMATS

        require_ending(self.out, tuple(FORMATS))
        require_writable(self.out)
        require_apart(self.out, self.seed_audio, "the sound")

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        from foretell.audio.writing import SoundWriter

        rate, drawing = model.rate, self.drawing
        weights = model.real_time_weights() if self.weights == "auto" else self.weights
        stream = model.stream(
            self.seconds,
            speaker=self.speaker,
            seed_audio=self.seed_audio,
            temperature=drawing.temperature,
            top_k=drawing.top_k,
            top_p=drawing.top_p,
            seed=drawing.seed,
            weights=weights,
        )
        total = self.seconds * rate
        began = monotonic()

        def words() -> str:
            fast = writer.samples / max(monotonic() - began, 1e-9)
            return f"{fast:,.0f} samples per second, {fast / rate:.2f} times real time"

        with (
            printer.progress("Generating", words) as on_progress,
            SoundWriter(self.out, rate, expected=round(total)) as writer,
        ):
            for waveform in stream:
                writer.write(waveform)
                on_progress(min(writer.samples / total, 1.0))
        seconds = monotonic() - began
        fast = writer.samples / max(seconds, 1e-9)
        printer.say(
            f"{self.out}: {writer.samples / rate:.2f} s of sound at {rate:,} samples per second, generated in "
            f"{seconds:.2f} s with {weights} weights: {fast:,.0f} samples per second, "
            f"{fast / rate:.2f} times real time."
        )
        return {
            "samples": writer.samples,
            "sample_rate": rate,
            "seconds": seconds,
            "samples_per_second": fast,
            "times_real_time": fast / rate,
            "speaker": self.speaker or (model.speakers[0] if model.speakers else None),
            "seed": drawing.seed,
            "weights": weights,
            "files": {"sound": str(self.out)},
        }


@dataclass(frozen=True)
class Evaluation:
    """Options of the evaluation of an audio model."""

    device: Annotated[
        str, Setting("Device to compute on: auto, cpu, cuda or mps; cuda:1 selects one of several GPUs.", DATA)
    ] = "auto"


AUDIO = Kind(
    model="foretell.audio.model:AudioModel",
    settings=AudioSettings,
    source=Sounds,
    answer=Speak,
    train="""Train a WaveNet on a folder of recordings and save the model.

    Ctrl-C leaves a checkpoint beside the model; running the same command again resumes from it.""",
    evaluate="""Evaluate a model on a folder of recordings, in bits per sample: lower is better.

    The recordings are resampled, trimmed and assigned to speakers as in training.""",
    measure="bits per sample",
    units="samples",
    scale=1 / math.log(2),
    evaluation=Evaluation,
    examples={
        "": (
            ("Train on a folder of recordings", "foretell audio train recordings --out voice"),
            ("Generate ten seconds of sound", "foretell audio generate voice --seconds 10 --out new.wav"),
        ),
        "train": (
            (
                "Train for twenty minutes, with speakers taken from file names such as 7_george_12.wav",
                "foretell audio train recordings --out voice --minutes 20 --speakers-from name",
            ),
            (
                "Model 16-bit sound, and validate on another folder",
                "foretell audio train music --out band --head mixture_of_logistics --validation music-test",
            ),
            (
                "Follow the training in TensorBoard, with samples to listen to",
                "foretell audio train recordings --out voice --tensorboard runs",
            ),
        ),
        "generate": (
            (
                "Generate five seconds with one of the speakers",
                "foretell audio generate voice --speaker george --out new.wav",
            ),
            (
                "Continue a recording, at a lower temperature",
                "foretell audio generate voice --seed-audio hello.wav --temperature 0.9 --out new.flac",
            ),
        ),
        "evaluate": (
            (
                "Evaluate on recordings that were not used for training",
                "foretell audio evaluate voice recordings-test",
            ),
        ),
    },
)
