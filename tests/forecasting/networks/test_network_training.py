"""A fit learns, repeats itself to the bit, and never looks at what it will be tested on."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from foretell.errors import SettingsError, TableError
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.networks.backbones import BACKBONES
from foretell.forecasting.networks.network_training import NetworkTraining
from foretell.forecasting.plan import Plan
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.pretrained.shipped import Pretrained, Sizes
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training import loop
from foretell.training.settings import TrainingSettings

from ..conftest import panel_of

HORIZON, SEASON = 12, 24


def fitted(panel, *, model="gru", levels=(80,), steps=4, minutes=None, truncate=None, seed=0, **options):
    training = TrainingSettings(steps=steps, minutes=minutes, truncate=truncate, seed=seed, learning_rate=1e-2)
    shape = {"hidden": 8, "layers": 1, "batch_size": 8, "input_steps": 24, "seasons": (SEASON,), **options}
    settings = ForecastSettings(training=training, **shape)
    return trained(panel, model=model, levels=levels, settings=settings)


def trained(panel, *, model="rnn", levels=(80,), **options):
    return fit_model(panel, model=model, horizon=HORIZON, levels=levels, columns=Columns(), device="cpu", **options)


def bits(weights):
    return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}


def backtested(panel, model, weights):
    """The quantiles of all backtest windows (B, H, Q), what came (B, H), and what came a season before (B, H)."""
    series = np.repeat(np.arange(len(panel)), 3)
    cutoffs = model.holdout.validation[series] + HORIZON * np.tile(np.arange(3), len(panel))
    fit = dataclasses.replace(model.network, final=weights, _built={})
    spread = model.members.experience.relative_spread
    quantiles = fit.forecast(panel, series, cutoffs, HORIZON, "final", spread).quantiles
    actual = actual_values(panel, series, cutoffs, HORIZON)
    return quantiles, actual, actual_values(panel, series, cutoffs - SEASON, HORIZON)


def test_noisy_sines_are_learnt_better_than_by_repeating_the_last_day(noisy_sines):
    found = fitted(noisy_sines, steps=150, hidden=16, batch_size=16)
    quantiles, actual, day_before = backtested(noisy_sines, found, found.network.held_out)
    ours, naive = np.abs(quantiles[..., MEDIAN] - actual).mean(), np.abs(day_before - actual).mean()
    # The noise alone makes for errors of 0.8, and of 1.13 where a noisy value is repeated.
    assert naive > 1.05
    assert ours < 0.9 * naive
    untrained = fitted(noisy_sines, steps=1, hidden=16, batch_size=16)
    # It starts from the mean of the candidates, which is no bad forecast.
    assert found.history.best < 0.9 * untrained.history.evaluations[0][1]


def test_one_seed_gives_one_result_and_another_seed_another(noisy_sines):
    first, again, other = fitted(noisy_sines), fitted(noisy_sines), fitted(noisy_sines, seed=1)
    assert bits(first.network.held_out) == bits(again.network.held_out)
    assert bits(first.network.final) == bits(again.network.final)
    assert first.factors.tobytes() == again.factors.tobytes()
    assert bits(first.network.held_out) != bits(other.network.held_out)


def test_the_callers_random_numbers_are_left_alone_and_do_not_matter(noisy_sines):
    torch.manual_seed(1)
    first = fitted(noisy_sines)
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))
    torch.manual_seed(2)
    assert bits(fitted(noisy_sines).network.final) == bits(first.network.final)


@pytest.mark.parametrize("change", ["shuffled", "enormous"])
def test_what_is_held_out_is_never_seen(noisy_sines, change):
    random = np.random.default_rng(1)
    before = fitted(noisy_sines, finish=1.0)
    values = noisy_sines.values.copy()
    for i in range(len(noisy_sines)):
        rows = slice(noisy_sines.offsets[i] + before.holdout.validation[i], noisy_sines.offsets[i + 1])
        values[rows] = random.permutation(values[rows]) if change == "shuffled" else 1e12
    after = fitted(dataclasses.replace(noisy_sines, values=values), finish=1.0)
    assert bits(after.network.held_out) == bits(before.network.held_out)
    assert after.factors.tobytes() == before.factors.tobytes()
    assert after.members.experience == before.members.experience
    assert after.history.evaluations == before.history.evaluations
    assert bits(after.network.final) != bits(before.network.final)


def test_validation_changes_the_choice_but_not_the_training(noisy_sines):
    before = fitted(noisy_sines)
    values = noisy_sines.values.copy()
    for i in range(len(noisy_sines)):
        start = noisy_sines.offsets[i]
        values[start + before.holdout.training[i] : start + before.holdout.validation[i]] += 3
    after = fitted(dataclasses.replace(noisy_sines, values=values))
    np.testing.assert_array_equal(after.history.losses, before.history.losses)
    assert after.history.evaluations != before.history.evaluations
    assert after.factors.tobytes() != before.factors.tobytes()


def test_calibration_rests_on_every_cutoff_of_the_validation_part():
    panel = panel_of([np.sin(np.arange(300.0)) + np.arange(300) % 7])
    found = fitted(panel, input_steps=100)
    stretch = found.holdout.validation[0] - found.holdout.training[0]
    assert stretch == 30
    assert found.calibrated_on == (stretch - HORIZON + 1) * HORIZON
    values = panel.values.copy()
    values[found.holdout.training[0] + HORIZON + 3] = np.nan
    gappy = fitted(dataclasses.replace(panel, values=values), input_steps=100)
    assert gappy.calibrated_on == found.calibrated_on - HORIZON


def test_the_last_stretch_starts_from_what_was_held_out(noisy_sines):
    found = fitted(noisy_sines, steps=5, finish=0.6)
    assert found.network.finish.steps == round(0.6 * found.history.best_step)
    assert bits(found.network.final) != bits(found.network.held_out)
    without = fitted(noisy_sines, steps=5, finish=0)
    assert without.network.finish is None
    assert bits(without.network.final) == bits(without.network.held_out) == bits(found.network.held_out)


@pytest.mark.parametrize("model", BACKBONES)
@pytest.mark.parametrize("stride", [1, 2])
def test_every_model_fits_with_covariates_of_all_kinds(model, stride):
    random = np.random.default_rng(0)
    panel = panel_of(
        [random.normal(size=150), random.normal(size=120), random.normal(size=9)],
        rows_after=HORIZON,
        known={
            "price": random.normal(size=279 + 3 * HORIZON),
            "day": random.choice(np.array(["work", "rest", None], dtype=object), 279 + 3 * HORIZON),
        },
        static={"size": np.array([1.0, np.nan, 3.0]), "town": np.array(["Bath", "Lyon", "Bath"], dtype=object)},
    )
    found = fitted(panel, model=model, conv_stride=stride, steps=2, levels=(95, 80))
    assert found.levels == (80, 95)
    architecture = found.network.architecture
    assert (architecture.calendar, architecture.known) == (6, 3)
    # A size, and whether it is missing.
    assert (architecture.static, architecture.categories) == (2, (3,))
    assert (architecture.backbone, architecture.stride) == (model, stride)
    network = architecture.build()
    network.load_state_dict(found.network.final)
    assert all(tensor.isfinite().all() for tensor in found.network.final.values())
    assert np.isfinite(found.history.losses).all()
    assert found.factors.shape == (3, len(GRID))


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_truncated_backpropagation_takes_a_step_a_chunk(noisy_sines, model):
    found = fitted(noisy_sines, model=model, truncate=10, steps=7, finish=0)
    assert found.history.steps == 7
    assert np.isfinite(found.history.losses).all()
    assert bits(found.network.held_out) != bits(fitted(noisy_sines, model=model, steps=7, finish=0).network.held_out)


def test_a_chunk_that_is_all_warm_up_teaches_nothing_and_hands_on_its_state(noisy_sines):
    """Of 24 steps the first 3 are warm-up: chunks of 2 make the first loss 0."""
    found = fitted(noisy_sines, truncate=2, steps=4, finish=0)
    assert found.history.losses[0] == found.history.gradient_norms[0] == 0
    assert (found.history.losses[1:] > 0).all()
    assert found.history.skipped == 0


@pytest.mark.parametrize("options", [{"model": "wavenet"}, {"conv_stride": 2}])
def test_truncation_needs_a_recurrent_network_over_single_steps(noisy_sines, options):
    with pytest.raises(SettingsError, match="truncate"):
        fitted(noisy_sines, truncate=10, **options)


def test_a_time_budget_holds_for_both_stretches_together(noisy_sines, monkeypatch):
    looks = itertools.count()
    monkeypatch.setattr(loop, "monotonic", lambda: 0.05 * next(looks))  # looked at once or twice a step
    seconds = 1.2
    found = fitted(noisy_sines, steps=10**6, minutes=seconds / 60)
    assert found.history.reason == "time"
    assert abs(found.history.seconds + found.network.finish.seconds - seconds) < 0.3
    assert found.network.finish.seconds > 0.1
    assert found.history.learning_rates[-1] < 0.1 * found.history.learning_rates.max()


def test_progress_names_the_stretch(noisy_sines):
    told = []
    settings = ForecastSettings(
        hidden=4, layers=1, batch_size=4, input_steps=24, training=TrainingSettings(steps=3, evaluate_every=3), finish=1
    )
    trained(noisy_sines, settings=settings, on_progress=lambda stretch, at: told.append((stretch, at.step)))
    assert told == [("fit", 1), ("fit", 2), ("fit", 3), ("finish", 1), ("finish", 2), ("finish", 3)]


def test_a_killed_fit_resumes_to_the_same_bits(noisy_sines, tmp_path):
    settings = ForecastSettings(
        hidden=4, layers=1, batch_size=4, input_steps=24,
        training=TrainingSettings(steps=6, evaluate_every=2, checkpoint_every=1), finish=0.5,
    )  # fmt: skip

    class Killed(Exception):  # noqa: N818
        pass

    def die(stretch, progress):
        if (stretch, progress.step) == ("finish", 2):
            raise Killed

    with pytest.raises(Killed):
        trained(noisy_sines, settings=settings, checkpoint=tmp_path, on_progress=die)
    resumed = trained(noisy_sines, settings=settings, checkpoint=tmp_path)
    whole = trained(noisy_sines, settings=settings)
    assert bits(resumed.network.held_out) == bits(whole.network.held_out)
    assert bits(resumed.network.final) == bits(whole.network.final)
    assert resumed.factors.tobytes() == whole.factors.tobytes()


def test_series_too_short_to_validate_are_trained_on_all_the_same():
    found = fitted(panel_of([np.arange(20.0) % 5] * 3), seasons=(20,))
    assert len(found.holdout.validated) == 0
    assert found.calibrated_on == 0
    # Wider, since nothing says how wide is right.
    assert found.factors.tolist() == [[1.0 if quantile == 0.5 else 1.1 for quantile in GRID]] * 3
    assert found.history.evaluations == ()
    assert found.history.steps == 4


def test_nothing_to_learn_from_is_said():
    with pytest.raises(TableError, match="2 values"):
        fitted(panel_of([[1.0], [2.0]]))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_numbers_of_any_size_train(noisy_sines, scale):
    plain, scaled = noisy_sines, dataclasses.replace(noisy_sines, values=noisy_sines.values * scale)
    found = fitted(scaled, steps=3)
    assert found.history.skipped == 0
    quantiles, actual, _ = backtested(scaled, found, found.network.final)
    assert np.abs(quantiles[..., MEDIAN] / scale - actual / scale).mean() < 20 * np.abs(plain.values).max()


def test_a_power_of_two_changes_nothing_but_the_units(noisy_sines):
    scaled = dataclasses.replace(noisy_sines, values=noisy_sines.values * 2.0**200)
    plain, found = fitted(noisy_sines), fitted(scaled)
    assert bits(found.network.final) == bits(plain.network.final)
    expected = backtested(noisy_sines, plain, plain.network.final)[0]
    np.testing.assert_array_equal(backtested(scaled, found, found.network.final)[0], expected * 2.0**200)


def test_gaps_do_no_harm(noisy_sines):
    values = noisy_sines.values.copy()
    gone = np.random.default_rng(3).random(len(values)) < 0.3
    gone[noisy_sines.offsets[1:] - 1] = False
    values[gone] = np.nan
    gappy = dataclasses.replace(noisy_sines, values=values)
    found = fitted(gappy, steps=80, hidden=16, batch_size=16)
    quantiles, actual, _ = backtested(gappy, found, found.network.held_out)
    assert np.isfinite(found.history.losses).all()
    levels = np.nanmean(actual, axis=1, keepdims=True)
    assert np.nanmean(np.abs(quantiles[..., MEDIAN] - actual)) < 0.6 * np.nanmean(np.abs(levels - actual))


def tuned(panel, **options):
    """Fine-tuned from small pretrained weights."""
    training = TrainingSettings(steps=6, evaluate_every=3, learning_rate=1e-3)
    shape = {"hidden": 5, "layers": 1, "batch_size": 8, "input_steps": 24, "seasons": (SEASON,), **options}
    settings = ForecastSettings(training=training, **shape)
    plan = Plan.of(panel, HORIZON, settings)
    start = Pretrained.of(SMALL, small_weights())
    return NetworkTraining(panel, plan, start or "lstm", horizon=HORIZON, settings=settings, device="cpu").complete()


SMALL = Sizes(hidden=8, layers=2, head=6, phase=4)


def small_weights():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return SMALL.build().state_dict()


@pytest.mark.parametrize(
    "options", [{}, {"conv_stride": 2}, {"layer_norm": True}, {"members": 2}, {"dropout": 0.5}], ids=str
)
def test_fine_tuning_starts_from_the_pretrained_weights_whatever_else_is_asked_for(noisy_sines, options):
    found = tuned(noisy_sines, **options)
    assert found.tuned
    assert found.name == "fine-tuned"
    made = found.architecture
    assert (made.backbone, made.stride, made.layer_norm) == ("lstm", 1, False)
    assert (made.hidden, made.layers, made.head, made.phase) == (8, 2, 6, 4)
    start = small_weights()
    for name, weight in found.held_out.items():
        if "beside" in name or "future" in name:
            assert weight.abs().max() < 0.1
        else:
            torch.testing.assert_close(
                weight, start[name.split(".", 2)[-1] if made.members > 1 else name], rtol=0, atol=0.05
            )
    assert bits(found.held_out) != bits(found.final)
    assert bits(found.final) == bits(tuned(noisy_sines, **options).final)


def test_the_stretches_of_fine_tuning_are_kept_apart_from_those_of_training(noisy_sines, tmp_path):
    told = []
    settings = ForecastSettings(
        hidden=4, layers=1, batch_size=4, input_steps=24, finish=1,
        training=TrainingSettings(steps=2, evaluate_every=1),
    )  # fmt: skip
    found = trained(
        noisy_sines,
        model="auto",
        settings=settings,
        checkpoint=tmp_path,
        on_progress=lambda stretch, _: told.append(stretch),
    )
    assert [network.name for network in found.members.networks] == ["fine-tuned", "lstm"]
    # The networks may train at the same time.
    stretches = list(dict.fromkeys(told))
    assert [stretch for stretch in stretches if "lstm" in stretch] == ["fit-lstm", "finish-lstm"]
    assert [stretch for stretch in stretches if "lstm" not in stretch] == ["fit-fine-tuned", "finish-fine-tuned"]
    assert {path.name for path in tmp_path.iterdir()} == set(told)


def test_a_training_that_goes_on_ends_like_one_that_was_never_paused(noisy_sines, tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("foretell.training.loop.monotonic", lambda: float(next(clock)))
    training = TrainingSettings(steps=1000, minutes=60, schedule="constant", learning_rate=1e-2, evaluate_every=1)
    settings = ForecastSettings(hidden=4, layers=1, batch_size=4, input_steps=24, seasons=(SEASON,), training=training)
    plan = Plan.of(noisy_sines, HORIZON, settings)

    def of(name):
        return NetworkTraining(
            noisy_sines, plan, "gru", horizon=HORIZON, settings=settings, device="cpu", checkpoint=tmp_path / name
        )

    whole, paused = of("whole"), of("paused")
    assert (paused.seconds, paused.loss, paused.ended) == (0.0, np.inf, False)
    paused.train(0.4)
    first = paused.history
    paused.train(1.0)
    whole.train(1.0)
    assert 2 < first.steps < paused.history.steps
    assert first.reason == paused.history.reason == "time"
    steps = min(paused.history.steps, whole.history.steps)
    np.testing.assert_array_equal(paused.history.losses[:steps], whole.history.losses[:steps])
    assert paused.history.evaluations[:steps] == whole.history.evaluations[:steps]
    assert paused.seconds == paused.history.seconds == pytest.approx(60, abs=6)
    assert paused.loss == paused.history.best
    assert not paused.ended


def test_a_horizon_longer_than_the_input_is_learned_to_its_end():
    at = np.arange(400)
    panel = panel_of([10 + at / 20 + np.random.default_rng(0).normal(0, 0.3, 400)], alias="1")
    settings = ForecastSettings(
        hidden=8, layers=1, batch_size=8, input_steps=12, seasons=(), windows=0, finish=0,
        training=TrainingSettings(steps=60, learning_rate=1e-2, evaluate_every=30),
    )  # fmt: skip
    plan = Plan.of(panel, 30, settings)
    found = NetworkTraining(panel, plan, "gru", horizon=30, settings=settings, device="cpu").complete()
    median = found.forecast(panel, np.array([0]), panel.history, 30, "final", 0.0).quantiles[0, :, MEDIAN]
    # No step further ahead than the input is long could be learned from within it.
    assert np.abs(median[20:] - (10 + (400 + np.arange(20, 30)) / 20)).max() < 0.75
