"""Training and validation sounds of a model: reading, holding out, and sentences that describe them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foretell.audio.corpus import Corpus, Sound, read_corpus, sound_files
from foretell.audio.levels import Levels
from foretell.audio.network import head_of
from foretell.audio.settings import AudioSettings
from foretell.audio.speakers import SpeakersFrom
from foretell.errors import AudioError
from foretell.model.holdout import held_out
from foretell.model.source import Parts

_MOST_NAMES = 8


@dataclass(frozen=True)
class AudioData:
    """Sounds for training and validation, at one rate."""

    corpus: Corpus
    """The sounds of the folder."""
    training: tuple[Sound, ...]
    validation: tuple[Sound, ...]
    speakers: tuple[str, ...]
    """Sorted; none where speakers are not told apart."""
    speakers_from: SpeakersFrom | None
    validation_folder: str | None = None
    """Where the validation sounds come from, unless they are held out."""

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.corpus.rate

    def parts(self) -> Parts[Corpus]:
        """As a model is trained on them."""
        training, validation = (replace(self.corpus, sounds=part) for part in (self.training, self.validation))
        counts = {
            "training": len(self.training),
            "validation": len(self.validation),
            "speakers": list(self.speakers),
        }
        held = validation if self.validation else None
        return Parts(training, held, sentences=tuple(self.sentences()), counts=counts)

    def sentences(self) -> list[str]:
        """Return sentences that describe the data."""
        corpus = self.corpus
        lines = [
            f"{_count(len(corpus.sounds), 'sound')}, {corpus.seconds:,.1f} s at {corpus.rate:,} samples per second."
        ]
        if corpus.trimmed:
            lines.append(f"{corpus.trimmed / corpus.rate:,.1f} s of silence were cut off at their ends.")
        if corpus.clipped:
            lines.append(f"{_count(corpus.clipped, 'sample')} beyond full scale: clipped.")
        if corpus.ignored:
            lines.append(f"{_count(corpus.ignored, 'other file')} in the folder: ignored.")
        if corpus.skipped:
            lines.append(
                f"{_count(len(corpus.skipped), 'file')} silent throughout: skipped, such as {corpus.skipped[0]}."
            )
        if self.speakers_from is not None:
            lines.append(
                f"{_count(len(self.speakers), 'speaker')}, by the {_RULES[self.speakers_from]}: {names(self.speakers)}."
            )
        return [*lines, self._validated_by()]

    def _validated_by(self) -> str:
        held = len(self.validation)
        if self.validation_folder is not None:
            apart = self.corpus.left_out
            note = f" {_count(apart, 'sound')} of it in the training folder: left out of training." if apart else ""
            return f"Validation: {_count(held, 'sound')} of {self.validation_folder}.{note}"
        if not held:
            return "Nothing is held out for validation."
        if len(self.corpus.sounds) == 1:
            return "Validation: the end of the one sound there is."
        return f"Validation: {_count(held, 'sound')} of them, held out."


_RULES = {"name": "files' names", "folder": "folders' names"}


def read_data(
    folder: str | Path,
    settings: AudioSettings,
    *,
    validation: str | Path | None = None,
) -> AudioData:
    """Read a folder of sounds to train on; `validation` is another folder, in place of a share that is held out.

    A sound of `validation` that lies in `folder` too, as where the one folder is within the other, is left out of
    training. Raises `AudioError` for what cannot be used, see `read_corpus`, for a speaker of `validation` who is not
    in `folder`, and where `folder` is, or lies in, `validation`.
    """
    held_out = () if validation is None else _files_apart(folder, validation)
    corpus = _read(folder, settings, settings.sample_rate, held_out)
    if validation is None:
        training, held = hold_out(corpus.sounds, settings.validation, settings.training.seed)
        return AudioData(corpus, tuple(training), tuple(held), corpus.speakers, settings.speakers_from)
    other = _read(validation, settings, corpus.rate)
    require_known(other, corpus.speakers, validation)
    return AudioData(corpus, corpus.sounds, other.sounds, corpus.speakers, settings.speakers_from, str(validation))


def _files_apart(folder: str | Path, validation: str | Path) -> frozenset[Path]:
    """The validation sounds' real paths; AudioError where they would leave nothing to train on."""
    files, _ = sound_files(validation)
    if Path(folder).resolve().is_relative_to(Path(validation).resolve()):
        raise AudioError(
            f"validation {validation}: the sounds to train on, {folder}, are part of it; give another folder, or a "
            "share of the files"
        )
    return frozenset(file.resolve() for file in files)


def require_known(corpus: Corpus, speakers: tuple[str, ...], folder: str | Path) -> None:
    """Raise `AudioError` for a speaker that is none of these."""
    for sound in corpus.sounds:
        if sound.speaker is not None and sound.speaker not in speakers:
            raise AudioError(
                f"{Path(folder) / sound.name}: the speaker {sound.speaker!r} is not among {names(speakers)}"
            )


def names(speakers: tuple[str, ...]) -> str:
    """The first of them, for a sentence."""
    more = len(speakers) - _MOST_NAMES
    return ", ".join(speakers[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _read(
    folder: str | Path,
    settings: AudioSettings,
    rate: int | None,
    without: Collection[Path] = (),
) -> Corpus:
    return read_corpus(
        folder,
        Levels(head_of(settings)).encode,
        rate=rate,
        trim=settings.trim,
        speakers_from=settings.speakers_from,
        skip_silent=settings.skip_silent,
        without=without,
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def hold_out(sounds: Sequence[Sound], share: float, seed: int) -> tuple[list[Sound], list[Sound]]:
    """Training and held-out sounds: `share` of the files, at least one, drawn by the seed; whole ones.

    A speaker's last file stays in training. Where there is one file alone, its end is held out, since there is nothing
    else. A share of 0 holds out nothing.
    """
    if share and len(sounds) == 1:
        return _end_of(sounds[0], share)
    held = held_out(len(sounds), share, seed, owners=[sound.speaker for sound in sounds])
    return [sound for k, sound in enumerate(sounds) if k not in held], [sounds[k] for k in held]


def _end_of(sound: Sound, share: float) -> tuple[list[Sound], list[Sound]]:
    cut = len(sound.levels) - round(share * len(sound.levels))
    if cut in (0, len(sound.levels)):
        return [sound], []
    return [replace(sound, levels=sound.levels[:cut])], [replace(sound, levels=sound.levels[cut:])]
