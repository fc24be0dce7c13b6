"""Makes text from tables, files and folders safe to print on a terminal."""

from __future__ import annotations

import unicodedata

_STEERING = ("Cc", "Cs", "Zl", "Zp")
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def printable(text: str, *, lines: bool = False) -> str:
    """Return the text with escapes such as \\x1b for characters that control the terminal or the writing direction.

    With `lines`, line breaks and tabs are kept.
    """
    return "".join(c if (lines and c in "\n\t") or not _steers(c) else _escape(c) for c in text)


def _steers(c: str) -> bool:
    return not (" " <= c <= "~") and (unicodedata.category(c) in _STEERING or c in _DIRECTIONS)


def _escape(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}"
