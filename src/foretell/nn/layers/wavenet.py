"""WaveNet (van den Oord et al., 2016): a stack of causal convolutions whose dilation doubles from layer to layer.

Layer k with dilation d, x its input and y a conditioning signal:

    z = tanh(W_f *_d x + V_f y) * sigma(W_g *_d x + V_g y)
    x' = x + W_res z
    s_k = W_skip z
    output = W_2 relu(W_1 relu(sum_k s_k))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.kernels import wavenet_reference, wavenet_stack
from foretell.kernels.wavenet_reference import LayerWeights
from foretell.kernels.wavenet_stack import Local
from foretell.nn.layers import wavenet_state
from foretell.nn.layers.convolution import check_sequence, check_sizes
from foretell.nn.layers.export_errors import not_as_torchscript
from foretell.nn.layers.wavenet_state import WaveNetState


def dilation_cycles(layers: int, cycles: int = 1) -> tuple[int, ...]:
    """Return dilations that start at 1 and double at each of `layers` layers, repeated `cycles` times."""
    check_sizes(layers=layers, cycles=cycles)
    return tuple(2**k for k in range(layers)) * cycles


class WaveNetLayer(nn.Module):
    """A gated, dilated layer, channels first: `(B, R, T) -> (B, R, T)` and its share `(B, S, T)` of the skip sum.

    Parameters: `gated` `(2R, R, kernel_size)`, rows of the filter before those of the gate; `mixed` `(R + S, R, 1)`,
    rows of W_res before those of W_skip (only W_skip in the last layer, whose residual output is not used);
    `global_projection` `(2R, G)` and `local_projection` `(2R, L, 1)`, V_f before V_g, if there is conditioning.
    """

    def __init__(
        self,
        residual_channels: int,
        skip_channels: int,
        kernel_size: int,
        dilation: int,
        global_size: int | None,
        local_size: int | None,
        last: bool,
    ) -> None:
        super().__init__()
        channels = residual_channels
        self.gated = nn.Conv1d(channels, 2 * channels, kernel_size, dilation=dilation)
        self.mixed = nn.Conv1d(channels, skip_channels + (0 if last else channels), 1)
        self.global_projection = nn.Linear(global_size, 2 * channels, bias=False) if global_size else None
        self.local_projection = nn.Conv1d(local_size, 2 * channels, 1, bias=False) if local_size else None
        self.last = last

    def reset_parameters(self) -> None:
        """Draw Glorot uniform values for each matrix of the equations separately, and set biases to zero."""
        for linear in (self.gated, self.global_projection, self.local_projection):
            if linear is not None:
                for matrix in linear.weight.detach().chunk(2):
                    nn.init.xavier_uniform_(matrix)
        residual = 0 if self.last else self.mixed.in_channels
        for matrix in torch.split(self.mixed.weight.detach(), [residual, len(self.mixed.weight) - residual]):
            if len(matrix):
                nn.init.xavier_uniform_(matrix)
        for bias in (self.gated.bias, self.mixed.bias):
            if bias is not None:
                nn.init.zeros_(bias)

    @property
    def weights(self) -> LayerWeights:
        """The weights and biases of the layer's products."""
        gated, mixed = self.gated, self.mixed
        assert gated.bias is not None
        assert mixed.bias is not None
        return LayerWeights(gated.weight, gated.bias, mixed.weight, mixed.bias)

    def extra(self, global_y: Tensor | None, local_y: Tensor | None) -> Tensor | None:
        """Compute the conditioning added to filter and gate: `(B, 2R, T)`, `(B, 2R, 1)` if only global, or None."""
        extra: Tensor | None = None
        if self.global_projection is not None and global_y is not None:
            extra = self.global_projection(global_y)[:, :, None]
        if self.local_projection is not None and local_y is not None:
            local = self.local_projection(local_y)
            extra = local if extra is None else extra + local
        return extra


class WaveNet(nn.Module):
    """A WaveNet, `(B, T, input_size) -> (B, T, output_size)`, whose output at t depends on the inputs up to t.

    - `input_size` I: features per step, projected to `residual_channels` R by a 1x1 convolution. A sequence of levels,
      whole numbers from 0 to I - 1, may be passed as `(B, T)`; it counts as one-hot and only takes a table look-up.
    - `residual_channels` R, `skip_channels` S: the widths of the stack and of the skip sum.
    - `output_size`: outputs per step; with None, `forward` returns the features relu(sum_k s_k) `(B, T, S)`.
    - `dilations`: the dilation of each layer; `dilation_cycles(10, 3)` is 1, 2, ..., 512 three times.
    - `kernel_size`: taps per layer.
    - `global_size` G: features of a conditioning vector for the whole sequence; `local_size` L: features of a
      conditioning signal with a value at each step. Both may be given.
    - `global_classes`: the number of classes, such as speakers, if the conditioning vector is an embedding (of size
      `global_size`) of the sequence's class.

    Inputs before the sequence count as zero in every layer. Weights are initialised Glorot uniform, biases to zero, and
    the embedding of classes from a normal distribution. Raises ValueError for sizes below 1, and for inputs or
    conditioning with shapes other than those above.
    """

    def __init__(
        self,
        input_size: int,
        residual_channels: int = 64,
        skip_channels: int = 128,
        output_size: int | None = None,
        dilations: Sequence[int] = (1, 2, 4, 8, 1, 2, 4, 8),
        kernel_size: int = 2,
        global_size: int | None = None,
        local_size: int | None = None,
        *,
        global_classes: int | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, residual_channels=residual_channels, skip_channels=skip_channels)
        check_sizes(kernel_size=kernel_size, **{f"dilations[{k}]": d for k, d in enumerate(dilations)})
        optional = {"output_size": output_size, "global_size": global_size, "local_size": local_size}
        optional["global_classes"] = global_classes
        check_sizes(**{name: size for name, size in optional.items() if size is not None})
        if not dilations:
            raise ValueError("dilations must name at least one layer, got none")
        if global_classes is not None and global_size is None:
            raise ValueError(f"global_classes={global_classes} needs global_size, the number of features of a class")
        self.input_size = input_size
        self.residual_channels = residual_channels
        self.skip_channels = skip_channels
        self.output_size = output_size
        self.dilations = tuple(dilations)
        self.kernel_size = kernel_size
        self.global_size = global_size
        self.global_classes = global_classes
        self.local_size = local_size
        self.input = nn.Conv1d(input_size, residual_channels, 1)
        shape = (residual_channels, skip_channels, kernel_size)
        self.layers = nn.ModuleList(
            WaveNetLayer(*shape, dilation, global_size, local_size, last=k == len(dilations) - 1)
            for k, dilation in enumerate(dilations)
        )
        self.hidden = None if output_size is None else nn.Conv1d(skip_channels, skip_channels, 1)
        self.output = None if output_size is None else nn.Conv1d(skip_channels, output_size, 1)
        self.classes = nn.Embedding(global_classes, global_size) if global_classes and global_size else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values: Glorot uniform (Glorot & Bengio, 2010), zero biases."""
        for module in self.children():
            if isinstance(module, nn.Conv1d):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for layer in self.layers:
            layer.reset_parameters()  # type: ignore[operator]
        if self.classes is not None:
            self.classes.reset_parameters()

    @property
    def receptive_field(self) -> int:
        """The number of time steps that an output depends on: its own and the `receptive_field - 1` before it."""
        return 1 + (self.kernel_size - 1) * sum(self.dilations)

    def __prepare_scriptable__(self) -> nn.Module:
        """Raise ExportError; torch.jit.script calls this to get a scriptable form of the module."""
        raise not_as_torchscript(self)

    def forward(self, x: Tensor, global_y: Tensor | None = None, local_y: Tensor | None = None) -> Tensor:
        """Compute outputs `(B, T, output_size)`, or features `(B, T, S)`, from `x` `(B, T, I)` or levels `(B, T)`.

        `global_y` `(B, G)`, or classes `(B,)`, and `local_y` `(B, T, L)` are required if the network was built for
        them, and not allowed otherwise.
        """
        return self._run(x, None, global_y, local_y)[0]

    def advance(
        self, x: Tensor, state: WaveNetState | None, global_y: Tensor | None = None, local_y: Tensor | None = None
    ) -> tuple[Tensor, WaveNetState]:
        """Do the same as `forward`, continuing from `state` (None for zeros); also return the state after `x`.

        A sequence may be cut into pieces of any length, down to one time step; the outputs are those of the whole
        sequence. No gradient flows through the state into the past. Without gradients the old state's memory is reused.
        """
        if state is None:
            state = self.initial_state(x.shape[0])
        elif len(state) != len(self.dilations) + 1:
            raise ValueError(f"the state has {len(state) - 1} layers, but the network has {len(self.dilations)}")
        outputs, state = self._run(x, state, global_y, local_y)
        assert state is not None
        return outputs, state

    def initial_state(self, batch: int) -> WaveNetState:
        """Return the state of `batch` sequences before their first time step: zeros in every layer."""
        weight = self.input.weight
        return wavenet_state.zeros(batch, self.residual_channels, self.kernel_size, self.dilations, weight)

    def embed(self, x: Tensor) -> Tensor:
        """Compute the first layer's input `(B, T, R)` from `x` `(B, T, I)` or levels `(B, T)`."""
        if x.dim() != 2 or x.is_floating_point():
            check_sequence(x, self.input_size)
            return _at_each_step(self.input, x)
        if x.numel() and not (int(x.min()) >= 0 and int(x.max()) < self.input_size):
            raise ValueError(
                f"levels must be from 0 to {self.input_size - 1}, got some from {int(x.min())} to {int(x.max())}"
            )
        assert self.input.bias is not None
        return F.embedding(x, self.input.weight[:, :, 0].t()) + self.input.bias

    def embed_global(self, global_y: Tensor | None, batch: int) -> Tensor | None:
        """Return the conditioning vectors `(B, G)`: those given, or the embeddings of the classes `(B,)`."""
        if self.classes is None:
            _check_conditioning("global_y", "global_size", global_y, self.global_size, (batch,))
            return global_y
        classes = self.classes.num_embeddings
        if global_y is None or global_y.is_floating_point() or tuple(global_y.shape) != (batch,):
            given = "nothing" if global_y is None else f"{global_y.dtype} of {tuple(global_y.shape)}"
            raise ValueError(f"global_y must be the classes, whole numbers of the shape ({batch},), got {given}")
        if batch and not (int(global_y.min()) >= 0 and int(global_y.max()) < classes):
            raise ValueError(f"global_y must be classes from 0 to {classes - 1}, got {global_y.tolist()}")
        vectors: Tensor = self.classes(global_y)
        return vectors

    def check_local(self, local_y: Tensor | None, batch: int, steps: int) -> None:
        """Raise ValueError for local conditioning that is not `(batch, steps, L)`, or that is not expected."""
        _check_conditioning("local_y", "local_size", local_y, self.local_size, (batch, steps))

    def _run(
        self, x: Tensor, state: WaveNetState | None, global_y: Tensor | None, local_y: Tensor | None
    ) -> tuple[Tensor, WaveNetState | None]:
        batch, steps = x.shape[:2]
        if steps == 0:
            raise ValueError(f"input must have at least one time step, got {tuple(x.shape)}")
        global_y = self.embed_global(global_y, batch)
        self.check_local(local_y, batch, steps)
        skips, state = self._through_layers(self.embed(x), state, global_y, local_y)
        return self._outputs(torch.relu(skips)), state

    @property
    def _layers(self) -> list[WaveNetLayer]:
        return list(self.layers)  # type: ignore[arg-type]

    def _outputs(self, features: Tensor) -> Tensor:
        if self.hidden is None or self.output is None:
            return features
        return _at_each_step(self.output, torch.relu(_at_each_step(self.hidden, features)))

    def _through_layers(
        self, x: Tensor, state: WaveNetState | None, global_y: Tensor | None, local_y: Tensor | None
    ) -> tuple[Tensor, WaveNetState | None]:
        """The skip sum `(B, T, S)`, from the first layer's input `(B, T, R)`."""
        weights = [layer.weights for layer in self._layers]
        extras = [layer.extra(global_y, None) for layer in self._layers]
        local = self._local(local_y)
        if wavenet_stack.takes(x, weights, extras, local):
            return self._compiled(x, state, weights, extras, local)
        return self._layer_by_layer(x, state, wavenet_reference.layer, weights, global_y, local_y)

    def _local(self, local_y: Tensor | None) -> Local | None:
        projections = [layer.local_projection for layer in self._layers]
        if local_y is None:
            return None
        return Local(local_y, [projection.weight[:, :, 0] for projection in projections if projection is not None])

    def _layer_by_layer(
        self,
        x: Tensor,
        state: WaveNetState | None,
        layer: Callable[..., tuple[Tensor, Tensor]],
        weights: Sequence[Any],
        global_y: Tensor | None,
        local_y: Tensor | None,
    ) -> tuple[Tensor, WaveNetState | None]:
        steps, x = x.shape[1], x.transpose(1, 2)
        local_y = None if local_y is None else local_y.transpose(1, 2)
        extras = [layer.extra(global_y, local_y) for layer in self._layers]
        skips = x
        after: list[Tensor] = []
        for k, (own, dilation, extra) in enumerate(zip(weights, self.dilations, extras, strict=True)):
            if state is None:
                window = wavenet_state.from_zeros(x, self.kernel_size, dilation)
            else:
                window, ring = wavenet_state.enter(x, state, k, self.kernel_size, dilation)
                after.append(ring)
            x, skip = layer(window.values, window.dilation, own, extra, last=k == len(weights) - 1)
            skips = skip if k == 0 else skips + skip
        return skips.transpose(1, 2), None if state is None else (*after, state[-1] + steps)

    def _compiled(
        self,
        x: Tensor,
        state: WaveNetState | None,
        weights: list[LayerWeights],
        extras: list[Tensor | None],
        local: Local | None,
    ) -> tuple[Tensor, WaveNetState | None]:
        batch, steps, channels = x.shape
        if state is None:
            pasts = [x.new_zeros(batch, (self.kernel_size - 1) * d, channels) for d in self.dilations]
        else:
            unrolled = wavenet_state.unrolled(state, batch, channels, self.kernel_size, self.dilations)
            pasts = [past.transpose(1, 2) for past in unrolled]
        upright = [None if extra is None else extra.transpose(1, 2) for extra in extras]
        skips, inputs = wavenet_stack.run(x, pasts, self.dilations, weights, upright, local)
        if state is not None:
            state = wavenet_state.after([i.transpose(1, 2) for i in inputs], state, steps)
        return skips, state


def _at_each_step(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Apply a convolution of kernel size one to a sequence `(B, T, C)`, as a matrix product, which is faster."""
    return F.linear(x, layer.weight[:, :, 0], layer.bias)


def _check_conditioning(name: str, size_name: str, y: Tensor | None, size: int | None, shape: tuple[int, ...]) -> None:
    if size is None:
        if y is not None:
            raise ValueError(f"{name} was given to a WaveNet built without {size_name}")
        return
    expected = (*shape, size)
    if y is None:
        raise ValueError(f"{name} of the shape {expected} is missing: this WaveNet was built with {size_name}={size}")
    if tuple(y.shape) != expected:
        raise ValueError(f"{name} must have the shape {expected}, got {tuple(y.shape)}")
