"""What a captioner declares: where its pictures and captions are, what it says of others, and its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from foretell.caption.settings import CaptionSettings
from foretell.declaration import DATA, Setting
from foretell.model.answer import TableAnswer
from foretell.model.holdout import held_out
from foretell.model.kind import Kind
from foretell.model.source import Encoding, Parts, Progressed, Source
from foretell.model.talk import Talk

if TYPE_CHECKING:
    from foretell.caption.table import Captioned

_FEWEST, _MOST = 10, 1000
"""Pictures: of fewer none is held out, and never more."""


@dataclass(frozen=True)
class Pictures(Source["Captioned"]):
    """A folder of pictures, and a table of their captions."""

    places: ClassVar[tuple[str, ...]] = ("captions",)
    folder: Annotated[Path, Setting("The folder of the pictures.", positional=True)]
    captions: Annotated[
        Path,
        Setting(
            "A CSV, TSV or Parquet file with a row per caption: a picture's file name, and what is said of it.",
            DATA,
            metavar="TABLE",
        ),
    ]
    image: Annotated[
        str | None,
        Setting(
            "The column of file names, as they are within FOLDER. It is found if not given.", DATA, metavar="COLUMN"
        ),
    ] = None
    caption: Annotated[
        str | None, Setting("The column of captions. It is found if not given.", DATA, metavar="COLUMN")
    ] = None
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
        """Pictures are held out by a draw."""
        held = held_out(len(data), settings.validation, settings.training.seed, fewest=_FEWEST, most=_MOST)
        return data.split(held)

    def described(self, parts: Parts[Captioned], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, parts.validation
        count = len(held) if held is not None else 0
        captions = sum(map(len, learned.captions)) + (sum(map(len, held.captions)) if held and held_out else 0)
        pictures = len(learned) + (count if held_out else 0)
        judged = f"{count:,} of them held out to judge by" if held_out else f"{count:,} more to judge by"
        lines = [f"{pictures:,} pictures with {captions:,} captions, {judged if count else 'none held out'}."]
        if learned.repeated:
            lines.append(f"{learned.repeated:,} rows say of a picture what an earlier one had said: they count once.")
        if learned.unnamed:
            lines.append(f"{learned.unnamed:,} pictures in the folder are not in the table: they were left out.")
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
    """Put pictures into words, with a trained model: a line per picture.

    All pictures are read before anything is written, so that one that cannot be read leaves no half of a result.
    """

    verb: ClassVar[str] = "predict"
    images: Annotated[
        tuple[Path, ...],
        Setting("Pictures, and folders, of which every picture is taken.", positional=True, metavar="IMAGE..."),
    ] = ()
    beam: Annotated[
        int, Setting("How many captions are pursued at once; 1 takes the likeliest word each time.", "How it predicts")
    ] = 1
    device: Annotated[
        str, Setting("Where to compute: auto, cpu, cuda, mps or, for one of several, cuda:1.", "How it predicts")
    ] = "auto"

    def read_files(self) -> Sequence[str]:
        """See `TableAnswer`."""
        return [str(image) for image in self.images]

    def run(self, model: Any, talk: Talk) -> dict[str, Any]:
        """See `Answer`."""
        from foretell.caption.images import image_files, read_images
        from foretell.caption.model import check_beam

        check_beam(self.beam)
        files = image_files(self.images)
        # Where lines stay, they would be more than the captions.
        with talk.progress("Reading", lines=False) as on_progress:
            pictures = read_images(files, model.settings.size, on_progress=on_progress)
        with talk.progress("Describing", lines=False) as on_progress:
            captions = model.predict(pictures, beam=self.beam, device=self.device, on_progress=on_progress)
        if self.output is None:
            for file, caption in zip(files, captions, strict=True):
                talk.say(f"{file}: {caption}")
        else:
            import polars as pl

            self.write(pl.DataFrame({"image": [str(file) for file in files], "caption": captions}))
            talk.files(self.written("captions"))
        return {
            "beam": self.beam,
            "captions": [{"image": str(file), "caption": text} for file, text in zip(files, captions, strict=True)],
            "files": self.written("captions"),
        }


_TRAIN = (
    "Learn from photos and a table of their captions",
    "foretell caption train photos --captions captions.csv --out eye",
)
CAPTION = Kind(
    model="foretell.caption.model:Captioner",
    settings=CaptionSettings,
    source=Pictures,
    answer=Describe,
    train="""Learn to put pictures into words, from a folder of them and a table of captions.

    The weights are kept that foresee the captions best that are held out.""",
    evaluate="""Say how well the captions of other pictures are foreseen, and how many are written word for word.""",
    measure="nats per word",
    units="pictures",
    examples={
        "": (_TRAIN, ("Put others into words", "foretell caption predict eye holiday.jpg")),
        "train": (
            _TRAIN,
            (
                "With columns of your own, larger pictures, and an hour",
                "foretell caption train photos --captions captions.parquet --image photo --caption said --out eye "
                "--size 96 --minutes 60",
            ),
        ),
        "predict": (
            ("A line per picture", "foretell caption predict eye holiday.jpg garden.png"),
            (
                "A whole folder into a table, more carefully",
                "foretell caption predict eye photos --beam 5 --output captions.csv",
            ),
        ),
        "evaluate": (
            ("On pictures that it has never seen", "foretell caption evaluate eye photos --captions test.csv"),
        ),
    },
)
