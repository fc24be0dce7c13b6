"""`foretell music generate`"""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

from typer import Option

from foretell import __version__
from foretell.cli.destinations import Destinations, require_ending
from foretell.cli.music.options import ChoiceOptions, PieceOptions
from foretell.cli.options import ModelFolder, TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.cli.show import show_files
from foretell.cli.talk import Talk
from foretell.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from foretell.music.notes import Notes

_CHORDS = 256
_MOST_CHORDS = 1_000_000
"""More than any piece may have, which only the model says: in a number that can be counted."""
_PACKAGES = {".mid": "mido", ".midi": "mido", ".wav": "soundfile"}


def generate(
    model: ModelFolder,
    *,
    out: Annotated[
        Path,
        Option("--out", "-o", metavar="FILE", help="The piece: .mid (notes) or .wav (sound), by its name's ending."),
    ],
    picture: Annotated[
        Path | None, Option("--picture", metavar="FILE", help="Its piano roll too, as a picture (.png).")
    ] = None,
    piece: PieceOptions,
    choice: ChoiceOptions,
    words: TalkOptions,
) -> None:
    """Compose a chorale with a trained model, and write it as MIDI or sound.

    It begins from nothing, or goes on from the beginning of a given chorale.
    """
    talk = Talk(words)
    _check(out, picture)
    if piece.start is not None and piece.start.resolve() == out.resolve():
        raise SettingsError(f"output {out} is the chorale that is read, which would be lost; give another")
    if not (math.isfinite(piece.tempo) and 10 <= piece.tempo <= 1000):
        raise SettingsError(f"--tempo {piece.tempo:g}: give 10 to 1,000 beats a minute")
    chords = _chords(piece)
    wave = out.name.lower().endswith(".wav")

    from foretell.music.chorales import Chorale
    from foretell.music.files import write_midi, write_piano_roll, write_wav
    from foretell.music.model import MusicModel
    from foretell.music.synthesis import require_duration
    from foretell.nn import Sampling

    sampling = Sampling(choice.temperature, choice.top_k, choice.top_p)
    composer = MusicModel.load(model)
    start = _start(piece)
    given = 0 if start is None else len(start)
    if wave:
        require_duration(given + chords, piece.tempo)
    began = monotonic()

    with ProgressDisplay(talk.aside) as display:
        pitches = composer.generate(
            chords,
            start=start,
            sampling=sampling,
            seed=choice.seed,
            on_progress=lambda done: display.show("Composing", done, lambda: time_left(done, monotonic() - began)),
        )
    files = {"music": str(out)}
    write = write_wav if wave else write_midi
    write(pitches, out, beats_a_minute=piece.tempo)
    if picture is not None:
        # Last, since a piece may have more tones than can be drawn.
        try:
            write_piano_roll(Chorale(out.stem, pitches), picture)
        except SettingsError as error:
            raise SettingsError(f"{error}; the music is there, in {out}") from error
        files["piano roll"] = str(picture)

    seconds = len(pitches) * _sixteenth(piece.tempo)
    after = f" after {given:,} given ones" if given else ""
    talk.heading("Composed")
    talk.listing([f"{chords:,} chords{after}, {seconds:.1f} s in all at {piece.tempo:g} beats a minute."])
    show_files(talk, files)
    talk.document(
        {
            "foretell": __version__,
            "model": composer.facts(),
            "chords": chords,
            "start_chords": given,
            "seconds": seconds,
            "seed": choice.seed,
            "files": files,
        }
    )


def _check(out: Path, picture: Path | None) -> None:
    """Raise where something could not be written, before any work is done."""
    to = Destinations(picture=picture)
    to.check()
    require_ending(out, tuple(_PACKAGES))
    to.require_writable(out)
    package = next(package for ending, package in _PACKAGES.items() if out.name.lower().endswith(ending))
    if find_spec(package) is None:
        raise MissingExtraError(f"output {out} needs the package {package}: pip install 'foretell[music]'")


def _sixteenth(tempo: float) -> float:
    """Seconds of a sixteenth."""
    return 15 / tempo


def _chords(piece: PieceOptions) -> int:
    if piece.seconds is None:
        return _CHORDS if piece.chords is None else piece.chords
    if piece.chords is not None:
        raise SettingsError("--chords and --seconds say twice how long the piece is to be: keep one of them")
    if not (math.isfinite(piece.seconds) and piece.seconds > 0):
        raise SettingsError(f"--seconds {piece.seconds:g}: give a number above 0")
    chords = piece.seconds / _sixteenth(piece.tempo)
    if chords > _MOST_CHORDS:
        raise SettingsError(f"--seconds {piece.seconds:g}: that is more than {_MOST_CHORDS:,} chords; give fewer")
    return max(1, round(chords))


def _start(piece: PieceOptions) -> Notes | None:
    if piece.start is None:
        return None
    from foretell.music.chorales import read_chorale

    if piece.start_chords < 1:
        raise SettingsError(f"--start-chords {piece.start_chords}: give at least 1, or leave --start out")
    return read_chorale(piece.start).notes[: piece.start_chords]
