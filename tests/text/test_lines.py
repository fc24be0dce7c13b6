"""Lines of text files: what ends a line, how they may be encoded, and what is refused."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path

import pytest

from foretell import SettingsError
from foretell.errors import TextError
from foretell.text.lines import read_lines, stream_lines

TEXT = "Über den Fluß.\nÇa va ?\n"
LINES = ["Über den Fluß.", "Ça va ?"]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.removesuffix("\n").encode(), None),
        (TEXT.replace("\n", "\r\n").encode(), None),
        (codecs.BOM_UTF8 + TEXT.encode(), None),
        (TEXT.encode("utf-16"), None),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("utf-32"), None),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("cp1252"), "cp1252"),
        (gzip.compress(TEXT.encode(), mtime=0), None),
    ],
)
def test_lines(data: bytes, encoding: str | None, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read_lines(tmp_path / "a", encoding) == LINES


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("a\u2028b\x0bc\x85d\re\n\n f \n".encode())
    assert read_lines(tmp_path / "a") == ["a\u2028b\x0bc\x85d\re", "", " f "]
    (tmp_path / "a").write_bytes(b"")
    assert read_lines(tmp_path / "a") == []


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (
            b"good\nna\xefve\n",
            None,
            r"line 2 is not UTF-8 text \(byte 0xef\); name the file's encoding with --encoding",
        ),
        (b"good\n\n\xff", "ascii", "line 3 is not ascii text"),
        (b"a\nb\0c\n", None, "line 2 holds zero bytes"),
        (gzip.compress(b"a line\n" * 99, mtime=0)[:-9], None, "gzip file is damaged or cut short"),
        (b"a\n" + b"x" * 1_000_001, None, "line 2 has more than 1,000,000 characters"),
        (codecs.BOM_UTF16_LE + b"a", None, "line 1 is not utf-16 text"),
    ],
)
def test_no_text(data: bytes, encoding: str | None, said: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(TextError, match=said):
        read_lines(tmp_path / "a", encoding)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="is a folder"):
        read_lines(tmp_path)
    with pytest.raises(TextError, match=r"there is no file .*nothing"):
        read_lines(tmp_path / "nothing")
    with pytest.raises(TextError, match="no folder"):
        read_lines(tmp_path / "nowhere" / "nothing")
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(SettingsError, match="'klingon' is not known"):
        read_lines(tmp_path / "a", "klingon")


class Pipe(io.BytesIO):
    """Gives what was written at once, and no more."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__()
        self._chunks = [*chunks]

    def read1(self, _: int | None = -1) -> bytes:
        return self._chunks.pop(0) if self._chunks else b""


def test_a_stream_gives_what_is_there() -> None:
    groups = list(stream_lines(Pipe(codecs.BOM_UTF8 + b"one\ntw", b"o\r\n", b"thr", b"ee\n\nfo", b"ur")))
    assert groups == [["one"], ["two"], ["three", ""], ["four"]]
    assert list(stream_lines(Pipe())) == []


def test_a_stream_ends_at_a_line_that_is_no_text() -> None:
    groups = stream_lines(Pipe(b"one\n", b"two\nthr\xff\nfour\n"))
    assert [next(groups), next(groups)] == [["one"], ["two"]]
    with pytest.raises(TextError, match="standard input: line 3 is not UTF-8"):
        next(groups)
    with pytest.raises(TextError, match="line 2 has more than 1,000,000 characters"):
        list(stream_lines(Pipe(b"one\n", *[b"x" * 500_000] * 9)))
