"""Conversion between declared dataclass fields and command-line options."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import typer

from foretell.declaration import GROUPS, Declared, Setting, declared
from foretell.errors import SettingsError

_NOTHING = "none"
"""The value on the command line that stands for None where None is not the default."""
_METAVARS: dict[Any, str] = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def parameters(kind: Any, defaults: Any = None) -> list[inspect.Parameter]:
    """Return a parameter for each field that declares a setting, including those of nested dataclasses.

    `defaults`: an instance whose values are shown as defaults instead of the fields' own. An option not given is None.
    """
    return [
        _parameter(field, field.setting, default)
        for field, default in with_defaults(kind, defaults)
        if field.setting is not None and not field.setting.by_hand
    ]


def made(kind: Any, values: dict[str, Any], defaults: Any = None) -> Any:
    """The dataclass that those parameters stand for, by `values`, which lose theirs; raises what it does."""
    refuse_twice(kind, values)
    given: dict[str, Any] = {}
    for field in declared(kind):
        if dataclasses.is_dataclass(field.hint):
            default = field.default if defaults is None else getattr(defaults, field.name)
            given[field.name] = made(field.hint, values, default)
        elif field.setting is not None and not field.setting.by_hand and field.name in values:
            value = values.pop(field.name)
            if value == _NOTHING and NoneType in get_args(field.hint):
                given[field.name] = None
            elif value is not None and value != []:
                given[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**given) if defaults is None else dataclasses.replace(defaults, **given)


def refuse_twice(kind: Any, values: dict[str, Any]) -> None:
    """Raise SettingsError where several options that exclude each other are given."""
    given: dict[str, list[str]] = {}
    for field, _ in with_defaults(kind):
        if field.setting is not None and field.setting.exclusive and values.get(field.name) is not None:
            given.setdefault(field.setting.exclusive, []).append(option_of(field))
    for what, names in given.items():
        if len(names) > 1:
            raise SettingsError(f"{' and '.join(names)} each set {what}: give only one")


def with_defaults(kind: Any, defaults: Any = None) -> list[tuple[Declared, Any]]:
    """Return all fields with their defaults, including those of nested dataclasses, group by group."""
    found: list[tuple[Declared, Any]] = []
    for field in declared(kind):
        default = field.default if defaults is None else getattr(defaults, field.name)
        found += with_defaults(field.hint, default) if dataclasses.is_dataclass(field.hint) else [(field, default)]
    return sorted(found, key=lambda pair: GROUPS.index(pair[0].group) if pair[0].group in GROUPS else -1)


def option_of(field: Declared) -> str:
    """Return the name of a field on the command line, such as --learning-rate."""
    setting = field.setting
    name = setting.option if setting is not None and setting.option else field.name
    return "--" + name.replace("_", "-")


def shown_default(value: Any, setting: Setting) -> str:
    """Return a default of a setting as help and documentation show it; empty for None and for none of several."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(shown_default(one, setting) for one in value)
    if isinstance(value, int) and not setting.identifies:
        return f"{value:,}"
    return "" if value is None else str(value)


def _parameter(field: Declared, setting: Setting, default: Any) -> inspect.Parameter:
    hint, optional = _plain(field.hint)
    many = get_origin(hint) is tuple
    hint = list[get_args(hint)[0]] if many else hint  # type: ignore[misc]
    metavar = setting.metavar or _metavar(field, hint, setting)
    shown = shown_default(default, setting) if default is not False and not field.required else ""
    shared: dict[str, Any] = {"help": setting.help + (f" [dim]\\[default: {shown}][/dim]" if shown else "")}
    if metavar is not None:
        shared["metavar"] = metavar
    if setting.positional:
        info = typer.Argument(show_default=False, **shared)
        empty = inspect.Parameter.empty if field.required else default
        return _keyword(field.name, empty, Annotated[hint if field.required else hint | None, info])
    if optional and default is not None:
        # Only such an option accepts the value none.
        shared["parser"] = _or_nothing(hint)
    names = [option_of(field), *([setting.short] if setting.short else [])]
    if hint is bool:
        shared.pop("metavar", None)
        names[0] += f"/--no-{names[0][2:]}" if default or optional else ""
    info = typer.Option(*names, show_default=False, rich_help_panel=setting.group, **shared)
    if field.required:
        return _keyword(field.name, inspect.Parameter.empty, Annotated[hint, info])
    return _keyword(field.name, None, Annotated[hint | None, info])


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _plain(hint: Any) -> tuple[Any, bool]:
    """Return a type hint without None, and whether it included None."""
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0], len(kinds) < len(get_args(hint))


def _metavar(field: Declared, hint: Any, setting: Setting) -> str | None:
    if setting.positional:
        return field.name.upper()
    if get_origin(hint) is Literal or hint is bool:
        return None
    share = hint is float and setting.at_least == 0 and 1 in (setting.below, setting.at_most)
    return "SHARE" if share else _METAVARS.get(get_args(hint)[0] if get_origin(hint) is list else hint, "X")


def _or_nothing(hint: Any) -> Any:
    def parse(text: str) -> Any:
        return _NOTHING if text.lower() == _NOTHING else cast(Any, hint)(text)

    parse.__name__ = f"{hint.__name__} or {_NOTHING}"
    return parse
