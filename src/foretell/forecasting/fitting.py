"""Fitting a model to a panel: its members are trained, blended and calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.errors import ModelError, TableError
from foretell.forecasting.blending.blend import Blend, chosen_blend
from foretell.forecasting.blending.calibration import calibrated, calibration_factors
from foretell.forecasting.blending.correction import Correction
from foretell.forecasting.blending.independence import design_effect
from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.experience import Experience
from foretell.forecasting.fitted_model import LINEAR, FittedModel, Members, blended, validated_until
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.known_columns.choosing import Estimate as KnownEstimate
from foretell.forecasting.known_columns.choosing import estimated
from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.multivariate.others_past import OthersPast
from foretell.forecasting.networks.backbones import AUTO, PRETRAINED
from foretell.forecasting.networks.fitted_network import FittedNetwork, Stage
from foretell.forecasting.networks.network_training import FEWEST_VALUES, OnProgress
from foretell.forecasting.networks.trained_networks import Recipe, train_networks
from foretell.forecasting.networks.training_task import observed
from foretell.forecasting.networks.validation import held_out_values, held_out_windows
from foretell.forecasting.nonnegative import is_non_negative
from foretell.forecasting.panel import Panel
from foretell.forecasting.past_columns import estimating as past_columns
from foretell.forecasting.past_columns.estimating import Estimate
from foretell.forecasting.past_columns.past_effect import PastEffect
from foretell.forecasting.plan import Plan
from foretell.forecasting.prediction import SIMPLE
from foretell.forecasting.pretrained.shipped import Pretrained, shipped
from foretell.forecasting.quantiles import GRID
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training.device import device_named

_WORTH_TRAINING = 300
"""Minimum number of values for training a network on a table without covariates."""
_HALF_TRUSTED = 20_000
"""Number of training values at which a network trained from random weights has half the fine-tuned one's prior."""
_BESIDE_FINE_TUNED = 0.35
"""Prior weight of the pretrained network relative to the fine-tuned one, which is partly the same network."""
_SEES_AHEAD, _SEES_MORE = 3.0, 2.0
"""Factors on the prior of networks that see known columns: if no other member does, and, on that of those from random
weights, if the others have the linear effect alone."""
_LINEAR_TRUSTED = 200
"""Number of training values of a single series at which a linear regression has half the pretrained network's prior."""
_MOST_WINDOWS = 2048
_MOST_CUTOFFS = 40
_ENOUGH_TO_CALIBRATE = 256
"""Number of windows up to which a series has several: those of one series overlap, and where nothing is blended they
only calibrate."""
_MOST_STEPS = 1 << 20
"""Maximum number of steps of all validation windows, to bound the memory of all members' quantiles."""
_TOO_FEW = (
    "The past of the other series is not used: it takes two series that vary, with 32 values each at about the same "
    "time, before those held out."
)
_WIDER = 1.1
"""Factor on distances from the median where calibration was not possible; the pretrained network needs none."""


def fit_model(
    panel: Panel,
    *,
    model: str,
    horizon: int,
    levels: tuple[int, ...],
    settings: ForecastSettings,
    columns: Columns,
    device: str = "auto",
    checkpoint: Path | None = None,
    tensorboard: Path | None = None,
    on_progress: OnProgress | None = None,
) -> FittedModel:
    """Fit `model`, one of the names in `backbones.MODELS`, to all series of a panel.

    The pretrained network needs no training. `auto` blends it with simple methods and, if there is enough data, with
    networks trained on the table. The validation parts decide the weights of the blend and calibrate the intervals.
    Raises TableError for a panel with nothing to learn from, ModelError if the pretrained weights are damaged, and any
    exception of `train_networks`.
    """
    plan = Plan.of(panel, horizon, settings, trained=model != PRETRAINED)
    learned = observed(panel, plan.holdout.training)
    non_negative = is_non_negative(panel, plan.holdout.training, settings.non_negative)
    values = int(learned.sum())
    if not observed(panel, panel.history).any():
        raise TableError("no series has a value to learn from: check the target column")
    known = estimated(panel, plan.holdout.training, plan.seasons.lengths) if model in (AUTO, PRETRAINED) else None
    plain = panel if known is None else known.effect.on(panel).without()
    pretrained: Pretrained | None = None
    notes: list[str] = []
    warnings: list[str] = []
    if model in (AUTO, PRETRAINED):
        try:
            pretrained = shipped()
        except ModelError as error:
            if model == PRETRAINED:
                raise
            warnings.append(f"The pretrained network was left out: {error}")
    past = _past_columns(plain, plan, horizon, pretrained)
    worth_reading = past is not None and past.worth_reading
    seen = panel if worth_reading or not panel.past else replace(panel, past={})
    plain = seen if known is None else replace(plain, past=seen.past)
    networks: list[FittedNetwork] = []
    needless = _needless(seen, learned) if model == AUTO else None
    if needless is not None and pretrained is not None:
        warnings.append(needless)
    elif model != PRETRAINED:
        recipes: list[Recipe] = [*settings.contestants] if model == AUTO else [model]
        if model == AUTO and pretrained is not None:
            recipes.insert(0, pretrained)
        networks, dropped = train_networks(
            seen,
            plan,
            recipes,
            plain=plain,
            horizon=horizon,
            settings=settings,
            device=device,
            checkpoint=checkpoint,
            tensorboard=tensorboard,
            on_progress=on_progress,
        )
        notes.extend(dropped)
    if known is not None:
        notes.append(known.sentence)
    effects = _known_effects(known, panel)
    members = Members(
        horizon=horizon,
        seasons=plan.seasons,
        experience=Experience.of(panel, _first_seen(panel, plan.holdout), GRID),
        pretrained=pretrained,
        networks=tuple(networks),
        linear=_regressions(panel, effects, plan, horizon) if model == AUTO and pretrained is not None else None,
        known=effects,
    )
    mix = model == AUTO and (pretrained is not None or len(networks) > 1)
    prior = _prior(members, values, len(panel)) if mix else None
    correction = _correction(panel, plan, horizon) if settings.multivariate else None
    if settings.multivariate and correction is None:
        warnings.append(_TOO_FEW)
    past_effect = None if past is None else past.correction(read=worth_reading and bool(networks))
    validated = validated_blend(panel, plan.holdout, members, prior, correction=correction, past_effect=past_effect)
    if validated.correction is not None:
        notes.append(validated.correction.sentence)
    read = [] if known is None else [*panel.known]
    if panel.past:
        notes.append(_said_of_past(panel, validated.past_effect, networks))
        read += panel.past
    unread = ", ".join(repr(name) for name in (*panel.known, *panel.past, *panel.static) if name not in read)
    if unread and not networks:
        other = "other " if read else ""
        warnings.append(f"No network was trained on the table, so the forecast reads no {other}covariates: {unread}.")
    return FittedModel(
        name=model,
        levels=tuple(sorted(levels)),
        members=members,
        blend=validated.blend,
        factors=validated.factors,
        calibrated_on=validated.calibrated_on,
        correction=validated.correction,
        past_effect=validated.past_effect,
        holdout=plan.holdout,
        frequency=panel.frequency,
        columns=columns,
        settings=settings,
        validated_until=validated_until(panel, plan.holdout.validation),
        non_negative=non_negative,
        notes=(*warnings, *notes),
        warnings=tuple(warnings),
        device=device_named(device),
    )


def _known_effects(estimate: KnownEstimate | None, panel: Panel) -> dict[Stage, KnownEffect] | None:
    if estimate is None:
        return None
    return {"held_out": estimate.effect, "final": estimate.refitted(panel, panel.history).effect}


def _regressions(
    panel: Panel, effects: Mapping[Stage, KnownEffect] | None, plan: Plan, horizon: int
) -> dict[Stage, LinearRegression]:
    parts: dict[Stage, NDArray[np.int64]] = {"held_out": plan.holdout.training, "final": panel.history}
    return {
        stage: LinearRegression.fit(
            panel if effects is None else effects[stage].on(panel).without(), rows, horizon, plan.seasons.lengths
        )
        for stage, rows in parts.items()
    }


def _correction(panel: Panel, plan: Plan, horizon: int) -> Correction[OthersPast] | None:
    """Return what the others' past adds, whose shares are not chosen yet; None if there are too few values."""
    parts: dict[Stage, NDArray[np.int64]] = {"held_out": plan.holdout.training, "final": panel.history}
    found = {stage: OthersPast.fit(panel, rows, horizon, plan.seasons.lengths) for stage, rows in parts.items()}
    past = {stage: each for stage, each in found.items() if each is not None}
    return Correction(past) if len(past) == len(parts) else None


def _past_columns(plain: Panel, plan: Plan, horizon: int, pretrained: Pretrained | None) -> Estimate | None:
    """Return what the past columns add to values without the effect of known ones; None if that is nothing, or if there
    is no pretrained network whose errors would tell."""
    if not plain.past:
        return None
    try:
        return past_columns.estimated(plain, plan.holdout, horizon, plan.seasons.lengths, pretrained or shipped())
    except ModelError:
        return None


def _said_of_past(panel: Panel, correction: Correction[PastEffect] | None, networks: Sequence[FittedNetwork]) -> str:
    names = ", ".join(map(repr, panel.past))
    if correction is None:
        said = f"The past of {names} is not used: the training part does not show that it helps by more than chance."
    else:
        said = correction.sentence
    reading = [network for network in networks if network.covariates.past]
    if reading:
        return f"Networks read the past of {names}. As to what is added by regression: {said}"
    return said


def _needless(panel: Panel, learned: NDArray[np.int64]) -> str | None:
    """Return why no network is trained on the table, given the number of training values of each series (N,)."""
    if learned.max() < FEWEST_VALUES:
        return f"No network was trained, since no series has at least {FEWEST_VALUES} values to learn from."
    if learned.sum() < _WORTH_TRAINING and not (panel.known or panel.past or panel.static):
        return f"No network was trained, since {learned.sum():,} values are too few: {_WORTH_TRAINING} are needed."
    return None


def _first_seen(panel: Panel, holdout: Holdout) -> NDArray[np.int64]:
    """Return the ends (N,) of the training parts, or, if these have no value, of the first larger parts that do."""
    parts = (holdout.training, holdout.validation, holdout.history)
    return next(ends for ends in parts if observed(panel, ends).any())


@dataclass(frozen=True)
class Validated:
    """What the validation parts decide."""

    blend: Blend
    factors: NDArray[np.float64]
    """(3, 15), see `calibration_factors`."""
    calibrated_on: int
    """Number of values that these were measured on."""
    correction: Correction[OthersPast] | None
    past_effect: Correction[PastEffect] | None


def validated_blend(
    panel: Panel,
    holdout: Holdout,
    members: Members,
    prior: Mapping[str, float] | None,
    earlier: NDArray[np.float64] | None = None,
    correction: Correction[OthersPast] | None = None,
    past_effect: Correction[PastEffect] | None = None,
) -> Validated:
    """Return the blend, the shares of the corrections and the calibration factors, from the validation parts.

    `prior` are the weights without any evidence; None where there is nothing to blend. `earlier` factors (3, 15) apply
    before those that are measured, and are part of those returned.
    """
    horizon = members.horizon
    most = min(_MOST_WINDOWS, max(1, _MOST_STEPS // horizon))
    alone = prior is None and not members.networks
    each = (
        min(_MOST_CUTOFFS, max(1, _ENOUGH_TO_CALIBRATE // max(1, len(holdout.validated)))) if alone else _MOST_CUTOFFS
    )
    series, cutoffs = held_out_windows(holdout, horizon, most, each)
    season = min(members.seasons.lengths, default=1)
    apart = int(np.maximum((holdout.validation - holdout.training)[holdout.validated] // horizon, 1).sum())
    actual = held_out_values(panel, holdout, series, cutoffs, horizon)
    forecasts = members.quantiles(panel, series, cutoffs, "held_out")
    scale, independent = np.zeros(len(series)), 0.0
    if prior is not None or correction is not None or past_effect is not None:
        scale = usual_changes(panel, holdout.training, season)[series]
        independent = apart / design_effect(panel, holdout, season)
    if prior is not None:
        blend = chosen_blend(forecasts, actual, scale, prior, SIMPLE, independent)
    else:
        only = members.networks[0].name if members.networks else "pretrained"
        blend = Blend({only: 1.0}, {}, None, 0)
    count = int((~np.isnan(actual)).sum())
    mixed = blended(forecasts, blend) if earlier is None else calibrated(blended(forecasts, blend), earlier)
    if correction is not None:
        correction = correction.chosen(panel, series, cutoffs, mixed, actual, scale, independent)
        mixed = mixed + correction.added(panel, series, cutoffs, horizon, "held_out")[..., None]
    if past_effect is not None:
        plain = members.without_known(panel, "held_out")
        past_effect = past_effect.chosen(plain, series, cutoffs, mixed, actual, scale, independent)
        mixed = mixed + past_effect.added(plain, series, cutoffs, horizon, "held_out")[..., None]
    usable = np.isfinite(mixed).all((1, 2))
    factors = calibration_factors(GRID, mixed[usable], actual[usable], apart)
    if not count and members.pretrained is None:
        factors = np.where(np.array(GRID) == 0.5, 1.0, _WIDER) * factors
    return Validated(blend, factors if earlier is None else factors * earlier, count, correction, past_effect)


def usual_changes(panel: Panel, limits: NDArray[np.int64], season: int) -> NDArray[np.float64]:
    """Return (N,), the mean absolute change from season to season in the first `limits` (N,) rows; 0 if unknown."""
    scales = np.zeros(len(panel))
    for i, rows in enumerate(limits):
        values = panel.series(i)[:rows]
        for lag in dict.fromkeys((season, 1)):
            changes = np.abs(values[lag:] - values[:-lag]) if rows > lag else np.zeros(0)
            changes = changes[~np.isnan(changes)]
            if len(changes) and changes.mean() > 0:
                scales[i] = changes.mean()
                break
    return scales


def _prior(members: Members, values: int, series: int) -> dict[str, float]:
    """Return the prior weights of the members, not normalised, given the number of training values of all series."""
    prior = {"pretrained": 1.0} if members.pretrained is not None else {}
    if members.linear is not None:
        per_series = values / series
        prior[LINEAR] = per_series**2 / (per_series**2 + _LINEAR_TRUSTED**2) / series
    from_random = sum(not network.tuned for network in members.networks)
    for network in members.networks:
        reads = network.architecture
        doubt = _WORTH_TRAINING if reads.known or reads.past or reads.static else _HALF_TRUSTED
        # Several networks from random weights are no more trusted together than one.
        trust = 1.0 if network.tuned else values / (values + doubt) / from_random
        sees = _SEES_AHEAD if members.known is None else 1.0 if network.tuned else _SEES_MORE
        prior[network.name] = trust * (sees if reads.known else 1.0)
        if network.tuned:
            prior["pretrained"] = _BESIDE_FINE_TUNED
    return prior
