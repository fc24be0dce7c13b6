"""What an audio model declares: where its sounds are, what it generates, and its commands."""

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
from foretell.model.source import Parts, Progressed, Source
from foretell.model.talk import Talk
from foretell.storage.outputs import require_apart

if TYPE_CHECKING:
    from foretell.audio.corpus import Corpus

_SOUND = "The sound"


@dataclass(frozen=True)
class Sounds(Source["Corpus"]):
    """A folder of sounds."""

    places: ClassVar[tuple[str, ...]] = ("folder",)
    folder: Annotated[
        Path,
        Setting("A folder of WAV, FLAC, OGG and MP3 files, those in its folders included.", positional=True),
    ]

    skip_silent: Annotated[
        bool, Setting("Leave out files that are silent throughout. Otherwise they are refused.", DATA)
    ] = False

    def read(self, settings: AudioSettings, on_progress: Progressed | None = None) -> Corpus:
        """All sounds of the folder."""
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
    """Generate sound with a model, sample by sample, and write it as it comes.

    The file appears once it is whole.
    """

    verb: ClassVar[str] = "generate"
    out: Annotated[Path, Setting("A file, .wav or .flac by its ending.", OUTPUT, short="-o")]
    seconds: Annotated[float, Setting("How long.", _SOUND, metavar="S")] = 5.0
    seed_audio: Annotated[Path | None, Setting("A file of sound to go on from. It is not repeated.", _SOUND)] = None
    speaker: Annotated[
        str | None,
        Setting(
            "Who is to speak, where the model tells speakers apart; the first if not given.", _SOUND, metavar="NAME"
        ),
    ] = None
    drawing: Drawing = field(default_factory=Drawing)
    weights: Annotated[
        Literal["float32", "bfloat16", "int8", "auto"],
        Setting(
            "In what the weights are kept: bfloat16 is faster than float32 and a little less exact, int8 more so; auto "
            "is the most exact that generates in real time here.",
            _SOUND,
        ),
    ] = "float32"

    def check(self, *, json: bool) -> None:  # noqa: ARG002
        """See `Answer`."""
        from foretell.audio.writing import require_writable

        require_writable(self.out)
        require_apart(self.out, self.seed_audio, "the sound")

    def run(self, model: Any, talk: Talk) -> dict[str, Any]:
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
            talk.progress("Generating", words) as on_progress,
            SoundWriter(self.out, rate, expected=round(total)) as writer,
        ):
            for waveform in stream:
                writer.write(waveform)
                on_progress(min(writer.samples / total, 1.0))
        seconds = monotonic() - began
        fast = writer.samples / max(seconds, 1e-9)
        talk.say(
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
    """How an audio model is judged."""

    device: Annotated[str, Setting("Where to compute: auto, cpu, cuda, mps or, for one of several, cuda:1.", DATA)] = (
        "auto"
    )


AUDIO = Kind(
    model="foretell.audio.model:AudioModel",
    settings=AudioSettings,
    source=Sounds,
    answer=Speak,
    train="""Train a WaveNet on a folder of sounds and keep the model.

    Ctrl-C leaves a checkpoint beside it, from which the same command goes on.""",
    evaluate="""Say how many bits per sample a model needs for a folder of sounds: fewer are better.

    The sounds are resampled, trimmed and, where the model tells speakers apart, sorted by them as in its training.""",
    measure="bits per sample",
    units="samples",
    scale=1 / math.log(2),
    evaluation=Evaluation,
    examples={
        "": (
            ("Learn how a folder of recordings sounds", "foretell audio train recordings --out voice"),
            ("Ten seconds of it", "foretell audio generate voice --seconds 10 --out new.wav"),
        ),
        "train": (
            (
                "Twenty minutes of training, of speakers told apart by files' names such as 7_george_12.wav",
                "foretell audio train recordings --out voice --minutes 20 --speakers-from name",
            ),
            (
                "Sound in 16 bits, and judged by another folder",
                "foretell audio train music --out band --head mixture_of_logistics --validation music-test",
            ),
            (
                "Watch and hear it train in TensorBoard",
                "foretell audio train recordings --out voice --tensorboard runs",
            ),
        ),
        "generate": (
            ("Five seconds by one of the speakers", "foretell audio generate voice --speaker george --out new.wav"),
            (
                "Go on from a recording, more cautiously than it was trained",
                "foretell audio generate voice --seed-audio hello.wav --temperature 0.9 --out new.flac",
            ),
        ),
        "evaluate": (
            (
                "Bits per sample on recordings it has never heard",
                "foretell audio evaluate voice recordings-test",
            ),
        ),
    },
)
