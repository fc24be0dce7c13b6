"""Initial values: orthogonal gate by gate, Glorot's bounds, one forget bias, the same for the same seed."""

from __future__ import annotations

import math

import pytest
import torch

from foretell import nn
from foretell.nn.layers.initialisation import chrono_

I, H = 6, 16  # noqa: E741
GATES = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3, nn.RNNCell: 1, nn.LSTMCell: 4, nn.GRUCell: 3}


def drawn(cell, **options):
    torch.manual_seed(0)
    return dict(cell(I, H, **options).named_parameters())


@pytest.mark.parametrize("cell", GATES)
def test_recurrent_weights_are_orthogonal_gate_by_gate(cell):
    for name, weight in drawn(cell, dtype=torch.float64).items():
        if name.startswith("weight_hh"):
            for gate in weight.chunk(GATES[cell]):
                torch.testing.assert_close(gate @ gate.T, torch.eye(H, dtype=torch.float64))


@pytest.mark.parametrize("cell", GATES)
def test_input_weights_fill_the_bounds_of_glorot(cell):
    weight = next(w for name, w in drawn(cell).items() if name.startswith("weight_ih"))
    bound = math.sqrt(6 / (I + H))
    for gate in weight.chunk(GATES[cell]):
        assert 0.9 * bound < gate.abs().max() <= bound


@pytest.mark.parametrize("cell", GATES)
def test_biases_are_zero_but_for_one_forget_bias(cell):
    for name, bias in drawn(cell).items():
        if name.startswith("bias"):
            expected = torch.zeros(GATES[cell] * H)
            if GATES[cell] == 4 and name.startswith("bias_ih"):
                expected[H : 2 * H] = 1
            assert torch.equal(bias, expected)


def test_options_start_neutral():
    for name, value in drawn(nn.LSTM, peephole=True, layer_norm=True, num_layers=2, bidirectional=True).items():
        if name.startswith(("weight_peephole", "ln_c_bias")):
            assert not value.any()
        elif name.startswith("ln_"):
            assert torch.equal(value, torch.ones_like(value))
    options = {"ln_weight_l0": 1.0, "ln_bias_l0": 0.0}
    for name, value in options.items():
        assert torch.equal(drawn(nn.RNN, layer_norm=True)[name], torch.full((H,), value))


def test_projections_keep_recurrent_columns_orthonormal():
    parameters = drawn(nn.LSTM, proj_size=5, dtype=torch.float64)
    for gate in parameters["weight_hh_l0"].chunk(4):
        torch.testing.assert_close(gate.T @ gate, torch.eye(5, dtype=torch.float64))
    assert parameters["weight_hr_l0"].abs().max() <= math.sqrt(6 / (H + 5))


@pytest.mark.parametrize("cell", GATES)
def test_the_same_seed_draws_the_same_values(cell):
    first, second = drawn(cell), drawn(cell)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    module = cell(I, H)
    torch.manual_seed(0)
    module.reset_parameters()
    assert all(torch.equal(value, first[name]) for name, value in module.named_parameters())


def test_half_precision_and_meta_devices():
    weight = nn.GRU(I, H, dtype=torch.bfloat16).weight_hh_l0.float()
    torch.testing.assert_close(weight[:H] @ weight[:H].T, torch.eye(H), rtol=0, atol=0.05)  # type: ignore[index]
    assert nn.LSTM(I, H, layer_norm=True, device="meta").ln_c_weight_l0.is_meta


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"layer_norm": True}])
@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_chrono_biases_remember_up_to_the_longest_time(cell, options):
    torch.manual_seed(0)
    layer = cell(I, 400, **options)
    before = {name: value.detach().clone() for name, value in layer.named_parameters()}
    with torch.no_grad():
        for bias in (value for name, value in layer.named_parameters() if name.startswith("bias_hh")):
            bias.fill_(0.5)
    chrono_(layer, 100)
    for name, value in layer.named_parameters():
        if name.startswith("bias_ih"):
            first, keep, *rest = value.chunk(GATES[cell])
            times = keep.exp()  # a gate of sigma(ln u) forgets a share 1 / (1 + u) of the state at each step
            assert 1 <= times.min() < 10
            assert 90 < times.max() <= 99
            assert abs(times.mean() - 50) < 8
            assert torch.equal(first, -keep if cell is nn.LSTM else torch.zeros(400))
            assert not torch.cat(rest).any()
        elif name.startswith("bias_hh"):
            first, keep, *rest = value.chunk(GATES[cell])
            assert not keep.any()
            assert torch.equal(first, torch.full((400,), 0.0 if cell is nn.LSTM else 0.5))
            assert torch.equal(torch.cat(rest), torch.full((400 * len(rest),), 0.5))
        else:
            assert torch.equal(value, before[name])


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_a_chrono_layer_still_hears_its_first_step(cell):
    """The gradient that reaches the first of 300 steps, beside that of the default initial values."""

    def reaching(chrono: bool) -> float:
        torch.manual_seed(0)
        layer = cell(2, 32, batch_first=True)
        if chrono:
            chrono_(layer, 300)
        x = torch.rand(4, 300, 2, requires_grad=True)
        layer(x)[0][:, -1].sum().backward()
        return float(x.grad[:, 0].norm())

    assert reaching(True) > 1e-4
    assert reaching(True) > 1e4 * reaching(False)


def test_chrono_takes_cells():
    torch.manual_seed(0)
    cell = nn.GRUCell(I, H)
    chrono_(cell, 50)
    assert cell.bias_ih.chunk(3)[1].min() >= 0
    assert cell.bias_ih.chunk(3)[1].max() > 1


@pytest.mark.parametrize("layer", [nn.RNN(I, H), nn.LSTM(I, H, bias=False), torch.nn.Linear(I, H), torch.nn.LSTM(I, H)])
def test_chrono_refuses_layers_without_such_gates(layer):
    with pytest.raises(ValueError, match="LSTM or GRU"):
        chrono_(layer, 100)


@pytest.mark.parametrize("longest", [1, -3, math.inf, math.nan])
def test_chrono_refuses_times_that_are_none(longest):
    with pytest.raises(ValueError, match="at least 2"):
        chrono_(nn.GRU(I, H), longest)
