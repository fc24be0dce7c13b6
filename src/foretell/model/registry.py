"""The kinds of models there are: a name, where it is declared, and one line of help.

Nothing of a kind is imported before it is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.model.kind import Kind


@dataclass(frozen=True)
class Entry:
    """A kind of model, by name."""

    name: str
    """Its name on the command line, and what a model's folder says it is."""
    path: str
    """Where its `Kind` is: `package.module:NAME`."""
    help: str
    """What it does, in one line."""
    taken_by: str = ""
    """The command that takes its models, where its commands are not made from the registry."""

    @property
    def kind(self) -> Kind:
        """What it declares; imports its package, but none of what the work needs, such as torch."""
        kind: Kind = imported(self.path)
        return kind

    @property
    def model(self) -> Any:
        """The class of its models; imports what the work needs."""
        return imported(self.kind.model)

    @property
    def command(self) -> str:
        """The command that takes a model of the kind."""
        if self.taken_by:
            return self.taken_by
        return f"foretell {self.name} {self.kind.answer.verb if self.kind.answer else 'evaluate'}"


KINDS = {
    entry.name: entry
    for entry in (
        Entry("forecast", "", "Forecast time series out of a table.", taken_by="foretell predict"),
        Entry("audio", "foretell.audio.kind:AUDIO", "Learn how a folder of sounds sounds, and make more of it."),
        Entry("music", "foretell.music.kind:MUSIC", "Learn from music in four voices, and compose more of it."),
        Entry("classify", "foretell.text.classification.kind:CLASSIFY", "Sort texts into classes."),
        Entry("translate", "foretell.text.translation.kind:TRANSLATE", "Learn to translate from pairs of sentences."),
        Entry("caption", "foretell.caption.kind:CAPTION", "Learn to put pictures into words."),
        Entry("text", "foretell.text.language.kind:TEXT", "Learn how a text goes on, and write more of it."),
    )
}


def imported(path: str) -> Any:
    """What stands at `package.module:NAME`."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
