from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell import ModelError
from foretell.errors import TextError
from foretell.model.folder import write_folder
from foretell.text import Pairs, Translator, TranslatorSettings


def test_it_learns_to_translate_sentences_it_never_saw(trained: Translator, pairs: Pairs) -> None:
    assert trained.evaluate(pairs.take(range(80, 100))).bleu == pytest.approx(100)
    assert trained.history is not None
    assert trained.validation is not None
    assert trained.validation.loss == pytest.approx(trained.history.best)
    assert trained.validation == trained.evaluate(pairs.take(range(80, 100)))
    assert (trained.learned.pairs, trained.learned.too_long, trained.validation.pairs) == (80, 0, 20)
    assert trained.facts()["parameters"] == trained.parameters > 0


@pytest.mark.parametrize(("cell", "attention"), [("lstm", "additive"), ("gru", "dot")])
def test_save_and_load(
    cell: str, attention: str, pairs: Pairs, tiny: Callable[..., TranslatorSettings], tmp_path: Path
) -> None:
    model = Translator(tiny(steps=20, cell=cell, attention=attention, layers=2, dropout=0.1))
    assert model.train(pairs.take(range(80)), device="cpu") is model
    assert model.validation is None
    model.save(tmp_path / "model")
    again = Translator.load(tmp_path / "model")
    assert again.settings == model.settings
    assert again.facts() == model.facts()
    assert again.learned.longest == model.learned.longest
    assert again.history is not None
    assert model.history is not None
    assert again.history.to_json() == model.history.to_json()
    for name, tensor in model.network.state_dict().items():
        assert again.network.state_dict()[name].equal(tensor)
    assert again.predict(pairs.sources[:20]) == model.predict(pairs.sources[:20])


def test_the_same_seed_gives_the_same_model(pairs: Pairs, tiny: Callable[..., TranslatorSettings]) -> None:
    one, two = (Translator(tiny(steps=10, dropout=0.2)).train(pairs, device="cpu") for _ in range(2))
    for name, tensor in one.network.state_dict().items():
        assert two.network.state_dict()[name].equal(tensor)


def test_a_stopped_training_goes_on(pairs: Pairs, tiny: Callable[..., TranslatorSettings], tmp_path: Path) -> None:
    settings = tiny(steps=20, dropout=0.2)

    def stop(progress: Any) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Translator(settings).train(pairs, device="cpu", checkpoint=tmp_path / "c", on_progress=stop)
    others = Pairs(pairs.sources, (*pairs.targets[:-1], "autre chose"))
    with pytest.raises(ModelError):
        Translator(settings).train(others, device="cpu", checkpoint=tmp_path / "c")
    steps: list[int] = []
    model = Translator(settings)
    model.train(
        pairs, device="cpu", checkpoint=tmp_path / "c", on_progress=lambda progress: steps.append(progress.step)
    )
    assert steps[0] == 13
    whole = Translator(settings).train(pairs, device="cpu")
    assert model.network.table.equal(whole.network.table)


def test_nothing_to_work_on(pairs: Pairs, tiny: Callable[..., TranslatorSettings]) -> None:
    with pytest.raises(TextError, match="no pair of sentences to train on"):
        Translator(tiny()).train(Pairs((), ()))
    with pytest.raises(TextError, match="more than 2 tokens"):
        Translator(tiny(longest=2)).train(pairs.take([k for k, text in enumerate(pairs.sources) if len(text) > 8]))
    untrained = Translator(tiny())
    for asked in (lambda: untrained.parameters, untrained.facts, lambda: untrained.save("model")):
        with pytest.raises(ModelError, match="not been trained yet"):
            asked()


def test_one_pair_is_learned_by_heart(tiny: Callable[..., TranslatorSettings]) -> None:
    pair = Pairs(("A dog.",), ("Un chien.",))
    assert Translator(tiny(steps=60)).train(pair, pair, device="cpu").predict(["A dog."]) == ["Un chien."]


def test_folders_that_will_not_do(trained: Translator, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        Translator.load(tmp_path / "nothing")
    write_folder(tmp_path / "sound", "audio", {}, {})
    with pytest.raises(ModelError, match="foretell audio generate"):
        Translator.load(tmp_path / "sound")
    trained.save(tmp_path / "model")
    weights = {name: tensor.clone() for name, tensor in trained.network.state_dict().items()}
    description = json.loads((tmp_path / "model" / "model.json").read_text())["model"]
    kept = {name: part for name, part in description.items() if name not in ("kind", "weights_sha256")}
    wrong: tuple[tuple[str, Any], ...] = (
        ("hidden", 34), ("hidden", "wide"), ("hidden", 10**9), ("layers", 10**7), ("cell", "lstm"), ("cell", "hen"),
        ("training", None), ("unheard", 1), ("attention", "additive"),
    )  # fmt: skip
    for name, value in wrong:
        write_folder(tmp_path / "a", "translate", {**kept, "settings": {**kept["settings"], name: value}}, weights)
        with pytest.raises(ModelError):
            Translator.load(tmp_path / "a")
    vocabularies = description["learned"]["vocabularies"]
    for name, value in (
        ("learned", {**description["learned"], "vocabularies": {**vocabularies, "source": "{}"}}),
        ("learned", {**description["learned"], "vocabularies": {**vocabularies, "target": 3}}),
        ("learned", {**description["learned"], "longest": 0}),
        ("learned", {}),
        ("validation", "low"),
    ):
        write_folder(tmp_path / "a", "translate", {**kept, name: value}, weights)
        with pytest.raises(ModelError):
            Translator.load(tmp_path / "a")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="damaged"):
        Translator.load(tmp_path / "model")
