"""What a music model declares: where its chorales are, what it composes, and its commands."""

from __future__ import annotations

import math
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
from foretell.model.source import Parts, Progressed, Source
from foretell.model.talk import Talk
from foretell.music.settings import MusicSettings
from foretell.storage.outputs import require_apart, require_drawing, require_ending, require_writable

if TYPE_CHECKING:
    from foretell.music.chorales import Chorale
    from foretell.music.notes import Notes

_FEWEST = 10
"""Chorales; of fewer none is held out."""
_CHORDS = 256
_MOST_CHORDS = 1_000_000
"""More than any piece may have, which only the model says: in a number that can be counted."""
_PACKAGES = {".mid": "mido", ".midi": "mido", ".wav": "soundfile"}
_PIECE = "The piece"


@dataclass(frozen=True)
class Collection(Source["Sequence[Chorale]"]):
    """A collection of chorales."""

    places: ClassVar[tuple[str, ...]] = ("chorales",)
    chorales: Annotated[
        str,
        Setting(
            "A folder, or a .tgz or .tar file, of chorales: CSV files with the header note0,note1,note2,note3 and a "
            "row per sixteenth, or MIDI files. In folders named train, valid and test each does its part.",
            positional=True,
        ),
    ]

    def read(
        self,
        settings: MusicSettings,  # noqa: ARG002
        on_progress: Progressed | None = None,  # noqa: ARG002
    ) -> Sequence[Chorale]:
        """The test part of the collection; where there is none, all of it."""
        from foretell.music.chorales import read_chorales

        found = read_chorales(self.chorales)
        return found.test or (*found.train, *found.valid)

    def hold_out(
        self, data: Sequence[Chorale], settings: MusicSettings
    ) -> tuple[Sequence[Chorale], Sequence[Chorale] | None]:
        """Chorales are held out by a draw."""
        held = set(held_out(len(data), settings.validation, settings.training.seed, fewest=_FEWEST))
        return [c for k, c in enumerate(data) if k not in held], [data[k] for k in sorted(held)]

    def parts(
        self, settings: MusicSettings, validation: Collection | None = None, on_progress: Progressed | None = None
    ) -> Parts[Sequence[Chorale]]:
        """The parts of the collection by its folders; without a valid one, as of other sources."""
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
        none = "" if counts["validation"] else " Nothing is held out to judge the training by."
        return [f"Chorales: {listed}{how}.{none}"], counts


@dataclass(frozen=True)
class Compose(Answer):
    """Compose a chorale with a trained model, and write it as MIDI or sound.

    It begins from nothing, or goes on from the beginning of a given chorale.
    """

    verb: ClassVar[str] = "generate"
    out: Annotated[Path, Setting("The piece: .mid (notes) or .wav (sound), by its name's ending.", OUTPUT, short="-o")]
    picture: Annotated[Path | None, Setting("Its piano roll too, as a picture (.png).", OUTPUT)] = None
    chords: Annotated[
        int | None, Setting(f"New chords to compose, each a sixteenth; {_CHORDS} if not given.", _PIECE)
    ] = None
    seconds: Annotated[
        float | None, Setting("How long they sound, by the tempo, in place of chords.", _PIECE, metavar="S")
    ] = None
    start: Annotated[Path | None, Setting("A chorale (.csv, .mid) whose beginning the piece goes on from.", _PIECE)] = (
        None
    )
    start_chords: Annotated[int, Setting("How many chords of that file are taken.", _PIECE)] = 16
    tempo: Annotated[float, Setting("Beats per minute.", _PIECE, metavar="BPM")] = 90.0
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
        if not (math.isfinite(self.tempo) and 10 <= self.tempo <= 1000):
            raise SettingsError(f"--tempo {self.tempo:g}: give 10 to 1,000 beats per minute")
        self._new_chords()

    def run(self, model: Any, talk: Talk) -> dict[str, Any]:
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
        with talk.progress("Composing") as on_progress:
            pitches = model.generate(chords, start=start, sampling=sampling, seed=seed, on_progress=on_progress)
        files = {"music": str(self.out)}
        (write_wav if wave else write_midi)(pitches, self.out, beats_a_minute=self.tempo)
        if self.picture is not None:
            # Last, since a piece may have more tones than can be drawn.
            try:
                write_piano_roll(Chorale(self.out.stem, pitches), self.picture)
            except SettingsError as error:
                raise SettingsError(f"{error}; the music is there, in {self.out}") from error
            files["piano roll"] = str(self.picture)
        seconds = len(pitches) * self._sixteenth
        after = f" after {given:,} given ones" if given else ""
        talk.heading("Composed")
        talk.listing([f"{chords:,} chords{after}, {seconds:.1f} s in all at {self.tempo:g} beats per minute."])
        talk.files(files)
        return {"chords": chords, "start_chords": given, "seconds": seconds, "seed": seed, "files": files}

    @property
    def _sixteenth(self) -> float:
        """Seconds of a sixteenth."""
        return 15 / self.tempo

    def _new_chords(self) -> int:
        if self.seconds is None:
            return _CHORDS if self.chords is None else self.chords
        if self.chords is not None:
            raise SettingsError("--chords and --seconds say twice how long the piece is to be: keep one of them")
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise SettingsError(f"--seconds {self.seconds:g}: give a number above 0")
        chords = self.seconds / self._sixteenth
        if chords > _MOST_CHORDS:
            raise SettingsError(f"--seconds {self.seconds:g}: that is more than {_MOST_CHORDS:,} chords; give fewer")
        return max(1, round(chords))

    def _start(self) -> Notes | None:
        if self.start is None:
            return None
        from foretell.music.chorales import read_chorale

        if self.start_chords < 1:
            raise SettingsError(f"--start-chords {self.start_chords}: give at least 1, or leave --start out")
        return read_chorale(self.start).notes[: self.start_chords]


_TRAIN = (
    "Learn from Bach's chorales, which lie in folders train, valid and test",
    "foretell music train jsb_chorales.tgz --out bach",
)
MUSIC = Kind(
    model="foretell.music.model:MusicModel",
    settings=MusicSettings,
    source=Collection,
    answer=Compose,
    train="""Learn to compose from chorales in four voices.

    The weights are kept that do best on the validation part.""",
    evaluate="""Say how well the notes of other chorales are foreseen, each given all before it: fewer nats are better.

    Of a collection with a test part that part is taken.""",
    measure="nats per note",
    units="notes",
    examples={
        "": (_TRAIN, ("A new one, to listen to", "foretell music generate bach --out new.wav")),
        "train": (
            _TRAIN,
            (
                "From your own MIDI files, by a WaveNet, for ten minutes",
                "foretell music train songs --out mine --body wavenet --minutes 10",
            ),
        ),
        "generate": (
            (
                "A new chorale, as notes and as a picture",
                "foretell music generate bach --out new.mid --picture new.png",
            ),
            (
                "Go on from a beginning, and listen",
                "foretell music generate bach --start chorale.csv --top-p 0.95 --out new.wav",
            ),
        ),
        "evaluate": (("Nats per note of the test part", "foretell music evaluate bach jsb_chorales.tgz"),),
    },
)
