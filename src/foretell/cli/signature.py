"""Commands that take their options in groups: each group a dataclass, each of its declared fields an option."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

from foretell.cli.declared_options import made, parameters
from foretell.cli.exit_status import guarded
from foretell.declaration import MESSAGES, Setting


@dataclass(frozen=True)
class ProgramOption:
    """The option of commands that have a Python program."""

    python: Annotated[bool, Setting("Print the Python program that does the same, and do nothing else.", MESSAGES)] = (
        False
    )


def as_command(command: Callable[..., None], program: Callable[..., str] | None = None) -> Callable[..., None]:
    """Return the guarded `command` for typer, with the fields of its dataclass parameters as options.

    A parameter that is `Annotated` with a `Setting` is an option too. `program` takes the same arguments, and returns
    the Python program that `--python` prints.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {
        name: hints[name] if dataclasses.is_dataclass(hints[name]) else _group_of_one(name, hints[name], given.default)
        for name, given in inspect.signature(command).parameters.items()
    }
    options = [option for group in groups.values() for option in parameters(group)]
    if program is not None:
        options += parameters(ProgramOption)

    def run(**values: Any) -> None:
        given = {name for name, value in values.items() if value not in (None, [])}
        printed = program is not None and made(ProgramOption, values).python
        arguments = {}
        for name, group in groups.items():
            defaults = group.defaults_for(given) if hasattr(group, "defaults_for") else None
            filled = made(group, values, defaults)
            arguments[name] = filled if group is hints[name] else getattr(filled, name)
        if program is not None and printed:
            print(program(**arguments), end="")
        else:
            command(**arguments)

    @functools.wraps(command)
    def spread(**values: Any) -> None:
        guarded(lambda: run(**values), debug=bool(values.get("debug")))

    spread.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    spread.__annotations__ = {option.name: option.annotation for option in options}
    return spread


def _group_of_one(name: str, hint: Any, default: Any) -> Any:
    more = () if default is inspect.Parameter.empty else (default,)
    return dataclasses.make_dataclass("Group", [(name, hint, *more)])
