"""Exceptions raised by foretell: one family, so that `except ForetellError` catches them all.

Every message says what was wrong, where (row, column, argument, file) and what to do about it.
"""

from __future__ import annotations


class ForetellError(Exception):
    """The base class; the command line prints the message without a traceback and exits with status 2."""


class TableError(ForetellError, ValueError):
    """An input table that cannot be read or understood: a bad file, column, timestamp or value."""


class MusicError(ForetellError, ValueError):
    """Music that cannot be read or understood: a bad file, row, column, note or track."""


class AudioError(ForetellError, ValueError):
    """Audio that cannot be read, understood or written: a bad file, a folder without audio files, a full disk."""


class TextError(ForetellError, ValueError):
    """Text that cannot be read or understood: a bad file, row, encoding or number of lines."""


class ImageError(ForetellError, ValueError):
    """An image that cannot be read or understood."""


class SettingsError(ForetellError, ValueError):
    """An argument or option that is invalid, on its own or together with the data."""


class ModelError(ForetellError):
    """A model folder that is missing, damaged, of a newer format, or not a model at all."""


class OutputsError(ModelError, ValueError):
    """A network whose outputs are NaN or infinite, so that nothing can be sampled or chosen from them."""

    def __init__(self) -> None:
        super().__init__(
            "the network's outputs are NaN or infinite, so there is no distribution to draw from: train it again"
        )


class TrainingError(ForetellError, RuntimeError):
    """Training that cannot continue, for example because the loss stays non-finite."""


class MissingExtraError(ForetellError, ImportError):
    """An optional package that is not installed; the message names the extra that installs it."""


class ForkedProcessError(ForetellError, RuntimeError):
    """Work that a forked process cannot do, because the threads that it needs belong to its parent."""


class ExportError(ForetellError, RuntimeError):
    """A format that a layer cannot be exported to; the message names one that it can."""
