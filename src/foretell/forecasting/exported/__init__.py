"""A fitted forecaster as one program from raw values to quantiles, which runs where foretell is not installed."""
