"""`foretell caption run`"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

from typer import Argument, Option

from foretell import __version__
from foretell.cli.destinations import Destinations
from foretell.cli.options import ModelFolder, QuoteFormulas, TableOutput, TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.cli.show import show_files
from foretell.cli.talk import Talk
from foretell.cli.training_options import Device


def run(
    model: ModelFolder,
    images: Annotated[
        list[Path],
        Argument(metavar="IMAGE...", help="Pictures, and folders, of which every picture is taken."),
    ],
    *,
    output: TableOutput = None,
    quote_formulas: QuoteFormulas = False,
    beam: Annotated[
        int, Option(metavar="N", help="How many captions are pursued at once; 1 takes the likeliest word each time.")
    ] = 1,
    device: Device = "auto",
    words: TalkOptions,
) -> None:
    """Put pictures into words, with a model that `foretell caption train` wrote: a line a picture.

    All pictures are read before anything is written, so that one that cannot be read leaves no half of a result.
    """
    to = Destinations(forecast=output)
    talk = Talk(words, stdout_taken=to.stdout_taken)
    to.check(json=words.json, tables=[str(image) for image in images])

    from foretell.caption.images import image_files, read_images
    from foretell.caption.model import Captioner

    captioner = Captioner.load(model)
    files = image_files(images)
    with ProgressDisplay(talk.aside) as display:

        def shown(stage: str) -> Callable[[float], None] | None:
            began = monotonic()
            if not talk.aside.is_terminal:  # where lines stay, they would be more than the captions
                return None
            return lambda done: display.show(stage, done, lambda: time_left(done, monotonic() - began))

        pictures = read_images(files, captioner.settings.size, on_progress=shown("Reading"))
        captions = captioner.describe(pictures, beam=beam, device=device, on_progress=shown("Describing"))
    if output is None:
        for file, caption in zip(files, captions, strict=True):
            talk.say(f"{file}: {caption}")
    else:
        import polars as pl

        from foretell.tables.files import write_table

        table = pl.DataFrame({"image": [str(file) for file in files], "caption": captions})
        write_table(table, output, quote_formulas=quote_formulas)
        show_files(talk, {"captions": output} if output != "-" else {})
    talk.document(
        {
            "foretell": __version__,
            "model": captioner.facts(),
            "beam": beam,
            "captions": [{"image": str(file), "caption": text} for file, text in zip(files, captions, strict=True)],
            "files": {"captions": output} if output is not None else {},
        }
    )
