"""What columns known ahead add to the values: estimated in closed form, taken out of the past, added to forecasts."""
