"""A network that forecasts any number of steps ahead, whatever the seasons, with or without covariates."""
