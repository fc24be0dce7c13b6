"""The declaration of captioners: data source, prediction and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from foretell.caption.settings import WIDEST, CaptionSettings
from foretell.declaration import DATA, Setting
from foretell.model.answer import TableAnswer
from foretell.model.holdout import held_out
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.source import Encoding, Parts, Progressed, Source

if TYPE_CHECKING:
    from foretell.caption.table import Captioned

_FEWEST, _MOST = 10, 1000
"""Numbers of pictures: with fewer than the first none is held out; at most the second are."""


@dataclass(frozen=True)
class Pictures(Source["Captioned"]):
    """A folder of pictures and a table of their captions."""

    places: ClassVar[tuple[str, ...]] = ("captions",)
    folder: Annotated[Path, Setting("Folder of the pictures.", positional=True)]
    captions: Annotated[
        Path,
        Setting(
            "CSV, TSV or Parquet file with one row per caption: the file name of a picture and a caption.",
            DATA,
            metavar="TABLE",
        ),
    ]
    image: Annotated[
        str | None,
        Setting("Column of file names, relative to FOLDER; detected if not given.", DATA, metavar="COLUMN"),
    ] = None
    caption: Annotated[str | None, Setting("Column of captions; detected if not given.", DATA, metavar="COLUMN")] = None
    encoding: Encoding = None

    def read(self, settings: CaptionSettings, on_progress: Progressed | None = None) -> Captioned:
        """See `read_captions`."""
        from foretell.caption.table import read_captions

        return read_captions(
            self.folder,
            self.captions,
            settings.size,
            image=self.image,
            caption=self.caption,
            encoding=self.encoding,
            on_progress=on_progress,
        )

    def hold_out(self, data: Captioned, settings: CaptionSettings) -> tuple[Captioned, Captioned | None]:
        """Hold out randomly drawn pictures."""
        held = held_out(len(data), settings.validation, settings.training.seed, fewest=_FEWEST, most=_MOST)
        return data.split(held)

    def described(self, parts: Parts[Captioned], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, parts.validation
        count = len(held) if held is not None else 0
        captions = sum(map(len, learned.captions)) + (sum(map(len, held.captions)) if held and held_out else 0)
        pictures = len(learned) + (count if held_out else 0)
        judged = f"{count:,} of them held out for validation" if held_out else f"{count:,} more for validation"
        lines = [f"{pictures:,} pictures with {captions:,} captions, {judged if count else 'none held out'}."]
        if learned.repeated:
            lines.append(f"{learned.repeated:,} rows repeat an earlier caption of the same picture and were dropped.")
        if learned.unnamed:
            lines.append(f"{learned.unnamed:,} pictures in the folder are not in the table and were left out.")
        counts = {
            "training": len(learned),
            "validation": count,
            "captions": captions,
            "repeated": learned.repeated,
            "not_in_the_table": learned.unnamed,
        }
        return lines, counts


@dataclass(frozen=True)
class Describe(TableAnswer):
    """Caption pictures with a trained model, one line per picture.

    All pictures are read before anything is written, so an unreadable picture leaves no partial result.
    """

    verb: ClassVar[str] = "predict"
    images: Annotated[
        tuple[Path, ...],
        Setting("Pictures, or folders of pictures.", positional=True, metavar="IMAGE..."),
    ] = ()
    beam: Annotated[
        int,
        Setting(
            "Beam size; 1 always takes the most likely word (greedy decoding).",
            "How it predicts",
            at_least=1,
            at_most=WIDEST,
        ),
    ] = 1
    device: Annotated[
        str,
        Setting("Device to compute on: auto, cpu, cuda or mps; cuda:1 selects one of several GPUs.", "How it predicts"),
    ] = "auto"

    def read_files(self) -> Sequence[str]:
        """See `TableAnswer`."""
        return [str(image) for image in self.images]

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        from foretell.caption.images import image_files, read_images

        files = image_files(self.images)
        # Where printed lines stay, there would be more progress lines than captions.
        with printer.progress("Reading", lines=False) as on_progress:
            pictures = read_images(files, model.settings.size, on_progress=on_progress)
        with printer.progress("Describing", lines=False) as on_progress:
            captions = model.predict(pictures, beam=self.beam, device=self.device, on_progress=on_progress)
        if self.output is None:
            for file, caption in zip(files, captions, strict=True):
                printer.say(f"{file}: {caption}")
        else:
            import polars as pl

            self.write(pl.DataFrame({"image": [str(file) for file in files], "caption": captions}))
            printer.files(self.written("captions"))
        return {
            "beam": self.beam,
            "captions": [{"image": str(file), "caption": text} for file, text in zip(files, captions, strict=True)],
            "files": self.written("captions"),
        }


_TRAIN = (
    "Train on photos and a table of their captions",
    "foretell caption train photos --captions captions.csv --out eye",
)
CAPTION = Kind(
    model="foretell.caption.model:Captioner",
    settings=CaptionSettings,
    source=Pictures,
    answer=Describe,
    train="""Train an image captioner on a folder of pictures and a table of captions.

    The weights with the lowest validation loss are kept.""",
    evaluate="""Evaluate a model on other pictures: nats per word, and the share of captions predicted verbatim.""",
    measure="nats per word",
    units="pictures",
    examples={
        "": (_TRAIN, ("Caption other pictures", "foretell caption predict eye holiday.jpg")),
        "train": (
            _TRAIN,
            (
                "Name the columns, use larger pictures, and train for an hour",
                "foretell caption train photos --captions captions.parquet --image photo --caption said --out eye "
                "--size 96 --minutes 60",
            ),
        ),
        "predict": (
            ("Print one line per picture", "foretell caption predict eye holiday.jpg garden.png"),
            (
                "Write captions of a whole folder to a table, with a wider beam",
                "foretell caption predict eye photos --beam 5 --output captions.csv",
            ),
        ),
        "evaluate": (
            (
                "Evaluate on pictures that were not used for training",
                "foretell caption evaluate eye photos --captions test.csv",
            ),
        ),
    },
)
