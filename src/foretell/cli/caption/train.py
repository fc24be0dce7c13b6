"""`foretell caption train`"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from foretell import __version__
from foretell.caption.settings import CaptionSettings
from foretell.cli.caption.options import CaptionNetworkOptions, CaptionTableOptions, CaptionTrainingOptions
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left, training_shown
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.cli.training_options import NewModel

if TYPE_CHECKING:
    from foretell.caption.model import Captioner
    from foretell.caption.table import Captioned

_HELD_OUT = 0.1
_MOST_HELD_OUT = 1000
_FEWEST = 10
"""Pictures; of fewer none is held out."""


def train(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="The folder of the pictures.")],
    *,
    table: CaptionTableOptions,
    out: NewModel,
    network: CaptionNetworkOptions,
    training: CaptionTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn to put pictures into words, from a folder of them and a table of captions.

    One picture in ten, at most a thousand, is held out to judge by, if there are ten.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("caption", out, training, words)
    settings = _settings(network, training)

    from foretell.caption.model import Captioner
    from foretell.caption.table import read_captions

    began = monotonic()
    with ProgressDisplay(talk.aside) as display:
        found = read_captions(
            folder,
            table.captions,
            settings.size,
            image=table.image,
            caption=table.caption,
            encoding=table.encoding,
            on_progress=lambda done: display.show(
                "Reading pictures", done, lambda: time_left(done, monotonic() - began)
            ),
        )
    share = _HELD_OUT if len(found) >= _FEWEST else 0.0
    learned, held_out = found.split(share, settings.training.seed, _MOST_HELD_OUT)
    captioner = Captioner(settings)
    with resumable(talk, checkpoint) as display:
        captioner.train(
            learned,
            held_out,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=training_shown(display, "nats a word", bounded=training.minutes is None),
        )
    captioner.save(out)
    to.drop_checkpoint()
    _report(talk, captioner, found, held_out, out)


def _settings(network: CaptionNetworkOptions, training: CaptionTrainingOptions) -> CaptionSettings:
    trained = trained_for(CaptionSettings().training, training)
    return CaptionSettings(**asdict(network), shift=training.shift, training=trained)


def _report(talk: Talk, captioner: Captioner, found: Captioned, held_out: Captioned, out: Path) -> None:
    assert captioner.history is not None
    score = captioner.validation
    captions = sum(map(len, found.captions))
    talk.heading("The pictures")
    judged = f"{len(held_out):,} of them held out to judge by" if score else "too few to hold any out to judge by"
    lines = [f"{len(found):,} pictures with {captions:,} captions, {judged}."]
    if found.repeated:
        lines.append(f"{found.repeated:,} rows say of a picture what an earlier one had said: they count once.")
    if found.unnamed:
        lines.append(f"{found.unnamed:,} pictures in the folder are not in the table: they were left out.")
    if captioner.cut:
        lines.append(
            f"{captioner.cut:,} captions were cut off after {captioner.settings.longest} words or parts of them."
        )
    talk.listing(lines)
    talk.heading("Training")
    network = f"{captioner.parameters:,} parameters, {len(captioner.vocabulary):,} words and parts of words."
    talk.listing([network, *training_sentences(captioner.history)])
    if score:
        talk.heading("How well captions that were held out are foreseen")
        talk.listing(
            [
                f"{score.loss:.3f} nats a word or part of one, given those before it.",
                f"{100 * score.exact:.1f} % of {score.images:,} pictures got a caption of theirs word for word.",
            ]
        )
    show_files(talk, {"model": str(out)})
    document: dict[str, Any] = {
        "foretell": __version__,
        **captioner.facts(),
        "pictures": {"all": len(found), "held_out": len(held_out), "not_in_the_table": found.unnamed},
        "captions": {"all": captions, "repeated": found.repeated, "cut_off": captioner.cut},
        "training": training_document(captioner.history),
        "validation": asdict(score) if score else None,
        "files": {"model": str(out)},
    }
    talk.document(document)
