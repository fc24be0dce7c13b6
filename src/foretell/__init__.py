"""foretell predicts what comes next in a sequence, with recurrent networks and WaveNet.

The public names are imported when they are first used, so that importing foretell itself is instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foretell import forked as _forked  # noqa: F401 (from here on forks are looked after)
from foretell.errors import (
    AudioError,
    ExportError,
    ForetellError,
    ForkedProcessError,
    ImageError,
    MissingExtraError,
    ModelError,
    MusicError,
    SettingsError,
    TableError,
    TextError,
    TrainingError,
)
from foretell.on_first_use import on_first_use as _on_first_use

if TYPE_CHECKING:
    __version__: str
    from foretell.forecasting.anomalies.anomalies import Anomalies, find_anomalies
    from foretell.forecasting.backtesting.backtest import Backtest
    from foretell.forecasting.filling.filling import Filled, fill
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.settings import ForecastSettings
    from foretell.forecasting.tables.columns import Columns
    from foretell.forecasting.tables.series_file import read_series
    from foretell.forecasting.updating.drift import Drift
    from foretell.forecasting.updating.updating import Update
    from foretell.tables.files import read_table, write_table
    from foretell.training.settings import TrainingSettings


__all__ = [
    "Anomalies",
    "AudioError",
    "Backtest",
    "Columns",
    "Drift",
    "ExportError",
    "Filled",
    "ForecastSettings",
    "Forecaster",
    "ForetellError",
    "ForkedProcessError",
    "ImageError",
    "MissingExtraError",
    "ModelError",
    "MusicError",
    "SettingsError",
    "TableError",
    "TextError",
    "TrainingError",
    "TrainingSettings",
    "Update",
    "__version__",
    "fill",
    "find_anomalies",
    "read_series",
    "read_table",
    "write_table",
]


_get, __dir__ = _on_first_use(
    __name__,
    {
        "forecasting.anomalies.anomalies": "Anomalies find_anomalies",
        "forecasting.backtesting.backtest": "Backtest",
        "forecasting.filling.filling": "Filled fill",
        "forecasting.forecaster": "Forecaster",
        "forecasting.settings": "ForecastSettings",
        "forecasting.updating.drift": "Drift",
        "forecasting.updating.updating": "Update",
        "forecasting.tables.columns": "Columns",
        "forecasting.tables.series_file": "read_series",
        "tables.files": "read_table write_table",
        "training.settings": "TrainingSettings",
    },
)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # half of the time that importing foretell would take

        return metadata.version("foretell")
    return _get(name)
