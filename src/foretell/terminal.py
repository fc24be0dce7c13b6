"""Text that comes from tables, files and folders, as it may go to a terminal."""

from __future__ import annotations

import unicodedata

_STEERING = ("Cc", "Cs", "Zl", "Zp")
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def printable(text: str, *, lines: bool = False) -> str:
    """The text with escapes such as \\x1b in place of what could steer the terminal or turn the direction of writing.

    With `lines` it may have several, and tabs.
    """
    return "".join(c if (lines and c in "\n\t") or not _steers(c) else _escape(c) for c in text)


def _steers(c: str) -> bool:
    return not (" " <= c <= "~") and (unicodedata.category(c) in _STEERING or c in _DIRECTIONS)


def _escape(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}"
