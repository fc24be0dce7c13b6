"""Recursive filters that change from part to part, without a loop over samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def recursive(
    inputs: NDArray[np.float64], coefficients: NDArray[np.float64], past: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return y_t = x_t + sum_k a_k y_(t-k), `(P, part)`, and its last `order` samples, for a call that goes on.

    `inputs` `(P, part)`, `coefficients` `(P, order)` of each part, `past` `(order,)` the outputs before. Each part is
    the sum of its response to its inputs, computed for all parts at once, and of its response to the samples before it,
    a small matrix times these.
    """
    rows, part = inputs.shape
    order = coefficients.shape[1]
    # The last column of the state is the response to the inputs, the others those to each sample of the past.
    states = np.zeros((rows, order + part, order + 1))
    states[:, np.arange(order), np.arange(order)] = 1
    reversed_coefficients = coefficients[:, None, ::-1]
    for step in range(part):
        states[:, order + step, :] = (reversed_coefficients @ states[:, step : step + order, :])[:, 0]
        states[:, order + step, order] += inputs[:, step]
    responses, own = states[:, order:, :order], states[:, order:, order]
    outputs = np.empty((rows, part))
    # A part may be shorter than the order, so that the past spans several parts.
    for row in range(rows):
        outputs[row] = own[row] + responses[row] @ past
        past = np.concatenate([past, outputs[row]])[-order:]
    return outputs, past
