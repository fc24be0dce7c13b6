"""Sequences out of a WaveNet, value after value: each is drawn from the outputs, and read at the next time step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.errors import SettingsError
from foretell.kernels import native
from foretell.kernels.wavenet import Chance, CompiledWaveNet, HeadKind, Weights
from foretell.nn.decoding.wavenet_weights import PRECISIONS, Precision, WeightsOrAuto, fast_enough, with_weights
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics, Sampling
from foretell.nn.heads.grid import GridHead
from foretell.nn.layers.upsampling import interpolate
from foretell.nn.layers.wavenet import WaveNet
from foretell.nn.layers.wavenet_state import WaveNetState

Backend = Literal["auto", "native", "reference"]

# Time steps of one call of the compiled code, which Ctrl-C cannot interrupt, and of one pass over given values.
_CALL, _PASS = 2048, 16384


class Generator:
    """Draws values from a WaveNet, for `batch` sequences side by side.

    - `network`: in evaluation mode; a copy is taken, its weights count as they are now. `head`: what its outputs mean.
    - `global_y`: as the network takes it, for all sequences `(B, ...)` or, `(1, ...)`, for each of them.
    - `sampling`: temperature, top-k, top-p. `seed`: one seed gives one result, the same sequence in a batch of any
      size but for rounding.
    - `weights`: of the matrices of layers and output, by how much memory streams by at each time step. "bfloat16"
      rounds them to 8 bits of mantissa; "int8" to 255 levels, of a scale for each output channel, and their inputs to
      16 bits. "auto" takes the most exact ones that generate `rate` time steps per second in each sequence, measured
      here and now, or the fastest; the attribute `weights` says which, and sequences differ with it.
    - `backend`: "native" is the compiled code, on the CPU, for float32 weights and the heads of `foretell.nn.heads`;
      "reference" is `WaveNet.advance` and `Head.sample` in a loop, on any device; "auto" takes the former where it can.

    Raises ValueError where network and head do not fit, SettingsError for a backend that is not there.
    """

    def __init__(
        self,
        network: WaveNet,
        head: Head,
        *,
        batch: int = 1,
        global_y: Tensor | None = None,
        sampling: Sampling | None = None,
        seed: int = 0,
        weights: WeightsOrAuto = "float32",
        rate: float | None = None,
        backend: Backend = "auto",
    ) -> None:
        _check_fit(network, head)
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        if weights not in (*PRECISIONS, "auto"):
            raise SettingsError(f"weights must be float32, bfloat16, int8 or auto, got {weights!r}")
        if weights == "auto" and not (rate is not None and rate > 0):
            raise SettingsError(f"weights='auto' needs the rate to be reached, above 0, got {rate}")
        self._chance = _streams(seed, batch)
        self.sampling = Sampling() if sampling is None else sampling
        head.check_sampling(self.sampling)
        self.backend: Literal["native", "reference"] = _choose(backend, network, head)
        self.batch = batch
        self._head = head
        device = network.input.weight.device
        if global_y is not None:
            global_y = global_y.to(device)
            global_y = global_y.expand(batch, *global_y.shape[1:]) if global_y.shape[:1] == (1,) else global_y
        with torch.no_grad():
            # Complains of a wrong one before any work is done.
            vectors = network.embed_global(global_y, batch)
        self._global_y = None if global_y is None else global_y.clone()
        kind = torch.int64 if head.quantised else network.input.weight.dtype
        self._before = torch.full((batch,), head.silence, dtype=kind, device=device)
        self._state: WaveNetState | None = None
        self._began = False
        self._room: Tensor | None = None
        self._compiled: CompiledWaveNet | None = None
        if self.backend == "native":
            packed, means = _weights_of(network, vectors), _kind_of(head)
            if weights == "auto":
                assert rate is not None
                weights = fast_enough(lambda kept: CompiledWaveNet(packed, batch, means, kept=kept), network, rate)
            self._compiled = CompiledWaveNet(packed, batch, means, kept=weights)
        self.weights: Precision = "float32" if weights == "auto" else weights
        self._network = with_weights(network, self.weights)
        if network.local_size:
            layers: list[Any] = list(self._network.layers)
            self._projections = torch.cat([layer.local_projection.weight.detach()[:, :, 0] for layer in layers])

    def restart(self, seed: int) -> None:
        """Forget what has been generated: what comes now is what a new generator with this seed would generate.

        The weights, which take longer to prepare than a few time steps, stay as they were when it was built.
        """
        self._chance = _streams(seed, self.batch)
        self._before = torch.full_like(self._before, self._head.silence)
        self._state, self._began = None, False
        if self._compiled is not None:
            self._compiled.forget()

    @torch.no_grad()
    def prime(self, values: Tensor, local_y: Tensor | None = None) -> None:
        """Let what comes go on after `values` `(B, T)`, or `(1, T)` for each sequence, read in one parallel pass.

        `local_y` `(B, T, L)` where the network has local conditioning. Raises ValueError once generation has begun.
        """
        if self._began:
            raise ValueError("prime comes before the first value is generated: make another Generator")
        values = values.to(self._before.device)
        values = values.expand(self.batch, -1) if values.dim() == 2 and len(values) == 1 else values
        if values.dim() != 2 or len(values) != self.batch:
            raise ValueError(f"values must have the shape ({self.batch}, T), got {tuple(values.shape)}")
        self._network.check_local(local_y, self.batch, values.shape[1])
        if values.shape[1] == 0:
            return
        if self._head.quantised != (not values.is_floating_point()):
            due = "levels, whole numbers" if self._head.quantised else "floats in [-1, 1]"
            raise ValueError(f"values must be {due}, got {values.dtype}")
        levels = self._head.input_size
        if self._head.quantised and not (int(values.min()) >= 0 and int(values.max()) < levels):
            raise ValueError(
                f"values must be levels from 0 to {levels - 1}, got some from {int(values.min())} to "
                f"{int(values.max())}"
            )
        values = values.to(self._before.dtype)
        inputs = self._head.shifted(values, self._before)
        for start in range(0, values.shape[1], _PASS):
            here = slice(start, start + _PASS)
            local = None if local_y is None else local_y[:, here]
            _, self._state = self._network.advance(inputs[:, here], self._state, self._global_y, local)
        self._before = values[:, -1].clone()
        if self._compiled is not None and self._state is not None:
            self._compiled.set_past(self._state[:-1], int(self._state[-1]))

    @torch.no_grad()
    def generate(
        self, steps: int, local_y: Tensor | None = None, *, rate: int = 1, temperatures: Tensor | None = None
    ) -> Tensor:
        """The next values `(B, steps)`: levels, int64, or floats in [-1, 1]. Another call goes on after them.

        `local_y` `(B, steps, L)` where the network has local conditioning. If `rate` is above 1, it is `(B, 1 + steps /
        rate + 1, L)`, frames that are interpolated as by `foretell.nn.interpolate`: the compiled code projects them
        before that, which is a fraction of the work. `temperatures` `(steps,)`, above 0, take the place of that of the
        sampling options, step by step. Raises ValueError for outputs that are no distribution, NaN or infinite; there
        is no going on after that.
        """
        if steps < 0:
            raise ValueError(f"steps must be at least 0, got {steps}")
        if rate < 1 or steps % rate:
            raise ValueError(f"steps must be a multiple of rate, got {steps} and {rate}")
        self._network.check_local(local_y, self.batch, steps if rate == 1 else steps // rate + 2)
        if temperatures is not None:
            temperatures = temperatures.float()
            if temperatures.shape != (steps,):
                raise ValueError(f"temperatures must have the shape ({steps},), got {tuple(temperatures.shape)}")
            if not bool(((temperatures >= 1e-30) & (temperatures <= 1e30)).all()):
                raise ValueError("temperatures must be numbers above 0, from 1e-30 to 1e30")
        self._began = True
        parts = [self._before[:, None][:, :0]]
        size = max(1, _CALL // rate) * rate
        for start in range(0, steps, size):
            stop = min(start + size, steps)
            local = local_y
            if local_y is not None:
                local = local_y[:, start:stop] if rate == 1 else local_y[:, start // rate : stop // rate + 2]
            step = self._by_reference if self._compiled is None else self._by_compiled_code
            own = None if temperatures is None else temperatures[start:stop]
            parts.append(step(self._uniforms(stop - start), local, rate, own))
            self._before = parts[-1][:, -1]
        return torch.cat(parts, 1)

    def stream(self, chunk: int, steps: int | None = None) -> Iterator[Tensor]:
        """Values in chunks `(B, chunk)`, the last one maybe shorter, `steps` in all; without end where that is None."""
        if chunk < 1:
            raise ValueError(f"chunk must be at least 1, got {chunk}")
        if steps is not None and steps < 0:
            raise ValueError(f"steps must be at least 0, got {steps}")
        return self._chunks(chunk, steps)

    def _chunks(self, chunk: int, steps: int | None) -> Iterator[Tensor]:
        while steps is None or steps > 0:
            length = chunk if steps is None else min(chunk, steps)
            yield self.generate(length)
            steps = None if steps is None else steps - length

    def _uniforms(self, steps: int) -> Tensor:
        """Numbers `(steps, B, 2)` in [0, 1); those of a sequence depend on the seed and its place alone."""
        drawn = [chance.random((steps, 2), dtype=np.float32) for chance in self._chance]
        return torch.from_numpy(np.stack(drawn, 1))

    def _by_reference(self, uniforms: Tensor, local_y: Tensor | None, rate: int, temperatures: Tensor | None) -> Tensor:
        if local_y is not None and rate > 1:
            local_y = interpolate(local_y, rate)
        before, values = self._before, []
        for step, u in enumerate(uniforms.to(before.device)):
            local = None if local_y is None else local_y[:, step : step + 1]
            x = self._head.network_input(before[:, None])
            outputs, self._state = self._network.advance(x, self._state, self._global_y, local)
            sampling = self.sampling
            if temperatures is not None:
                sampling = replace(sampling, temperature=float(temperatures[step]))
            before = self._head.sample(outputs[:, 0], u, sampling).to(before.dtype)
            values.append(before)
        return torch.stack(values, 1)

    def _by_compiled_code(
        self, uniforms: Tensor, local_y: Tensor | None, rate: int, temperatures: Tensor | None
    ) -> Tensor:
        assert self._compiled is not None
        local = None
        if local_y is not None:
            shares = F.linear(local_y, self._projections)
            if rate > 1:
                shares = interpolate(shares, rate, self._room_for(shares, rate))
            local = shares.view(*shares.shape[:2], len(self._network.layers), -1).transpose(0, 1)
        s = self.sampling
        chance = Chance(s.temperature, s.top_k or 0, 1.0 if s.top_p is None else s.top_p)
        return self._compiled.run(self._before, uniforms, chance, local, temperatures)

    def _room_for(self, shares: Tensor, rate: int) -> Tensor:
        """Memory for interpolated shares, kept from call to call: fresh memory costs more than what is written."""
        shape = (self.batch, shares.shape[1] - 1, rate, shares.shape[2])
        size = math.prod(shape)
        if self._room is None or len(self._room) < size:
            self._room = shares.new_empty(size)
        return self._room[:size].view(shape)


def _streams(seed: int, batch: int) -> list[np.random.Generator]:
    if not 0 <= seed < 2**63:
        raise SettingsError(f"seed must be from 0 to 2**63 - 1, got {seed}")
    return [np.random.Generator(np.random.Philox(key=[seed, stream])) for stream in range(batch)]


def _check_fit(network: WaveNet, head: Head) -> None:
    for name in ("input_size", "output_size"):
        has, due = getattr(network, name), getattr(head, name)
        if has != due:
            raise ValueError(f"{head!r} takes a network with {name}={due}, this one has {has}")
    if network.training:
        raise ValueError("the network is in training mode: call network.eval() first")


def _choose(backend: Backend, network: WaveNet, head: Head) -> Literal["native", "reference"]:
    if backend not in ("auto", "native", "reference"):
        raise SettingsError(f"backend must be auto, native or reference, got {backend!r}")
    if backend == "reference":
        return "reference"
    dtypes = {str(p.dtype).removeprefix("torch.") for p in network.parameters()}
    obstacle = None
    if any(p.device.type != "cpu" for p in network.parameters()):
        obstacle = "the network is not on the CPU"
    elif dtypes != {"float32"}:
        obstacle = f"its weights are {', '.join(sorted(dtypes))}, not float32"
    elif type(head) not in (Categorical, MixtureOfLogistics, Gaussian):
        obstacle = f"it does not know the head {type(head).__name__}"
    elif native.library() is None:
        obstacle = "there is no compiled library here (see `foretell info`)"
    if obstacle is None:
        return "native"
    if backend == "native":
        raise SettingsError(f"backend='native' cannot generate this: {obstacle}; use backend='auto'")
    return "reference"


def _kind_of(head: Head) -> HeadKind:
    if isinstance(head, GridHead):
        return HeadKind(head.name, head.bits, head.least_log_scale, head.greatest_log_scale)
    return HeadKind(head.name, log_widths=head.log_widths if isinstance(head, Categorical) else None)


def _weights_of(network: WaveNet, global_y: Tensor | None) -> Weights:
    hidden, output = network.hidden, network.output
    assert hidden is not None
    assert output is not None
    assert network.input.bias is not None
    assert hidden.bias is not None
    assert output.bias is not None
    layers: list[Any] = list(network.layers)
    constants = None
    if global_y is not None:
        constants = torch.stack([layer.global_projection(global_y) for layer in layers], 1)
    return Weights(
        dilations=network.dilations,
        input=network.input.weight[:, :, 0],
        input_bias=network.input.bias,
        gated=[layer.gated.weight for layer in layers],
        gated_bias=[layer.gated.bias for layer in layers],
        mixed=[layer.mixed.weight[:, :, 0] for layer in layers],
        mixed_bias=[layer.mixed.bias for layer in layers],
        hidden=hidden.weight[:, :, 0],
        hidden_bias=hidden.bias,
        output=output.weight[:, :, 0],
        output_bias=output.bias,
        constants=constants,
    )
