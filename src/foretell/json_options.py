"""Options of a dataclass as JSON gives them, and the JSON schema that describes them."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import NoneType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from foretell.declaration import Declared, declared
from foretell.errors import SettingsError
from foretell.field_types import read_value

T = TypeVar("T")


def options_of(kind: Any) -> dict[str, Declared]:
    """Return the fields of a dataclass that are options, by name."""
    return {field.name: field for field in declared(kind) if field.setting is not None}


def from_options(kind: type[T], options: Mapping[str, Any]) -> T:
    """Return the dataclass of the options in a JSON object, in which null stands for one that is not given.

    Raises SettingsError, naming the option, for one that is unknown, missing, or has an unsuitable value.
    """
    fields = options_of(cast(Any, kind))
    for name in options:
        require_option(name, fields)
    values = {name: checked(fields[name], value) for name, value in options.items() if value is not None}
    for name, field in fields.items():
        if field.required and name not in values:
            raise SettingsError(f"{name} is missing: {field.setting.help if field.setting else ''}")
    return kind(**values)


def require_option(name: str, options: Iterable[str]) -> None:
    """Raise SettingsError, with the nearest name, unless there is such an option."""
    if name not in options:
        near = get_close_matches(name, options, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(options)}"
        raise SettingsError(f"there is no option {name!r}; {hint}")


def checked(field: Declared, value: Any) -> Any:
    """Return the value of an option; one value stands for a list of it. Raises SettingsError for another type."""
    if value is None:
        return None
    if get_origin(without_none(field.hint)) is tuple and not isinstance(value, list | tuple):
        value = [value]
    try:
        return read_value(field.hint, value)
    except ValueError as error:
        raise SettingsError(f"{field.name} is {value!r}: it must be {error}") from None


def object_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of an object with the options of a dataclass, and no others."""
    fields = options_of(kind)
    return {
        "type": "object",
        "properties": {
            name: {**schema(field), "description": field.setting.help}
            for name, field in fields.items()
            if field.setting
        },
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def schema(field: Declared) -> dict[str, Any]:
    """Return the JSON schema of an option."""
    hint, plain = without_none(field.hint), {int: "integer", float: "number", str: "string", bool: "boolean"}
    setting = field.setting
    assert setting is not None
    bounds = {
        "minimum": setting.at_least,
        "maximum": setting.at_most,
        "exclusiveMinimum": setting.above,
        "exclusiveMaximum": setting.below,
    }
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


def without_none(hint: Any) -> Any:
    """Return the type of an option that may be None."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(kind for kind in get_args(hint) if kind is not NoneType)
    return hint
