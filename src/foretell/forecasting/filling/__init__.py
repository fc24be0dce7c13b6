"""Filling: what lay in the gaps of series, estimated from both sides."""
