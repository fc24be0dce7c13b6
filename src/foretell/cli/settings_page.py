"""The page of all settings, generated from their declarations: `python -m foretell.cli.settings_page > settings.md`."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin

from foretell.cli.declared_options import option_of, shown_default, with_defaults
from foretell.model.registry import KINDS

_NAMES = {int: "whole number", float: "number", bool: "yes or no", str: "text"}


def page() -> str:
    """Return the page in Markdown."""
    parts = [
        "# Settings",
        "The settings of `foretell forecast`, `foretell fit` and each `foretell KIND train`. In Python they are\n"
        "fields of `ForecastSettings` or of the kind's settings class; those of training are in `settings.training`.\n"
        "Types and bounds are checked in both places.",
    ]
    for name, entry in KINDS.items():
        command = name if entry.taken_by else f"{name} train"
        parts += [f"## `foretell {command}`", entry.help, _table(entry.described.settings)]
    return "\n\n".join(parts) + "\n"


def _table(kind: Any) -> str:
    rows = ["| option | value | default | description |", "|---|---|---|---|"]
    for field, default in with_defaults(kind):
        if field.setting is not None:
            none = ", or none" if NoneType in get_args(field.hint) else ""
            value = " ".join(filter(None, (_type(field.hint), field.setting.rule))) + none
            shown = shown_default(default, field.setting) or "none"
            rows.append(f"| `{option_of(field)}` | {value} | {shown} | {field.setting.help} |")
    return "\n".join(rows)


def _type(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f"`{name}`" for name in get_args(hint))
    if get_origin(hint) is tuple:
        return f"{_type(get_args(hint)[0])}s"
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] or [hint]
    return ", ".join(_NAMES.get(kind, "") or _type(kind) for kind in kinds)


if __name__ == "__main__":
    print(page(), end="")
