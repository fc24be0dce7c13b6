"""Checks of dataclass fields against their annotations, and conversion to and from JSON.

They serve settings from users and descriptions from files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from foretell.declaration import declared
from foretell.errors import SettingsError

T = TypeVar("T")


class UnlikeError(ValueError):
    """A JSON object whose fields do not match the dataclass that it should become."""


def settle_fields(instance: Any, shown: str = "{} is {!r}") -> None:
    """Check every field of a dataclass against its annotation; call it first in `__post_init__`.

    NumPy numbers become Python numbers, and a list becomes a tuple where one is declared. Raises SettingsError, which
    names the field and its value, formatted by `shown`, and says what it must be, by its type and the bounds of its
    `Setting`.
    """
    for field in declared(cast(Any, type(instance))):
        given = getattr(instance, field.name)
        try:
            settled = read_value(field.hint, given)
        except ValueError as error:
            raise SettingsError(f"{shown.format(field.name, given)}: it must be {error}") from None
        if field.setting is not None and not field.setting.allows(settled):
            each, none = "each " * isinstance(settled, tuple), ", or None" * (NoneType in get_args(field.hint))
            rule = field.setting.rule or "a finite number"
            raise SettingsError(f"{shown.format(field.name, given)}: it must {each}be {rule}{none}")
        if settled is not given:
            object.__setattr__(instance, field.name, settled)


def require(instance: Any, name: str, rule: str, holds: bool) -> None:
    """Raise SettingsError, naming a field, its value and its rule, unless it `holds`: for rules over several fields."""
    if not holds:
        raise SettingsError(f"{name} is {getattr(instance, name)!r}: it {rule}")


def to_plain(value: Any) -> Any:
    """What JSON holds of a value: a dataclass as an object, a type of its own by its `to_json`."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
    if isinstance(value, Mapping):
        return {key: to_plain(inner) for key, inner in value.items()}
    return [to_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def from_plain(kind: type[T], plain: Any) -> T:
    """Build a dataclass from a JSON object. Raises ValueError where its fields or their types differ.

    A field with a default may be missing, because an older version may not have had it.
    """
    if not isinstance(plain, Mapping):
        raise UnlikeError(f"{kind.__name__} is {_shortened(plain)}, not an object")
    fields = {field.name: field for field in declared(cast(Any, kind))}
    for name in plain:
        if name not in fields:
            raise UnlikeError(f"{kind.__name__} has no field {_shortened(name)}")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in plain:
            try:
                values[name] = read_value(field.hint, plain[name])
            except (UnlikeError, SettingsError):
                raise
            except ValueError as error:
                raise UnlikeError(f"{name} is {_shortened(plain[name])}: it must be {error}") from None
        elif field.required:
            raise UnlikeError(f"{kind.__name__} lacks {name}")
    return kind(**values)


def read_value(hint: Any, value: Any) -> Any:
    """Return the value if it matches the annotation. Raises ValueError with what it must be, such as "a whole number".

    Supports int, float, str, bool, None, Literal, unions, tuples, mappings from str, dataclasses, and types with a
    `from_json`. A float may be NaN or infinite; the caller checks its range.
    """
    if hint in _SIMPLE:
        return _SIMPLE[hint](value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise ValueError(f"one of {', '.join(map(str, arguments))}")
        return value
    if origin in (Union, UnionType):
        return _one_of(arguments, value)
    if origin is tuple:
        return _tuple(arguments, value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ValueError("an object with names")
        return {key: read_value(arguments[1], inner) for key, inner in value.items()}
    if hasattr(hint, "from_json"):
        return value if isinstance(value, hint) else hint.from_json(value)
    if dataclasses.is_dataclass(hint):
        return value if isinstance(value, cast(type, hint)) else from_plain(cast(type, hint), value)
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError("a whole number")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError("a number")
    return _whole(value) if isinstance(value, Integral) else float(value)


def _truth(value: Any) -> bool:
    if type(value).__name__ not in ("bool", "bool_"):  # numpy's has been called both
        raise ValueError("True or False")
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise ValueError("None")


def _anything(value: Any) -> Any:
    return value


_SIMPLE: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _truth,
    str: _text,
    NoneType: _nothing,
    Any: _anything,
}


def _one_of(hints: tuple[Any, ...], value: Any) -> Any:
    if value is None and NoneType in hints:
        return None
    rules = []
    for hint in hints:
        try:
            return read_value(hint, value)
        except ValueError as error:
            rules.append(str(error))
    raise ValueError(", or ".join(rules))


def _tuple(hints: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"a list, each {_rule(hints[0])}" if Ellipsis in hints else f"a list of {len(hints)}")
    if Ellipsis in hints:
        hints = (hints[0],) * len(value)
    if len(hints) != len(value):
        raise ValueError(f"a list of {len(hints)}")
    try:
        read = tuple(read_value(hint, inner) for hint, inner in zip(hints, value, strict=True))
    except ValueError as error:
        raise ValueError(f"a list, each {error}") from None
    same = type(value) is tuple and all(new is old for new, old in zip(read, value, strict=True))
    return cast(tuple[Any, ...], value) if same else read


def _rule(hint: Any) -> str:
    return {int: "a whole number", float: "a number", str: "a string"}.get(hint, "of its type")


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
