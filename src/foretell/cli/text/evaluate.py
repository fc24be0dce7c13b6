"""`foretell text evaluate`"""

from __future__ import annotations

from dataclasses import asdict
from time import monotonic
from typing import Annotated

from typer import Argument, Option

from foretell import __version__
from foretell.cli.options import ModelFolder, TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.cli.talk import Talk
from foretell.cli.text.options import Encoding


def evaluate(
    model: ModelFolder,
    file: Annotated[str, Argument(metavar="FILE", help="A text, gzipped or not; - is standard input.")],
    *,
    dynamic: Annotated[
        bool,
        Option("--dynamic", help="Go on learning from the text while it is read. The model stays as it is."),
    ] = False,
    encoding: Encoding = None,
    words: TalkOptions,
) -> None:
    """Say how many bits a character a model needs for a text: fewer are better.

    Each character is foreseen from all before it.
    """
    talk = Talk(words)

    from foretell.text.language.dynamic import DynamicSettings
    from foretell.text.language.model import LanguageModel
    from foretell.text.language.reading import read_text

    author = LanguageModel.load(model)
    text = read_text(file, encoding)
    began = monotonic()
    with ProgressDisplay(talk.aside) as display:
        score = author.evaluate(
            text,
            dynamic=DynamicSettings() if dynamic else None,
            on_progress=lambda done: display.show("Reading", done, lambda: time_left(done, monotonic() - began)),
        )
    talk.heading(f"{model} on {file}" + (", which it learns from as it reads" if dynamic else ""))
    talk.table(
        ["bits a character", "accuracy", "characters", "unknown"],
        [[score.bits, score.accuracy, score.characters, score.unknown]],
    )
    talk.document({"foretell": __version__, "model": author.facts(), "dynamic": dynamic, **asdict(score)})
