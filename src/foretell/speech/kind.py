"""The declaration of speech models: data source and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from foretell.declaration import DATA, Setting
from foretell.errors import SettingsError
from foretell.model.holdout import held_out
from foretell.model.kind import Kind
from foretell.model.source import Parts, Progressed, Source
from foretell.speech.say import Say
from foretell.speech.settings import SpeechSettings
from foretell.speech.text.front_ends import GRUUT

if TYPE_CHECKING:
    from foretell.speech.corpus import Speech

_MOST_NAMES = 5


@dataclass(frozen=True)
class Voices(Source["Speech"]):
    """Folders of recordings with transcripts."""

    places: ClassVar[tuple[str, ...]] = ("folders",)
    folders: Annotated[
        tuple[Path, ...],
        Setting(
            "Folders, one for each voice, with metadata.csv (lines name|language|text) and wavs, as LJSpeech has them.",
            positional=True,
            metavar="VOICES...",
        ),
    ]
    language: Annotated[
        str | None,
        Setting("Language of transcripts that name none, such as en or fr.", DATA, metavar="CODE"),
    ] = None
    phonemes: Annotated[bool, Setting("The transcripts are IPA.", DATA)] = False
    front_end: Annotated[
        Literal["gruut", "espeak-ng"],
        Setting("What turns text into phonemes: gruut, or the program espeak-ng if it is installed.", DATA),
    ] = GRUUT

    def read(self, settings: SpeechSettings, on_progress: Progressed | None = None) -> Speech:
        """Return the recordings of all folders, analysed."""
        from foretell.speech.corpus import read_speech

        return read_speech(
            self.folders,
            rate=settings.sample_rate,
            bands=settings.bands,
            language=self.language,
            phonemes=self.phonemes,
            front_end=self.front_end,
            on_progress=on_progress,
        )

    def parts(
        self, settings: SpeechSettings, validation: Self | None = None, on_progress: Progressed | None = None
    ) -> Parts[Speech]:
        """See `Source`: validation data of their own are read at the rate of the others."""
        data = self.read(settings, on_progress)
        if validation is None:
            parts: Parts[Speech] = Parts(*self.hold_out(data, settings))
        else:
            parts = Parts(data, validation.read(replace(settings, sample_rate=data.rate), on_progress))
        sentences, counts = self.described(parts, held_out=validation is None)
        return replace(parts, sentences=tuple(sentences), counts=counts)

    def hold_out(self, data: Speech, settings: SpeechSettings) -> tuple[Speech, Speech | None]:
        """Hold out a share of the recordings of each voice; the last one of a voice stays in training."""
        from foretell.speech.corpus import split

        owners = [recording.voice for recording in data.recordings]
        return split(data, held_out(len(owners), settings.validation, settings.training.seed, owners=owners))

    def described(self, parts: Parts[Speech], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        from foretell.speech.corpus import expectation

        data, validation = parts.training, parts.validation
        judged = len(validation.recordings) if validation is not None else 0
        where = "held out" if held_out else "from elsewhere"
        lines = [
            f"{len(data.recordings):,} recordings, {data.seconds / 60:,.1f} min at {data.rate:,} samples per second"
            + (f"; {judged:,} {where} for validation." if judged else "; none for validation.")
        ]
        for voice in data.voices:
            own = [r for r in data.recordings if r.voice == voice]
            seconds = sum(len(r.samples) for r in own) / data.rate
            spoken = ", ".join(sorted({r.language for r in own}))
            lines.append(f"{voice} ({spoken}): {len(own):,} recordings, {seconds / 60:,.1f} min.")
        if data.untranscribed:
            lines.append(f"{data.untranscribed:,} files of sound have no transcript and were not read.")
        for reason, left_out in data.left_out.items():
            names = ", ".join(left_out[:_MOST_NAMES]) + (", ..." if len(left_out) > _MOST_NAMES else "")
            lines.append(f"{len(left_out):,} recordings were left out, because they {reason}: {names}.")
        for voice, samples in data.clipped.items():
            if samples > data.rate / 100:
                lines.append(f"{samples:,} samples of {voice} are at the limits: its recordings are clipped.")
        if few := expectation(data.seconds, len(data.voices)):
            lines.append(few)
        counts = {
            "training": len(data.recordings),
            "validation": judged,
            "seconds": data.seconds,
            "voices": list(data.voices),
            "untranscribed": data.untranscribed,
            "left_out": sum(map(len, data.left_out.values())),
        }
        return lines, counts

    def elsewhere(self, places: Sequence[str]) -> Self:
        """See `Source`: one folder."""
        if len(places) != 1:
            raise SettingsError(f"--validation takes one FOLDER of other data, or a share; got {len(places)}")
        return replace(self, folders=(Path(places[0]),))


SPEECH = Kind(
    model="foretell.speech.model:SpeechModel",
    settings=SpeechSettings,
    source=Voices,
    answer=Say,
    train="""Train voices on folders of recordings with transcripts and save the model.

    Recordings are aligned with their phonemes, then the acoustic network is trained, then the vocoder. Ctrl-C leaves a
    checkpoint beside the model; running the same command again resumes from it.""",
    evaluate="""Evaluate a model on recordings of its voices: spectrum, pitch, durations. Lower is better.""",
    measure="bits per sample",
    units="samples",
    examples={
        "": (
            ("Train a voice on a folder of recordings", "foretell speech train linda --language en --out voices"),
            ("Speak", 'foretell speech say voices "Good morning." --out morning.wav'),
        ),
        "train": (
            (
                "Train two voices for half an hour",
                "foretell speech train linda jean --out voices --minutes 30",
            ),
            (
                "Train on transcripts in the International Phonetic Alphabet",
                "foretell speech train linda --language en --phonemes --out voices",
            ),
        ),
        "say": (
            ("Speak a file, slowly", "foretell speech say voices --file letter.txt --speed 0.9 --out letter.wav"),
            ("Speak as text arrives", "tail -f log.txt | foretell speech say voices --out - | aplay"),
            (
                "Phonemes and pauses within a text",
                'foretell speech say voices "I say [[təˈmɑːtəʊ]]. [pause 500ms] You do not." --out tomato.wav',
            ),
        ),
        "evaluate": (
            ("Evaluate on recordings that were not trained on", "foretell speech evaluate voices linda-test"),
        ),
    },
)
