"""Seasons: found in the data, and how networks learn of them."""
