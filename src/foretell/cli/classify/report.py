"""How well texts were sorted, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from foretell.cli.talk import Talk

if TYPE_CHECKING:
    from foretell.text.classification.scores import Score

_MOST_COLUMNS = 8
_MOST_ROWS = 30
_MOST_MISTAKES = 10


def show_score(talk: Talk, classes: Sequence[str], score: Score) -> None:
    """Accuracy and macro F1; each class; and which classes were taken for which."""
    from foretell.text.classification.labels import named

    talk.listing([f"Accuracy {100 * score.accuracy:.1f} %, macro F1 {score.macro_f1:.3f}, loss {score.loss:.3f} nats."])
    if score.unjudged:
        absent = named([classes[k] for k in score.unjudged])
        talk.listing([f"Not judged, since no text of theirs is among these {score.texts:,}: {absent}."])
    largest = max(sum(row) for row in score.confusion) / score.texts
    talk.listing([f"The largest class alone is {100 * largest:.1f} % of them."])
    sizes = [sum(row) for row in score.confusion]
    worst = sorted(range(len(classes)), key=lambda k: (score.f1[k] is None, score.f1[k] or 0.0, classes[k]))
    shown = range(len(classes)) if len(classes) <= _MOST_ROWS else worst[:_MOST_ROWS]
    if len(classes) > _MOST_ROWS:
        talk.listing([f"The {_MOST_ROWS} worst of {len(classes):,} classes:"])
    f1, precisions, recalls = score.f1, score.precisions, score.recalls
    rows = [[classes[k], sizes[k], *(_cell(part[k]) for part in (precisions, recalls, f1))] for k in shown]
    talk.table(["class", "texts", "precision", "recall", "F1"], rows)
    if len(classes) <= _MOST_COLUMNS:
        talk.heading("Which class (row) was taken for which (column)")
        talk.table(["", *classes], [[name, *row] for name, row in zip(classes, score.confusion, strict=True)])
        return
    mistakes = [
        (number, classes[k], classes[j])
        for k, row in enumerate(score.confusion)
        for j, number in enumerate(row)
        if k != j and number
    ]
    if mistakes:
        talk.heading("What was taken for what most often")
        often = sorted(mistakes, key=lambda mistake: (-mistake[0], *mistake[1:]))[:_MOST_MISTAKES]
        talk.table(["class", "taken for", "texts"], [[one, other, number] for number, one, other in often])


def score_document(classes: Sequence[str], score: Score) -> dict[str, Any]:
    """The same for a program."""
    f1, precisions, recalls = score.f1, score.precisions, score.recalls
    return {
        "texts": score.texts,
        "accuracy": score.accuracy,
        "macro_f1": score.macro_f1,
        "loss": score.loss,
        "not_judged": [classes[k] for k in score.unjudged],
        "classes": [
            {
                "class": name,
                "texts": sum(score.confusion[k]),
                "precision": precisions[k],
                "recall": recalls[k],
                "f1": f1[k],
            }
            for k, name in enumerate(classes)
        ],
        "confusion": [list(row) for row in score.confusion],
    }


def _cell(share: float | None) -> float | str:
    return "-" if share is None else share
