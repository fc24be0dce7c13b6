"""Inputs of the compiled scan, drawn at the scale of real initial values, and everything that a scan gives of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from foretell.kernels import autograd
from foretell.kernels.inputs import DIFFERENTIABLE, GATES, NAMES, Inputs
from foretell.kernels.twin import twin


def draw_inputs(
    cell: str,
    steps: int = 5,
    batch: int = 3,
    hidden: int = 17,
    features: int = 8,
    *,
    dtype: torch.dtype = torch.float32,
    layout: str = "padded",
    layer_norm: bool = False,
    peephole: bool = False,
    mask: bool = False,
    zoneout: str | None = None,
    bias: bool = True,
    projection: int | None = None,
    reverse: bool = False,
    seed: int = 0,
) -> Inputs:
    """Inputs with values that float32 holds exactly; `layout` padded, ragged or packed; `zoneout` by mask or rate."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        return (mean + scale * torch.randn(*shape, generator=generator)).to(dtype)

    def uniform(*shape: int, bound: float) -> Tensor:
        return (bound * (2 * torch.rand(*shape, generator=generator) - 1)).to(dtype)

    def coins(*shape: int) -> Tensor:
        return torch.zeros(*shape).bernoulli_(0.5, generator=generator).to(dtype)

    gates, lstm = GATES[cell], cell == "lstm"
    outputs = projection or hidden
    rows = gates * hidden
    given: dict[str, Any] = {
        "weight_ih": uniform(rows, features, bound=(6 / (features + hidden)) ** 0.5),
        "weight_hh": uniform(rows, outputs, bound=hidden**-0.5),
        "initial_h": normal(batch, outputs),
    }
    if lstm:
        given["initial_c"] = normal(batch, hidden)
    if bias:
        given |= {"bias_ih": normal(rows, scale=0.1), "bias_hh": normal(rows, scale=0.1)}
        if lstm:
            given["bias_ih"][hidden : 2 * hidden] += 1
    if projection:
        given["weight_hr"] = uniform(projection, hidden, bound=(6 / (projection + hidden)) ** 0.5)
    if peephole:
        given["weight_peephole"] = normal(3, hidden, scale=0.1)
    if layer_norm and gates == 1:
        given |= {"ln_weight": normal(hidden, scale=0.1, mean=1.0), "ln_bias": normal(hidden, scale=0.1)}
    elif layer_norm:
        given |= {name: normal(rows, scale=0.1, mean=1.0) for name in ("ln_ih_weight", "ln_hh_weight")}
        if lstm:
            given |= {"ln_c_weight": normal(hidden, scale=0.1, mean=1.0), "ln_c_bias": normal(hidden, scale=0.1)}
    if layout == "ragged":
        lengths = torch.randint(0, steps + 1, (batch,), generator=generator)
        lengths[: 2 if batch > 1 else 1] = torch.tensor([steps, 0])[: min(batch, 2)]
        given["lengths"] = lengths
    shape: tuple[int, ...] = (steps, batch)
    if layout == "packed":
        lengths = torch.randint(1, steps + 1, (batch,), generator=generator)
        lengths[0] = steps
        given["batch_sizes"] = (torch.arange(steps)[:, None] < lengths).sum(1)
        shape = (int(lengths.sum()),)
    if mask:
        given["recurrent_mask"] = 2 * coins(batch, outputs)
    if zoneout == "mask":
        given["keep_h"] = coins(*shape, outputs)
        if lstm:
            given["keep_c"] = coins(*shape, hidden)
    elif zoneout == "rate":
        given |= {"rate_h": 0.25, "rate_c": 0.125 if lstm else 0.0}
    return Inputs.named({"cell": cell, "reverse": reverse, "x": normal(*shape, features), **given})


def with_dtype(i: Inputs, dtype: torch.dtype) -> Inputs:
    """The same values in another dtype."""
    return Inputs.of_flat([t.to(dtype) if isinstance(t, Tensor) and t.is_floating_point() else t for t in i.flat])


def differentiated(scan: Callable[[Inputs], tuple[Tensor, ...]], i: Inputs) -> dict[str, Tensor]:
    """Outputs, final states and the gradient of every differentiable input, with the same weight on each output."""
    leaves: Any = [None if t is None else t.detach().requires_grad_() for t in i.differentiable]
    names = ("output", "final_h", "final_c")[: 2 if i.initial_c is None else 3]
    results = dict(zip(names, scan(Inputs.of_flat([*leaves, *i.flat[DIFFERENTIABLE:]])), strict=False))
    generator = torch.Generator().manual_seed(1)
    cotangents = [torch.randn(r.shape, generator=generator).to(r.dtype) for r in results.values()]
    wanted = {n: t for n, t in zip(NAMES, leaves, strict=False) if t is not None}
    found = torch.autograd.grad(
        list(results.values()), list(wanted.values()), cotangents, allow_unused=True, materialize_grads=True
    )
    return results | {f"gradient of {name}": g for name, g in zip(wanted, found, strict=True)}


def assert_near_twin(i: Inputs) -> None:
    """In half precision equal to the twin in float64, but where float32 rounds to the other neighbour, 2 units away."""
    unit, half = 2.0**-9, i._replace(half=True)
    expected = differentiated(twin, with_dtype(half, torch.float64))
    for name, a in differentiated(autograd.apply, half).items():
        e = expected[name].detach()
        assert (a.shape, a.dtype) == (e.shape, torch.float32)
        if e.numel():
            error, largest = float((a.detach() - e).abs().max()), float(e.abs().max())
            assert error <= 4 * unit * largest, f"{name}: {error:.2e} where the largest value is {largest:.2e}"


@pytest.fixture(scope="session")
def near_twin() -> Callable[[Inputs], None]:
    """See `assert_near_twin`."""
    return assert_near_twin


@pytest.fixture(scope="session")
def draw() -> Callable[..., Inputs]:
    """See `draw_inputs`."""
    return draw_inputs


@pytest.fixture(scope="session")
def everything() -> Callable[..., dict[str, Tensor]]:
    """See `differentiated`."""
    return differentiated


@pytest.fixture(scope="session")
def converted() -> Callable[[Inputs, torch.dtype], Inputs]:
    """See `with_dtype`."""
    return with_dtype
