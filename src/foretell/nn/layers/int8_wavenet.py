"""A WaveNet as it is with int8 weights: what the compiled generation computes, in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.kernels import wavenet_int8
from foretell.nn.layers.wavenet import WaveNet
from foretell.nn.layers.wavenet_state import WaveNetState


class Int8WaveNet(WaveNet):
    """A copy of `network` with int8 matrices, a scale for each output channel, and 16-bit integers as their inputs.

    The input's table, biases, conditioning, tanh and sigmoid stay as they are, see `foretell.kernels.wavenet_int8`. It
    is in evaluation mode, and no gradient flows through it.
    """

    def __init__(self, network: WaveNet) -> None:
        super().__init__(
            network.input_size,
            network.residual_channels,
            network.skip_channels,
            network.output_size,
            network.dilations,
            network.kernel_size,
            network.global_size,
            network.local_size,
            global_classes=network.global_classes,
        )
        self.to(network.input.weight).load_state_dict(network.state_dict())
        self.requires_grad_(False).eval()
        self._matrices = [wavenet_int8.quantised_layer(layer.weights) for layer in self._layers]
        self._heads = [wavenet_int8.quantised(m.weight) for m in (self.hidden, self.output) if m is not None]
        with torch.no_grad():
            for layer, matrices in zip(self._layers, self._matrices, strict=True):
                layer.gated.weight.copy_(matrices.gated.values)
                layer.mixed.weight.copy_(matrices.mixed.values)
            for module, matrix in zip((self.hidden, self.output), self._heads, strict=False):
                if module is not None:
                    module.weight.copy_(matrix.values)

    def _through_layers(
        self, x: Tensor, state: WaveNetState | None, global_y: Tensor | None, local_y: Tensor | None
    ) -> tuple[Tensor, WaveNetState | None]:
        return self._layer_by_layer(x, state, wavenet_int8.layer, self._matrices, global_y, local_y)

    def _outputs(self, features: Tensor) -> Tensor:
        if self.hidden is None or self.output is None:
            return features
        x = features.transpose(1, 2)
        for module, matrix in zip((self.hidden, self.output), self._heads, strict=True):
            assert module.bias is not None
            x = wavenet_int8.product(matrix, torch.relu(x)) + module.bias[:, None]
        return x.transpose(1, 2)
