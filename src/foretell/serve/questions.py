"""Questions: the options of a request, declared once for query, JSON and the description of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

from foretell.declaration import DATA, FORECAST, NETWORK, TRAINING, Declared, Setting
from foretell.errors import SettingsError
from foretell.forecasting.settings import ModelName, PresetName
from foretell.forecasting.tables.question import TableQuestion
from foretell.json_options import from_options, options_of, require_option, schema, without_none

Q = TypeVar("Q")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True)
class ForecastQuestion(TableQuestion):
    """A forecast of a table."""

    model: Annotated[
        str | None,
        Setting("Name of the model: one of /v1/models, a fitted job, or pretrained; the first of them if not given."),
    ] = None
    horizon: Annotated[
        int | None,
        Setting("Number of steps; what the model was fitted for, or 24, if not given.", FORECAST, at_least=1),
    ] = None
    level: Annotated[
        tuple[int, ...] | None, Setting("Level of an interval, in percent; repeat it for several.", FORECAST)
    ] = None


@dataclass(frozen=True, kw_only=True)
class FitQuestion(TableQuestion):
    """A model to be fitted to a table."""

    horizon: Annotated[int, Setting("Number of steps to forecast.", FORECAST, at_least=1)] = 24
    level: Annotated[tuple[int, ...], Setting("Level of an interval, in percent.", FORECAST)] = (80, 95)
    quantile: Annotated[
        tuple[float, ...] | None,
        Setting("Quantile with a column of its own, such as 0.05.", FORECAST, above=0, below=1),
    ] = None
    non_negative: Annotated[
        bool | None, Setting("Keep forecasts at 0 or above; where no value is negative, if not given.", FORECAST)
    ] = None
    model: Annotated[ModelName, Setting("Model to fit.", NETWORK)] = "auto"
    preset: Annotated[PresetName | None, Setting("Length of training: instant, fast or best.", TRAINING)] = None
    minutes: Annotated[float | None, Setting("Time budget of training, in minutes.", TRAINING, above=0)] = None
    steps: Annotated[int | None, Setting("Number of training steps.", TRAINING, at_least=1)] = None
    hidden: Annotated[int | None, Setting("Hidden size of the network.", NETWORK, at_least=1)] = None
    layers: Annotated[int | None, Setting("Number of layers of the network.", NETWORK, at_least=1)] = None
    season: Annotated[tuple[int, ...] | None, Setting("Length of a season, in steps.", FORECAST, at_least=2)] = None
    windows: Annotated[int | None, Setting("Number of backtest windows; 0 for none.", FORECAST, at_least=0)] = None
    seed: Annotated[int, Setting("Seed of the random numbers.", TRAINING, at_least=0)] = 0
    name: Annotated[str | None, Setting("Name of the data, for titles.", DATA)] = None


def asked(kind: type[Q], query: Sequence[tuple[str, str]], options: Mapping[str, Any]) -> Q:
    """Return the question of a request: options in its `query`, as text, and those in its JSON.

    Raises SettingsError, naming the option, for one that is unknown, given twice, or has an unsuitable value.
    """
    fields = options_of(kind)
    texts: dict[str, list[str]] = {}
    for name, text in query:
        texts.setdefault(name, []).append(text)
    for name in texts:
        require_option(name, fields)
        if name in options:
            raise SettingsError(f"option {name!r} stands in the query and in the body: give it once")
    return from_options(kind, {**options, **{name: _from_text(fields[name], given) for name, given in texts.items()}})


def parameters(kind: Any) -> list[dict[str, Any]]:
    """Return the options of a question as OpenAPI describes the parameters of a query."""
    return [
        {
            "name": name,
            "in": "query",
            "description": field.setting.help,
            "required": False,
            "schema": schema(field),
        }
        for name, field in options_of(kind).items()
        if field.setting is not None
    ]


def _from_text(field: Declared, given: list[str]) -> Any:
    hint = without_none(field.hint)
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        # A column's name may hold a comma, a number does not.
        cells = given if inner is str else [cell for text in given for cell in text.split(",")]
        return [_number(field, inner, cell) for cell in cells]
    if len(given) > 1:
        raise SettingsError(f"{field.name} is given {len(given)} times: give it once")
    return _number(field, hint, given[0])


def _number(field: Declared, hint: Any, text: str) -> Any:
    if hint is bool:
        if text.lower() not in _TRUTHS:
            raise SettingsError(f"{field.name} is {text!r}: it must be true or false")
        return _TRUTHS[text.lower()]
    if hint not in (int, float):
        return text
    try:
        return hint(text)
    except ValueError:
        whole = "a whole number" if hint is int else "a number"
        raise SettingsError(f"{field.name} is {text!r}: it must be {whole}") from None
