"""The report of a forecast: one self-contained HTML page, and pictures.

`content.py` declares what a report shows, `assembly.py` takes it from a forecaster and its backtest, `html.py` makes
the page, `charts/` the pictures. Only `assembly.py` knows models and tables.
"""

from foretell.forecasting.report.charts import forecast_chart, plot_forecast, write_png
from foretell.forecasting.report.content import BacktestWindow, ReportContent, Score, SeriesView
from foretell.forecasting.report.html import render_report, write_report

__all__ = [
    "BacktestWindow",
    "ReportContent",
    "Score",
    "SeriesView",
    "forecast_chart",
    "plot_forecast",
    "render_report",
    "write_png",
    "write_report",
]
