"""The time zone that offsets belong to, and local hours that stand twice in autumn."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.tables.grids import Times

# One zone for each set of rules in use, those of the most people first.
_ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "Europe/Helsinki", "Australia/Sydney", "Pacific/Auckland", "America/Halifax", "America/Anchorage",
    "America/St_Johns", "America/Santiago", "Asia/Jerusalem", "Europe/Chisinau", "Asia/Beirut", "Africa/Cairo",
    "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham", "America/Havana", "America/Adak",
    "Atlantic/Azores", "America/Nuuk", "America/Sao_Paulo", "America/Asuncion", "America/Mexico_City",
    "America/Tijuana", "Europe/Istanbul", "Europe/Moscow", "Asia/Tehran", "Asia/Amman", "Asia/Damascus",
    "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Yangon", "Asia/Kabul", "Australia/Darwin",
    "Australia/Eucla", "Pacific/Marquesas",
)  # fmt: skip


def zone_of_offsets(times: Times, minutes: NDArray[np.int64]) -> str | None:
    """A zone whose clocks differ from UTC by `minutes` (T,) at the UTC instants `times` (T,); None if there is none.

    One offset of whole hours for all belongs to a zone that knows no other.
    """
    first = int(minutes[0]) if len(minutes) else 0
    if np.all(minutes == first) and first % 60 == 0 and -12 <= first // 60 <= 14:
        # The zone database turns the sign round.
        return f"Etc/GMT{-first // 60:+d}" if first else "UTC"
    order = np.argsort(times, kind="stable")
    turns = np.flatnonzero(np.diff(minutes[order]))
    telling = order[np.unique(np.concatenate([[0], turns, turns + 1, [len(order) - 1]]))]
    for zone in _ZONES:
        if all(np.array_equal(_offsets(times[some], zone), minutes[some]) for some in (telling, order)):
            return zone
    return None


def _offsets(times: Times, zone: str) -> NDArray[np.int64]:
    local = pl.Series(times.astype("datetime64[us]")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_minutes().to_numpy()


def turned_back(times: Times) -> tuple[str, ...]:
    """The zones whose clocks showed each of these local times twice, being put back in between."""
    local = pl.Series(np.unique(times.astype("datetime64[us]")))
    return tuple(
        zone for zone in _ZONES if bool(np.all(_in_zone(local, zone, "earliest") < _in_zone(local, zone, "latest")))
    )


def told_apart(times: Times, second: NDArray[np.bool_], zone: str) -> Times | None:
    """UTC instants of local times in `zone`; those marked `second` are what its clocks showed the second time.

    None where there is a time that those clocks never showed.
    """
    local = pl.Series(times.astype("datetime64[us]"))
    early, late = _in_zone(local, zone, "earliest"), _in_zone(local, zone, "latest")
    return None if np.isnat(early).any() else np.where(second, late, early)


def _in_zone(local: pl.Series, zone: str, which: str) -> Times:
    utc = local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC")  # type: ignore[arg-type]
    return utc.to_physical().cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy().astype("datetime64[us]")
