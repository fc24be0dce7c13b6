"""Ridge regression in closed form, one or several at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ridge:
    """Normal equations in the basis of the eigenvectors, which every penalty shares."""

    values: Floats
    vectors: Floats
    moments: Floats

    @classmethod
    def of(cls, design: Floats, targets: Floats) -> Ridge:
        """Of designs (..., R, P) and targets (..., R, H), in which rows of zeros change nothing."""
        rows, turned = design.shape[-2], design.swapaxes(-1, -2)
        values, vectors = np.linalg.eigh(turned @ design / rows)
        moments = vectors.swapaxes(-1, -2) @ (turned @ targets) / rows
        return cls(np.maximum(values, 0.0), vectors, moments)

    def weights(self, penalty: float) -> Floats:
        """Return (..., P, H), for a penalty relative to the mean eigenvalue of the inputs' second moments."""
        added = penalty * self.values.mean(-1, keepdims=True) + 1e-9
        return np.asarray(self.vectors @ (self.moments / (self.values + added)[..., None]))
