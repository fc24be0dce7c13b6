"""The declaration of text classifiers: data source, prediction and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from foretell.declaration import DATA, Setting
from foretell.errors import SettingsError, TextError
from foretell.model.answer import TableAnswer
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.source import Encoding, Parts, Progressed, Source
from foretell.plain_text import named
from foretell.storage.outputs import STDOUT
from foretell.text.classification.settings import ClassifierSettings

if TYPE_CHECKING:
    import polars as pl

    from foretell.text.classification.table import LabelledTexts

_TABLE = "A CSV, TSV or Parquet file, optionally gzipped; - reads standard input."


@dataclass(frozen=True)
class LabelledTable(Source["LabelledTexts"]):
    """A table of texts and their labels."""

    places: ClassVar[tuple[str, ...]] = ("table",)
    table: Annotated[str, Setting(_TABLE, positional=True)]
    text: Annotated[
        str | None,
        Setting("Column of texts; evaluation uses the column of the training if not given.", DATA, metavar="COLUMN"),
    ] = None
    label: Annotated[str | None, Setting("Column of labels; likewise.", DATA, metavar="COLUMN")] = None
    encoding: Encoding = None

    def read(
        self,
        settings: ClassifierSettings,  # noqa: ARG002
        on_progress: Progressed | None = None,  # noqa: ARG002
    ) -> LabelledTexts:
        """See `labelled_texts`. Raises SettingsError unless both columns are named."""
        if self.text is None or self.label is None:
            lacking = "--text" if self.text is None else "--label"
            raise SettingsError(f"{lacking} is missing: name the column of {lacking[2:]}s")
        from foretell.tables.files import read_table
        from foretell.text.classification.table import labelled_texts

        return labelled_texts(read_table(self.table, self.encoding, typed=False), self.text, self.label)

    def hold_out(self, data: LabelledTexts, settings: ClassifierSettings) -> tuple[LabelledTexts, LabelledTexts | None]:
        """Hold out some texts of each class."""
        return data.split(settings.validation, settings.training.seed)

    def described(self, parts: Parts[LabelledTexts], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, len(parts.validation or ())
        judged = (
            f", {held:,} {'held out' if held_out else 'more'} for validation"
            if held
            else "; none held out for validation"
        )
        line = f"{len(learned):,} texts for training{judged}; {len(set(learned.labels)):,} classes."
        counts = {"training": len(learned), "validation": held, "left_out": list(learned.left_out)}
        return [line, *learned.left_out], counts


@dataclass(frozen=True)
class Label(TableAnswer):
    """Classify texts: add the most likely class and the probability of each class to the rows of a table.

    Without --output the table goes to standard output. A row without a text gets no label.
    """

    verb: ClassVar[str] = "predict"
    table: Annotated[str, Setting(_TABLE, positional=True)] = STDOUT
    text: Annotated[str | None, Setting("Column of texts, if it differs from training.", DATA, metavar="COLUMN")] = None
    label: Annotated[
        str | None, Setting("Column of known labels, to evaluate the predictions.", DATA, metavar="COLUMN")
    ] = None
    lines: Annotated[bool, Setting("TABLE is plain text with one text per line and no header.", DATA)] = False
    encoding: Encoding = None

    def read_files(self) -> Sequence[str]:
        """See `TableAnswer`."""
        return [self.table]

    def place(self, *, json: bool) -> str | None:
        """Return the destination: standard output by default, nothing if a JSON document goes there."""
        return self.output or (None if json else STDOUT)

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        super().check(json=json)
        for name, column in (("--text", self.text), ("--label", self.label)):
            if self.lines and column is not None:
                raise SettingsError(
                    f"--lines reads plain text without columns, but {name} names a column: give only one"
                )

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        from foretell.text.classification.labelling import labelled, prepared

        asked = prepared(model, self._rows(), "text" if self.lines else self.text, self.label, lines=self.lines)
        began = monotonic()
        with printer.progress("Labelling") as on_progress:
            found = labelled(model, asked, on_progress)
        seconds = max(monotonic() - began, 1e-9)
        self.write(found.table, json=printer.json)
        files = self.written("labels", json=printer.json)
        counts = Counter(label for label in found.labels if label is not None)
        texts = counts.total()
        printer.heading("The texts")
        printer.listing([f"{texts:,} labelled in {seconds:.1f} s: {texts / seconds:,.0f} per second.", *found.notes])
        if counts:
            printer.table(["class", "texts"], [[name, counts[name]] for name, _ in counts.most_common(12)])
        if found.score is not None:
            printer.heading("Evaluation")
            found.score.show(printer, self.table)
        printer.files(files)
        document = {
            "classes": list(model.classes),
            "texts": texts,
            "seconds": seconds,
            "texts_per_second": texts / seconds,
            "labels": dict(counts),
            "notes": list(found.notes),
            "score": None if found.score is None else found.score.document(),
            "files": files,
        }
        return document if self.place(json=printer.json) is not None else {**document, "rows": found.rows()}

    def _rows(self) -> pl.DataFrame:
        if not self.lines:
            from foretell.tables.files import read_table

            return read_table(self.table, self.encoding, typed=False)
        import polars as pl

        from foretell.text.lines import read_lines

        found = read_lines(self.table if self.table == STDOUT else Path(self.table), self.encoding)
        if not found:
            raise TextError(f"{named(self.table)} is empty; it needs one text per line")
        return pl.DataFrame({"text": found}, schema={"text": pl.String})


_TRAIN = (
    "Train on a table of reviews",
    "foretell classify train reviews.csv --text review --label sentiment --out mood",
)
CLASSIFY = Kind(
    model="foretell.text.classification.model:TextClassifier",
    settings=ClassifierSettings,
    source=LabelledTable,
    answer=Label,
    train="""Train a text classifier on labelled texts, with two or more classes.

    Rows without a text or a label are left out and counted.""",
    evaluate="""Evaluate a model on labelled texts: scores overall and per class, and a confusion matrix.""",
    measure="nats per text",
    units="texts",
    examples={
        "": (_TRAIN, ("Classify other texts", "foretell classify predict mood new.csv --output labelled.csv")),
        "train": (
            _TRAIN,
            (
                "Train on a script without spaces, for ten minutes",
                "foretell classify train news.parquet --text title --label topic --units subwords --minutes 10 "
                "--out topics",
            ),
        ),
        "predict": (
            (
                "Add labels and probabilities to the rows of a table",
                "foretell classify predict mood new.csv --output labelled.csv",
            ),
            (
                "Classify plain text from a pipe, one text per line",
                "foretell classify predict mood - --lines < lines.txt > labelled.csv",
            ),
        ),
        "evaluate": (("Evaluate on labelled texts", "foretell classify evaluate mood test.csv"),),
    },
)
