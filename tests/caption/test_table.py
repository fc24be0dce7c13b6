from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from foretell import ImageError, TableError
from foretell.caption import read_captions
from foretell.caption.images import read_image


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    (place / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "more/c.png"):
        Image.new("RGB", (20, 10), "red").save(place / name)
    return place


def write(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_pictures_and_what_is_said_of_them(photos: Path, tmp_path: Path) -> None:
    rows = 'image,caption\nb.png,one\na.png," two, too "\nb.png,three\nb.png,one\n'
    found = read_captions(photos, write(tmp_path, rows), 16)
    assert found.names == ("b.png", "a.png")
    assert found.captions == (("one", "three"), ("two, too",))
    assert (found.images[0] == read_image(photos / "b.png", 16)).all()
    assert (found.repeated, found.unnamed, len(found)) == (1, 1, 2)
    assert read_captions(photos, write(tmp_path, "image,caption\nmore/c.png,x\n"), 16).unnamed == 2


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("id,said,photo", {"image": "photo", "caption": "said"}),
        ("id,Caption,File", {}),
        ("id,said,file_name", {"caption": "said"}),
        ("id,Text,photo_path", {"image": "photo_path"}),
    ],
)
def test_columns_are_found(header: str, options: dict[str, str], photos: Path, tmp_path: Path) -> None:
    found = read_captions(photos, write(tmp_path, f"{header}\n1,hello,a.png\n"), 16, **options)  # type: ignore[arg-type]
    assert (found.names, found.captions) == (("a.png",), (("hello",),))


@pytest.mark.parametrize(
    ("header", "options"),
    [("one,two", {}), ("image,two", {}), ("one,text", {}), ("one,two", {"caption": "two"}), ("caption,text", {})],
)
def test_of_two_columns_each_has_its_part(header: str, options: dict[str, str], photos: Path, tmp_path: Path) -> None:
    rows = "a.png,hello" if header != "caption,text" else "hello,a.png"
    if header == "caption,text":
        options = {"image": "text"}
    found = read_captions(photos, write(tmp_path, f"{header}\n{rows}\n"), 16, **options)  # type: ignore[arg-type]
    assert (found.names, found.captions) == (("a.png",), (("hello",),))


def test_tsv_parquet_and_encodings(photos: Path, tmp_path: Path) -> None:
    tsv = read_captions(photos, write(tmp_path, "image\tcaption\na.png\tone, two\n", "t.tsv"), 16)
    assert tsv.captions == (("one, two",),)
    pl.DataFrame({"image": ["a.png", "b.png"], "caption": [1, 2]}).write_parquet(tmp_path / "t.parquet")
    assert read_captions(photos, tmp_path / "t.parquet", 16).captions == (("1",), ("2",))
    (tmp_path / "t.csv").write_bytes("image,caption\na.png,Käse\n".encode("cp1252"))
    assert read_captions(photos, tmp_path / "t.csv", 16, encoding="cp1252").captions == (("Käse",),)


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ("", {}, ["t.csv is empty"]),
        ("image,caption\n", {}, ["t.csv", "rows"]),
        ("x,y,z\na.png,hello,1\n", {}, ["which column is the image?", "--image", "'x', 'y', 'z'"]),
        ("image,y,z\na.png,hello,1\n", {}, ["which column is the caption?", "--caption"]),
        ("image,caption\na.png,x\n", {"image": "imag"}, ["no image column 'imag'", "did you mean 'image'?"]),
        ("image,caption\na.png,x\n", {"caption": "q"}, ["no caption column 'q'", "the columns are 'image', 'caption'"]),
        ("image,caption\na.png,x\n", {"image": "image", "caption": "image"}, ["both the image and the caption"]),
        ("image,caption\na.png,x\nb.png,\n", {}, ["'caption', row 3 (the header is row 1) is empty: fill"]),
        ("image,caption\na.png,  \nb.png,\n,x\n", {}, ["'image', row 4"]),
        ('image,caption\na.png,"  "\nb.png,""\n', {}, ["'caption', row 2", "and 1 other is"]),
        ("image,caption\na.png,x\n,y\n", {}, ["'image', row 3"]),
        ("image,caption\na.png,x\nb.pmg,y\n", {}, ["row 3", "no file 'b.pmg'", "did you mean 'b.png'?"]),
        ("image,caption\nq.png,x\nr.png,y\na.png,z\n", {}, ["row 2", "of 3 pictures 2 are missing"]),
        ("image,caption\na.png,x\nmore,y\n", {}, ["row 3", "more is a folder"]),
        (f"image,caption\n{'n' * 5000},x\n", {}, ["row 2", "no file"]),
    ],
)
def test_tables_that_will_not_do(
    rows: str, options: dict[str, str], said: list[str], photos: Path, tmp_path: Path
) -> None:
    with pytest.raises((TableError, ImageError)) as caught:
        read_captions(photos, write(tmp_path, rows), 16, **options)  # type: ignore[arg-type]
    for words in said:
        assert words in str(caught.value)


def test_pictures_that_will_not_do(photos: Path, tmp_path: Path) -> None:
    table = write(tmp_path, "image,caption\na.png,x\nb.png,y\n")
    Image.effect_noise((64, 64), 50).save(photos / "b.png")
    (photos / "b.png").write_bytes((photos / "b.png").read_bytes()[:1000])
    with pytest.raises(ImageError, match=r"t.csv: row 3 .*b.png cannot be read"):
        read_captions(photos, table, 16)
    with pytest.raises(ImageError, match="there is no folder"):
        read_captions(tmp_path / "nowhere", table, 16)
    with pytest.raises(ImageError, match="there is no folder"):
        read_captions(table, table, 16)
    with pytest.raises(TableError, match="there is no file"):
        read_captions(photos, tmp_path / "nothing.csv", 16)


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ImageError, match="none holds no pictures"):
        read_captions(tmp_path / "none", write(tmp_path, "image,caption\na.png,x\n"), 16)


def test_split(photos: Path, tmp_path: Path) -> None:
    for k in range(20):
        Image.new("RGB", (4, 4), (k, 0, 0)).save(photos / f"{k}.png")
    rows = "".join(f"{k}.png,caption {k}\n{k}.png,again {k}\n" for k in range(20))
    found = read_captions(photos, write(tmp_path, "image,caption\n" + rows), 16)
    rest, held = found.split([3, 4, 11, 2, 19])
    assert (len(rest), len(held)) == (15, 5)
    assert sorted(rest.names + held.names) == sorted(found.names)
    assert all(len(captions) == 2 for captions in rest.captions)
    assert held.names == ("2.png", "3.png", "4.png", "11.png", "19.png")
    assert held.images[2, 8, 8, 0] == 4
    assert len(found.split([])[1]) == 0
