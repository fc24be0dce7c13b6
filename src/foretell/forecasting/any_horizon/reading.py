"""How far back an any-horizon network looks, and with which seasons in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foretell.errors import SettingsError
from foretell.forecasting.settings import LONGEST

_WINDOWS = {4: 240, 7: 256, 12: 320, 52: 312}
_LONGEST_WINDOW = 384
_REACH = 1000
_REACH_WITH_SECOND = 2100


@dataclass(frozen=True)
class Reading:
    """The seasons that a network is told of, and the steps that it runs over."""

    season: int
    """In steps; 1 for none."""
    second: int
    """A longer one; 0 for none."""
    window: int
    """The last steps of the past, which the network runs over; before them it knows what the candidates know."""
    further: tuple[int, ...] = ()
    """Seasons beyond these two, of which a network trained on the table is told the phase alone."""

    def __post_init__(self) -> None:
        lengths = (self.season, self.window, *self.further)
        if not (min(lengths) >= 1 and self.second >= 0 and max(*lengths, self.second) <= LONGEST):
            raise SettingsError(f"seasons and window must be from 1 to {LONGEST:,}: {self}")

    @classmethod
    def of(cls, seasons: Sequence[int], window: int | None = None) -> Reading:
        """Of the seasons, in ascending order; None for the window that goes with the shortest."""
        first, second, *_ = (*seasons, 0, 0)
        return cls(first or 1, second, window or _WINDOWS.get(first, _LONGEST_WINDOW), tuple(seasons[2:]))

    @property
    def seasons(self) -> tuple[int, int]:
        """The season and the second one."""
        return self.season, self.second

    @property
    def reach(self) -> int:
        """The steps of history that a forecast looks at."""
        return max(_REACH_WITH_SECOND if self.second else _REACH, 3 * max(self.seasons), self.window)
