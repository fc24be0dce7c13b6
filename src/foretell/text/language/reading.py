"""Texts in files, gzipped or not."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from pathlib import Path

from foretell.errors import SettingsError, TextError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEAST_HELD_OUT = 100


def read_text(path: str | Path, encoding: str | None = None) -> str:
    """The text of a file, gzipped or not; `-` reads standard input.

    It is UTF-8 or has a byte-order mark, unless `encoding` names another. Every line ends in one newline, as a file of
    Unix does. Raises `TextError` for what cannot be read or is empty, naming file and row, `SettingsError` for an
    encoding that is not known.
    """
    where = "standard input" if str(path) == "-" else str(path)
    data = sys.stdin.buffer.read() if str(path) == "-" else _contents(Path(path))
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise TextError(f"{where}: the gzip file is damaged or cut short ({error}); fetch it again") from error
    text = _decoded(data, encoding, where).replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise TextError(f"{where} is empty: give a file with a text in it")
    return text


def hold_out(text: str, share: float) -> tuple[str, str]:
    """The text without its end, and its end, that share of it: to judge by.

    The end is empty where it would be shorter than 100 characters, too few to tell anything. Raises `SettingsError` for
    a share that is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise SettingsError(f"the share held out to judge by is {share!r}: it must be in [0, 1)")
    held = int(share * len(text))
    if held < _LEAST_HELD_OUT:
        return text, ""
    return text[: len(text) - held], text[len(text) - held :]


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TextError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise TextError(f"{path} is a folder; give a file of text") from error
    except (OSError, ValueError) as error:
        raise TextError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _decoded(data: bytes, encoding: str | None, where: str) -> str:
    known = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(known)
    except LookupError as error:
        raise SettingsError(f"encoding {encoding!r} is not known; give one such as utf-8, cp1252 or latin-1") from error
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        byte = f"byte 0x{data[start]:02x}" if start < len(data) else "its end"
        raise TextError(
            f"{where}: row {data[:start].count(10) + 1:,} is not {encoding or 'UTF-8'} text ({byte}); name the file's "
            "encoding with --encoding or encoding=, such as cp1252 or latin-1, or save it as UTF-8"
        ) from error
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise TextError(
            f"{where}: row {row:,} holds zero bytes, so this is no text; if it is UTF-16, name the encoding with "
            "--encoding or encoding="
        )
    return text.removeprefix("\ufeff")
