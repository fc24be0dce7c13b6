"""What all heads have in common: what the network reads, shapes, and the way into a model's folder and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from foretell.nn import WaveNet
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics, Sampling, head_from_dict

HEADS = [Categorical(), Categorical(5, 0), MixtureOfLogistics(), MixtureOfLogistics(1, 8), Gaussian(), Gaussian(12)]


def some_values(head: Head, batch: int, steps: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if head.quantised:
        return torch.randint(head.input_size, (batch, steps), generator=generator)
    return torch.rand(batch, steps, generator=generator) * 2 - 1


def test_sizes() -> None:
    assert [head.input_size for head in HEADS] == [256, 5, 1, 1, 1, 1]
    assert [head.output_size for head in HEADS] == [256, 5, 30, 3, 2, 2]
    assert [head.silence for head in HEADS] == [128, 0, 0, 0, 0, 0]
    assert [head.quantised for head in HEADS] == [True, True, False, False, False, False]


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_into_a_description_and_back(head: Head) -> None:
    plain = json.loads(json.dumps(head.to_dict()))
    assert plain["name"] in ("categorical", "mixture_of_logistics", "gaussian")
    again = head_from_dict(plain)
    assert type(again) is type(head)
    assert again == head
    assert hash(again) == hash(head)
    assert again.silence == head.silence
    assert [other for other in HEADS if other == head] == [head]


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"name": "softmax"},
        {"name": ["categorical"]},
        {"name": "gaussian", "classes": 3},
        {"name": "gaussian", "bits": "16"},
        {"name": "gaussian", "bits": 17},
        {"name": "mixture_of_logistics", "bits": 0},
        {"name": "mixture_of_logistics", "components": 0},
        {"name": "mixture_of_logistics", "components": 2.0},
        {"name": "categorical", "classes": True},
        {"name": "categorical", "classes": None},
        {"name": "categorical", "classes": 8, "silence": 8},
        {"name": "categorical", "classes": 8, "silence": -1},
        {"name": "categorical", "classes": 8, "silence": 1.0},
        {"name": "categorical", "classes": 8, "mu_law": 1},
        {"name": "categorical", "classes": 1, "mu_law": True},
    ],
    ids=repr,
)
def test_descriptions_that_make_no_sense(plain: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        head_from_dict(plain)


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_values_one_step_late(head: Head) -> None:
    values = some_values(head, 2, 4)
    late = head.shifted(values)
    assert late.shape == ((2, 4) if head.quantised else (2, 4, 1))
    assert late.dtype == values.dtype
    assert late.view(2, 4)[:, 1:].equal(values[:, :-1])
    assert late.view(2, 4)[:, 0].tolist() == [head.silence] * 2
    before = values[:, 2]
    assert head.shifted(values, before).view(2, 4)[:, 0].equal(before)
    assert head.shifted(values[:, :0]).shape[:2] == (2, 0)
    assert head.network_input(values).view(2, 4).equal(values)


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_a_network_reads_and_writes_what_the_head_says(head: Head) -> None:
    torch.manual_seed(0)
    network = WaveNet(head.input_size, 4, 4, head.output_size, (1, 2))
    values = some_values(head, 2, 6)
    nll = head.nll(network(head.shifted(values)), values)
    assert nll.shape == (2, 6)
    nll.mean().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in network.parameters())
    drawn = head.sample(network(head.shifted(values))[:, -1], torch.rand(2, 2), Sampling())
    assert (drawn.shape, drawn.dtype, drawn.requires_grad) == ((2,), values.dtype, False)


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_half_precision_counts_as_single(head: Head) -> None:
    values = some_values(head, 2, 3)
    outputs = torch.randn(2, 3, head.output_size, generator=torch.Generator().manual_seed(2)).bfloat16()
    assert head.nll(outputs, values).equal(head.nll(outputs.float(), values))
    uniforms = torch.rand(2, 2, generator=torch.Generator().manual_seed(3))
    drawn = head.sample(outputs[:, 0], uniforms, Sampling())
    assert drawn.equal(head.sample(outputs[:, 0].float(), uniforms, Sampling()))


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_shapes_and_kinds_that_do_not_fit(head: Head) -> None:
    values = some_values(head, 2, 3)
    outputs = torch.zeros(2, 3, head.output_size)
    wrong_kind = values.float() if head.quantised else values.long()
    for bad in (values[0], values[:, :, None], wrong_kind):
        for call in (head.network_input, head.shifted, lambda v: head.nll(outputs, v)):
            with pytest.raises(ValueError, match="values must be"):
                call(bad)
    with pytest.raises(ValueError, match=r"before must have the shape \(2,\)"):
        head.shifted(values, values)
    for shape in ((2, 3, head.output_size + 1), (2, 2, head.output_size), (2, head.output_size)):
        with pytest.raises(ValueError, match="outputs must have the shape"):
            head.nll(torch.zeros(shape), values)
    for shapes in (((2, head.output_size), (2,)), ((2, head.output_size + 1), (2, 2)), ((2, 3, 4), (2, 2))):
        with pytest.raises(ValueError, match="outputs and uniforms must have the shapes"):
            head.sample(torch.zeros(shapes[0]), torch.zeros(shapes[1]), Sampling())


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_outputs_that_are_not_numbers_are_not_drawn_from(head: Head) -> None:
    outputs = torch.full((2, head.output_size), torch.nan)
    with pytest.raises(ValueError, match="NaN or infinite"):
        head.sample(outputs, torch.full((2, 2), 0.5), Sampling())
