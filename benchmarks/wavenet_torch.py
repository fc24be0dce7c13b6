"""The WaveNet of `foretell.nn` in plain torch, with the same weights: a module to train, and one to step."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn import WaveNet


class PlainLayer(nn.Module):
    """A gated, dilated layer of kernel 2: a `torch.nn.Conv1d` for each matrix of the equations."""

    def __init__(self, residual: int, skip: int, dilation: int, last: bool, local: int | None) -> None:
        super().__init__()
        self.dilation = dilation
        self.filter = nn.Conv1d(residual, residual, 2, dilation=dilation)
        self.gate = nn.Conv1d(residual, residual, 2, dilation=dilation)
        self.residual = None if last else nn.Conv1d(residual, residual, 1)
        self.skip = nn.Conv1d(residual, skip, 1)
        self.local_filter = nn.Conv1d(local, residual, 1, bias=False) if local else None
        self.local_gate = nn.Conv1d(local, residual, 1, bias=False) if local else None

    def forward(self, x: Tensor, local: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, R, T) and conditioning (B, L, T) to the next layer's input and the skip share (B, S, T)."""
        padded = F.pad(x, (self.dilation, 0))
        a, b = self.filter(padded), self.gate(padded)
        if self.local_filter is not None and self.local_gate is not None:
            a, b = a + self.local_filter(local), b + self.local_gate(local)
        z = torch.tanh(a) * torch.sigmoid(b)
        return x if self.residual is None else x + self.residual(z), self.skip(z)


class PlainWaveNet(nn.Module):
    """Levels (B, T) to outputs (B, T, O): an embedding, the layers, two convolutions on the sum of the skips."""

    def __init__(self, network: WaveNet) -> None:
        super().__init__()
        assert network.output_size
        residual, skip = network.residual_channels, network.skip_channels
        self.embedding = nn.Embedding(network.input_size, residual)
        last = len(network.dilations) - 1
        self.layers = nn.ModuleList(
            PlainLayer(residual, skip, d, k == last, network.local_size) for k, d in enumerate(network.dilations)
        )
        self.hidden = nn.Conv1d(skip, skip, 1)
        self.output = nn.Conv1d(skip, network.output_size, 1)
        with torch.no_grad():
            for mine, theirs in zip(self._like_foretell().values(), foretell_parameters(network).values(), strict=True):
                mine.copy_(theirs)

    def forward(self, levels: Tensor, local_y: Tensor | None = None) -> Tensor:
        """(B, T) and conditioning (B, T, L), if there is any, to (B, T, O)."""
        x = self.embedding(levels).transpose(1, 2)
        local = None if local_y is None else local_y.transpose(1, 2)
        skips: Any = 0
        for layer in self.layers:
            x, skip = layer(x, local)
            skips = skips + skip
        outputs: Tensor = self.output(torch.relu(self.hidden(torch.relu(skips))))
        return outputs.transpose(1, 2)

    def gradients(self) -> dict[str, Tensor]:
        """Of all parameters, by the names of `foretell_parameters`."""
        return {name: _gradient(parameter) for name, parameter in self._like_foretell().items()}

    def _like_foretell(self) -> dict[str, Tensor]:
        named: dict[str, Tensor] = {"input": self.embedding.weight}
        for k, layer in enumerate(self.layers):
            assert isinstance(layer, PlainLayer)
            parts = [("filter", layer.filter), ("gate", layer.gate), ("residual", layer.residual), ("skip", layer.skip)]
            for name, part in parts:
                if part is not None:
                    named |= {f"{k} {name}": part.weight, f"{k} {name} bias": part.bias}
            for name, part in (("local filter", layer.local_filter), ("local gate", layer.local_gate)):
                if part is not None:
                    named |= {f"{k} {name}": part.weight}
        for name, part in (("hidden", self.hidden), ("output", self.output)):
            named |= {name: part.weight, f"{name} bias": part.bias}
        return named


class SteppedWaveNet:
    """A WaveNet of kernel 2 that draws one sample at a time, with the past of each layer in a ring."""

    def __init__(self, network: WaveNet) -> None:
        weights = {name: weight.detach() for name, weight in foretell_parameters(network).items()}
        self.dilations = network.dilations
        self.residual = network.residual_channels
        self.table = weights["input"]
        layers: list[Any] = list(network.layers)
        self.gated = [torch.cat([*layer.gated.weight.detach().unbind(2)], 1) for layer in layers]
        self.gated_bias = [layer.gated.bias.detach() for layer in layers]
        self.mixed = [layer.mixed.weight.detach()[:, :, 0] for layer in layers]
        self.mixed_bias = [layer.mixed.bias.detach() for layer in layers]
        self.hidden, self.hidden_bias = weights["hidden"][:, :, 0], weights["hidden bias"]
        self.output, self.output_bias = weights["output"][:, :, 0], weights["output bias"]
        self.rings = [torch.zeros(dilation, self.residual) for dilation in self.dilations]
        self.done = 0
        self.level = network.input_size // 2

    def step(self, level: int) -> Tensor:
        """Outputs (O,) once `level` was read."""
        x, channels = self.table[level], self.residual
        skips: Any = 0
        for k, dilation in enumerate(self.dilations):
            at = self.done % dilation
            a = torch.addmv(self.gated_bias[k], self.gated[k], torch.cat([self.rings[k][at], x]))
            self.rings[k][at] = x
            z = torch.tanh(a[:channels]) * torch.sigmoid(a[channels:])
            mixed = torch.addmv(self.mixed_bias[k], self.mixed[k], z)
            if k + 1 < len(self.dilations):
                x, mixed = x + mixed[:channels], mixed[channels:]
            skips = skips + mixed
        self.done += 1
        hidden = torch.relu(torch.addmv(self.hidden_bias, self.hidden, torch.relu(skips)))
        return torch.addmv(self.output_bias, self.output, hidden)

    @torch.inference_mode()
    def generate(self, steps: int) -> list[int]:
        """The next levels; another call goes on after them."""
        levels = []
        for _ in range(steps):
            probabilities = torch.softmax(self.step(self.level), 0)
            self.level = int(torch.multinomial(probabilities, 1))
            levels.append(self.level)
        return levels


def foretell_parameters(network: WaveNet) -> dict[str, Tensor]:
    """The weights of a network that `PlainWaveNet` has too, a name each; the bias of the input is in its table."""
    return _named(network, lambda parameter: parameter)


def foretell_gradients(network: WaveNet) -> dict[str, Tensor]:
    """Their gradients, by the same names."""
    return _named(network, _gradient) | {"input": _gradient(network.input.weight)[:, :, 0].t()}


def _named(network: WaveNet, of: Any) -> dict[str, Tensor]:
    channels = network.residual_channels
    table, bias = network.input.weight, network.input.bias
    assert bias is not None
    assert network.hidden is not None
    assert network.output is not None
    named: dict[str, Tensor] = {"input": table[:, :, 0].t() + bias}
    layers: list[Any] = list(network.layers)
    for k, layer in enumerate(layers):
        gated, mixed = layer.gated, layer.mixed
        for name, rows in (("filter", slice(channels)), ("gate", slice(channels, None))):
            named |= {f"{k} {name}": of(gated.weight)[rows], f"{k} {name} bias": of(gated.bias)[rows]}
        residual = 0 if k + 1 == len(layers) else channels
        if residual:
            named |= {f"{k} residual": of(mixed.weight)[:residual], f"{k} residual bias": of(mixed.bias)[:residual]}
        named |= {f"{k} skip": of(mixed.weight)[residual:], f"{k} skip bias": of(mixed.bias)[residual:]}
        if layer.local_projection is not None:
            local = of(layer.local_projection.weight)
            named |= {f"{k} local filter": local[:channels], f"{k} local gate": local[channels:]}
    for name, part in (("hidden", network.hidden), ("output", network.output)):
        named |= {name: of(part.weight), f"{name} bias": of(part.bias)}
    return named


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
