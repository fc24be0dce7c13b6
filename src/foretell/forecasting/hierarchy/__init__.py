"""Hierarchies: series that add up to others, and forecasts that do so too."""
