"""The exceptions that foretell raises: one family, so that `except ForetellError` catches them all.

Every message says what was wrong, where (row, column, argument, file) and what to do about it.
"""

from __future__ import annotations


class ForetellError(Exception):
    """Whatever foretell refuses to do; the command line prints it without a traceback and exits with status 2."""


class TableError(ForetellError, ValueError):
    """An input table that cannot be read or understood: a bad file, column, time stamp or value."""


class MusicError(ForetellError, ValueError):
    """Music that cannot be read or understood: a bad file, row, column, note or track."""


class AudioError(ForetellError, ValueError):
    """A sound that cannot be read, understood or written: a bad file, a folder without any, a full disk."""


class TextError(ForetellError, ValueError):
    """Texts that cannot be read or understood: a bad file, row, encoding or number of lines."""


class ImageError(ForetellError, ValueError):
    """An image that cannot be read or understood."""


class SettingsError(ForetellError, ValueError):
    """An argument or option that makes no sense, alone or together with the data."""


class ModelError(ForetellError):
    """A model folder that is missing, damaged, of a newer format, or not a model at all."""


class OutputsError(ModelError, ValueError):
    """A network whose outputs are NaN or infinite, so that there is nothing to draw from or to choose by."""

    def __init__(self) -> None:
        super().__init__(
            "the network's outputs are no distribution to draw from: they are NaN or infinite; train it anew"
        )


class TrainingError(ForetellError, RuntimeError):
    """Training that cannot go on, such as a loss that stays non-finite."""


class MissingExtraError(ForetellError, ImportError):
    """An optional package that is not installed; the message names the extra that brings it."""


class ForkedProcessError(ForetellError, RuntimeError):
    """Work that a forked process cannot do, since the threads that it takes are its parent's."""


class ExportError(ForetellError, RuntimeError):
    """A form that a layer cannot be brought into; the message names one that it can."""
