"""The registry of the kinds of models: name, declaration and one line of help.

A kind's modules are imported only when they are used.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from foretell.model.kind import Described, Kind


@dataclass(frozen=True)
class Entry:
    """A kind of model, by name."""

    name: str
    """Its name on the command line, and what a model's folder says it is."""
    path: str
    """Location of its declaration: `package.module:NAME`."""
    help: str
    """One line of help."""
    taken_by: str = ""
    """The command that takes its models, where its commands are not generated from its declaration."""

    @property
    def described(self) -> Described:
        """Return its declaration; imports its package, but no heavy libraries such as torch."""
        described: Described = imported(self.path)
        return described

    @property
    def kind(self) -> Kind:
        """Return the declaration of a kind whose commands are generated."""
        return cast("Kind", self.described)

    @property
    def model(self) -> Any:
        """Return its model class; imports all that the work needs."""
        return imported(self.described.model)

    @property
    def command(self) -> str:
        """The command that takes a model of the kind."""
        if self.taken_by:
            return self.taken_by
        return f"foretell {self.name} {self.kind.answer.verb if self.kind.answer else 'evaluate'}"


KINDS = {
    entry.name: entry
    for entry in (
        Entry(
            "forecast",
            "foretell.forecasting.kind:FORECASTS",
            "Forecast the time series of a table.",
            taken_by="foretell predict",
        ),
        Entry(
            "audio", "foretell.audio.kind:AUDIO", "Train a WaveNet on a folder of recordings and generate new sound."
        ),
        Entry(
            "speech", "foretell.speech.kind:SPEECH", "Train voices on recordings with transcripts and speak with them."
        ),
        Entry("music", "foretell.music.kind:MUSIC", "Train a model on four-part chorales and compose new ones."),
        Entry(
            "classify", "foretell.text.classification.kind:CLASSIFY", "Train a text classifier and label texts with it."
        ),
        Entry(
            "translate",
            "foretell.text.translation.kind:TRANSLATE",
            "Train a translation model on pairs of sentences and translate with it.",
        ),
        Entry("caption", "foretell.caption.kind:CAPTION", "Train an image captioner and caption images with it."),
        Entry(
            "text",
            "foretell.text.language_model.kind:TEXT",
            "Train a character-level language model and generate text with it.",
        ),
    )
}


def imported(path: str) -> Any:
    """Import and return the object at `package.module:NAME`."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
