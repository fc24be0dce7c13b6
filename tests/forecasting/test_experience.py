"""What the training series were like."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from foretell.forecasting.experience import Experience

from .conftest import panel_of

NAN = float("nan")


def test_experience_is_of_the_training_parts_alone() -> None:
    series = [[1.0, 3.0, NAN, 1.0, 3.0, 9e9], [30.0, 10.0, 9e9], [5.0, 9e9, -9e9]]
    limits = np.array([5, 2, 1])
    experience = Experience.of(panel_of(series), limits, (0.25, 0.5, 0.75))
    # Mean absolute deviations over means: 1/2 and 10/20; one value tells nothing.
    assert experience.relative_spread == pytest.approx(0.5)
    np.testing.assert_allclose(experience.quantiles, np.quantile([1, 3, 1, 3, 30, 10, 5], (0.25, 0.5, 0.75)))
    doubled = Experience.of(panel_of([[2 * v for v in s] for s in series]), limits, (0.25, 0.5, 0.75))
    assert doubled == dataclasses.replace(
        experience, quantiles=tuple(2 * quantile for quantile in experience.quantiles)
    )


def test_series_of_one_value_or_of_zeros_tell_nothing_of_how_much_they_vary() -> None:
    experience = Experience.of(panel_of([[4.0], [NAN, 8.0], [0.0, 0.0]]), np.array([1, 2, 2]), (0.5,))
    assert experience == Experience(0.0, (2.0,))


@pytest.mark.parametrize(("spread", "quantiles"), [(NAN, (1.0,)), (-1.0, (1.0,)), (1.0, (float("inf"),))])
def test_what_makes_no_sense_is_refused(spread: float, quantiles: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Experience(spread, quantiles)
