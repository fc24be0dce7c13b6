"""What a report says of a forecaster and its backtest."""

from __future__ import annotations

import math
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.backtesting.backtest import Backtest, Cutoffs, Results, unseen_windows
from foretell.forecasting.backtesting.scores import METRICS
from foretell.forecasting.backtesting.scores_by_part import scores_by_part
from foretell.forecasting.covariates.explanation import effects, reads_covariates
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.networks.fitted_network import FittedNetwork
from foretell.forecasting.report.content import (
    BacktestWindow,
    ColumnEffect,
    PlanView,
    ReportContent,
    ReportTable,
    Score,
    SeriesView,
)
from foretell.forecasting.report.totals import totals_by_month
from foretell.forecasting.report.wording import column, count, fixed, moments, percent
from foretell.forecasting.tables.findings import describe_frequency
from foretell.forecasting.what_if import plan_differences
from foretell.training.history import History

_MOST_SERIES = 6
_FEWEST_CALIBRATED = 20
_FEW_CALIBRATED = 200
_SHOWN_HORIZONS = 8
_SHOWN_AT_LEAST = 100
_MOST_EXPLAINED = 120
"""Maximum number of windows on which covariates are judged, each of which is forecast several times per column."""


def report_content(
    forecaster: Forecaster, backtest: Backtest | None = None, *, title: str = "Forecast"
) -> ReportContent:
    """The content of a report on the forecaster's latest forecast, made now if there is none, and on a backtest.

    Up to six series are drawn: with a backtest the first, the best, the worst and others in between by their error,
    else evenly chosen ones. Raises SettingsError before there was a fit, and what `Forecaster.predict` raises.
    """
    prediction = forecaster.prediction or forecaster.forecast(forecaster.reading)
    results = backtest.results if backtest else None
    shown = _chosen(prediction.panel.ids, results.scores.by_series if results else {})
    history = forecaster.history
    return ReportContent(
        title=title,
        series=[_view(prediction, i, forecaster, results) for i in shown],
        total_series=len(prediction.panel),
        totals=totals_by_month(forecaster, prediction, shown),
        scores=_score_rows(results) if results else (),
        scores_by_step=_named(results.scores.by_step) if results else {},
        coverage=backtest.coverage if backtest else {},
        effects=_effects(forecaster, backtest),
        plans=_plans(forecaster, [prediction.panel.ids[i] for i in shown]),
        score_tables=_score_tables(results) if results else (),
        losses=history.losses if history else np.empty(0),
        gradient_norms=history.gradient_norms if history else np.empty(0),
        clip_norm=forecaster.settings.training.clip_norm,
        evaluations=history.evaluations if history else (),
        best_step=history.best_step if history else None,
        skipped_steps=history.skipped if history else 0,
        findings=[
            *forecaster.findings.sentences(),
            *_remarks(forecaster.fitted_model),
            *(backtest.notes if backtest else ()),
        ],
        facts=_facts(forecaster),
        warnings=_warnings(forecaster, backtest, prediction),
    )


def _chosen(ids: tuple[str, ...], errors: dict[str, float]) -> list[int]:
    """The places of the series to draw, in the order of the table."""
    if len(ids) <= _MOST_SERIES:
        return list(range(len(ids)))
    place = {name: i for i, name in enumerate(ids)}
    ranked = [place[name] for name in sorted(errors, key=lambda name: errors[name]) if name in place]
    if len(ranked) < _MOST_SERIES:
        ranked = list(range(len(ids)))
    spread = [ranked[round(k)] for k in np.linspace(0, len(ranked) - 1, _MOST_SERIES - 1)]
    chosen = dict.fromkeys([0, *spread])
    others = (ranked[round(k)] for k in np.linspace(0, len(ranked) - 1, 2 * _MOST_SERIES))
    for i in others:
        if len(chosen) < _MOST_SERIES:
            chosen.setdefault(i)
    return sorted(chosen)


def _view(prediction: Prediction, i: int, forecaster: Forecaster, results: Results | None) -> SeriesView:
    panel, horizon = prediction.panel, forecaster.horizon
    rows = int(panel.history[i])
    times = panel.clock.wall_times(panel.times(i, rows + horizon))
    # Of a longer season, such as a year of days, twice would leave no room to see the forecast.
    season = max((n for n in forecaster.fitted_model.seasons if n <= _SHOWN_HORIZONS * horizon), default=1)
    windows = _windows(results, panel.ids[i]) if results else []
    wanted = max(_SHOWN_HORIZONS * horizon, 2 * season, _SHOWN_AT_LEAST, (len(windows) + 1) * horizon)
    start = max(0, rows - wanted)
    return SeriesView(
        id=panel.ids[i],
        times=times[start:rows],
        values=panel.series(i)[start:],
        forecast_times=times[rows:],
        median=_median(prediction.quantiles[i]),
        intervals=_intervals(prediction.quantiles[i], forecaster.levels),
        windows=windows,
    )


def _windows(results: Results, name: str) -> list[BacktestWindow]:
    panel, horizon = results.panel, results.actual.shape[1]
    if name not in panel.ids:
        return []
    i = panel.ids.index(name)
    times = panel.clock.wall_times(panel.times(i, int(panel.history[i])))
    views = []
    for k in np.flatnonzero(results.cutoffs.series == i):
        row = int(results.cutoffs.rows[k])
        views.append(
            BacktestWindow(
                times=times[row : row + horizon],
                median=_median(results.quantiles[k]),
                intervals=_intervals(results.quantiles[k], results.levels),
                actual=results.actual[k],
            )
        )
    return views


def _median(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    return quantiles[:, quantiles.shape[1] // 2]


def _intervals(
    quantiles: NDArray[np.float64], levels: tuple[int, ...]
) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    middle = len(levels)
    return {
        level: (quantiles[:, middle - k], quantiles[:, middle + k]) for k, level in enumerate(sorted(levels), start=1)
    }


def _named(by_model: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    return {name.replace("_", " "): values for name, values in by_model.items() if not np.isnan(values).all()}


def _score_rows(results: Results) -> list[Score]:
    table = results.scores.table
    metrics = [m for m in METRICS if any(math.isfinite(row[m]) for row in table.values())]
    return [
        Score(name.replace("_", " "), {m: row[m] for m in metrics}, is_ours=name == results.model)
        for name, row in table.items()
    ]


def _effects(forecaster: Forecaster, backtest: Backtest | None) -> list[ColumnEffect]:
    """What each covariate added in the windows of the backtest, or in an even sample of them."""
    model = forecaster.fitted_model
    if backtest is None or not reads_covariates(model):
        return []
    panel = backtest.results.panel
    try:
        windows = unseen_windows(model, panel, backtest.windows)
    except SettingsError:
        return []
    if len(windows.rows) > _MOST_EXPLAINED:
        kept = np.linspace(0, len(windows.rows) - 1, _MOST_EXPLAINED).round().astype(np.int64)
        windows = Cutoffs(windows.series[kept], windows.rows[kept])
    if len(windows.rows) < 2:
        return []
    return [
        ColumnEffect(found.column, found.score, found.permuted_score, found.error, found.permuted_error)
        for found in effects(model, panel, windows)
    ]


def _plans(forecaster: Forecaster, shown: list[str]) -> list[PlanView]:
    """The series shown by each of several plans."""
    medians: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in shown}
    for found in plan_differences(forecaster.plans):
        if found.series in medians:
            medians[found.series][found.plan] = found.median
    if len(forecaster.plans) < 2:
        return []
    panel = next(iter(forecaster.plans.values())).panel
    views = []
    for i, name in enumerate(panel.ids):
        if len(medians.get(name, {})) > 1:
            rows = int(panel.history[i])
            times = panel.clock.wall_times(panel.times(i, rows + forecaster.horizon)[rows:])
            views.append(PlanView(name, times, medians[name]))
    return views


def _score_tables(results: Results) -> list[ReportTable]:
    """The model's scores by cutoff and by series, where there are several."""
    tables = []
    for part, title, name in (
        ("cutoff", "Scores by cutoff", "last time known"),
        ("unique_id", "Scores by series", "series"),
    ):
        names, labels = results.parts(part)  # type: ignore[arg-type]
        if len(names) < 2:
            continue
        found = scores_by_part(labels, len(names), results.actual, results.distribution, results.intervals)
        shown = list(names) if part == "unique_id" else moments(np.asarray(names))
        columns = [_share_cells(c) if key.startswith("coverage") else column(c) for key, c in found.items()]
        heads = [f"inside {key.removeprefix('coverage-')} %" if key.startswith("coverage") else key for key in found]
        tables.append(ReportTable(title, [name, *heads], [list(row) for row in zip(shown, *columns, strict=True)]))
    return tables


def _share_cells(shares: NDArray[np.float64]) -> list[str]:
    return [percent(float(share), 1) for share in shares]


def _facts(forecaster: Forecaster) -> dict[str, str]:
    model = forecaster.fitted_model
    facts = {
        "Model": model.name,
        **({"Chosen": model.choice} if model.choice else {}),
        "Horizon": count(model.horizon, "step"),
        "Season": " and ".join(fixed(s, 0) for s in model.seasons) + " steps" if model.seasons else "none",
        "Frequency": describe_frequency(model.frequency.alias),
        **(_network_facts(model.network) if model.network else {}),
        "Seed": str(forecaster.settings.training.seed),
        "Versions": f"foretell {metadata.version('foretell')}, torch {metadata.version('torch')}",
    }
    if forecaster.columns.known:
        facts["Known in advance"] = ", ".join(forecaster.columns.known)
    if forecaster.columns.past:
        facts["Known up to now"] = ", ".join(forecaster.columns.past)
    if forecaster.columns.static:
        facts["Constant in a series"] = ", ".join(forecaster.columns.static)
    return facts


def _network_facts(fit: FittedNetwork) -> dict[str, str]:
    architecture, history = fit.architecture, fit.history
    layers = count(architecture.layers, "cycle" if architecture.backbone == "wavenet" else "layer")
    units = count(architecture.hidden, "channel" if architecture.backbone == "wavenet" else "unit")
    steps = fixed(history.steps, 0)
    if history.best_step is not None and history.best_step != history.steps:
        steps += f", the best at {fixed(history.best_step, 0)}"
    if fit.finish:
        steps += f"; then {fixed(fit.finish.steps, 0)} on all of the data"
    network = f"{architecture.backbone}, {layers} of {units}" + (
        ", layer-normalised" if architecture.layer_norm else ""
    )
    facts = {
        "Network": network + (f", {architecture.members} of them averaged" if architecture.members > 1 else ""),
        "Parameters": fixed(sum(tensor.numel() for tensor in fit.final.values()), 0),
        "Input": count(architecture.reading.window, "step"),
        "Training steps": steps,
        "Training time": _duration(history.seconds + (fit.finish.seconds if fit.finish else 0.0)),
    }
    if history.reason in ("patience", "time"):
        facts["Training ended"] = history.stopped
    return facts


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _warnings(forecaster: Forecaster, backtest: Backtest | None, prediction: Prediction) -> list[str]:
    model = forecaster.fitted_model
    network = model.network
    runs = ((network.history, "Training"), (network.finish, "The last stretch")) if network else ()
    warnings = [*model.warnings, *(_stopped(history, what) for history, what in runs if history)]
    if forecaster.levels and model.calibrated_on < _FEWEST_CALIBRATED:
        warnings.append(
            "The intervals are not calibrated: too few values could be held out. Take them for a rough guide, or give "
            "longer series."
        )
    elif forecaster.levels and model.calibrated_on < _FEW_CALIBRATED:
        warnings.append(
            f"The intervals were calibrated on {count(model.calibrated_on, 'value')} only, so they may be off by a few "
            "percent."
        )
    untested = len(forecaster.panel) - backtest.series if backtest else 0
    if untested > 0:
        warnings.append(f"{count(untested, 'series', 'series')} of {len(forecaster.panel)} could not be backtested.")
    no_past = int((prediction.panel.history == 0).sum())
    if no_past:
        warnings.append(
            f"{count(no_past, 'series has', 'series have')} no history: the forecast is what the others are like."
        )
    return [warning for warning in warnings if warning]


def _remarks(model: FittedModel) -> list[str]:
    """Return the notes on the fit that are no warnings."""
    return [note for note in model.notes if note not in model.warnings]


def _stopped(history: History, what: str) -> str:
    """A warning where training came to an end that someone should know of, else nothing."""
    if history.reason == "non-finite":
        return f"{what} stopped before its end: {history.stopped}."
    if history.skipped:
        return f"{what} skipped {count(history.skipped, 'step')} whose loss or gradient was not finite."
    return ""
