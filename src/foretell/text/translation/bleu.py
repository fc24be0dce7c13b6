"""BLEU (Papineni et al., 2002) as sacrebleu computes it, so that figures compare (Post, 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foretell.errors import TextError
from foretell.optional import load


@dataclass(frozen=True)
class Bleu:
    """Compute BLEU: the similarity of translations to reference translations in words and phrases."""

    score: float
    """From 0 to 100, over all sentences together."""
    sentences: int
    signature: str
    """How sacrebleu computed it: its version, tokenisation and case."""


def bleu(translations: Sequence[str], references: Sequence[str]) -> Bleu:
    """The BLEU of plain translations, cased, beside one plain reference each, tokenised by sacrebleu's rule "13a".

    Raises `TextError` for unequal numbers, or none; `MissingExtraError` without sacrebleu.
    """
    if len(translations) != len(references) or not references:
        raise TextError(
            f"{len(translations):,} translations and {len(references):,} references: give each translation its own, "
            "and at least one"
        )
    metric = load("sacrebleu", "scores translations", "text").metrics.BLEU()
    score = float(metric.corpus_score(list(translations), [list(references)]).score)
    return Bleu(score, len(references), str(metric.get_signature()))
