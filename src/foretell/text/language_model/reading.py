"""Texts in files, gzipped or not."""

from __future__ import annotations

from pathlib import Path

from foretell.errors import SettingsError, TextError
from foretell.plain_text import contents, decoded, named

_LEAST_HELD_OUT = 100


def read_text(path: str | Path, encoding: str | None = None) -> str:
    """The text of a file, gzipped or not; `-` reads standard input.

    It is UTF-8 or has a byte-order mark, unless `encoding` names another. Every line ends in one newline, as a file of
    Unix does. Raises `TextError` for what cannot be read or is empty, naming file and row, `SettingsError` for an
    encoding that is not known.
    """
    where = named(path)
    text = decoded(contents(path, TextError), encoding, where, TextError)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise TextError(f"{where} is empty: give a file with a text in it")
    return text


def hold_out(text: str, share: float) -> tuple[str, str]:
    """The text without its end, and its end, that share of it: to judge by.

    The end is empty where it would be shorter than 100 characters, too few to tell anything. Raises `SettingsError` for
    a share that is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise SettingsError(f"the held-out share is {share!r}: it must be in [0, 1)")
    held = int(share * len(text))
    if held < _LEAST_HELD_OUT:
        return text, ""
    return text[: len(text) - held], text[len(text) - held :]
