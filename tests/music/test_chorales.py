from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from foretell import MusicError
from foretell.music import chorales as reading
from foretell.music.chorales import Chorale, read_chorale, read_chorales
from foretell.music.midi import midi_bytes

HEADER = "note0,note1,note2,note3\n"
ROW = "72,67,64,48\n"


def pack(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_a_folder_in_three_parts(collection: Path) -> None:
    found = read_chorales(collection)
    assert [len(part) for part in (found.train, found.valid, found.test)] == [5, 2, 1]
    assert [chorale.name for chorale in found.valid] == ["chorale_000", "chorale_001"]
    assert found.train[1].notes.shape == (32, 4)
    assert found.train[1].notes[0].tolist() == [73, 68, 65, 49]


@pytest.mark.parametrize(("name", "mode"), [("c.tgz", "w:gz"), ("c.tar.gz", "w:gz"), ("c.tar", "w")])
def test_an_archive_is_the_same_as_its_folder(collection: Path, tmp_path: Path, name: str, mode: str) -> None:
    files = {f"bach/{p.relative_to(collection).as_posix()}": p.read_bytes() for p in sorted(collection.rglob("*.csv"))}
    files["bach/train/._chorale_000.csv"] = b"what a Mac puts beside a file"
    files["bach/README.txt"] = b"no chorale"
    found, plain = read_chorales(pack(tmp_path / name, files, mode)), read_chorales(collection)
    for part in ("train", "valid", "test"):
        there, here = getattr(found, part), getattr(plain, part)
        assert [c.name for c in there] == [c.name for c in here]
        assert all((a.notes == b.notes).all() for a, b in zip(there, here, strict=True))


def test_a_plain_folder_is_the_training_part(tmp_path: Path) -> None:
    for k in range(20):
        (tmp_path / f"{k:02}.csv").write_text(HEADER + ROW)
    (tmp_path / "20.mid").write_bytes(midi_bytes(np.array([[72, 67, 64, 48]] * 4)))
    found = read_chorales(tmp_path)
    assert (len(found.train), found.valid, found.test) == (21, (), ())


def test_an_archive_writes_nothing_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(HEADER + ROW)
    inside = tmp_path / "inside"
    inside.mkdir()
    with tarfile.open(inside / "c.tgz", "w:gz") as archive:
        link = tarfile.TarInfo("train/link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        archive.addfile(link)
        for name in ("../escaped.csv", "/tmp/absolute.csv"):
            entry = tarfile.TarInfo(name)
            entry.size = len(HEADER + ROW)
            archive.addfile(entry, io.BytesIO((HEADER + ROW).encode()))
    assert sorted(c.name for c in read_chorales(inside / "c.tgz").train) == ["absolute", "escaped"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c.tgz", "inside", "outside.csv"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["c.csv is not a chorale", "it is empty"]),
        ("a,b\n1,2\n", ["c.csv is not a chorale", "note0,note1,note2,note3", "'a,b'"]),
        (ROW, ["c.csv is not a chorale", "72,67,64,48"]),
        (HEADER, ["c.csv holds a header and no rows"]),
        (HEADER + ROW + "72,67,64\n", ["c.csv: row 3 has 3 cells, not 4"]),
        (HEADER + ROW + "\n72,67,x,48\n", ["c.csv: row 4, column note2", "'x' is not a whole number"]),
        (HEADER + "72,67,64.0,48\n", ["c.csv: row 2, column note2", "'64.0'"]),
        (HEADER + "72,67,64,35\n", ["c.csv: row 2, column note3", "no note 35", "36 to 81"]),
        (HEADER + "82,67,64,48\n", ["c.csv: row 2, column note0", "no note 82", "transpose"]),
        (HEADER + "-1,67,64,48\n", ["c.csv: row 2, column note0", "no note -1"]),
    ],
)
def test_a_bad_table(content: str, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(MusicError) as refusal:
        read_chorale(tmp_path / "c.csv")
    for words in said:
        assert words in str(refusal.value)
    with pytest.raises(MusicError, match=r"c\.csv"):
        read_chorales(tmp_path)


def test_rests_and_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(HEADER + "0,67,64,48\n" + "0,0,0,0\n", encoding="utf-8-sig")
    chorale = read_chorale(tmp_path / "c.csv")
    assert isinstance(chorale, Chorale)
    assert chorale.notes.tolist() == [[0, 67, 64, 48], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.csv", b"\xff\xfe\x00", "is not CSV text"),
        ("c.csv", b"note0,note1,note2,note3\n\x00,1,2,3\n", "c.csv"),
        ("c.mid", b"MThd", "is not a MIDI file"),
        ("c.txt", b"", "neither a CSV"),
    ],
)
def test_not_music(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MusicError, match=said):
        read_chorale(tmp_path / name)


def test_a_source_that_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MusicError, match="there is no folder or file"):
        read_chorales(tmp_path / "nowhere")
    with pytest.raises(MusicError, match="holds no chorales"):
        read_chorales(tmp_path)
    (tmp_path / "c.csv").write_text(HEADER + ROW)
    with pytest.raises(MusicError, match="neither a folder nor"):
        read_chorales(tmp_path / "c.csv")
    with pytest.raises(MusicError, match="is a folder"):
        read_chorale(tmp_path)
    (tmp_path / "bad.tgz").write_bytes(b"not a tar file at all")
    with pytest.raises(MusicError, match="cannot be read as a tar file"):
        read_chorales(tmp_path / "bad.tgz")
    whole = pack(tmp_path / "whole.tgz", {"train/c.csv": (HEADER + ROW * 2000).encode()})
    (tmp_path / "cut.tgz").write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(MusicError, match="damaged"):
        read_chorales(tmp_path / "cut.tgz")
    monkeypatch.setattr(reading, "_MOST_BYTES", 1000)
    with pytest.raises(MusicError, match="that is not a chorale"):
        read_chorales(whole)


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("test/major/x.csv", "test"),
        ("bach/Valid/minor/a/x.csv", "valid"),
        ("val/x.csv", "valid"),
        ("dev/x.csv", "valid"),
        ("training/x.csv", "train"),
        ("test/train/x.csv", "train"),
        ("other/x.csv", "train"),
        ("test.csv", "train"),
    ],
)
def test_any_folder_above_may_name_the_part(place: str, part: str, tmp_path: Path) -> None:
    file = tmp_path / "bach" / place
    file.parent.mkdir(parents=True)
    file.write_text(HEADER + ROW)
    packed = pack(tmp_path / "c.tgz", {place: file.read_bytes()})
    for source in (tmp_path / "bach", packed):
        found = read_chorales(source)
        assert [len(getattr(found, name)) for name in ("train", "valid", "test")] == [
            int(name == part) for name in ("train", "valid", "test")
        ]


def test_a_table_without_end(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(HEADER + ROW * 100_000)
    assert len(read_chorale(tmp_path / "c.csv").notes) == 100_000
    (tmp_path / "c.csv").write_text(HEADER + ROW * 100_001)
    with pytest.raises(MusicError, match=r"c\.csv is longer than 100,000 sixteenths"):
        read_chorale(tmp_path / "c.csv")
