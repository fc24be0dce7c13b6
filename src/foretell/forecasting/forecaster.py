"""The forecaster: it turns a table into forecasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from narwhals.typing import IntoFrame
from torch import nn

from foretell.errors import SettingsError, TableError
from foretell.forecasting.arguments import columns_of, model_of_preset, settings_of, whole_number
from foretell.forecasting.backtesting.backtest import Backtest
from foretell.forecasting.covariates.copied_target import warn_of_copies
from foretell.forecasting.covariates.holiday_columns import with_holidays
from foretell.forecasting.covariates.strange_words import warn_of_strange_words
from foretell.forecasting.facts import facts_of
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.forecast_arrays import Prediction, predictions
from foretell.forecasting.forecast_tables import forecast_table, sample_table
from foretell.forecasting.hierarchy.coherent import coherent_paths
from foretell.forecasting.hindsight import PastWindows, backtested, cross_validated, explained
from foretell.forecasting.holdout import WINDOWS
from foretell.forecasting.model_folder import load_model, save_model
from foretell.forecasting.networks.backbones import AUTO, model_name
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import quantiles_of
from foretell.forecasting.sampling.paths import require_memory, sample_paths
from foretell.forecasting.settings import LONGEST, ForecastSettings, preset_settings
from foretell.forecasting.tables.columns import Aggregate, Columns
from foretell.forecasting.tables.findings import Findings
from foretell.forecasting.tables.future import check_future
from foretell.forecasting.tables.gross_outliers import without_gross_outliers
from foretell.forecasting.tables.reading import Reading
from foretell.forecasting.tables.years import check_years
from foretell.forecasting.updating.joining import joined_in_time
from foretell.forecasting.updating.updating import Update, learned_series, updated
from foretell.forecasting.what_if import readings_by_plan
from foretell.forked import require_polars
from foretell.training import History, Progress
from foretell.training.device import device_named

ALWAYS_POSITIVE = (
    "No value is negative, so forecasts are kept at 0 or above; --no-non-negative (non_negative=False) lets them fall "
    "below."
)


class Forecaster:
    """Forecasts every series of a table, with calibrated intervals.

    `model` is auto, pretrained, rnn, lstm, gru or wavenet, or a class of `foretell.nn`: pretrained needs no training,
    the last four train a network on the table, and auto blends both according to validation. `horizon` is the number of
    steps to forecast; `levels` are the levels of the intervals in percent; `quantiles`, such as 0.05, have columns of
    their own. `non_negative` keeps forecasts at 0 or above; None does so where no value is negative. `multivariate`
    lets each series see the recent past of the others, as far as that lowers the loss on held-out data. `known` names
    columns whose future is known, `past` columns known up to now and no further, `static` columns that are constant
    within a series; `holidays`, such as "US" or "DE-BY", adds known columns with the public holidays of places.
    `aggregate`, such as "sum" or "mean", says how several rows of a series within one step of the frequency become one.
    `season` is one season length or several, in steps; None detects them. `hierarchy`, such as "region > shop > item",
    names columns of levels that are forecast too and add up. Values that cannot be right are read as missing, unless
    `keep_outliers`. `columns` gives the role of each column that is not detected correctly. `preset` is instant, fast
    or best: no training, about half a minute, about five minutes; `minutes` sets another time budget. `settings` holds
    all other settings. Raises SettingsError for invalid arguments.
    """

    def __init__(
        self,
        model: str | type[nn.Module] = "auto",
        horizon: int = 24,
        *,
        levels: int | Sequence[int] = (80, 95),
        quantiles: float | Sequence[float] | None = None,
        non_negative: bool | None = None,
        multivariate: bool | None = None,
        known: Sequence[str] = (),
        past: Sequence[str] = (),
        static: Sequence[str] = (),
        holidays: str | Sequence[str] = (),
        frequency: str | int | None = None,
        aggregate: Aggregate | None = None,
        season: int | Sequence[int] | None = None,
        hierarchy: str | Sequence[str] = (),
        keep_outliers: bool = False,
        columns: Columns | None = None,
        preset: str | None = None,
        minutes: float | None = None,
        seed: int = 0,
        device: str = "auto",
        settings: ForecastSettings = ForecastSettings(),  # noqa: B008 (frozen)
    ) -> None:
        self.model = model_name(model)
        if preset is not None:
            settings = preset_settings(preset, settings, several=self.model == AUTO)
            self.model = model_of_preset(preset, self.model, minutes)
        self.horizon = whole_number("horizon", horizon, least=1, most=LONGEST)
        levels = (levels,) if isinstance(levels, int) else levels
        quantiles_of(levels)
        self.levels = tuple(sorted(int(level) for level in levels))
        self.columns = columns_of(
            columns or Columns(),
            known=known,
            past=past,
            static=static,
            holidays=holidays,
            frequency=frequency,
            aggregate=aggregate,
            hierarchy=hierarchy,
            keep_outliers=keep_outliers,
        )
        self.settings = settings_of(
            settings,
            season=season,
            quantiles=quantiles,
            non_negative=non_negative,
            multivariate=multivariate,
            minutes=minutes,
            seed=seed,
        )
        self.device = device
        self._fitted: FittedModel | None = None
        self._fitted_to: Reading | None = None
        self._read: Reading | None = None
        self.prediction: Prediction | None = None
        self.plans: dict[str, Prediction] = {}
        """The last forecasts of several plans, by name; see `predict`."""
        self.validation: Backtest | None = None
        """The last cross-validation, with its scores."""

    @property
    def fitted_model(self) -> FittedModel:
        """The fitted model. Raises SettingsError before `fit`."""
        if self._fitted is None:
            raise SettingsError("the forecaster is not fitted: call fit(table) first, or Forecaster.load(folder)")
        return self._fitted

    @property
    def is_fitted(self) -> bool:
        """Whether there is a fitted model."""
        return self._fitted is not None

    @property
    def history(self) -> History | None:
        """Training history, None if nothing was trained. Raises SettingsError before `fit`."""
        return self.fitted_model.history

    @property
    def findings(self) -> Findings:
        """Findings on the last table read. Raises SettingsError before any was read."""
        return self.reading.findings

    @property
    def panel(self) -> Panel:
        """Series of the last table read. Raises SettingsError before any was read."""
        return self.reading.panel

    @property
    def reading(self) -> Reading:
        """Last table read. Raises SettingsError before any was read."""
        if self._read is None:
            raise SettingsError("no table has been read yet: call fit(table) or predict(table) first")
        return self._read

    def fit(
        self,
        table: IntoFrame | Reading,
        *,
        checkpoint: Path | str | None = None,
        tensorboard: Path | str | None = None,
        on_progress: Callable[[str, Progress], None] | None = None,
    ) -> Forecaster:
        """Fit to a pandas, polars or pyarrow table, long or wide, and return self.

        With the folder `checkpoint`, a fit that was interrupted continues where it stopped. Loss and gradient norm are
        logged to the folder `tensorboard`. `on_progress` receives the phase, such as "fit" or "finish-lstm", and its
        progress. Raises TableError for an invalid table, SettingsError for invalid settings, TrainingError if training
        failed.
        """
        device_named(self.device)
        reading = table if isinstance(table, Reading) else Reading.of(table, self.columns)
        check_years(reading.panel, self.horizon)
        warn_of_copies(reading.observed)
        fitted = self._fit(
            with_holidays(reading.observed, self.columns.holidays),
            columns=reading.columns,
            settings=self.settings,
            checkpoint=None if checkpoint is None else Path(checkpoint),
            tensorboard=None if tensorboard is None else Path(tensorboard),
            on_progress=on_progress,
        )
        self._fitted = replace(fitted, learned=reading.observed)
        notes = [*reading.findings.notes]
        if self._fitted.non_negative and self.settings.non_negative is None:
            notes.append(ALWAYS_POSITIVE)
        findings = replace(reading.findings, seasons=self._fitted.members.seasons, notes=notes)
        self._read = self._fitted_to = replace(reading, findings=findings)
        self.prediction = None
        return self

    def _fit(self, panel: Panel, *, columns: Columns, settings: ForecastSettings, **options: Any) -> FittedModel:
        return fit_model(
            panel,
            model=self.model,
            horizon=self.horizon,
            levels=self.levels,
            settings=settings,
            columns=columns,
            device=self.device,
            **options,
        )

    def update(self, table: IntoFrame, *, on_progress: Callable[[str, Progress], None] | None = None) -> Update:
        """Learn from the rows that came since, in seconds, and say whether the model has drifted.

        The table may repeat rows that the model was fitted to, lack some series and have new ones. First the model
        forecasts the new rows, for the `drift`; then its networks train on from where they ended, mostly on the new
        rows, and the weights of the blend and the intervals are adjusted. `on_progress` receives "update-" with a
        network's name, and its progress. Raises TableError for rows that do not follow the model's, SettingsError
        before `fit` and for a model that was saved without its series.
        """
        model = self.fitted_model
        old = learned_series(model)
        device_named(self.device)
        columns = replace(model.columns, target=old.ids) if model.columns.layout == "wide" else model.columns
        reading = Reading.like(table, columns, model.frequency, same=True)
        lacking = sorted(set(old.ids) - set(reading.observed.ids))
        if reading.hierarchy is not None and lacking:
            raise TableError(f"the series {lacking[0]!r} has no row: the levels of a hierarchy need rows of all series")
        joined = joined_in_time(old, reading.observed, numbered=reading.findings.time is None)
        if not columns.keep_outliers:
            sums = {} if reading.hierarchy is None else reading.hierarchy.members
            panel, sentences = without_gross_outliers(joined.panel, sums)
            if reading.hierarchy is not None:
                panel = reading.hierarchy.without_incomplete(panel, joined.panel)
            joined = replace(joined, panel=panel, sentences=(*joined.sentences, *sentences))
        check_years(joined.panel, self.horizon)
        self._fitted, drift = updated(model, joined, device=self.device, on_progress=on_progress)
        self._read = self._fitted_to = replace(reading, panel=joined.panel)
        self.prediction = None
        return Update(joined.sentences, joined.count, joined.revised, drift)

    def predict(
        self, table: IntoFrame | None = None, *, future: IntoFrame | Mapping[str, IntoFrame] | None = None
    ) -> Any:
        """Forecast the steps after each series' last value, in a table of the input's type.

        Columns: `unique_id`, `ds`, `{model}` for the median, and `{model}-lo-95`, `{model}-hi-95` and so on. Without
        `table`, the series of the fit are forecast. Known covariates of the horizon are read from the table's rows
        after the last value, or from `future`, which may also name series without any history. Several plans, tables by
        name in `future`, are all forecast: a column `plan` after `ds` has the name, `plans` holds the forecasts, and
        the first plan counts where there can be only one. Raises TableError for a table that is invalid or lacks a
        known value (naming the first date), SettingsError before `fit`.
        """
        reading = self._reading(table)
        self.plans = {}
        if isinstance(future, Mapping):
            readings = readings_by_plan(reading, future, self.horizon)
            self.plans = dict(zip(readings, self.forecasts(list(readings.values())), strict=True))
            self.prediction = next(iter(self.plans.values()))
            return self._table(reading, list(self.plans.values()), tuple(self.plans))
        if future is not None:
            reading = reading.looking_ahead(future, self.horizon)
        self.prediction = self.forecast(reading)
        return self.table_of(reading, self.prediction)

    def sample(
        self,
        table: IntoFrame | None = None,
        *,
        samples: int = 200,
        future: IntoFrame | None = None,
    ) -> Any:
        """Draw possible futures of all series, in a table of the input's type; see `sample_paths`.

        Columns: `unique_id`, `ds`, `sample` (1 to `samples`), `{model}`. Each step has the distribution of `predict`;
        within a sample, the steps and the series go together as their errors did in the past, so that a total over
        steps or series is distributed as the totals of the samples are. The seed of the forecaster fixes the samples.
        Raises SettingsError if they would not fit into memory, and what `predict` raises.
        """
        samples = whole_number("samples", samples, least=1)
        reading = self._reading(table)
        if future is not None:
            reading = reading.looking_ahead(future, self.horizon)
        self.require_memory(reading, samples)
        self.prediction = self.forecast(reading)
        return self.samples_of_prediction(samples)

    def samples_of_prediction(self, samples: int) -> Any:
        """Draw the sample paths of the last `predict`; see `sample`. Raises SettingsError before it."""
        prediction = self.prediction
        if prediction is None:
            raise SettingsError("nothing has been forecast yet: call predict(table) first, or sample(table)")
        model, panel = self.fitted_model, prediction.panel
        seed, hierarchy = self.settings.training.seed, self.reading.hierarchy
        if hierarchy is not None and prediction.own is not None:
            sums = hierarchy.sums(panel.ids)
            paths = coherent_paths(model, panel, prediction.own, sums, samples, seed)[0]
        else:
            paths = sample_paths(model, panel, prediction.distribution, samples, seed)
        return sample_table(self.reading.kind, self.model, panel, paths)

    def require_memory(self, reading: Reading, samples: int) -> None:
        """Raise SettingsError if so many sample paths of a table would not fit into memory."""
        require_memory(samples, len(reading.panel if reading.ahead is None else reading.ahead), self.horizon)

    def asked(self, horizon: int | None = None, levels: Sequence[int] | None = None) -> Forecaster:
        """Return a forecaster with the same networks for another horizon or other levels, without their training.

        Raises SettingsError for a horizon longer than the networks were trained for, and for invalid levels.
        """
        model = self.fitted_model.asked(horizon, levels)
        other = copy(self)
        other.horizon, other.levels, other.prediction = model.horizon, model.levels, None
        other._fitted = model
        return other

    def read(self, table: IntoFrame, future: IntoFrame | None = None, columns: Columns | None = None) -> Reading:
        """Read a table to be forecast, without changing the forecaster. Raises the same errors as `predict`.

        `columns` gives the columns of this table whose names are not those of the model.
        """
        require_polars()
        model = self.fitted_model
        reading = Reading.like(table, model.columns if columns is None else columns, model.frequency)
        check_years(reading.panel, self.horizon)
        return reading.looking_ahead(future, self.horizon)

    def forecast(self, reading: Reading) -> Prediction:
        """Forecast a table that was read, without changing the forecaster. Raises the same errors as `predict`."""
        return self.forecasts([reading])[0]

    def forecasts(self, readings: Sequence[Reading]) -> list[Prediction]:
        """Forecast several tables that were read, as one batch if their covariates are of the same types."""
        panels = [self._ahead(reading) for reading in readings]
        return predictions(self.fitted_model, panels, [reading.hierarchy for reading in readings])

    def _ahead(self, reading: Reading) -> Panel:
        if reading.ahead is None:
            check_future(reading.panel, self.horizon)
        panel = reading.panel if reading.ahead is None else reading.ahead
        model = self.fitted_model
        read = [network.covariates for network in model.members.networks]
        if model.past_effect is not None and model.past_effect.used:
            read.append(model.past_effect.past["final"].features.covariates)
        warn_of_strange_words(read, panel, model.members.past)
        return with_holidays(panel, self.fitted_model.columns.holidays, self.horizon)

    def table_of(self, reading: Reading, prediction: Prediction) -> Any:
        """Return a forecast of that reading as a table; see `predict`."""
        return self._table(reading, [prediction])

    def _table(self, reading: Reading, predictions: Sequence[Prediction], plans: Sequence[str] = ()) -> Any:
        return forecast_table(reading.kind, self.model, self.levels, self.settings.quantiles, predictions, plans)

    def backtest(self, table: IntoFrame | None = None, *, windows: int | None = None, refit: bool = False) -> Backtest:
        """Forecast the last `windows` horizons of each series from the data before them, and score the forecasts.

        Without `table`, the series of the fit are tested; without `windows`, as many as were held out, or three. Only
        windows that the model was not fitted to are tested; with `refit` a new model is fitted at each cutoff. Raises
        SettingsError if no window is left to test.
        """
        model = self.fitted_model
        # A refit tests on the windows that it would otherwise hold out itself.
        fresh = partial(self._fit, columns=model.columns, settings=replace(self.settings, windows=0))
        return backtested(model, self._reading(table), windows, fresh if refit else None)

    def explain(self, table: IntoFrame | None = None, *, windows: int = WINDOWS) -> Any:
        """Say what each covariate is worth, in a table of the input's type: how much worse forecasts are without it.

        The last `windows` horizons are forecast with a column's own values, and with those of other windows
        (permutation over whole windows; see `effects`). Columns: `column`, `MAE`, `MAE permuted`, `CRPS`,
        `CRPS permuted`, `change`, the increase of the CRPS as a share; then `MAE 1`, `MAE permuted 1` and so on, by
        step ahead. Raises SettingsError if the forecast is made without covariates, and what `backtest` raises.
        """
        return explained(self.fitted_model, self._reading(table), windows)

    def cross_validation(
        self,
        table: IntoFrame | Reading | None = None,
        *,
        n_windows: int = WINDOWS,
        step_size: int | None = None,
        refit: bool | int = False,
        on_progress: Callable[[str, Progress], None] | None = None,
    ) -> Any:
        """Forecast `n_windows` past horizons, the last one at the end of each series, from the data before each one.

        The cutoffs are `step_size` steps apart; by default a horizon, so that no windows overlap. A model is fitted to
        the data before the first cutoff and forecasts from all of them; with `refit` a new one is fitted at every
        cutoff, or at every `refit`-th one. The forecaster itself is neither needed fitted nor changed. Returns a table
        of the input's type: `unique_id`, `ds`, `cutoff`, `y`, the columns of `predict`, and those of the baselines;
        `validation` has the scores. Raises SettingsError for invalid numbers, TableError if the series are too short,
        and what `fit` raises.
        """
        asked = PastWindows.of(self.horizon, n_windows, step_size, refit)
        reading = self._to_validate(table)
        fit = partial(
            self._fit,
            columns=reading.columns,
            settings=replace(self.settings, windows=0),
            checkpoint=None,
            tensorboard=None,
            on_progress=on_progress,
        )
        self.validation = cross_validated(reading, asked, fit)
        return self.validation.table

    def _to_validate(self, table: IntoFrame | Reading | None) -> Reading:
        if table is None:
            return self._reading(None)
        device_named(self.device)
        reading = table if isinstance(table, Reading) else Reading.of(table, self.columns)
        check_years(reading.panel, self.horizon)
        self._read = reading
        return reading

    def facts(self) -> dict[str, Any]:
        """Return model, networks and data as facts by name. Raises SettingsError before `fit`."""
        return facts_of(self.fitted_model)

    def save(self, folder: str | Path) -> None:
        """Write the fitted model into a folder; see `save_model`."""
        save_model(self.fitted_model, folder)

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto") -> Forecaster:
        """Load the forecaster that was saved in a folder. Raises ModelError as `load_model` does."""
        model = load_model(folder, device_named(device))
        forecaster = cls(
            model.name,
            model.horizon,
            levels=model.levels,
            columns=model.columns,
            device=device,
            settings=model.settings,
        )
        forecaster._fitted = model
        if model.learned is not None and not model.columns.hierarchy:
            forecaster._fitted_to = Reading.kept(model.learned, model.columns)
        return forecaster

    def _reading(self, table: IntoFrame | None) -> Reading:
        require_polars()
        model = self.fitted_model
        if table is None and self._fitted_to is None:
            raise SettingsError("this model does not hold its series: pass the table whose series are to be forecast")
        reading = self._fitted_to if table is None else Reading.like(table, model.columns, model.frequency)
        assert reading is not None
        check_years(reading.panel, self.horizon)
        self._read = reading
        return reading
