"""A file appears whole or not at all, and takes nothing with it that is no file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from foretell.errors import SettingsError
from foretell.storage.whole_file import replace_file


def test_in_its_place_at_once(tmp_path: Path) -> None:
    (tmp_path / ".foretell-0123456789abcdef.tmp").write_text("left")
    mask = os.umask(0o027)
    try:
        for content in (b"", b"first", b"x" * 3_000_000):
            replace_file(tmp_path / "f.csv", content)
            assert (tmp_path / "f.csv").read_bytes() == content
    finally:
        os.umask(mask)
    assert (tmp_path / "f.csv").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "that can be written to"),
        (errno.ENOENT, "create it, or start again"),
        (errno.ENAMETOOLONG, "a shorter name"),
        (errno.EIO, "that can be written to"),
    ],
)
def test_the_remedy_is_for_the_reason(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "f.csv").write_text("old")
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(SettingsError, match=remedy) as told:
        replace_file(tmp_path / "f.csv", b"new")
    assert os.strerror(number) in str(told.value)
    assert ("free some space" in str(told.value)) is (number == errno.ENOSPC)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"f.csv": "old"}


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name, said in (("folder", "is a folder"), ("pipe", "not an ordinary file"), ("link", "not an ordinary file")):
        with pytest.raises(SettingsError, match=said):
            replace_file(tmp_path / name, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]
    with pytest.raises(SettingsError, match="no such folder"):
        replace_file(tmp_path / "none" / "f.csv", b"x")
