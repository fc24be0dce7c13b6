"""Seasons: the lengths after which a pattern repeats, and what is known of them."""

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
    """In steps, 2 or more."""
    strength: float
    """In [0, 1]: the share of the variance around the trend that it explains, in the middle series."""
    certainty: float
    """In [0, 1]: how sure it is that the data hold it, every length that was looked at taken into account."""
    origin: Origin
    """Whether it was found in the data, is natural to the frequency, or was asked for."""

    @property
    def standing(self) -> str:
        """Where it comes from and how sure it is, in words."""
        if self.certainty < _LIKELY:
            sure = "not seen in the data"
        elif self.certainty < _CERTAIN:
            sure = "likely"
        else:
            sure = "clear" if self.strength >= _FAINT else "certain but faint"
        return f"{_ORIGINS[self.origin]}, {sure}"


@dataclass(frozen=True)
class Seasons:
    """The seasons of a panel, shortest first, three at most unless more were asked for."""

    seasons: tuple[Season, ...] = ()
    absent: tuple[int, ...] = ()
    """Lengths that are natural to the frequency and that the data surely do not hold."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """In steps, ascending."""
        return tuple(season.length for season in self.seasons)

    def sentences(self) -> list[str]:
        """What repeats, and how sure that is, in words."""
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
