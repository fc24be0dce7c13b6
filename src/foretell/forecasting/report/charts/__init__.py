"""Charts of forecasts, errors and training, by matplotlib (the extra `foretell[report]`), imported only when drawn."""

from foretell.forecasting.report.charts.forecast import forecast_chart, forecast_charts, plot_forecast, write_png
from foretell.forecasting.report.charts.plans import difference_chart
from foretell.forecasting.report.charts.scores import error_by_step_chart
from foretell.forecasting.report.charts.svg import inline_svg
from foretell.forecasting.report.charts.training import gradient_chart, loss_chart

__all__ = [
    "difference_chart",
    "error_by_step_chart",
    "forecast_chart",
    "forecast_charts",
    "gradient_chart",
    "inline_svg",
    "loss_chart",
    "plot_forecast",
    "write_png",
]
