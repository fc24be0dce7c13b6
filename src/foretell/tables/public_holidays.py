"""Public holidays of countries, their regions, and stock exchanges, from the package holidays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from foretell.errors import SettingsError
from foretell.optional import load


@lru_cache(maxsize=64)
def public_holidays(place: str, first: int, last: int) -> Mapping[date, str]:
    """Return the holidays of a place in the years `first` to `last`, with their names.

    `place` is the code of a country (`US`), one with a region (`DE-BY`), or of a stock exchange (`NYSE`). Raises
    SettingsError for one that does not exist, with similar ones, and MissingExtraError without the package.
    """
    library = load("holidays", "knows public holidays", "holidays")
    years = range(first, last + 1)
    country, _, region = place.strip().partition("-")
    countries: dict[str, list[str]] = library.list_supported_countries()
    exchanges: dict[str, list[str]] = library.list_supported_financial()
    if not region and country.upper() in exchanges:
        return dict(library.financial_holidays(country.upper(), years=years))
    if country.upper() not in countries:
        raise SettingsError(f"there are no holidays of {place!r}; {_near(country, countries, exchanges, library)}")
    regions = {name.upper(): name for name in countries[country.upper()]}
    if region and region.upper() not in regions:
        near = get_close_matches(region.upper(), regions, n=3, cutoff=0.4) or list(regions)[:12]
        shown = ", ".join(f"{country.upper()}-{name}" for name in near) or f"none, so give {country.upper()}"
        raise SettingsError(f"there are no holidays of {place!r}; regions of {country.upper()} are {shown}")
    subdivision = regions[region.upper()] if region else None
    return dict(library.country_holidays(country.upper(), subdiv=subdivision, years=years))


def _near(name: str, countries: Mapping[str, Any], exchanges: Mapping[str, Any], library: Any) -> str:
    """Return which countries or exchanges may be meant, by their codes and their names."""
    named = {
        entry.replace("_", " "): next(code for code in codes if code in countries)
        for entry, codes in library.registry.COUNTRIES.items()
        if any(code in countries for code in codes)
    }
    by_name = [f"{named[full]} ({full.title()})" for full in get_close_matches(name.lower(), named, n=2, cutoff=0.6)]
    by_code = get_close_matches(name.upper(), [*countries, *exchanges], n=3, cutoff=0.5)
    found = list(dict.fromkeys([*by_name, *by_code]))
    if found:
        return f"did you mean {' or '.join(found)}?"
    return "give the code of a country (US), one with a region (DE-BY), or that of a stock exchange (NYSE)"
