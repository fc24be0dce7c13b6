from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from foretell import ModelError, SettingsError, TextError
from foretell.model.folder import write_folder
from foretell.text import ClassifierSettings, LabelledTexts, TextClassifier

CLASSES = ("bad", "good", "so-so")


@pytest.mark.parametrize("more", [{}, {"cell": "lstm", "units": "subwords", "counted": 0, "pooling": "mean"}])
def test_train_save_load(
    more: Any, reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings], tmp_path: Path
) -> None:
    texts, labels = reviews(120, classes=CLASSES)
    model = TextClassifier(tiny(steps=60, **more))
    assert model.train(*LabelledTexts(texts, labels).split(0.1, 0), device="cpu") is model
    assert model.classes == CLASSES
    assert model.history is not None
    assert model.history.steps == 60
    assert model.validation is not None
    assert (model.learned.texts, model.validation.texts) == (108, 12)
    assert model.validation.loss == pytest.approx(model.history.best)
    found = model.probabilities(texts)
    assert found.shape == (120, 3)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    assert model.predict(texts[:5]) == [CLASSES[k] for k in found[:5].argmax(1)]

    model.save(tmp_path / "model")
    again = TextClassifier.load(tmp_path / "model")
    assert np.array_equal(again.probabilities(texts), found)
    assert again.settings == model.settings
    assert again.classes == model.classes
    assert again.learned.reading.to_json() == model.learned.reading.to_json()
    assert (again.learned.texts, again.learned.unknown) == (model.learned.texts, model.learned.unknown)
    assert again.validation == model.validation
    assert again.history is not None
    assert again.history.to_json() == model.history.to_json()
    assert again.facts() == model.facts()
    assert again.parameters == model.parameters > 0


def test_words_are_learned(reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings]) -> None:
    model = TextClassifier(tiny(steps=100, word_dropout=0.0)).train(
        LabelledTexts(*reviews(200, classes=CLASSES)), device="cpu"
    )
    assert model.evaluate(LabelledTexts(*reviews(60, seed=1, classes=CLASSES))).accuracy == 1.0


def test_the_order_of_words_is_learned(orders: Callable[..., Any], tiny: Callable[..., ClassifierSettings]) -> None:
    # What counts cannot tell: the classes have the same words and pairs.
    settings = tiny(steps=150, hidden=12, word_dropout=0.0, input_dropout=0.0, output_dropout=0.0, members=1)
    model = TextClassifier(settings).train(LabelledTexts(*orders(300)), device="cpu")
    assert model.evaluate(LabelledTexts(*orders(100, seed=1))).accuracy == 1.0


def test_one_seed_gives_one_model(reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings]) -> None:
    texts, labels = reviews(80)
    one, two, other = (
        TextClassifier(tiny(seed=s)).train(LabelledTexts(texts, labels), device="cpu") for s in (1, 1, 2)
    )
    assert np.array_equal(one.probabilities(texts), two.probabilities(texts))
    assert not np.array_equal(one.probabilities(texts), other.probabilities(texts))


def test_a_stopped_training_goes_on(
    reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings], tmp_path: Path
) -> None:
    texts, labels = reviews(80)

    def stop(progress: Any) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TextClassifier(tiny()).train(
            LabelledTexts(texts, labels), device="cpu", checkpoint=tmp_path / "c", on_progress=stop
        )
    # Of other data it is refused.
    with pytest.raises(ModelError, match="checkpoint"):
        TextClassifier(tiny()).train(LabelledTexts(texts, labels[::-1]), device="cpu", checkpoint=tmp_path / "c")
    steps: list[int] = []
    model = TextClassifier(tiny()).train(
        LabelledTexts(texts, labels),
        device="cpu",
        checkpoint=tmp_path / "c",
        on_progress=lambda progress: steps.append(progress.step),
    )
    assert steps[0] == 13
    whole = TextClassifier(tiny()).train(LabelledTexts(texts, labels), device="cpu")
    assert np.array_equal(model.probabilities(texts), whole.probabilities(texts))


def test_few_texts_and_a_lopsided_table(tiny: Callable[..., ClassifierSettings]) -> None:
    model = TextClassifier(tiny(steps=5)).train(
        LabelledTexts(["fine", "dull", "bright"], ["a", "b", "a"]), device="cpu"
    )
    assert (model.learned.texts, model.learned.unknown, model.validation) == (3, None, None)
    texts, labels = ["usual"] * 99 + ["rare"], ["most"] * 99 + ["one"]
    model = TextClassifier(tiny(steps=5)).train(
        *LabelledTexts([f"{t} {k}" for k, t in enumerate(texts)], labels).split(0.1, 0), device="cpu"
    )
    assert model.validation is not None
    assert model.validation.recalls[1] is None
    assert model.evaluate(LabelledTexts(["rare thing"], ["one"])).texts == 1


def test_long_texts(tiny: Callable[..., ClassifierSettings]) -> None:
    texts = ["fine " + "word " * 10_000 + "bright", "dull " + "word " * 9000 + "flat"] * 3
    model = TextClassifier(tiny(steps=3, longest=20)).train(LabelledTexts(texts, ["a", "b"] * 3), device="cpu")
    assert model.learned.cut == 6
    assert model.probabilities(texts).shape == (6, 2)


def test_empty_and_strange_texts_have_probabilities_too(
    reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings]
) -> None:
    model = TextClassifier(tiny(steps=3)).train(LabelledTexts(*reviews(40)), device="cpu")
    found = model.probabilities(["", "日本の映画 🙂", "\x00\u200b", "a" * 100_000])
    assert np.isfinite(found).all()
    assert model.probabilities([]).shape == (0, 2)
    assert model.predict([]) == []


def test_refusals(reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings], tmp_path: Path) -> None:
    model = TextClassifier(tiny(steps=2))
    for method in (model.predict, model.probabilities):
        with pytest.raises(ModelError, match="not been trained yet"):
            method(["a"])
    with pytest.raises(ModelError, match="not been trained yet"):
        model.save(tmp_path / "m")
    for asked in (lambda: model.parameters, model.facts, lambda: model.classes, lambda: model.features):
        with pytest.raises(ModelError, match="not been trained yet"):
            asked()
    with pytest.raises(TextError, match="at least two classes"):
        model.train(LabelledTexts(["a", "b"], ["x", "x"]))
    model.train(LabelledTexts(*reviews(40)), device="cpu")
    with pytest.raises(TextError, match="'odd' is not one of the classes that the model knows: bad, good"):
        model.evaluate(LabelledTexts(["a"], ["odd"]))
    with pytest.raises(TextError, match="1 texts and 2 labels"):
        LabelledTexts(["a"], ["bad", "good"])
    with pytest.raises(TextError, match="no text to evaluate on"):
        model.evaluate(LabelledTexts([], []))
    with pytest.raises(TextError, match="text 1 is None"):
        model.predict([None])  # type: ignore[list-item]


def test_columns_of_any_table(reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings]) -> None:
    texts, labels = reviews(40)
    plain = TextClassifier(tiny(steps=3)).train(LabelledTexts(texts, labels), device="cpu")
    for column in (np.array, pl.Series, pd.Series):
        model = TextClassifier(tiny(steps=3)).train(LabelledTexts(column(texts), column(labels)), device="cpu")  # type: ignore[arg-type]
        assert np.array_equal(model.probabilities(column(texts)), plain.probabilities(texts))


def test_folders_that_will_not_do(
    reviews: Callable[..., Any], tiny: Callable[..., ClassifierSettings], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        TextClassifier.load(tmp_path / "nothing")
    write_folder(tmp_path / "sound", "audio", {}, {})
    with pytest.raises(ModelError, match="foretell audio generate"):
        TextClassifier.load(tmp_path / "sound")
    with pytest.raises(SettingsError, match="'audio'"):
        TextClassifier(tiny(steps=2)).train(LabelledTexts(*reviews(20)), device="cpu").save(tmp_path / "sound")

    model = TextClassifier(tiny(steps=2)).train(LabelledTexts(*reviews(40)), device="cpu")
    model.save(tmp_path / "model")
    description = json.loads((tmp_path / "model" / "model.json").read_text())["model"]
    tensors = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    for k, counter in enumerate(model.learned.reading.counters):
        tensors[f"counter{k}.keys"] = torch.from_numpy(counter.bayes.keys)
        tensors[f"counter{k}.table"] = torch.from_numpy(counter.bayes.table)
    learned = description["learned"]
    one, two = learned["reading"]["counters"]

    def read(**changes: Any) -> dict[str, Any]:
        return {**learned, "reading": {**learned["reading"], **changes}}

    strangers: tuple[tuple[str, Any], ...] = (
        *(("learned", {**learned, "classes": classes}) for classes in
          (["bad"], ["bad", "bad"], ["a", "b", "c"], 5, [1, 2])),
        *(("learned", read(tokens=tokens)) for tokens in (10**12, "many", -1)),
        *(("learned", read(counters=counters)) for counters in
          (None, [], [one], [two, one], [one, {**two, "features": -1}], [one, {**two, "features": "x"}],
           [one, {**two, "in_a_row": 99}], [one, {**two, "in_a_row": "x"}], [one, {**two, "vocabulary": "{}"}])),
        ("learned", read(vocabulary="{}")), ("learned", read(classes=3)), ("history", {}),
        ("learned", {"texts": 3}), ("validation", {"loss": "x"}), ("settings", {}),
        ("settings", {**description["settings"], "members": 10**9}),
        ("settings", {**description["settings"], "hidden": 9}),
        ("settings", {**description["settings"], "hidden": "wide"}),
    )  # fmt: skip
    for name, value in strangers:
        stranger = {key: part for key, part in description.items() if key not in ("kind", "weights_sha256")}
        write_folder(tmp_path / "stranger", "classify", {**stranger, name: value}, tensors)
        with pytest.raises(ModelError):
            TextClassifier.load(tmp_path / "stranger")
    tensors["counter0.keys"] = tensors["counter0.keys"].flip(0)
    stranger = {key: part for key, part in description.items() if key not in ("kind", "weights_sha256")}
    write_folder(tmp_path / "stranger", "classify", stranger, tensors)
    with pytest.raises(ModelError, match="keys must ascend"):
        TextClassifier.load(tmp_path / "stranger")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="damaged"):
        TextClassifier.load(tmp_path / "model")
