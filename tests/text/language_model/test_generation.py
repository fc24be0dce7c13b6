from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import torch

from foretell.errors import TextError
from foretell.nn import Sampling
from foretell.text.language_model import generation
from foretell.text.language_model.characters import NONE, Characters
from foretell.text.language_model.generation import check_start, write_on
from foretell.text.language_model.network import build
from foretell.text.language_model.settings import LanguageSettings

CHARACTERS = Characters("abcdefgh")


@pytest.fixture
def network(tiny: Callable[..., LanguageSettings]) -> Any:
    torch.manual_seed(0)
    network = build(tiny(), len(CHARACTERS)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
    return network


def written(network: Any, count: int, start: str = "", seed: int = 0, **sampling: Any) -> str:
    return "".join(islice(write_on(network, CHARACTERS, start, Sampling(**sampling), seed), count))


def test_one_seed_gives_one_text(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = written(network, 100)
    assert written(network, 100) == text
    assert written(network, 40) == text[:40]
    assert written(network, 100, seed=1) != text
    assert written(network, 100, start="a") != text
    monkeypatch.setattr(generation, "_DRAWN_AT_ONCE", 16)
    assert written(network, 100) == text


def test_the_likeliest_are_those_of_one_pass(network: Any) -> None:
    start = "abcab"
    text = written(network, 30, start=start, top_k=1)
    read = torch.tensor([[NONE, *CHARACTERS.encode(start + text)]])
    with torch.no_grad():
        likeliest = network(read)[0][0, :, 1:].argmax(-1) + 1
    assert CHARACTERS.decode(likeliest[len(start) : -1].tolist()) == text


def test_what_is_no_character_is_never_written(network: Any) -> None:
    with torch.no_grad():
        network.head.bias[NONE] = 1e4
    assert set(written(network, 200)) <= set("abcdefgh")


def test_chances_are_the_networks(network: Any) -> None:
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([5.0] + 4 * [0.0] + 4 * [1.0]))
    text = written(network, 1500)
    share = sum(c in "efgh" for c in text) / 1500
    assert share == pytest.approx(torch.tensor(1.0).sigmoid().item(), abs=0.04)
    assert set(written(network, 200, temperature=0.01)) <= set("efgh")
    assert set(written(network, 200, top_k=4)) <= set("efgh")
    assert set(written(network, 200, top_p=0.7)) == set("efgh")


def test_a_long_start_is_read_in_pieces(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    start = 50 * "abdgh"
    whole = written(network, 30, start=start)
    monkeypatch.setattr(generation, "_READ_AT_ONCE", 16)
    assert written(network, 30, start=start) == whole


def test_characters_that_are_not_known_are_named() -> None:
    check_start("", CHARACTERS)
    check_start("hag", CHARACTERS)
    with pytest.raises(TextError, match=r"'x' \(U\+0078\), '€' \(U\+20AC\), first as its character number 2"):
        check_start("ax€x", CHARACTERS)
    with pytest.raises(TextError, match="and 21 more"):
        check_start("ABCDEFGHIJKLMNOPQRSTUVWXYZ", CHARACTERS)


def test_nothing_is_drawn_from_what_is_no_distribution(network: Any) -> None:
    with torch.no_grad():
        network.head.bias.fill_(torch.nan)
    with pytest.raises(ValueError, match="no distribution"):
        written(network, 1)


def test_memory_does_not_grow(network: Any) -> None:
    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    drawn = write_on(network, CHARACTERS, "abc", Sampling(), 0)
    list(islice(drawn, 20))
    before = tensors()
    list(islice(drawn, 200))
    assert tensors() <= before
