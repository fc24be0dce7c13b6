from __future__ import annotations

import codecs
import gzip
import io
import sys
from pathlib import Path

import pytest

from foretell.errors import SettingsError, TextError
from foretell.text.language_model.reading import hold_out, read_text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße\nans Ende".encode(), "Grüße\nans Ende"),
        (codecs.BOM_UTF8 + b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("größer".encode("utf-16"), "größer"),
        (gzip.compress("größer".encode(), mtime=0), "größer"),
    ],
)
def test_texts(data: bytes, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert read_text(tmp_path / "a.txt") == text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert read_text("-") == text


def test_an_encoding_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("größer".encode("cp1252"))
    assert read_text(tmp_path / "a.txt", "cp1252") == "größer"
    with pytest.raises(SettingsError, match="encoding 'cp9999' is not known"):
        read_text(tmp_path / "a.txt", "cp9999")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"one\ntwo\nthr\xe9e\n", r"row 3 is not UTF-8 text \(byte 0xe9\)"),
        (b"one\ntwo\xc3", r"row 2 is not UTF-8 text"),
        (b"o\0n\0e\0", "row 1 holds zero bytes"),
        (gzip.compress(b"one two three", mtime=0)[:-9], "gzip file is damaged or cut short"),
        (b"\x1f\x8b", "gzip file is damaged or cut short"),
    ],
)
def test_texts_that_cannot_be_read(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(TextError, match=said) as caught:
        read_text(tmp_path / "a.txt")
    assert "a.txt" in str(caught.value)


def test_places_where_there_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="there is no file nowhere"):
        read_text("nowhere.txt")
    with pytest.raises(TextError, match="is a folder"):
        read_text(tmp_path)


def test_hold_out() -> None:
    text = "".join(chr(97 + k % 26) for k in range(2345))
    learned, held = hold_out(text, 0.05)
    assert (learned + held, len(held)) == (text, 117)
    assert hold_out(text, 0.0) == (text, "")
    assert hold_out(text[:1999], 0.05) == (text[:1999], "")
    for share in (1.0, -0.1, float("nan")):
        with pytest.raises(SettingsError, match="share"):
            hold_out(text, share)
