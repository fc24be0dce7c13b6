"""Findings on a table, in words for the user."""

from __future__ import annotations

import calendar
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from foretell.forecasting.seasons.season import Seasons
from foretell.tables.retail_months import retail_grid

_STEPS = {
    "us": "microsecond", "ms": "millisecond", "s": "second", "min": "minute", "h": "hour", "D": "day",
    "B": "business day", "W": "week", "MS": "month", "ME": "month's end", "QS": "quarter", "QE": "quarter's end",
    "YS": "year", "YE": "year's end", "BMS": "month's first business day", "BME": "month's last business day",
    "BQS": "quarter's first business day", "BQE": "quarter's last business day", "BYS": "year's first business day",
    "BYE": "year's last business day",
}  # fmt: skip


_MONTH_NAMES = {name[:3].upper(): name for name in calendar.month_name if name}
_WEEKDAYS = {day[:3].upper(): day for day in calendar.day_name}


@dataclass(frozen=True)
class Findings:
    """Findings on a table: how it was read and what was corrected."""

    layout: str
    """`long`, `wide`, or `rows` for one series per row."""
    id: str | None
    time: str | None
    targets: tuple[str, ...]
    time_format: str
    """Format of the times, in words."""
    frequency: str
    """Alias of the frequency."""
    series: int
    rows: int
    """Number of rows of the table."""
    missing: int
    """Number of missing values within histories, including those in gaps."""
    gaps: int
    """Number of time steps within histories that have no row at all, counted once per series."""
    duplicates_dropped: int
    resorted: bool
    before: int = 0
    """Number of time steps before the first value of a series; in a wide table others may have values there."""
    after: int = 0
    """Number of time steps after the last value of a series."""
    filled: bool = False
    """Whether the missing values within histories have been filled."""
    time_zone: str | None = None
    seasons: Seasons | None = None
    """Seasons; None if nothing was fitted to the table."""
    notes: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Return the findings as sentences for printing."""
        layout = {"long": "long layout", "wide": "wide layout", "rows": "a layout with one series per row"}[self.layout]
        names = [f"id {self.id!r}"] if self.id else []
        names += [f"time {self.time!r}"] if self.time else []
        if self.layout != "rows":
            shown = ", ".join(repr(name) for name in self.targets[:4])
            names.append(f"target {shown}" + (f" and {len(self.targets) - 4} more" if len(self.targets) > 4 else ""))
        lines = [f"{self.series:,} series in {layout}: {', '.join(names)}; {_plural(self.rows, 'row')}."]
        zone = f", in {self.time_zone}" if self.time_zone else ""
        lines.append(f"Time stamps are {self.time_format}{zone}; {describe_frequency(self.frequency)}.")
        lines += self.seasons.sentences() if self.seasons else []
        if self.missing:
            now = "are filled" if self.filled else "stay missing"
            gaps = f", {self.gaps:,} of them in steps that have no row" if self.gaps else ""
            lines.append(f"{_plural(self.missing, 'value')} missing within the histories{gaps}; they {now}.")
        else:
            lines.append("No value is missing.")
        if self.duplicates_dropped:
            lines.append(f"{_plural(self.duplicates_dropped, 'row')} stood twice, word for word, and went once.")
        if self.resorted:
            lines.append("Rows were out of order and have been sorted by time.")
        return lines + self.notes

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as values that JSON can represent."""
        fields = {**asdict(self), "targets": list(self.targets)}
        if self.seasons is None:
            return fields
        found = [asdict(season) for season in self.seasons.seasons]
        return {**fields, "seasons": found, "absent_seasons": list(self.seasons.absent)}


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def describe_frequency(alias: str) -> str:
    """Return the frequency in words: `one step every 15 minutes ("15min")`."""
    if alias.startswith("B/"):
        off = ", ".join(alias.removeprefix("B/").split("+"))
        return f'one step a business day, without the holidays of {off} ("{alias}")'
    if retail_grid(alias) is not None:
        pattern, _, year = alias.partition("@")
        day, month, rule = year.split("-")
        last = rule == "LAST"
        end = f"last {_WEEKDAYS[day]} of" if last else f"{_WEEKDAYS[day]} nearest to the end of"
        return f'one step a month of {pattern} weeks; years end on the {end} {_MONTH_NAMES[month]} ("{alias}")'
    step, _, pattern = alias.partition("@")
    digits = len(step) - len(step.lstrip("0123456789"))
    count, (unit, _, anchor) = int(step[:digits] or 1), step[digits:].partition("-")
    if not unit:
        return f"a step is {count}"
    name = _STEPS[unit]
    on = f" on {open_days(alias)}" if pattern else ""
    if unit == "MS" and anchor:
        on = f" on the {anchor}th, or the last day where there is none"
    if count == 1:
        article = "an" if name.startswith("hour") else "a"
        return f'one step {article} {name}{on} ("{alias}")'
    thing, _, day = name.partition("'s ")
    return f'one step every {count} {thing}s{f" on the {day}" if day not in ("", "end") else ""}{on} ("{alias}")'


def open_days(alias: str) -> str:
    """Return the days and hours of an alias such as "h@MON-FRI/09:00-17:00" in words."""
    pattern = alias.partition("@")[2].replace("/", " ").replace(",", ", ").replace("+", " and ").replace("-", " to ")
    return re.sub("[A-Z]{3}", lambda day: _WEEKDAYS[day[0]], pattern)
