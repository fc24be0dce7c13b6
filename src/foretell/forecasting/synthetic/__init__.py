"""Synthetic series of many kinds: all that the pretrained network has learned from."""

from foretell.forecasting.synthetic.mixture import draw

__all__ = ["draw"]
