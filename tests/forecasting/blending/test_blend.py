"""Shares of several forecasters, by how they did on held-out windows."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from foretell.forecasting.blending import blend as blend_module
from foretell.forecasting.blending.blend import Blend, chosen_blend
from foretell.forecasting.quantiles import GRID, MEDIAN

SIMPLE = ("naive", "seasonal_naive")
NORMAL = np.array([NormalDist().inv_cdf(p) for p in GRID])
MANY = 100_000


def around(median: np.ndarray, spread: float = 1.0) -> np.ndarray:
    return median[..., None] + spread * NORMAL


def came(count: int = 400, steps: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """What could be known of the values (B, H), what came, and more random numbers."""
    random = np.random.default_rng(seed)
    signal = random.normal(0, 5, (count, steps))
    return signal, signal + random.normal(size=signal.shape), random


def plain_loss(quantiles: np.ndarray, actual: np.ndarray) -> float:
    """Twice the mean pinball loss over the quantiles, and half that of the median again."""
    error = actual[..., None] - quantiles
    losses = 2 * np.maximum(np.array(GRID) * error, (np.array(GRID) - 1) * error)
    return float((losses.mean(-1) + 0.5 * losses[..., MEDIAN]).mean())


def blend_of(forecasts, actual, *, prior=None, simple=SIMPLE, windows=MANY, scale=None) -> Blend:
    scale = np.ones(len(actual)) if scale is None else scale
    prior = dict.fromkeys(forecasts, 1.0) if prior is None else prior
    return chosen_blend(forecasts, actual, scale, prior, simple, windows)


def mixture(forecasts, shares) -> np.ndarray:
    return sum(share * forecasts[name] for name, share in shares.items())


def test_the_forecaster_that_knows_more_gets_it_all() -> None:
    signal, actual, random = came()
    forecasts = {
        "pretrained": around(signal),
        "naive": around(signal + random.normal(0, 4, signal.shape), 4.0),
        "lstm": around(signal + 8, 1.0),
    }
    blend = blend_of(forecasts, actual)
    assert blend.shares["pretrained"] > 0.9
    assert min(blend.losses, key=blend.losses.__getitem__) == "pretrained"
    assert blend.windows == MANY


def test_what_lies_beyond_all_reckoning_decides_nothing() -> None:
    signal, actual, random = came()
    forecasts = {"pretrained": around(signal), "naive": around(signal + random.normal(0, 4, signal.shape), 4.0)}
    actual[0], scale = 1e300, np.append(1e-200, np.ones(len(actual) - 1))
    blend = blend_of(forecasts, actual, scale=scale)
    assert blend.shares["pretrained"] > 0.9
    assert blend.loss is not None
    assert blend.loss < 2


def test_two_that_err_apart_are_mixed_half_and_half() -> None:
    signal, actual, random = came(600)
    off = random.normal(0, 3, signal.shape)
    forecasts = {"pretrained": around(signal + off, 1.0), "lstm": around(signal - off, 1.0)}
    blend = blend_of(forecasts, actual, simple=())
    assert blend.shares["pretrained"] == pytest.approx(0.5, abs=0.05)
    assert blend.loss is not None
    assert blend.loss < 0.7 * min(blend.losses.values())


def test_losses_are_the_plain_formula_in_units_of_the_scale() -> None:
    signal, actual, _ = came(200)
    forecasts = {"pretrained": around(signal + 1), "naive": around(signal - 2, 2.0)}
    blend = blend_of(forecasts, actual)
    for name, quantiles in forecasts.items():
        assert blend.losses[name] == pytest.approx(plain_loss(quantiles, actual), rel=0.02)
    assert blend.loss == pytest.approx(plain_loss(mixture(forecasts, blend.shares), actual), rel=0.02)
    larger = {name: 1000 * quantiles for name, quantiles in forecasts.items()}
    scaled = blend_of(larger, 1000 * actual, scale=np.full(len(actual), 1000.0))
    assert scaled.shares == pytest.approx(blend.shares)
    assert scaled.losses == pytest.approx(blend.losses)


@pytest.mark.parametrize("case", ["no windows", "all missing", "no scale", "not finite"])
def test_where_nothing_was_held_out_the_belief_stands(case: str) -> None:
    signal, actual, _ = came(0 if case == "no windows" else 30)
    forecasts = {"pretrained": around(signal), "lstm": around(signal), "naive": around(signal)}
    scale = np.ones(len(actual))
    if case == "all missing":
        actual = np.full_like(actual, np.nan)
    if case == "no scale":
        scale[:] = 0
    if case == "not finite":
        forecasts["naive"] = np.full_like(forecasts["naive"], np.inf)
    blend = blend_of(forecasts, actual, prior={"pretrained": 1.0, "lstm": 0.25}, scale=scale)
    assert blend.shares == pytest.approx({"pretrained": 0.8, "lstm": 0.2})
    assert blend.losses == {}
    assert blend.loss is None
    assert blend.windows == 0
    expected = "The forecast is 80 % pretrained and 20 % lstm: no data could be held out to compare the forecasters."
    assert blend.sentence() == expected


def test_the_fewer_windows_the_nearer_to_the_belief() -> None:
    signal, actual, random = came(60)
    forecasts = {
        "pretrained": around(signal + random.normal(0, 2, signal.shape)),
        "lstm": around(signal),
        "naive": around(signal + 40),
    }
    shares = [blend_of(forecasts, actual, prior={"pretrained": 1.0}, windows=n).shares for n in (1, 5, 20, 100, MANY)]
    trained = [share.get("lstm", 0.0) for share in shares]
    assert trained == sorted(trained)
    assert trained[0] < 0.1
    assert trained[-1] > 0.75
    assert trained[-1] > trained[0] + 0.5


@pytest.mark.parametrize("seed", range(6))
def test_the_shares_are_as_good_as_any(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without doubt, a hopeless forecaster among them does not hold up the choice among the others."""
    signal, actual, random = came(80, seed=seed)
    forecasts = {
        "pretrained": around(signal + random.normal(0, 1, signal.shape), 1.2),
        "naive": around(signal + random.normal(0, 1.5, signal.shape), 2.0),
        "theta": around(signal + random.normal(0, 2, signal.shape), 1.0),
        "lstm": around(signal + 60, 0.1),
    }
    monkeypatch.setattr(blend_module, "_DOUBT", 0.0)
    monkeypatch.setattr(blend_module, "_ALWAYS", 0.0)
    found = blend_of(forecasts, actual, simple=())
    assert found.loss is not None
    others = random.dirichlet(np.ones(3), 400)
    best = min(plain_loss(mixture(forecasts, dict(zip(forecasts, shares, strict=False))), actual) for shares in others)
    assert plain_loss(mixture(forecasts, found.shares), actual) < best * 1.002


@pytest.mark.parametrize("seed", range(12))
def test_never_worse_than_the_best_simple_one_by_more_than_chance(seed: int) -> None:
    """However far the belief was from what the held-out windows show: the share by which it may be is 1 / windows."""
    signal, actual, random = came(int(np.random.default_rng(seed).integers(1, 40)), seed=seed)
    forecasts = {
        "pretrained": around(signal + random.normal(0, 6, signal.shape), random.uniform(0.1, 5)),
        "lstm": around(signal + random.normal(0, 6), random.uniform(0.1, 5)),
        "naive": around(signal + random.normal(0, 2, signal.shape), random.uniform(0.5, 2)),
        "seasonal_naive": around(signal + random.normal(0, 2), random.uniform(0.5, 2)),
    }
    windows = int(random.integers(1, 40))
    blend = blend_of(forecasts, actual, prior={"pretrained": 1.0, "lstm": 0.5}, windows=windows)
    assert blend.loss is not None
    assert blend.loss <= min(blend.losses[name] for name in SIMPLE) * (1 + 1 / windows)
    assert sum(blend.shares.values()) == pytest.approx(1)
    assert min(blend.shares.values()) >= 0.01


def test_a_single_window_does_not_overturn_the_belief_but_many_do() -> None:
    signal, actual, random = came(30)
    forecasts = {
        "pretrained": around(signal + 3 * np.sign(random.normal(size=signal.shape))),
        "naive": around(signal + 2 * np.sign(random.normal(size=signal.shape))),
    }
    one, many = (blend_of(forecasts, actual, prior={"pretrained": 1.0}, windows=n) for n in (1, 30))
    assert one.losses["naive"] < one.losses["pretrained"]
    assert one.shares["pretrained"] > 0.8
    assert one.loss is not None
    assert one.loss > one.losses["naive"]
    assert many.loss is not None
    assert many.loss <= many.losses["naive"] * (1 + 1 / 30)
    assert many.shares["naive"] > 0.4


def test_missing_values_and_windows_without_a_scale_count_for_nothing() -> None:
    signal, actual, _ = came(80)
    forecasts = {"pretrained": around(signal), "naive": around(signal + 2)}
    expected = blend_of({name: q[:60] for name, q in forecasts.items()}, actual[:60])
    gappy, scale = actual.copy(), np.ones(80)
    gappy[60:70] = np.nan
    scale[70:] = 0
    found = blend_of(forecasts, gappy, scale=scale)
    assert found.losses == pytest.approx(expected.losses)
    assert found.shares == pytest.approx(expected.shares)


def test_one_wild_value_does_not_decide() -> None:
    signal, actual, _ = came(400)
    forecasts = {"pretrained": around(signal), "naive": around(signal + 3)}
    calm = blend_of(forecasts, actual)
    actual[7, 2] = 1e7
    wild = blend_of(forecasts, actual)
    assert wild.shares["pretrained"] == pytest.approx(calm.shares["pretrained"], abs=0.05)


def test_many_windows_are_sampled_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blend_module, "_MOST_VALUES", 200)
    signal, actual, _ = came(90)
    forecasts = {"pretrained": around(signal), "naive": around(signal + 3)}
    assert blend_of(forecasts, actual) == blend_of(forecasts, actual)
    whole = plain_loss(forecasts["naive"], actual)
    assert blend_of(forecasts, actual).losses["naive"] == pytest.approx(whole, rel=0.1)


def test_the_sentence_says_what_was_chosen_and_why() -> None:
    blend = Blend(
        {"seasonal_naive": 0.25, "pretrained": 0.7, "lstm": 0.05},
        {"lstm": 1.5, "pretrained": 0.75, "seasonal_naive": 0.8},
        0.7,
        30,
    )
    assert blend.sentence() == (
        "The forecast is 70 % pretrained, 25 % seasonal naive and 5 % lstm, by its loss on held-out data: 0.700; "
        "alone: pretrained 0.750, seasonal naive 0.800, lstm 1.500."
    )
    alone = Blend({"theta": 1.0}, {}, None, 0)
    assert alone.sentence() == "The forecast is 100 % theta: no data could be held out to compare the forecasters."
