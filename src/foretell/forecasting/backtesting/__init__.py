"""Backtests: windows of the past, baselines and scores."""
