"""A folder is replaced as a whole; the old one is put aside in between, and found there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from foretell.storage.whole_folder import replace_folder, standing

ASIDE = ".m.0123456789abcdef.previous"


def put(target: Path, text: str) -> None:
    replace_folder(target, {"data": text.encode() * 1000, "page": text.encode()}, "page")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_one_for_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for text in "abc":
        put(tmp_path / "m", text)
        assert (tmp_path / "m" / "page").read_text() == text
        assert names(tmp_path / "m") == ["data", "page"]
    assert names(tmp_path) == ["m"]


def test_somebody_elses_folders_stay(tmp_path: Path) -> None:
    for name in (".m.previous", ".m.x.previous", ".m.0123456789abcdef.previous.bak", ".n.0123456789abcdef.previous"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page").write_text("mine")
    (tmp_path / ASIDE).mkdir()
    (tmp_path / ASIDE / "page").write_text("left")
    (tmp_path / ASIDE / "thesis").write_text("mine")
    (tmp_path / "m").mkdir()
    before = names(tmp_path)
    for text in "ab":
        put(tmp_path / "m", text)
    assert names(tmp_path) == before
    assert names(tmp_path / ASIDE) == ["thesis"]
    assert (tmp_path / ".m.previous" / "page").read_text() == "mine"


def test_a_folder_of_that_name_without_the_marker_is_nobodys_former_one(tmp_path: Path) -> None:
    (tmp_path / ".m.previous").mkdir()
    (tmp_path / ".m.previous" / "thesis").write_text("mine")
    assert standing(tmp_path / "m", "page") == tmp_path / "m"
    put(tmp_path / "m", "a")
    assert (tmp_path / ".m.previous" / "thesis").read_text() == "mine"


@pytest.mark.parametrize("name", [ASIDE, ".m.previous"])
def test_put_aside_it_is_found_and_put_back(name: str, tmp_path: Path) -> None:
    put(tmp_path / "m", "a")
    (tmp_path / "m").rename(tmp_path / name)
    assert standing(tmp_path / "m", "page") == tmp_path / name
    put(tmp_path / "m", "b")
    assert names(tmp_path) == ["m"]
    assert standing(tmp_path / "m", "page") == tmp_path / "m"


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failure_leaves_the_old_one(failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "m", "a")
    rename, calls = os.rename, []

    def fails(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == failing:
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(PermissionError):
        put(tmp_path / "m", "b")
    assert names(tmp_path) == ["m"]
    assert (tmp_path / "m" / "page").read_text() == "a"


def test_two_that_write_at_once_both_succeed(tmp_path: Path) -> None:
    errors: list[OSError] = []

    def often(text: str) -> None:
        try:
            for _ in range(20):
                put(tmp_path / "m", text)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=often, args=(text,)) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert names(tmp_path) == ["m"]
    text = (tmp_path / "m" / "page").read_text()
    assert (tmp_path / "m" / "data").read_text() == text * 1000
