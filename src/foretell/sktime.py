"""A forecaster with the interface of sktime, for its pipelines, model selection and evaluation; the extra `sktime`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foretell import optional
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.quantiles import read_off
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns

optional.load("sktime", "defines what a forecaster has to offer", "sktime")
from sktime.forecasting.base import BaseForecaster  # noqa: E402 (once it is known to be there)

_ID, _TIME, _VALUE = "unique_id", "ds", "y"
_MEDIAN = 0.5


class ForetellForecaster(BaseForecaster):
    """foretell's `Forecaster` for sktime: one model for all series and columns, with quantiles and intervals.

    The columns of `X` are covariates whose future is known. `y` may have gaps; a panel or hierarchy is fitted as a
    whole. The arguments are those of `foretell.Forecaster`, whose horizon is the last step of `fh`. With
    `preset="instant"` nothing is trained. After `update(..., update_params=False)` the fitted model forecasts from the
    new values on. Forecasts inside of the sample are not offered. `forecaster_` is the fitted `foretell.Forecaster`.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from foretell.sktime import ForetellForecaster
    >>> forecaster = ForetellForecaster(preset="instant").fit(load_airline(), fh=[1, 2, 3])
    >>> forecaster.predict_interval(coverage=0.8).shape
    (3, 2)
    """

    _tags = {  # noqa: RUF012 (as sktime has it)
        "authors": ["foretell"],
        "maintainers": ["foretell"],
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:categorical_in_X": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": True,
        "capability:non_contiguous_X": False,
        "capability:unequal_length": True,
        "capability:update": True,
        "requires-fh-in-fit": True,
        "X-y-must-have-same-index": True,
    }

    def __init__(
        self,
        model: str = "auto",
        *,
        preset: str | None = None,
        minutes: float | None = None,
        season: int | Sequence[int] | None = None,
        non_negative: bool | None = None,
        holidays: str | Sequence[str] = (),
        frequency: str | int | None = None,
        seed: int = 0,
        device: str = "auto",
        settings: ForecastSettings | None = None,
    ) -> None:
        self.model = model
        self.preset = preset
        self.minutes = minutes
        self.season = season
        self.non_negative = non_negative
        self.holidays = holidays
        self.frequency = frequency
        self.seed = seed
        self.device = device
        self.settings = settings
        super().__init__()

    def _fit(self, y: pd.DataFrame, X: pd.DataFrame | None, fh: Any) -> ForetellForecaster:  # noqa: N803
        self._width = y.shape[1]
        self._names = list(y.index.names)
        self._codes: dict[Any, int] = {}
        self._ends: dict[int, pd.Index[Any]] = {}
        self._known = () if X is None else tuple(f"x {name}" for name in X.columns)
        self._table = self._long(y, X)
        self._fit_to_table(fh)
        return self

    def _update(self, y: pd.DataFrame, X: pd.DataFrame | None = None, update_params: bool = True) -> Any:  # noqa: N803
        both = pd.concat([self._table, self._long(y, X)])
        self._table = both.drop_duplicates([_ID, _TIME], keep="last", ignore_index=True)
        if update_params:
            self._fit_to_table(self._fh)
        return self

    def _predict(self, fh: Any, X: pd.DataFrame | None) -> pd.DataFrame:  # noqa: N803
        return self._forecast(fh, X, [_MEDIAN], self._get_varnames())

    def _predict_quantiles(self, fh: Any, X: pd.DataFrame | None, alpha: list[float]) -> pd.DataFrame:  # noqa: N803
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        return self._forecast(fh, X, alpha, columns)

    def _fit_to_table(self, fh: Any) -> None:
        integers = pd.api.types.is_integer_dtype(self._table[_TIME])
        frequency = 1 if integers and self.frequency is None else self.frequency
        self.forecaster_ = Forecaster(
            self.model,
            max(int(self._steps(fh, code)[-1]) for code in self._ends),
            season=self.season,
            non_negative=self.non_negative,
            holidays=self.holidays,
            columns=Columns(_ID, _TIME, _VALUE, self._known, layout="long", frequency=frequency),
            preset=self.preset,
            minutes=self.minutes,
            seed=self.seed,
            device=self.device,
            settings=ForecastSettings() if self.settings is None else self.settings,
        ).fit(self._table)

    def _forecast(
        self,
        fh: Any,
        X: pd.DataFrame | None,  # noqa: N803
        quantiles: list[float],
        columns: Any,
    ) -> pd.DataFrame:
        """Return the quantiles of the steps `fh`, each for all columns of `y`, as sktime lays them out."""
        future = None
        if X is not None and self._known:
            future = self._long(pd.DataFrame(np.nan, X.index, range(self._width)), X, new=False).drop(columns=_VALUE)
            ends = future[_ID].floordiv(self._width).map({code: end[0] for code, end in self._ends.items()})
            later = [time > end for time, end in zip(future[_TIME], ends, strict=True)]
            future = future[later]
        reading = self.forecaster_.read(self._table, future)
        prediction = self.forecaster_.forecast(reading)
        own = pd.Index(self.forecaster_.table_of(reading, prediction)[_TIME])
        row_of = {int(name): row for row, name in enumerate(prediction.panel.ids)}
        # (series, steps, quantiles) to (instances, steps, columns of y, quantiles)
        found = read_off(prediction.distribution, sorted(quantiles))[..., np.argsort(np.argsort(quantiles))]
        parts, index = [], []
        for key, code in self._codes.items():
            rows = [row_of[code * self._width + k] for k in range(self._width)]
            steps = self._steps(fh, code)
            first = rows[0] * self.forecaster_.horizon
            parts.append(np.moveaxis(found[rows][:, steps - 1], 0, 1).reshape(len(steps), -1))
            end = self._ends[code]
            unsaid = isinstance(end, pd.DatetimeIndex) and end.freq is None
            index.append((key, own[first + steps - 1] if unsaid else fh.to_absolute_index(end)))
        return pd.DataFrame(np.concatenate(parts), index=self._index(index), columns=columns)

    def _index(self, parts: list[tuple[Any, pd.Index[Any]]]) -> pd.Index[Any]:
        if len(self._names) == 1:
            return parts[0][1].rename(self._names[0])
        keys = [key if isinstance(key, tuple) else (key,) for key, times in parts for _ in times]
        times = parts[0][1].append([times for _, times in parts[1:]])
        return pd.MultiIndex.from_arrays([*map(list, zip(*keys, strict=True)), times], names=self._names)

    def _steps(self, fh: Any, code: int) -> NDArray[np.int64]:
        """The steps ahead of the end of an instance."""
        relative = fh if fh.is_relative else fh.to_relative(self._ends[code])
        return np.asarray(relative.to_numpy(), np.int64)

    def _long(self, y: pd.DataFrame, X: pd.DataFrame | None, *, new: bool = True) -> pd.DataFrame:  # noqa: N803
        """The values as a long table: a series per instance and column, numbered by both.

        `new`: they are of the past, and their ends are those to forecast from.
        """
        times = y.index.get_level_values(-1)
        keys = y.index.droplevel(cast(Any, -1)) if y.index.nlevels > 1 else pd.Index(np.zeros(len(y), int))
        where, found = pd.factorize(keys)
        codes = np.array([self._codes.setdefault(key, len(self._codes)) for key in found], int)[where]
        if new:
            for code in np.unique(codes):
                self._ends[int(code)] = self._end(times[codes == code])
        covariates = {}
        if X is not None and self._known:
            aligned = X if X.index.equals(y.index) else X.reindex(y.index)
            covariates = {name: aligned.iloc[:, k].to_numpy() for k, name in enumerate(self._known)}
        return pd.concat(
            [
                pd.DataFrame(
                    {_ID: codes * self._width + k, _TIME: times, _VALUE: y.iloc[:, k].to_numpy(), **covariates}
                )
                for k in range(self._width)
            ],
            ignore_index=True,
        )

    def _end(self, times: pd.Index[Any]) -> pd.Index[Any]:
        """The last of the times, with the frequency of the cutoff where it has one."""
        end = times[[int(times.argmax())]]
        frequency = getattr(self._cutoff, "freq", None)
        if isinstance(end, pd.DatetimeIndex) and frequency is not None:
            end = pd.DatetimeIndex(end, freq=frequency)
        return end

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:  # noqa: ARG003
        """Return the arguments that sktime's tests take: those without training."""
        return [{"preset": "instant"}, {"model": "pretrained", "season": 4, "non_negative": False}]
