"""Atomic writes: a file or folder appears complete or not at all, however the writing process ends."""
