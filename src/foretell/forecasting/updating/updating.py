"""Updates of a fitted model with new rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from foretell.errors import SettingsError
from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.covariates.holiday_columns import with_holidays
from foretell.forecasting.experience import Experience
from foretell.forecasting.fitted_model import FittedModel, Members, validated_until
from foretell.forecasting.fitting import validated_blend
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.multivariate.others_past import OthersPast
from foretell.forecasting.networks.continued import continued
from foretell.forecasting.networks.network_training import OnProgress
from foretell.forecasting.nonnegative import is_non_negative
from foretell.forecasting.panel import Panel
from foretell.forecasting.past_columns.estimating import refitted
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import GRID
from foretell.forecasting.updating.drift import Drift, drift_of
from foretell.forecasting.updating.joining import Joined

_STEPS = (8, 20)
"""Fewest and most steps of training: an update takes seconds."""
_EMPHASIS = 4
"""A network trains so many times as long per new value as it did per value before."""


@dataclass(frozen=True)
class Update:
    """What an update brought."""

    sentences: tuple[str, ...]
    """What was new, and what had changed."""
    values: int
    """Number of new values."""
    revised: int
    """Number of earlier values that have changed, or were missing."""
    drift: Drift
    """How the model forecast the new rows before it learned from them."""


def learned_series(model: FittedModel) -> Panel:
    """Return the series that a model was fitted to. Raises SettingsError if they were not kept."""
    if model.learned is None:
        raise SettingsError(
            "this model does not hold the series that it was fitted to, which an update goes on from: fit it again"
        )
    return model.learned


def updated(
    model: FittedModel, joined: Joined, *, device: str = "auto", on_progress: OnProgress | None = None
) -> tuple[FittedModel, Drift]:
    """Let a model learn from the rows that were joined to its series; also return how it forecast them before.

    The old weights have not seen the new rows, so these are the validation part of the new model: the weights of the
    blend and the factors of the intervals are chosen anew, with the old ones as the prior. Then all members learn from
    all rows. Without a new value the model is returned as it is. Raises what `foretell.training.train` raises.
    """
    panel = with_holidays(joined.panel, model.columns.holidays)
    before = joined.before
    drift = drift_of(model, panel, before)
    if not joined.count:
        return replace(model, learned=joined.panel), drift
    # Series that are new to the model have nothing that could be forecast by what it knew of them.
    training = np.where(before > 0, before, panel.history)
    holdout = Holdout(training, panel.history, panel.history)
    old = model.members
    linear = old.linear
    known = replace(
        old,
        networks=tuple(replace(network, held_out=network.final, _built={}) for network in old.networks),
        linear=None if linear is None else {"held_out": linear["final"], "final": linear["final"]},
        known=None if old.known is None else {"held_out": old.known["final"], "final": old.known["final"]},
    )
    blend, factors, calibrated_on = model.blend, model.factors, model.calibrated_on
    correction, past_effect = model.correction, model.past_effect
    if correction is not None:
        correction = replace(correction, past=dict.fromkeys(correction.past, correction.past["final"]))
    if past_effect is not None:
        past_effect = replace(past_effect, past=dict.fromkeys(past_effect.past, past_effect.past["final"]))
    if len(holdout.validated):
        prior = blend.shares if model.name == "auto" else None
        found = validated_blend(
            panel, holdout, known, prior, earlier=factors, correction=correction, past_effect=past_effect
        )
        blend, factors, correction, past_effect = found.blend, found.factors, found.correction, found.past_effect
        calibrated_on += found.calibrated_on
    if correction is not None:
        fitted = OthersPast.fit(panel, panel.history, model.horizon, model.seasons)
        if fitted is not None:
            correction = replace(correction, past={**correction.past, "final": fitted})
    if past_effect is not None:
        plain, pretrained = known.without_known(panel, "final"), old.pretrained or shipped()
        again = refitted(past_effect.past["final"], plain, panel.history, model.horizon, model.seasons, pretrained)
        past_effect = replace(past_effect, past={**past_effect.past, "final": again})
    total = int((~np.isnan(panel.values)).sum())
    members = _learned(model, known, panel, joined, joined.count / total, device, on_progress)
    return (
        replace(
            model,
            members=members,
            blend=blend,
            factors=factors,
            calibrated_on=calibrated_on,
            correction=correction,
            past_effect=past_effect,
            holdout=holdout,
            validated_until=validated_until(panel, panel.history),
            non_negative=is_non_negative(panel, panel.history, model.settings.non_negative),
            learned=joined.panel,
        ),
        drift,
    )


def _learned(
    model: FittedModel,
    known: Members,
    panel: Panel,
    joined: Joined,
    share: float,
    device: str,
    on_progress: OnProgress | None,
) -> Members:
    """Let the members learn from all rows, a `share` of which is new; what known columns add stays as it was."""
    plain = panel if known.known is None else known.known["final"].on(panel).without()
    networks = []
    for network in known.networks:
        done = network.history.steps + (network.finish.steps if network.finish else 0)
        networks.append(
            continued(
                network,
                plain if network.tuned else panel,
                joined.before,
                horizon=model.horizon,
                settings=model.settings,
                steps=int(np.clip(round(_EMPHASIS * share * done), *_STEPS)),
                device=device,
                on_progress=on_progress,
            )
        )
    linear = known.linear
    if linear is not None:
        fitted = LinearRegression.fit(plain, panel.history, model.horizon, model.seasons)
        linear = {"held_out": linear["held_out"], "final": fitted}
    experience = Experience.of(panel, panel.history, GRID)
    return replace(known, networks=tuple(networks), linear=linear, experience=experience)
