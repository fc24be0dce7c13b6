"""The declaration of music models: data source, composition and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from foretell.declaration import OUTPUT, Setting
from foretell.errors import MissingExtraError, SettingsError
from foretell.model.answer import Answer, Drawing
from foretell.model.holdout import held_out
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.source import Parts, Progressed, Source
from foretell.music.settings import MusicSettings
from foretell.storage.outputs import require_apart, require_drawing, require_ending, require_writable

if TYPE_CHECKING:
    from foretell.music.chorales import Chorale
    from foretell.music.notes import Notes

_FEWEST = 10
"""Number of chorales below which none is held out."""
_CHORDS = 256
_MOST_CHORDS = 1_000_000
"""A countable bound above the length of any piece, whose own limit the model checks."""
_PACKAGES = {".mid": "mido", ".midi": "mido", ".wav": "soundfile"}
_PIECE = "The piece"


@dataclass(frozen=True)
class Collection(Source["Sequence[Chorale]"]):
    """A collection of chorales."""

    places: ClassVar[tuple[str, ...]] = ("chorales",)
    chorales: Annotated[
        str,
        Setting(
            "Folder, .tgz or .tar file of chorales: CSV files with the header note0,note1,note2,note3 and"
            " one row per sixteenth note, or MIDI files. Subfolders named train, valid and test are used "
            "accordingly.",
            positional=True,
        ),
    ]

    def read(
        self,
        settings: MusicSettings,  # noqa: ARG002
        on_progress: Progressed | None = None,  # noqa: ARG002
    ) -> Sequence[Chorale]:
        """Return the test part of the collection, or all of it if there is none."""
        from foretell.music.chorales import read_chorales

        found = read_chorales(self.chorales)
        return found.test or (*found.train, *found.valid)

    def hold_out(
        self, data: Sequence[Chorale], settings: MusicSettings
    ) -> tuple[Sequence[Chorale], Sequence[Chorale] | None]:
        """Hold out randomly drawn chorales."""
        held = set(held_out(len(data), settings.validation, settings.training.seed, fewest=_FEWEST))
        return [c for k, c in enumerate(data) if k not in held], [data[k] for k in sorted(held)]

    def parts(
        self, settings: MusicSettings, validation: Collection | None = None, on_progress: Progressed | None = None
    ) -> Parts[Sequence[Chorale]]:
        """Return the parts of the collection by its folders; without a valid folder, chorales are held out."""
        from foretell.music.chorales import read_chorales

        found = read_chorales(self.chorales)
        train, valid = found.train, found.valid
        if validation is not None:
            valid = tuple(validation.read(settings, on_progress))
        drawn = validation is None and not found.valid
        learned, held = self.hold_out(train, settings) if drawn else (train, valid)
        parts: Parts[Sequence[Chorale]] = Parts(learned, held, test=found.test or None)
        sentences, counts = self.described(parts, held_out=drawn)
        return replace(parts, sentences=tuple(sentences), counts=counts)

    def described(self, parts: Parts[Sequence[Chorale]], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        named = {"training": parts.training, "validation": parts.validation or (), "test": parts.test or ()}
        counts = {name: len(part) for name, part in named.items()}
        listed = ", ".join(f"{count:,} for {name}" for name, count in counts.items() if count)
        how = "; these were held out" if held_out and counts["validation"] else ""
        none = "" if counts["validation"] else " Nothing is held out for validation."
        return [f"Chorales: {listed}{how}.{none}"], counts


@dataclass(frozen=True)
class Compose(Answer):
    """Compose a chorale with a trained model and write it as MIDI or audio.

    The piece starts from scratch, or continues the beginning of a given chorale.
    """

    verb: ClassVar[str] = "generate"
    out: Annotated[Path, Setting("Output file: .mid (notes) or .wav (audio).", OUTPUT, short="-o")]
    picture: Annotated[Path | None, Setting("Also draw the piano roll to this file (.png).", OUTPUT)] = None
    chords: Annotated[
        int | None,
        Setting(f"Number of new chords to compose, each one sixteenth note; {_CHORDS} if not given.", _PIECE),
    ] = None
    seconds: Annotated[
        float | None,
        Setting("Duration of the new chords in seconds, instead of their number.", _PIECE, above=0, metavar="S"),
    ] = None
    start: Annotated[Path | None, Setting("Chorale (.csv, .mid) whose beginning the piece continues.", _PIECE)] = None
    start_chords: Annotated[int, Setting("Number of chords to take from that file.", _PIECE, at_least=1)] = 16
    tempo: Annotated[float, Setting("Beats per minute.", _PIECE, at_least=10, at_most=1000, metavar="BPM")] = 90.0
    drawing: Drawing = field(default_factory=Drawing)

    def check(self, *, json: bool) -> None:  # noqa: ARG002
        """See `Answer`."""
        if self.picture is not None:
            require_drawing()
            require_ending(self.picture, (".png",))
            require_writable(self.picture)
        require_ending(self.out, tuple(_PACKAGES))
        require_writable(self.out)
        package = next(package for ending, package in _PACKAGES.items() if self.out.name.lower().endswith(ending))
        if find_spec(package) is None:
            raise MissingExtraError(f"output {self.out} needs the package {package}: pip install 'foretell[music]'")
        require_apart(self.out, self.start, "the chorale")
        self._new_chords()

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        from foretell.music.chorales import Chorale
        from foretell.music.files import write_midi, write_piano_roll, write_wav
        from foretell.music.synthesis import require_duration

        chords, start = self._new_chords(), self._start()
        given = 0 if start is None else len(start)
        wave = self.out.name.lower().endswith(".wav")
        if wave:
            require_duration(given + chords, self.tempo)
        sampling, seed = self.drawing.sampling(), self.drawing.seed
        with printer.progress("Composing") as on_progress:
            pitches = model.generate(chords, start=start, sampling=sampling, seed=seed, on_progress=on_progress)
        files = {"music": str(self.out)}
        (write_wav if wave else write_midi)(pitches, self.out, beats_a_minute=self.tempo)
        if self.picture is not None:
            # The picture comes last, since a piece may have more notes than can be drawn.
            try:
                write_piano_roll(Chorale(self.out.stem, pitches), self.picture)
            except SettingsError as error:
                raise SettingsError(f"{error}; the music itself was written to {self.out}") from error
            files["piano roll"] = str(self.picture)
        seconds = len(pitches) * self._sixteenth
        after = f" after {given:,} given ones" if given else ""
        printer.heading("Composed")
        printer.listing([f"{chords:,} chords{after}, {seconds:.1f} s in all at {self.tempo:g} beats per minute."])
        printer.files(files)
        return {"chords": chords, "start_chords": given, "seconds": seconds, "seed": seed, "files": files}

    @property
    def _sixteenth(self) -> float:
        """Return the seconds of a sixteenth note."""
        return 15 / self.tempo

    def _new_chords(self) -> int:
        if self.seconds is None:
            return _CHORDS if self.chords is None else self.chords
        if self.chords is not None:
            raise SettingsError("--chords and --seconds both set the length of the piece: give only one")
        chords = self.seconds / self._sixteenth
        if chords > _MOST_CHORDS:
            raise SettingsError(f"--seconds {self.seconds:g}: that is more than {_MOST_CHORDS:,} chords; give fewer")
        return max(1, round(chords))

    def _start(self) -> Notes | None:
        if self.start is None:
            return None
        from foretell.music.chorales import read_chorale

        return read_chorale(self.start).notes[: self.start_chords]


_TRAIN = (
    "Train on Bach's chorales, which are in folders train, valid and test",
    "foretell music train jsb_chorales.tgz --out bach",
)
MUSIC = Kind(
    model="foretell.music.model:MusicModel",
    settings=MusicSettings,
    source=Collection,
    answer=Compose,
    train="""Train a music model on four-part chorales.

    The weights with the lowest validation loss are kept.""",
    evaluate="""Evaluate a model on other chorales, in nats per note: lower is better.

    Each note is predicted from all notes before it. If the collection has a test part, only that part is used.""",
    measure="nats per note",
    units="notes",
    examples={
        "": (_TRAIN, ("Compose a chorale as audio", "foretell music generate bach --out new.wav")),
        "train": (
            _TRAIN,
            (
                "Train a WaveNet on your own MIDI files for ten minutes",
                "foretell music train songs --out mine --backbone wavenet --minutes 10",
            ),
        ),
        "generate": (
            (
                "Compose a chorale as MIDI, and draw its piano roll",
                "foretell music generate bach --out new.mid --picture new.png",
            ),
            (
                "Continue a given chorale, as audio",
                "foretell music generate bach --start chorale.csv --top-p 0.95 --out new.wav",
            ),
        ),
        "evaluate": (("Evaluate on the test part", "foretell music evaluate bach jsb_chorales.tgz"),),
    },
)
