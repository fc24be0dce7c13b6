"""Forecasting: from a table of time series to forecasts, a backtest and a report."""
