"""The declaration of forecasters."""

from __future__ import annotations

from foretell.forecasting.settings import ForecastSettings
from foretell.model.kind import Described

UNTRAINED = "Pretrained on synthetic series: nothing was trained here."
"""The description of a forecaster that was not trained."""

FORECASTS = Described(
    model="foretell.forecasting.forecaster:Forecaster",
    settings=ForecastSettings,
    untrained=UNTRAINED,
    program="foretell.forecasting.exported.forecast_program:forecast_program",
    examples={
        "forecast": (
            ("Detect all columns, write all results to ./forecast", "foretell forecast sales.csv --horizon 14"),
            (
                "Read a table from a pipe, write the forecast to one",
                "foretell forecast - -n 14 -o - < sales.csv > f.csv",
            ),
            (
                "Use prices and holidays that are known in advance",
                "foretell forecast sales.csv --horizon 14 --known price --known holiday --future plans.csv",
            ),
            (
                "Train a GRU within a time budget, and draw the forecasts",
                "foretell forecast sales.csv -n 14 --model gru --minutes 2 --png f.png",
            ),
        ),
        "fit": (
            ("Train once, and save the model", "foretell fit sales.csv --horizon 14 --save sales-model"),
            ("Follow the training in TensorBoard", "foretell fit sales.csv --horizon 14 --tensorboard runs"),
        ),
        "predict": (
            ("Forecast from the end of a newer table", "foretell predict sales-model sales.csv --output forecast.csv"),
            ("Write the forecast to standard output", "foretell predict sales-model - --output - < sales.csv"),
            ("Draw 500 possible futures, for totals", "foretell predict sales-model sales.csv --samples 500"),
        ),
        "serve": (
            ("Serve the pretrained network, which forecasts any table", "foretell serve"),
            ("Serve two models, the second by a name of its own", "foretell serve sales-model retail=models/retail"),
        ),
        "ui": (("Open the page", "foretell ui"),),
        "mcp": (("Let an agent forecast the tables of a folder", "foretell mcp --allow-dir ~/forecasts"),),
        "backtest": (
            ("Evaluate the last 10 forecast windows", "foretell backtest sales-model sales.csv --windows 10"),
            ("Retrain the model before each window", "foretell backtest sales-model sales.csv --refit"),
        ),
        "update": (
            ("Learn from this week's rows", "foretell update sales-model week.csv"),
            ("Keep the old model", "foretell update sales-model week.csv --out newer-model"),
        ),
        "explain": (
            ("Judge the columns on the last 5 horizons", "foretell explain sales-model sales.csv --windows 5"),
        ),
        "anomalies": (
            ("Find them, and write a table and a report", "foretell anomalies sales.csv"),
            (
                "Only what is less likely than one in a million",
                "foretell anomalies sales.csv --probability 1e-6 -o odd.csv",
            ),
        ),
        "fill": (
            ("Fill the gaps, and write a table and a report", "foretell fill sales.csv"),
            ("Write the table alone, with 90 % intervals", "foretell fill sales.csv --level 90 -o filled.parquet"),
        ),
        "cross-validate": (
            (
                "Forecast 8 windows that begin a week apart",
                "foretell cross-validate sales.csv -n 14 --windows 8 --step-size 7",
            ),
            (
                "Fit a new model before every second window, and draw a report",
                "foretell cross-validate sales.csv -n 14 --windows 8 --refit-every 2 --report report.html",
            ),
        ),
    },
)
