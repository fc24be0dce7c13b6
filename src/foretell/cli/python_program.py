"""Python programs as text: calls and values, laid out as a formatter would, with the imports that they need."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True)
class Plain:
    """Python that stands as it is, such as the name of a variable."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call whose arguments are values, `Plain` or further calls."""

    function: str
    positional: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


class Program:
    """A program that is written from its first line to its last; its imports are collected on the way."""

    def __init__(self, about: str) -> None:
        """`about`: a sentence that says what the program does."""
        self._about = about
        self._imports: dict[str, set[str]] = {}
        self._lines: list[str] = []

    def uses(self, module: str, *names: str) -> None:
        """Import names of a module."""
        self._imports.setdefault(module, set()).update(names)

    def public(self, place: str) -> str:
        """Import what is at `package.module:NAME` from the outermost package that makes it public; return its name."""
        module, name = place.split(":")
        parts = module.split(".")
        for count in range(1, len(parts)):
            package = importlib.import_module(".".join(parts[:count]))
            if name in getattr(package, "__all__", ()):
                module = package.__name__
                break
        self.uses(module, name)
        return name

    def line(self, text: str = "", indent: int = 0) -> None:
        """Add a line as it stands; an empty one if there is none before it."""
        if text or (self._lines and self._lines[-1]):
            self._lines.append(_INDENT * indent + text if text else "")

    def statement(self, target: str, value: Any, indent: int = 0) -> None:
        """Add `target = value`, or the value alone where the target is empty."""
        start = f"{target} = " if target else ""
        laid = self._laid(value, len(start), indent)
        self._lines.append(_INDENT * indent + start + laid)

    def text(self) -> str:
        """Return the program."""
        parts = [f"# {self._about}\n"]
        standard = {module: names for module, names in self._imports.items() if module.partition(".")[0] != "foretell"}
        for group in (standard, {m: n for m, n in self._imports.items() if m not in standard}):
            if group:
                parts.append("".join(_import(module, sorted(group[module], key=_order)) for module in sorted(group)))
        return "\n".join([*parts, "\n".join(self._lines).strip() + "\n"])

    def _laid(self, value: Any, taken: int, indent: int) -> str:
        """A value on one line, or with an argument per line where that is too long."""
        value = self._as_call(value)
        line = self._on_one_line(value)
        if not isinstance(value, Call) or len(_INDENT) * indent + taken + len(line) <= _WIDTH:
            return line
        rows = [self._laid(one, 0, indent + 1) for one in value.positional]
        rows += [f"{name}={self._laid(one, len(name) + 1, indent + 1)}" for name, one in value.keywords.items()]
        inner = "".join(f"{_INDENT * (indent + 1)}{row},\n" for row in rows)
        return f"{value.function}(\n{inner}{_INDENT * indent})"

    def _on_one_line(self, value: Any) -> str:
        value = self._as_call(value)
        if isinstance(value, Plain):
            return value.text
        if isinstance(value, Call):
            arguments = [self._on_one_line(one) for one in value.positional]
            arguments += [f"{name}={self._on_one_line(one)}" for name, one in value.keywords.items()]
            return f"{value.function}({', '.join(arguments)})"
        if isinstance(value, tuple | list):
            rows = ", ".join(map(self._on_one_line, value))
            return f"[{rows}]" if isinstance(value, list) else f"({rows},)" if len(value) == 1 else f"({rows})"
        return _quoted(str(value)) if isinstance(value, str | Path) else repr(value)

    def _as_call(self, value: Any) -> Any:
        """A dataclass as the call that makes it, of the fields that are not as by default."""
        if isinstance(value, Plain | Call) or not dataclasses.is_dataclass(value) or isinstance(value, type):
            return value
        kind = type(value)
        self.public(f"{kind.__module__}:{kind.__name__}")
        fields = [f for f in dataclasses.fields(value) if f.init and getattr(value, f.name) != _default(f)]
        return Call(kind.__name__, (), {f.name: getattr(value, f.name) for f in fields})


def given(options: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return the options that are not as by default; None and nothing are the default of those not named."""
    return {
        name: value
        for name, value in options.items()
        if (value != defaults[name] if name in defaults else value not in (None, (), [], ""))
    }


def _default(declared: dataclasses.Field[Any]) -> Any:
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return declared.default


def _quoted(text: str) -> str:
    """A string in double quotes where that needs no more escapes."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text and "\\'" not in plain else plain


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= _WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"{_INDENT}{name},\n" for name in names) + ")\n"


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as formatters sort them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name.lower()
