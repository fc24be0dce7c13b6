"""The command that speaks: text from an argument, a file or a pipe; sound to a file or a pipe, as it is generated."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from foretell.declaration import DATA, OUTPUT, Setting
from foretell.errors import SettingsError, TextError
from foretell.model.answer import CHOICE, Answer
from foretell.model.printer import Printer
from foretell.model.source import Encoding
from foretell.speech.text.front_ends import GRUUT
from foretell.storage.outputs import STDOUT, require_apart, require_ending, require_writable

if TYPE_CHECKING:
    from foretell.audio.streaming import SoundStream
    from foretell.audio.writing import SoundWriter

_VOICE = "The voice"


@dataclass(frozen=True)
class Say(Answer):
    """Speak a text with a trained voice.

    The text may hold IPA in double square brackets and pauses, such as pause 500ms, in single ones; or it is SSML.

    Lines from a pipe are spoken as they arrive. An output file appears only when it is complete.
    """

    verb: ClassVar[str] = "say"
    out: Annotated[
        str,
        Setting("Output file, .wav or .flac; - streams to standard output.", OUTPUT, metavar="FILE", short="-o"),
    ]
    text: Annotated[
        str, Setting("The text; - or nothing reads standard input, line by line.", positional=True, metavar="TEXT")
    ] = STDOUT
    file: Annotated[
        Path | None, Setting("Read the text from this file, optionally gzipped, instead.", DATA, short="-f")
    ] = None
    phonemes: Annotated[bool, Setting("The text is IPA throughout, one utterance per line.", DATA)] = False
    front_end: Annotated[
        Literal["gruut", "espeak-ng"],
        Setting("What turns text into phonemes: gruut, or the program espeak-ng if it is installed.", DATA),
    ] = GRUUT
    encoding: Encoding = None
    voice: Annotated[
        str | None,
        Setting("Name of the voice; by default the first one that speaks the language.", _VOICE, metavar="NAME"),
    ] = None
    language: Annotated[
        str | None,
        Setting("Language of the text, such as en or fr; by default that of the voice.", _VOICE, metavar="CODE"),
    ] = None
    speed: Annotated[float, Setting("Speed: 2 is twice as fast.", _VOICE)] = 1.0
    pitch: Annotated[float, Setting("Pitch: 2 is an octave higher.", _VOICE)] = 1.0
    temperature: Annotated[
        float | None,
        Setting(
            "Sampling temperature: below 1 is smoother, 1 is noisier; by default what suits speech.",
            CHOICE,
            above=0,
            metavar="T",
        ),
    ] = None
    seed: Annotated[int, Setting("Random seed. The same seed gives the same sound.", CHOICE)] = 0
    stream_format: Annotated[
        Literal["wav", "raw"],
        Setting(
            "Format of standard output: WAV, or raw samples (16-bit signed, little-endian, mono).",
            OUTPUT,
            option="format",
        ),
    ] = "wav"

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """See `Answer`."""
        return self.out == STDOUT

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        from foretell.audio.writing import FORMATS
        from foretell.speech.request import Request

        if self.file is not None and self.text != STDOUT:
            raise SettingsError("the text and --file are two texts: give only one")
        if self.encoding is not None and self.file is None and self.text != STDOUT:
            raise SettingsError("--encoding is for a file or standard input: omit it where the text is given")
        Request(self.voice, self.language, self.speed, self.pitch, self.phonemes, self.front_end)
        if self.out == STDOUT:
            if json:
                raise SettingsError("--json and --out - both write to standard output: give only one")
            if sys.stdout.isatty():
                raise SettingsError(
                    "--out - would write sound to the terminal: pipe it into a player, such as aplay, or name a file"
                )
            return
        if self.stream_format != "wav":
            raise SettingsError(f"--format {self.stream_format} is for --out -: the name of a file decides its format")
        out = Path(self.out)
        require_ending(out, tuple(FORMATS))
        require_writable(out)
        require_apart(out, self.file, "the text")

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        began = monotonic()
        first: float | None = None
        more = {} if self.temperature is None else {"temperature": self.temperature}
        chunks = model.stream(
            self._text(),
            voice=self.voice,
            language=self.language,
            speed=self.speed,
            pitch=self.pitch,
            phonemes=self.phonemes,
            front_end=self.front_end,
            seed=self.seed,
            on_warning=lambda sentence: printer.note(f"warning: {sentence}"),
            **more,
        )
        with self._sink(model.rate) as sink:
            for waveform in chunks:
                sink.write(waveform)
                first = monotonic() - began if first is None else first
        seconds, spoken = monotonic() - began, sink.samples / model.rate
        times = spoken / max(seconds, 1e-9)
        place = "Standard output" if self.out == STDOUT else self.out
        printer.say(
            f"{place}: {spoken:.2f} s of speech in {seconds:.2f} s, {times:.1f} times real time; the first sound after "
            f"{first or 0.0:.2f} s."
        )
        return {
            "samples": sink.samples,
            "sample_rate": model.rate,
            "seconds": seconds,
            "first_sound_seconds": first,
            "times_real_time": times,
            "seed": self.seed,
            "files": {} if self.out == STDOUT else {"sound": self.out},
        }

    def _sink(self, rate: int) -> AbstractContextManager[SoundWriter | SoundStream]:
        from foretell.audio.streaming import SoundStream
        from foretell.audio.writing import SoundWriter

        if self.out == STDOUT:
            return SoundStream(sys.stdout.buffer, rate, self.stream_format)
        return SoundWriter(self.out, rate)

    def _text(self) -> str | Iterable[list[str]]:
        """The text: whole, or in groups of lines as they come from a pipe."""
        from foretell.plain_text import contents, decoded, named
        from foretell.text.lines import stream_lines

        if self.file is None and self.text != STDOUT:
            return self.text
        if self.file is None and self.encoding is None:
            return stream_lines(sys.stdin.buffer)
        place = STDOUT if self.file is None else self.file
        return decoded(contents(place, TextError), self.encoding, named(place), TextError, unit="line")
