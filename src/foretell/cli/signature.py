"""Commands that take their options in groups: each group a dataclass, each of its fields an option."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from foretell.cli.declared_options import made, parameters
from foretell.cli.exit_status import guarded
from foretell.declaration import declared


def as_command(command: Callable[..., None]) -> Callable[..., None]:
    """Return the guarded `command` for typer, with the fields of its dataclass parameters as options."""
    groups: dict[str, Any] = {}
    spread_out = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            groups[name] = hints[name]
            spread_out += parameters(hints[name]) if _declares(hints[name]) else _spread(hints[name])
        else:
            spread_out.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    def run(**values: Any) -> None:
        for name, kind in groups.items():
            if _declares(kind):
                values[name] = made(kind, values)
            else:
                values[name] = kind(**{field.name: values.pop(field.name) for field in dataclasses.fields(kind)})
        command(**values)

    @functools.wraps(command)
    def spread(**values: Any) -> None:
        guarded(lambda: run(**values), debug=bool(values.get("debug")))

    spread.__signature__ = inspect.Signature(spread_out)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in spread_out}
    return spread


def _declares(kind: Any) -> bool:
    """Return whether a dataclass declares its fields as settings, not as typer options."""
    return not dataclasses.fields(kind) or any(
        field.setting is not None or dataclasses.is_dataclass(field.hint) for field in declared(kind)
    )


def _spread(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(kind)
    ]
