"""The reference of every command and option, made from the declarations that `--help` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

from foretell.cli.app import app

PAGE = "reference/commands.md"
_HEAD = """# Commands and options

Every command with its options and their defaults, as `foretell COMMAND --help` prints them. [The command
line](command-line.md) explains how they work together.
"""
_MARKUP = re.compile(r"\[/?[a-z ]+\]")
_EXAMPLE = re.compile(r"^(?P<what>\S.*):\n  (?P<line>foretell .*)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to those in docs/."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=command_page()))
    return files


def command_page() -> str:
    """The page, a section for each command."""
    root = typer.main.get_command(app)
    return "\n".join([_HEAD, *(_section(command, context) for command, context in _commands(root, _context(root)))])


def _context(command: Any, name: str = "foretell", parent: Any = None) -> Any:
    return command.context_class(command, info_name=name, parent=parent)


def _commands(command: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    if not hasattr(command, "list_commands"):
        yield command, context
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        yield from _commands(below, _context(below, name, context))


def _section(command: Any, context: Any) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}\n", f"```\n{usage}\n```\n", f"{command.help}\n"]
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if (record := parameter.get_help_record(context)) is not None:
            panel = getattr(parameter, "rich_help_panel", None) or "Arguments and options"
            panels.setdefault(panel, []).append(_row(*record))
    for panel, rows in panels.items():
        parts.append("\n".join([f"| {panel} | |", "|---|---|", *rows]) + "\n")
    examples = [f"# {found['what']}\n{found['line']}" for found in _EXAMPLE.finditer(_plain(command.epilog or ""))]
    if examples:
        parts.append("```bash\n" + "\n\n".join(examples) + "\n```\n")
    return "\n".join(parts)


def _row(option: str, text: str) -> str:
    text = _plain(text).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
    return f"| `{option}` | {' '.join(text.split())} |"


def _plain(text: str) -> str:
    """The text without rich's markup."""
    return _MARKUP.sub("", text)
