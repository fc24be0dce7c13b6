"""Seasons: the lengths after which a pattern repeats, with their strength, certainty and origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Origin = Literal["found", "natural", "asked"]

_ORIGINS = {"found": "found in the data", "natural": "from the calendar", "asked": "as asked for"}
_LIKELY, _CERTAIN, _FAINT = 0.9, 0.99, 0.05


@dataclass(frozen=True)
class Season:
    """A length after which a pattern repeats."""

    length: int
    """Length in steps, 2 or more."""
    strength: float
    """Share, in [0, 1], of the variance around the trend that the season explains; the median over the series."""
    certainty: float
    """Certainty, in [0, 1], that the data have the season, corrected for the number of lengths examined."""
    origin: Origin
    """`found` in the data, `natural` to the frequency, or `asked` for by the caller."""

    @property
    def standing(self) -> str:
        """Origin and certainty of the season in words."""
        if self.certainty < _LIKELY:
            sure = "not seen in the data"
        elif self.certainty < _CERTAIN:
            sure = "likely"
        else:
            sure = "clear" if self.strength >= _FAINT else "certain but faint"
        return f"{_ORIGINS[self.origin]}, {sure}"


@dataclass(frozen=True)
class Seasons:
    """Seasons of a panel, shortest first, at most three unless more were requested."""

    seasons: tuple[Season, ...] = ()
    absent: tuple[int, ...] = ()
    """Lengths that are natural to the frequency but certainly not seasons of the data."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lengths in steps, ascending."""
        return tuple(season.length for season in self.seasons)

    def sentences(self) -> list[str]:
        """Return sentences that describe the seasons and their certainty."""
        seen = [season for season in self.seasons if season.certainty >= _LIKELY]
        unseen = [season for season in self.seasons if season.certainty < _LIKELY]
        lines = []
        if seen or not unseen:
            lines.append(f"A pattern repeats {_listed(seen)}." if seen else "No pattern was found that repeats.")
        if unseen:
            lines.append(f"A pattern that repeats {_listed(unseen)} is allowed for.")
        return lines + [f"None repeats every {n:,} steps, though the calendar suggests it." for n in self.absent]


def _listed(seasons: Sequence[Season]) -> str:
    alike: dict[str, list[str]] = {}
    for season in seasons:
        alike.setdefault(season.standing, []).append(f"every {season.length:,}")
    return " and ".join(f"{' and '.join(lengths)} steps ({standing})" for standing, lengths in alike.items())
