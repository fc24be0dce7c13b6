from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foretell import ImageError, MissingExtraError
from foretell.caption.images import image_files, read_image, read_images

RED, WHITE = (255, 0, 0), (255, 255, 255)


def test_a_picture_is_kept_whole_in_the_middle_of_white(tmp_path: Path) -> None:
    Image.new("RGB", (64, 32), RED).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", 16)
    assert (image.shape, image.dtype) == ((16, 16, 3), np.uint8)
    assert (image[4:12] == RED).all()
    assert (image[:4] == WHITE).all()
    assert (image[12:] == WHITE).all()
    Image.new("RGB", (1, 2), RED).save(tmp_path / "b.png")
    small = read_image(tmp_path / "b.png", 16)
    assert (small[:, 4:12] == RED).all()
    assert (small[:, :4] == WHITE).all()
    Image.new("RGB", (1000, 1), RED).save(tmp_path / "c.png")
    assert (read_image(tmp_path / "c.png", 16) == RED).all(-1).sum() == 16


def test_a_square_of_the_right_size_is_itself(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png", 16) == pixels).all()
    assert (read_images([tmp_path / "a.png"] * 2, 16) == pixels).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "I", "I;16"])
def test_every_mode(mode: str, tmp_path: Path) -> None:
    white, path = Image.new("RGB", (8, 8), WHITE), tmp_path / "a.tif"
    if mode.startswith("I"):
        Image.fromarray(np.full((8, 8), 0xFFFF, np.int32 if mode == "I" else np.uint16)).save(path)
    elif mode == "PA":
        path = tmp_path / "a.png"
        white.convert("P").save(path, transparency=0)
    else:
        white.convert(mode).save(path)
    assert (read_image(path, 8) >= 254).all()


def test_sixteen_bits_are_not_cut_off(tmp_path: Path) -> None:
    ramp = np.linspace(0, 0xFFFF, 256).round().astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png", 16)[..., 0].ravel() == np.arange(256)).all()


def test_white_stands_behind_what_is_transparent(tmp_path: Path) -> None:
    for mode, colour in (("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))):
        Image.new(mode, (16, 16), colour).save(tmp_path / "a.png")
        assert (read_image(tmp_path / "a.png", 16) == 255).all()
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([0, 0, 0, *RED])
    palette.save(tmp_path / "a.gif", transparency=1)
    assert (read_image(tmp_path / "a.gif", 16) == 255).all()
    Image.new("RGB", (16, 16), RED).save(tmp_path / "b.png", transparency=RED)
    assert (read_image(tmp_path / "b.png", 16) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_picture_upright(orientation: int, tmp_path: Path) -> None:
    from PIL import ImageOps

    picture = Image.new("RGB", (16, 12), WHITE)
    picture.paste(RED, (0, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        upright = ImageOps.exif_transpose(stored)
    assert upright is not None
    upright.save(tmp_path / "b.png", exif=b"")
    assert (read_image(tmp_path / "a.png", 16) == read_image(tmp_path / "b.png", 16)).all()


def test_a_large_photo_is_shrunk_as_it_is_decoded(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 2000), RED).save(tmp_path / "a.jpg")
    image = read_image(tmp_path / "a.jpg", 24)
    assert (abs(image[5:19].astype(int) - RED) < 4).all()
    assert (image[:4] == 255).all()


def test_of_several_frames_the_first_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "a.gif", 8) == RED).all()


def _header(width: int, height: int) -> bytes:
    """A PNG file that says it is that large and holds next to nothing."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    end = b"IEND"
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", struct.pack(">I", len(body)), chunk, struct.pack(">I", zlib.crc32(chunk)),
         struct.pack(">I", 0), end, struct.pack(">I", zlib.crc32(end)))
    )  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("side", [10_001, 13_000, 100_000])
def test_a_picture_of_too_many_pixels(side: int, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(_header(side, side))
    with pytest.raises(ImageError, match=r"bomb.png has .*100,000,000"):
        read_image(tmp_path / "bomb.png", 16)


def test_what_is_no_picture(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole, "PNG")
    jpeg = io.BytesIO()
    Image.new("RGB", (64, 64)).save(jpeg, "JPEG")
    floats = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.float32)).save(floats, "TIFF")
    cases = {
        "empty.png": (b"", "empty"),
        "text.png": (b"no picture at all", "not a readable picture"),
        "cut.png": (whole.getvalue()[:3000], "cut short"),
        "cut.jpg": (jpeg.getvalue()[:-100], "cut short"),
        "bare.png": (_header(64, 64), "cut short"),
        "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a readable picture"),
        "levels.tif": (floats.getvalue(), "8 or 16 bits"),
    }
    for name, (content, said) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=said) as caught:
            read_image(tmp_path / name, 16)
        assert name in str(caught.value)
    with pytest.raises(ImageError, match="there is no file"):
        read_image(tmp_path / "nothing.png", 16)
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path, 16)


def test_the_pictures_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "in/c.gif", "notes.txt", ".hidden.png", ".folder/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    found = [str(path.relative_to(tmp_path)) for path in image_files([tmp_path, tmp_path / "notes.txt"])]
    assert found == ["a.JPG", "b.png", "in/c.gif", "notes.txt"]
    (tmp_path / "none").mkdir()
    with pytest.raises(ImageError, match="none holds no pictures"):
        image_files([tmp_path / "none"])
    with pytest.raises(ImageError, match="there is no file"):
        image_files([tmp_path / "nothing"])


def test_without_pillow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[caption\]"):
        read_image(tmp_path / "a.png", 16)
