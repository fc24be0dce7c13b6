from __future__ import annotations

import re
from pathlib import Path

import pytest

from foretell import SettingsError
from foretell.errors import TextError
from foretell.model.holdout import held_out as drawn
from foretell.text import Pairs, read_pairs, read_table_pairs


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_two_files(tmp_path: Path) -> None:
    write(tmp_path, en=" one \ntwo\n\nfour\n", fr="un\ndeux\ntrois\n \n")
    found = read_pairs(tmp_path / "en", tmp_path / "fr")
    assert (found.sources, found.targets, found.skipped) == (("one", "two"), ("un", "deux"), (3, 4))
    assert len(found) == 2


def test_unequal_numbers_of_lines(tmp_path: Path) -> None:
    write(tmp_path, en="one\ntwo\nthree\n", fr="un\ndeux\n")
    with pytest.raises(TextError, match=re.escape(f"{tmp_path}/en has 3 lines and {tmp_path}/fr 2: line n of one")):
        read_pairs(tmp_path / "en", tmp_path / "fr")


def test_nothing_to_read(tmp_path: Path) -> None:
    write(tmp_path, en="one\n", fr="", blank="\n \n", half="\nun\n", other="one\n\n")
    with pytest.raises(TextError, match="fr is empty"):
        read_pairs(tmp_path / "en", tmp_path / "fr")
    with pytest.raises(TextError, match="blank is empty"):
        read_pairs(tmp_path / "blank", tmp_path / "fr")
    with pytest.raises(TextError, match="no pair with text on both sides"):
        read_pairs(tmp_path / "half", tmp_path / "other")


def test_a_table(tmp_path: Path) -> None:
    write(tmp_path, a="English,French\none,un\n,deux\n007,sept\n", b="id,English,French\n1,one,un\n")
    found = read_table_pairs(tmp_path / "a")
    assert (found.sources, found.targets, found.skipped) == (("one", "007"), ("un", "sept"), (2,))
    turned = read_table_pairs(tmp_path / "a", "French", "English")
    assert turned.targets == ("one", "007")
    assert read_table_pairs(tmp_path / "b", "English", "French").sources == ("one",)
    with pytest.raises(SettingsError, match=r"columns id, English, French: name .* --source-column"):
        read_table_pairs(tmp_path / "b")
    with pytest.raises(TextError, match="no column 'Latin'; it has id, English, French"):
        read_table_pairs(tmp_path / "b", "English", "Latin")
    with pytest.raises(SettingsError, match="both the column 'English'"):
        read_table_pairs(tmp_path / "b", "English", "English")


@pytest.mark.parametrize(("count", "held_out"), [(99, 0), (100, 5), (1010, 50), (30_000, 1000)])
def test_some_are_held_out(count: int, held_out: int) -> None:
    texts = tuple(map(str, range(count)))
    learned, judged = Pairs(texts, texts, skipped=(3,)).split(drawn(count, 0.05, 0, fewest=100, most=1000))
    assert len(judged) == held_out
    assert (learned.skipped, judged.skipped) == ((3,), ())
    assert sorted(learned.sources + judged.sources, key=int) == list(texts)
    assert judged.sources == judged.targets


def test_sides_of_one_number() -> None:
    with pytest.raises(TextError, match="2 sources and 1 targets"):
        Pairs(("one", "two"), ("un",))
