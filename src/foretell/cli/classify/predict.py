"""`foretell classify predict`"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from foretell import __version__
from foretell.cli.classify.options import Encoding
from foretell.cli.classify.report import score_document, show_score
from foretell.cli.destinations import STDOUT, Destinations
from foretell.cli.options import ModelFolder, QuoteFormulas, TableOutput, TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.cli.show import show_files
from foretell.cli.talk import Talk
from foretell.errors import SettingsError, TextError

if TYPE_CHECKING:
    import polars as pl

    from foretell.text.classification.labelling import Labelling
    from foretell.text.classification.model import TextClassifier


def predict(
    model: ModelFolder,
    table: Annotated[
        str,
        Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, gzipped or not; - is standard input."),
    ],
    *,
    text: Annotated[
        str | None, Option(metavar="COLUMN", help="The column of texts, if it is not named as in training.")
    ] = None,
    label: Annotated[
        str | None, Option(metavar="COLUMN", help="A column of known labels, to say how well the model does.")
    ] = None,
    lines: Annotated[bool, Option("--lines", help="TABLE is plain text without a header, one text a line.")] = False,
    encoding: Encoding = None,
    output: TableOutput = None,
    quote_formulas: QuoteFormulas = False,
    words: TalkOptions,
) -> None:
    """Label texts: the likeliest class and the probability of each, beside the rows of the table.

    Without --output the table goes to standard output. A row without a text gets no label.
    """
    place = output or (None if words.json else STDOUT)
    to = Destinations(forecast=place)
    talk = Talk(words, stdout_taken=to.stdout_taken)
    to.check(json=words.json, tables=[None if table == "-" else table])
    if lines and text is not None:
        raise SettingsError("--lines says that there are no columns, --text names one: keep one of them")
    if lines and label is not None:
        raise SettingsError("--lines says that there are no columns, --label names one: keep one of them")

    from foretell.tables.files import write_table
    from foretell.text.classification.labelling import labelled, prepared
    from foretell.text.classification.model import TextClassifier

    classifier = TextClassifier.load(model)
    rows = _read(table, encoding, lines=lines)
    asked = prepared(classifier, rows, "text" if lines else text, label, lines=lines)
    began = monotonic()
    with ProgressDisplay(talk.aside) as display:
        found = labelled(
            classifier,
            asked,
            lambda done: display.show("Labelling", done, lambda: time_left(done, monotonic() - began)),
        )
    seconds = max(monotonic() - began, 1e-9)
    files = {}
    if place is not None:
        write_table(found.table, place, quote_formulas=quote_formulas)
        if place != STDOUT:
            files["labels"] = place
    _report(talk, classifier, found, seconds, files, with_rows=place is None)


def _read(table: str, encoding: str | None, *, lines: bool) -> pl.DataFrame:
    if not lines:
        from foretell.tables.files import read_table

        return read_table(table, encoding, typed=False)
    import polars as pl

    from foretell.text.lines import read_lines

    found = read_lines(table if table == "-" else Path(table), encoding)
    if not found:
        raise TextError(f"{'standard input' if table == '-' else table} is empty; it needs one text a line")
    return pl.DataFrame({"text": found}, schema={"text": pl.String})


def _report(
    talk: Talk,
    classifier: TextClassifier,
    found: Labelling,
    seconds: float,
    files: dict[str, str],
    *,
    with_rows: bool,
) -> None:
    counts = Counter(label for label in found.labels if label is not None)
    texts = counts.total()
    talk.heading("The texts")
    talk.listing([f"{texts:,} labelled in {seconds:.1f} s: {texts / seconds:,.0f} a second.", *found.notes])
    if counts:
        talk.table(["class", "texts"], [[name, counts[name]] for name, _ in counts.most_common(12)])
    if found.score is not None:
        talk.heading("How well they were sorted")
        show_score(talk, classifier.classes, found.score)
    show_files(talk, files)
    document: dict[str, Any] = {
        "foretell": __version__,
        "classes": list(classifier.classes),
        "texts": texts,
        "seconds": seconds,
        "texts_a_second": texts / seconds,
        "labels": dict(counts),
        "notes": list(found.notes),
        "score": None if found.score is None else score_document(classifier.classes, found.score),
        "files": files,
    }
    if with_rows:
        document["rows"] = found.rows()
    talk.document(document)
