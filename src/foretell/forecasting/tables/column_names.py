"""Usual names of columns, and what a name says about its column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

TIME_NAMES = (
    "ds", "date", "datetime", "date_time", "timestamp", "time", "day", "month", "week", "quarter", "period", "year",
    "t", "step", "index",
)  # fmt: skip
ID_NAMES = (
    "unique_id", "id", "item_id", "series_id", "series", "ts_id", "key", "name", "item", "sku", "product", "store",
    "symbol", "ticker", "station", "sensor",
)  # fmt: skip
TARGET_NAMES = ("y", "target", "value", "values", "sales", "demand", "quantity", "count")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Things of which there are many, each with its own history.
_THINGS = _words(
    "id ids uid uuid guid sku ean upc isin store shop branch outlet item product article station sensor "
    "machine device meter customer client patient user account site location city town country state province "
    "county district region zone warehouse depot plant factory symbol ticker series household building "
    "turbine pump vehicle route line restaurant hotel airport hospital school company firm brand department "
    "dept section family subject filiale artikel produkt kunde standort stadt land magasin produit ville pays "
    "tienda sucursal producto cliente ciudad pais negozio prodotto loja produto"
)
_IDENTIFIERS = _words("id ids uid uuid guid rownames")
# Words that may name a series but may also describe a day.
_LABELS = _words("name key code category channel group segment class label nr nbr no number num")
_MEASURES = _words(
    "y target value values val sales sale sold demand quantity qty count counts cnt amount amt total totals "
    "sum units volume vol revenue turnover income profit cost costs price prices spend load power energy "
    "consumption usage production output temp temperature humidity pressure rain rainfall wind speed flow "
    "level traffic visits visitors visitor customers clicks views orders passengers riders rides trips trip "
    "patients cases deaths returns transactions rate ratio share percent pct mean average avg median min max "
    "open high low close umsatz absatz menge wert anzahl preis ventes valeur quantite ventas valor cantidad "
    "vendite vendas"
)
# Things that change from day to day, whatever else their name says.
_PASSING = _words("event holiday promo promotion weather season campaign status flag day weekday week month")
_TIME_PARTS: dict[str, frozenset[str]] = {
    "year": _words("year years yr yyyy jahr annee année ano año anno calendar_year"),
    "quarter": _words("quarter qtr quartal trimestre trimestre q"),
    "month": _words("month months mon mth mnth mo mm monat mois mes mese month_number month_name month_num"),
    "week": _words("week weeks wk woche semaine semana settimana kw isoweek iso_week week_number weeknum"),
    "day": _words("day days dd dom mday tag jour dia día giorno day_of_month dayofmonth date_of_month"),
    "day of the year": _words("doy yday dayofyear day_of_year julian_day julian"),
    "hour": _words(
        "hour hours hr hrs hh h he hour_of_day hourofday time time_of_day timeofday tod clock stunde uhrzeit zeit "
        "heure hora ora"
    ),
    "minute": _words("minute minutes min mins mi"),
    "second": _words("second seconds sec secs ss"),
}
_CALENDAR = _words(
    "weekday wday dow dayofweek day_of_week weekend weekofyear week_of_year wochentag jour_semaine season"
)


@lru_cache(maxsize=4_096)
def words_of(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words: `Weekly_Sales`, `weeklySales`, `weekly-sales` give `("weekly", "sales")`."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[^\W_]+", split.lower()))


def usual_name(names: Iterable[str], usual: tuple[str, ...]) -> str | None:
    """Return the first of the usual names that is among the names, as it is written there."""
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(name.strip().lower(), name)
    return next((lowered[name] for name in usual if name in lowered), None)


def measures(name: str) -> bool:
    """Return whether a name is that of something measured or counted, whose numbers never name a series."""
    words = words_of(name)
    return bool(_MEASURES.intersection(words)) and not _is_thing(words)


def names_things(name: str) -> bool:
    """Return whether a name is that of things with a history each: stores, sensors, ids."""
    words = words_of(name)
    return (_is_thing(words) or name.strip().lower() in ID_NAMES) and not _PASSING.intersection(words)


def identifies(name: str) -> bool:
    """Return whether a name is that of a number that only identifies something: order_id, CustomerID."""
    words = words_of(name)
    return bool(words) and words[-1] in _IDENTIFIERS


def may_name_things(name: str) -> bool:
    """Return whether a name is that of a label, of things or of days."""
    words = words_of(name)
    is_label = bool(words) and words[-1] in _LABELS and not (_MEASURES | _PASSING).intersection(words)
    return names_things(name) or is_label


def _is_thing(words: tuple[str, ...]) -> bool:
    """Return whether words name a thing: store, store_nbr and sales_region do, items_sold and store_sales do not."""
    while words and words[-1] in _LABELS:
        words = words[:-1]
    return bool(words) and (words[-1] in _THINGS or (words[0] in _THINGS and not _MEASURES.intersection(words)))


def time_part(name: str) -> str | None:
    """Return the part of a time that a column's name indicates, such as `month`, or None."""
    plain = "_".join(words_of(name))
    for part, names in _TIME_PARTS.items():
        if plain in names:
            return part
    return None


def tells_the_calendar(name: str) -> bool:
    """Return whether a name is that of a part of a time, a weekday or a season."""
    return time_part(name) is not None or "_".join(words_of(name)) in _CALENDAR
