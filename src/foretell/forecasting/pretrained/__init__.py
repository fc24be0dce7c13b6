"""A forecaster that has learned from synthetic series alone, and forecasts any table without training."""
