"""From several forecasters to one: their weights, a linear regression among them, and calibrated intervals."""
