"""Sentences of film reviews, favourable or not (Pang & Lee, 2005): foretell beside logistic regressions, in one run.

    python benchmarks/sentiment.py --data FOLDER

FOLDER holds movie_reviews: 5,331 sentences of each kind. A tenth, drawn by a fixed seed, is the test part, asked once;
nothing but the other nine tenths is learned from: no word vectors, no other text. foretell trains with its defaults, as
`foretell classify train` does, and holds out a tenth of what it is given to judge by. Each logistic regression chooses
its C on such a tenth too, and is then fitted to all that it is given.

foretell's defaults were chosen without the test part: `--validate` takes one of the other nine tenths (`--fold`) as
what is asked, and never opens the test part. `--alone` adds foretell's network without what naive Bayes counts.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tables import markdown

from foretell.text import ClassifierSettings, LabelledTexts, TextClassifier

PUBLISHED = ("CNN-rand (Kim, 2014), mean of ten folds", "76.1", "", "", "published")
MUST_REACH, MOST_SECONDS = 0.77, 180
PARTS, SEED = 10, 0
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
PATTERN = r"(?u)\w+|[^\w\s]+"
"""Words and marks of punctuation, as foretell cuts texts."""


def sentences(folder: Path) -> tuple[list[str], list[str]]:
    """All texts and their labels."""
    texts, labels = [], []
    for label in ("negative", "positive"):
        data = gzip.decompress((folder / "movie_reviews" / f"{label}.txt.gz").read_bytes())
        found = data.decode("latin-1").removesuffix("\n").split("\n")
        texts += found
        labels += [label] * len(found)
    return texts, labels


def parts(count: int, *, fold: int | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the texts to learn from and of those asked: the test part, or a fold of the others."""
    order = np.random.default_rng(SEED).permutation(count)
    test, others = order[: count // PARTS], order[count // PARTS :]
    if fold is None:
        return others, test
    asked = np.arange(len(others)) % (PARTS - 1) == fold
    return others[~asked], others[asked]


def logistic_regression(words_in_a_row: int) -> Callable[..., tuple[str, float, float, float]]:
    """A logistic regression on which words a text holds, or runs of up to so many; its C chosen on a held-out tenth."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    def fitted(texts: list[str], labels: list[str], strength: float) -> tuple[Any, Any]:
        counts = CountVectorizer(token_pattern=PATTERN, ngram_range=(1, words_in_a_row), binary=True)
        return counts, LogisticRegression(C=strength, max_iter=1000).fit(counts.fit_transform(texts), labels)

    def run(learn: tuple[list[str], list[str]], ask: tuple[list[str], list[str]]) -> tuple[str, float, float, float]:
        start = time.perf_counter()
        texts, labels = learn
        held = np.arange(len(texts)) % PARTS == 0
        some = [[part[k] for k in np.flatnonzero(~held)] for part in learn]
        others = [[part[k] for k in np.flatnonzero(held)] for part in learn]

        def judged(strength: float) -> float:
            counts, model = fitted(some[0], some[1], strength)
            return float(model.score(counts.transform(others[0]), others[1]))

        strength = max(STRENGTHS, key=judged)
        counts, model = fitted(texts, labels, strength)
        trained = time.perf_counter()
        accuracy = float(model.score(counts.transform(ask[0]), ask[1]))
        seconds = time.perf_counter() - trained
        kind = "words" if words_in_a_row == 1 else "words and pairs"
        return f"logistic regression, {kind}, C = {strength:g}", accuracy, trained - start, len(ask[0]) / seconds

    return run


def foretell(settings: ClassifierSettings, name: str) -> Callable[..., tuple[str, float, float, float]]:
    """foretell's classifier."""

    def run(learn: tuple[list[str], list[str]], ask: tuple[list[str], list[str]]) -> tuple[str, float, float, float]:
        start = time.perf_counter()
        data = LabelledTexts(tuple(learn[0]), tuple(learn[1])).split(settings.validation, settings.training.seed)
        model = TextClassifier(settings).train(*data, device="cpu")
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        score = model.evaluate(LabelledTexts(tuple(ask[0]), tuple(ask[1])))
        rate = score.texts / (time.perf_counter() - start)
        assert model.history is not None
        assert model.validation is not None
        print(
            f"{name}: {model.parameters:,} parameters, {model.history.steps:,} steps, best after "
            f"{model.history.best_step:,}; {100 * model.validation.accuracy:.1f} % of the {model.validation.texts:,} "
            f"texts that it held out itself, macro F1 of those asked {score.macro_f1:.3f}"
        )
        return name, score.accuracy, seconds, rate

    return run


def main() -> None:
    """Train all, ask once, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of movie_reviews")
    parser.add_argument("--seed", type=int, default=0, help="of foretell's training")
    parser.add_argument("--validate", action="store_true", help="ask a part of the training part in place of the test")
    parser.add_argument("--fold", type=int, default=0, choices=range(PARTS - 1), help="which, with --validate")
    parser.add_argument("--alone", action="store_true", help="also foretell's network without naive Bayes")
    options = parser.parse_args()

    texts, labels = sentences(options.data)
    learn, ask = (
        ([texts[k] for k in rows], [labels[k] for k in rows])
        for rows in parts(len(texts), fold=options.fold if options.validate else None)
    )
    defaults = ClassifierSettings()
    settings = replace(defaults, training=replace(defaults.training, seed=options.seed))
    runs = [logistic_regression(1), logistic_regression(2), foretell(settings, "foretell")]
    if options.alone:
        runs.insert(2, foretell(replace(settings, counted=0), "foretell, the network alone"))
    found = [run(learn, ask) for run in runs]
    rows = [
        (name, f"{100 * accuracy:.1f}", f"{seconds:.0f}", f"{rate:,.0f}", "this run")
        for name, accuracy, seconds, rate in found
    ]
    part = f"fold {options.fold} of the training part" if options.validate else "the test part"
    _, accuracy, seconds, _ = found[-1]
    if not options.validate:
        rows.insert(0, PUBLISHED)
        best = max(other for name, other, *_ in found if name.startswith("logistic"))
        reached = accuracy >= MUST_REACH and seconds < MOST_SECONDS and accuracy > best
        wanted = f"{100 * MUST_REACH:.0f} % within {MOST_SECONDS} s, and more than every logistic regression"
        print(f"{wanted}: {'reached' if reached else 'MISSED'}")
    error = 100 * (accuracy * (1 - accuracy) / len(ask[0])) ** 0.5
    print(f"\n{len(ask[0]):,} sentences, {part}; {len(learn[0]):,} to learn from; standard error {error:.1f} points\n")
    print(markdown(("", "accuracy (%)", "training (s)", "texts per second", ""), rows))


if __name__ == "__main__":
    main()
