"""The categorical head: a probability for every level, as in WaveNet with its 256 (van den Oord et al., 2016)."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from foretell.nn.heads.head import Head
from foretell.nn.heads.sampling import Sampling, draw
from foretell.nn.layers.convolution import check_sizes
from foretell.nn.mu_law import log_widths as mu_law_log_widths


class Categorical(Head):
    """A distribution over N levels, with the outputs `(..., N)` as logits: P(n) = softmax(outputs)_n.

    - `classes` N, at least 1; `silence`: the level before a sequence begins, N // 2 by default.
    - `mu_law`: whether the levels are those of mu-law, wider the louder they are. A temperature then sharpens the
      density of the values; the probabilities alone, sharpened, would favour wide levels.

    Values are levels, int64. Raises ValueError for another number of classes, or if `silence` is not a level.
    """

    name: ClassVar[str] = "categorical"
    quantised: ClassVar[bool] = True
    silence: int

    def __init__(self, classes: int = 256, silence: int | None = None, *, mu_law: bool = False) -> None:
        check_sizes(classes=classes)
        silence = classes // 2 if silence is None else silence
        if isinstance(silence, bool) or not isinstance(silence, int) or not 0 <= silence < classes:
            raise ValueError(f"silence must be a level from 0 to {classes - 1}, got {silence!r}")
        if not isinstance(mu_law, bool):
            raise ValueError(f"mu_law must be True or False, got {mu_law!r}")
        self.classes = classes
        self.silence = silence
        self.log_widths = mu_law_log_widths(classes) if mu_law else None
        """(N,), those of mu-law levels but for a constant; None where levels are alike."""

    @property
    def input_size(self) -> int:
        """The number of levels."""
        return self.classes

    @property
    def output_size(self) -> int:
        """The number of levels."""
        return self.classes

    def arguments(self) -> dict[str, int]:
        """Return the constructor's arguments."""
        own = {"classes": self.classes, "silence": self.silence}
        return own if self.log_widths is None else {**own, "mu_law": True}

    def network_input(self, values: Tensor) -> Tensor:
        """Return the levels `(B, T)` themselves, int64."""
        self._check_values(values)
        return values.long()

    def _check_values(self, values: Tensor) -> None:
        if values.dim() != 2 or values.is_floating_point():
            raise ValueError(
                f"values must be levels, whole numbers of the shape (B, T), got {values.dtype} of {tuple(values.shape)}"
            )

    def _nll(self, outputs: Tensor, values: Tensor) -> Tensor:
        # The check also matters because cross_entropy ignores levels of -100.
        if values.numel() and not (int(values.min()) >= 0 and int(values.max()) < self.classes):
            raise ValueError(
                f"values must be levels from 0 to {self.classes - 1}, got some from {int(values.min())} to "
                f"{int(values.max())}"
            )
        nll = F.cross_entropy(outputs.flatten(0, 1), values.flatten().long(), reduction="none")
        return nll.view(values.shape)

    def _sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
        log_widths = None if self.log_widths is None else self.log_widths.to(outputs.device)
        return draw(outputs, uniforms[:, 0], sampling, log_widths)
