"""foretell predicts what comes next in a sequence, with recurrent networks and WaveNet.

The public names are imported when they are first used, so that importing foretell itself is instant.
"""

from __future__ import annotations

import importlib
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

if TYPE_CHECKING:
    __version__: str
    from foretell.forecasting.backtest import Backtest
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.settings import ForecastSettings
    from foretell.tables.files import read_table, write_table
    from foretell.training.settings import TrainingSettings


_HOMES = {
    "Backtest": "foretell.forecasting.backtest",
    "ForecastSettings": "foretell.forecasting.settings",
    "Forecaster": "foretell.forecasting.forecaster",
    "TrainingSettings": "foretell.training.settings",
    "read_table": "foretell.tables.files",
    "write_table": "foretell.tables.files",
}

__all__ = [
    "AudioError",
    "Backtest",
    "ExportError",
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
    "__version__",
    "read_table",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # half of the time that importing foretell would take

        return metadata.version("foretell")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
