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

_ONE = "One option"


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
    options = [option for group in groups_of(command).values() for option in parameters(group)]
    if program is not None:
        options += parameters(ProgramOption)

    def run(**values: Any) -> None:
        printed = program is not None and made(ProgramOption, values).python
        arguments = arguments_of(command, values)
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


def arguments_of(command: Callable[..., None], values: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a command from the values of its options by name, None for those not given."""
    given = {name for name, value in values.items() if value not in (None, [])}
    arguments = {}
    for name, group in groups_of(command).items():
        defaults = group.defaults_for(given) if hasattr(group, "defaults_for") else None
        filled = made(group, values, defaults)
        arguments[name] = getattr(filled, name) if group.__name__ == _ONE else filled
    return arguments


@functools.cache
def groups_of(command: Callable[..., None]) -> dict[str, Any]:
    """Return the dataclass of each parameter; one is made for a parameter that is an option itself."""
    hints = get_type_hints(command, include_extras=True)
    return {
        name: hints[name] if dataclasses.is_dataclass(hints[name]) else _group_of_one(name, hints[name], given.default)
        for name, given in inspect.signature(command).parameters.items()
    }


def _group_of_one(name: str, hint: Any, default: Any) -> Any:
    more = () if default is inspect.Parameter.empty else (default,)
    return dataclasses.make_dataclass(_ONE, [(name, hint, *more)])
