"""Questions: the options of a request, declared once for query, JSON and the description of the interface."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from foretell.declaration import COVARIATES, DATA, FORECAST, NETWORK, TRAINING, Declared, Setting, declared
from foretell.errors import SettingsError
from foretell.field_types import read_value, settle_fields
from foretell.forecasting.settings import ModelName, PresetName
from foretell.forecasting.tables.columns import Columns

Q = TypeVar("Q")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True)
class TableQuestion:
    """How the table of a request is to be read."""

    id: Annotated[str | None, Setting("Column that identifies the series of a long table.", DATA)] = None
    time: Annotated[str | None, Setting("Column of time stamps; detected if not given.", DATA)] = None
    target: Annotated[tuple[str, ...], Setting("Column to forecast; repeat it for several of a wide table.", DATA)] = ()
    known: Annotated[
        tuple[str, ...], Setting("Column whose future values are known; repeat it for several.", COVARIATES)
    ] = ()
    static: Annotated[
        tuple[str, ...], Setting("Column that is constant within a series; repeat it for several.", COVARIATES)
    ] = ()
    layout: Annotated[Literal["auto", "long", "wide"], Setting("Layout of the table.", DATA)] = "auto"
    hierarchy: Annotated[
        tuple[str, ...], Setting("Column of a level of a hierarchy; repeat it, from the top down.", DATA)
    ] = ()
    frequency: Annotated[str | None, Setting("Length of a time step, such as D or 15min.", DATA)] = None
    encoding: Annotated[str | None, Setting("Encoding of delimited text that is not UTF-8.", DATA)] = None

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def columns(self) -> Columns:
        """Return the columns as the reader of tables takes them."""
        return Columns(
            id=self.id,
            time=self.time,
            target=self.target[0] if len(self.target) == 1 else self.target or None,
            known=self.known,
            static=self.static,
            layout=self.layout,
            hierarchy=self.hierarchy,
            frequency=self.frequency,
        )


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
    fields = {field.name: field for field in declared(cast(Any, kind)) if field.setting is not None}
    texts: dict[str, list[str]] = {}
    for name, text in query:
        texts.setdefault(name, []).append(text)
    for name in [*texts, *options]:
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(fields)}"
            raise SettingsError(f"there is no option {name!r}; {hint}")
        if name in texts and name in options:
            raise SettingsError(f"option {name!r} stands in the query and in the body: give it once")
    values: dict[str, Any] = {}
    for name, given in texts.items():
        values[name] = _from_text(fields[name], given)
    for name, value in options.items():
        field = fields[name]
        several = _is_list(field.hint) and value is not None and not isinstance(value, list)
        values[name] = _checked(field, [value] if several else value)
    return kind(**{name: value for name, value in values.items() if value is not None})


def parameters(kind: Any) -> list[dict[str, Any]]:
    """Return the options of a question as OpenAPI describes the parameters of a query."""
    return [
        {
            "name": field.name,
            "in": "query",
            "description": field.setting.help,
            "required": False,
            "schema": schema(field),
        }
        for field in declared(kind)
        if field.setting is not None
    ]


def schema(field: Declared) -> dict[str, Any]:
    """Return the JSON schema of an option."""
    hint, plain = _without_none(field.hint), {int: "integer", float: "number", str: "string", bool: "boolean"}
    assert field.setting is not None
    bounds = {"minimum": field.setting.at_least, "exclusiveMinimum": field.setting.above}
    limits = {name: bound for name, bound in bounds.items() if bound is not None}
    default = (
        {}
        if field.default is None
        else {"default": list(field.default) if isinstance(field.default, tuple) else field.default}
    )
    if get_origin(hint) is tuple:
        return {"type": "array", "items": {"type": plain[get_args(hint)[0]], **limits}, **default}
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint)), **default}
    return {"type": plain[hint], **limits, **default}


def _from_text(field: Declared, given: list[str]) -> Any:
    hint = _without_none(field.hint)
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        # A column's name may hold a comma, a number does not.
        cells = given if inner is str else [cell for text in given for cell in text.split(",")]
        return _checked(field, [_number(field, inner, cell) for cell in cells])
    if len(given) > 1:
        raise SettingsError(f"{field.name} is given {len(given)} times: give it once")
    return _checked(field, _number(field, hint, given[0]))


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


def _checked(field: Declared, value: Any) -> Any:
    try:
        return None if value is None else read_value(field.hint, value)
    except ValueError as error:
        raise SettingsError(f"{field.name} is {value!r}: it must be {error}") from None


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(kind for kind in get_args(hint) if kind is not NoneType)
    return hint


def _is_list(hint: Any) -> bool:
    return get_origin(_without_none(hint)) is tuple
