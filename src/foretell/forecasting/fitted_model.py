"""A fitted model: its networks, built once, and the facts it needs about the table it was fitted to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foretell.errors import ModelError, SettingsError
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.blending.blend import Blend
from foretell.forecasting.blending.calibration import calibrated
from foretell.forecasting.blending.correction import Correction
from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.experience import Experience
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.multivariate.others_past import OthersPast
from foretell.forecasting.networks.fitted_network import FittedNetwork, Stage
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.nonnegative import within_reach
from foretell.forecasting.panel import Panel, select
from foretell.forecasting.past_columns.past_effect import PastEffect
from foretell.forecasting.prediction import SIMPLE, Answer, around, forecast, forecast_each
from foretell.forecasting.pretrained.shipped import Pretrained
from foretell.forecasting.quantiles import GRID, quantiles_of, read_off
from foretell.forecasting.seasons.season import Seasons
from foretell.forecasting.settings import LONGEST, ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.tables.frequency import Frequency
from foretell.training.history import History

Floats = NDArray[np.float64]

LINEAR = "linear"
"""Name of the regression among the members."""
_FEW_WINDOWS = 4
_STEPS = 1 << 20
"""Maximum number of steps forecast at once, to bound the memory of all members' quantiles."""
_AT_ONCE = 512
"""The number of windows forecast at once is a multiple of this."""


@dataclass(frozen=True)
class Members:
    """Forecasters that a model is made of."""

    horizon: int
    seasons: Seasons
    """Seasons found in the training part."""
    experience: Experience
    pretrained: Pretrained | None
    """Pretrained network, which also computes the simple methods."""
    networks: tuple[FittedNetwork, ...]
    """Networks trained on the table."""
    linear: Mapping[Stage, LinearRegression] | None = None
    """Regression beside the pretrained network, fitted to the training part and to all values."""
    known: Mapping[Stage, KnownEffect] | None = None
    """What known columns add, estimated from the training part and from all values. All members forecast the values
    without it but networks trained from random weights, which learn more than a linear effect from the columns."""

    def quantiles(
        self,
        panel: Panel,
        series: NDArray[np.int64],
        cutoffs: NDArray[np.int64],
        stage: Stage,
        names: Collection[str] | None = None,
    ) -> dict[str, Floats]:
        """Return each member's quantiles (B, H, 15) for the H steps after row `cutoffs` (B,) of `series` (B,).

        If `names` are given, members that are not needed for these may be left out.
        """
        unseen = ~_seen(panel, series, cutoffs, self.reach)
        networks = [network for network in self.networks if names is None or network.name in names]
        if self.known is None:
            found = self._quantiles(panel, series, cutoffs, stage, names, networks, simple=True)
        else:
            effect = self.known[stage].on(panel)
            tuned = [network for network in networks if network.tuned]
            found = self._quantiles(effect.without(), series, cutoffs, stage, names, tuned, simple=True)
            added = effect.ahead(series, cutoffs, self.horizon)[..., None]
            for quantiles in found.values():
                quantiles += added
            others = [network for network in networks if not network.tuned]
            found |= self._quantiles(panel, series, cutoffs, stage, names, others, simple=False)
        for quantiles in found.values():
            quantiles[unseen] = self.experience.quantiles
        return found

    def _quantiles(
        self,
        panel: Panel,
        series: NDArray[np.int64],
        cutoffs: NDArray[np.int64],
        stage: Stage,
        names: Collection[str] | None,
        networks: Sequence[FittedNetwork],
        *,
        simple: bool,
    ) -> dict[str, Floats]:
        """Return the quantiles of some networks, and of the `simple` members that forecast the same values."""
        found: dict[str, Floats] = {}
        spread = self.experience.relative_spread
        wanted = simple and (names is None or not {"pretrained", LINEAR, *SIMPLE}.isdisjoint(names))
        pretrained = self.pretrained.network if self.pretrained is not None and wanted else None
        answers: dict[str, Answer] = {}
        for group in _reading_alike(networks):
            windows = group[0].windows(panel, self.horizon)
            asked: dict[str, nn.Module] = {network.name: network.network(stage) for network in group}
            if pretrained is not None and group[0].architecture.reading == self._reading:
                # It ignores covariates.
                asked["pretrained"], pretrained = pretrained, None
            each = forecast_each(list(asked.values()), windows, series, cutoffs, self.horizon, spread)
            answers |= dict(zip(asked, each, strict=True))
        if pretrained is not None:
            windows = Windows.bare(panel, self._reading)
            answers["pretrained"] = forecast(pretrained, windows, series, cutoffs, self.horizon, spread)
        if (answer := answers.get("pretrained")) is not None:
            found |= {"pretrained": answer.quantiles} | answer.simple()
            if self.linear is not None and (names is None or LINEAR in names):
                points = self.linear[stage].forecast(panel, series, cutoffs, self.horizon)
                found[LINEAR] = around(points, answer.quantiles)
        found |= {network.name: answers[network.name].quantiles for network in networks}
        return found

    def without_known(self, panel: Panel, stage: Stage) -> Panel:
        """Return the panel with values as they would have been without what known columns add."""
        return panel if self.known is None else self.known[stage].on(panel).without()

    @property
    def past(self) -> int:
        """Number of steps of history that a forecast uses."""
        return self.reach + max((effect.past for effect in (self.known or {}).values()), default=0)

    @property
    def reach(self) -> int:
        """Number of steps of history that the members read."""
        own = [self._reading] if self.pretrained is not None else []
        return max(reading.reach for reading in [*own, *(network.architecture.reading for network in self.networks)])

    @property
    def _reading(self) -> Reading:
        return Reading.of(self.seasons.lengths)


@dataclass(frozen=True)
class FittedModel:
    """The part of a forecaster that is saved; it computes the forecasts."""

    name: str
    """auto, pretrained, or the name of the network."""
    levels: tuple[int, ...]
    """Interval levels in percent, ascending."""
    members: Members
    blend: Blend
    factors: Floats
    """(3, 15) factors of `calibration_factors`, measured with the weights `held_out` on the validation part."""
    calibrated_on: int
    """Number of values that the factors were measured on."""
    holdout: Holdout
    frequency: Frequency
    columns: Columns
    """Columns of the table that the model was fitted to, including those detected."""
    settings: ForecastSettings
    validated_until: Mapping[str, int]
    """Time of the first row after each series' validation part: microseconds since 1970, or integer time. The weights
    `held_out` were not fitted to that row or any later one."""
    non_negative: bool | None = None
    """Whether forecasts are kept at 0 or above; None where each series decides, see `within_reach`."""
    notes: tuple[str, ...] = ()
    """Notes on the fit for the user."""
    warnings: tuple[str, ...] = ()
    """Those of the notes that tell of something missing."""
    correction: Correction[OthersPast] | None = None
    """What the past of the other series adds; None where they are forecast each for itself."""
    past_effect: Correction[PastEffect] | None = None
    """What the past columns add beyond what members read of them; None where that is nothing."""
    learned: Panel | None = None
    """Series that the model was fitted to, without the columns of holidays; None if they were not kept."""
    device: torch.device = field(default=torch.device("cpu"), compare=False)

    @property
    def choice(self) -> str | None:
        """Sentence that says what the forecast is made of and why; None if there was nothing to choose."""
        return self.blend.sentence() if len(self.blend.losses) > 1 or len(self.blend.shares) > 1 else None

    @property
    def horizon(self) -> int:
        """Number of steps ahead that the model forecasts."""
        return self.members.horizon

    @property
    def seasons(self) -> tuple[int, ...]:
        """Season lengths in steps, ascending."""
        return self.members.seasons.lengths

    @property
    def network(self) -> FittedNetwork | None:
        """Network trained on the table, or None; of several, the one with the largest weight in the blend."""
        by_share = sorted(self.members.networks, key=lambda network: -self.blend.shares.get(network.name, 0.0))
        return by_share[0] if by_share else None

    @property
    def history(self) -> History | None:
        """Training history of that network."""
        return None if self.network is None else self.network.history

    def asked(self, horizon: int | None = None, levels: Sequence[int] | None = None) -> FittedModel:
        """Return the model with the same networks for another horizon and other levels; None keeps those it has.

        Raises SettingsError for a horizon longer than its networks were trained for, and for invalid levels.
        """
        levels = self.levels if levels is None else tuple(sorted(levels))
        quantiles_of(levels)
        horizon = self.horizon if horizon is None else horizon
        trained = self.members.networks or self.members.linear is not None
        most = self.horizon if trained else LONGEST
        if not 1 <= horizon <= most:
            why = ", for which it was trained" if trained else ""
            raise SettingsError(f"horizon {horizon:,}: the model forecasts 1 to {most:,} steps{why}")
        return replace(self, levels=levels, members=replace(self.members, horizon=horizon))

    def forecast(self, panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64], stage: Stage) -> Floats:
        """Return the median and the bounds of the intervals (B, H, Q), ascending; see `distribution`."""
        return read_off(self.distribution(panel, series, cutoffs, stage), quantiles_of(self.levels))

    def distribution(self, panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64], stage: Stage) -> Floats:
        """Return calibrated quantiles (B, H, 15), of `GRID`, of the H steps after row `cutoffs` (B,) of `series` (B,).

        Raises ModelError if the weights are finite but the forecasts are not.
        """
        at_once = max(1, _STEPS // (self.horizon * _AT_ONCE)) * _AT_ONCE
        forecasts = np.empty((len(series), self.horizon, len(GRID)))
        added = np.zeros((len(series), self.horizon))
        if self.correction is not None:
            added += self.correction.added(panel, series, cutoffs, self.horizon, stage)
        if self.past_effect is not None and self.past_effect.used:
            plain = self.members.without_known(panel, stage)
            added += self.past_effect.added(plain, series, cutoffs, self.horizon, stage)
        with threads_for(len(series)):
            for start in range(0, len(series), at_once):
                part = slice(start, start + at_once)
                own, places = np.unique(series[part], return_inverse=True)
                forecasts[part] = self._distribution(select(panel, own), places, cutoffs[part], stage, added[part])
        if not np.isfinite(forecasts).all():
            raise ModelError(
                "the model's forecasts are not finite numbers: its weights are damaged, or values in the table are too "
                "large; fit a new model to values that are nearer to zero"
            )
        return forecasts

    def _distribution(
        self, panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64], stage: Stage, added: Floats
    ) -> Floats:
        found = self.members.quantiles(panel, series, cutoffs, stage, self.blend.shares)
        with np.errstate(invalid="ignore", over="ignore"):  # the caller checks the result
            mixed = calibrated(blended(found, self.blend), self.factors) + added[..., None]
            grid = within_reach(mixed, _pasts(panel, series, cutoffs), self.non_negative)
        # Without any recent value the forecast is the distribution of the training series.
        grid[~_seen(panel, series, cutoffs, self.members.reach)] = self.members.experience.quantiles
        return grid


def _reading_alike(networks: Sequence[FittedNetwork]) -> list[list[FittedNetwork]]:
    """Return the networks in groups of those that read the same windows."""
    groups: list[list[FittedNetwork]] = []
    for network in networks:
        group = next((group for group in groups if group[0].reads_as(network)), None)
        if group is None:
            groups.append([network])
        else:
            group.append(network)
    return groups


def blended(members: Mapping[str, Floats], blend: Blend) -> Floats:
    """Return the weighted mean of the members' quantiles."""
    shares = blend.shares
    first, *others = shares
    total = shares[first] * members[first]
    for name in others:
        total += shares[name] * members[name]
    return total


def _pasts(panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64]) -> list[Floats]:
    """Return the values before each cutoff."""
    return [panel.values[start : start + rows] for start, rows in zip(panel.offsets[series], cutoffs, strict=True)]


def _seen(panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64], past: int) -> NDArray[np.bool_]:
    """Return (B,), True where the last `past` rows before the cutoff have any value."""
    count = np.append(0, np.cumsum(~np.isnan(panel.values)))
    ends = panel.offsets[series] + cutoffs
    return np.asarray(count[ends] > count[ends - np.minimum(cutoffs, past)])


@contextmanager
def threads_for(windows: int) -> Iterator[None]:
    """Use one thread for a few windows: distributing their small matrix products costs more than it saves, and waits
    for other processes that occupy the cores."""
    threads = torch.get_num_threads()
    if windows > _FEW_WINDOWS or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def validated_until(panel: Panel, validation: NDArray[np.int64]) -> dict[str, int]:
    """Return the field `validated_until`, from the rows (N,) at which the validation parts end."""
    return {name: int(ticks(panel, i, int(validation[i]))) for i, name in enumerate(panel.ids)}


def ticks(panel: Panel, series: int, row: int) -> int:
    """Return the time of a row as a number: microseconds since 1970, or integer time."""
    return int(panel.times(series, row + 1)[-1].astype(np.int64))
