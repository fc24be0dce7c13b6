"""Pictures in files, of any size and kind, as squares of one size: read by Pillow."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import ImageError
from foretell.optional import load

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
"""Extensions of pictures in a folder, in lower case. A file that is named itself may have any name."""
MOST_PIXELS = 100_000_000
"""Of a picture; a small file may say that it holds more than any memory does."""

BRIGHTNESS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a pixel, from ITU-R BT.601."""

# Those that Pillow decodes by itself: it would hand PostScript to another program.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
_ORIENTATION = 0x0112
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""Operations that bring a picture with this EXIF orientation upright."""

Picture = NDArray[np.uint8]
"""`(S, S, 3)`: red, green and blue of the rows from the top; `(N, S, S, 3)` of several."""


def read_image(path: str | Path, size: int) -> Picture:
    """The picture in a file as a square `(size, size, 3)` of uint8.

    It keeps its aspect, in the middle of white, which also stands behind what is transparent; it is turned upright by
    its EXIF orientation, and of several frames or pages the first is taken. Raises `ImageError` for what cannot be
    read, is cut short or has more than `MOST_PIXELS`; `MissingExtraError` without Pillow.
    """
    pillow = _pillow()
    path = Path(path)
    _require_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; those that are too large are refused below.
            warnings.simplefilter("ignore")
            with pillow.open(path, formats=_FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ImageError(
                        f"{path} has {image.width:,} x {image.height:,} pixels, more than {MOST_PIXELS:,}: shrink it"
                    )
                turn = _turn(image)
                # A JPEG is decoded at a half, a quarter or an eighth where that is still large enough.
                image.draft(None, (2 * size, 2 * size))
                square = _squared(_in_colour(image, path), size)
    except (ImageError, MemoryError):
        raise
    except pillow.UnidentifiedImageError as error:
        raise ImageError(f"{path} is not a readable picture: give {', '.join(_FORMATS)}") from error
    except pillow.DecompressionBombError as error:
        raise ImageError(f"{path} has more than {MOST_PIXELS:,} pixels: shrink it") from error
    except Exception as error:  # a stranger's file: what a decoder makes of it may be anything
        what = getattr(error, "strerror", None) or str(error) or repr(error)
        raise ImageError(f"{path} cannot be read ({what}): it is damaged or cut short; repair or remove it") from error
    if turn is not None:
        square = square.transpose(getattr(pillow.Transpose, turn))
    return np.array(square, dtype=np.uint8)


def read_images(
    files: Sequence[str | Path], size: int, *, on_progress: Callable[[float], None] | None = None
) -> Picture:
    """The pictures in files as squares `(N, size, size, 3)`; see `read_image`. `on_progress` is told the share read."""
    images = np.empty((len(files), size, size, 3), dtype=np.uint8)
    for k, file in enumerate(files):
        images[k] = read_image(file, size)
        if on_progress is not None:
            on_progress((k + 1) / len(files))
    return images


def image_files(places: Iterable[str | Path]) -> list[Path]:
    """The files named, and the pictures in the folders named and in the folders in them, sorted within each.

    Hidden files in a folder are left out. Raises `ImageError` for what is not there and for a folder without pictures.
    """
    files: list[Path] = []
    for place in map(Path, places):
        if not place.is_dir():
            _require_file(place)
            files.append(place)
            continue
        found = [
            Path(folder, name)
            for folder, inner, names in _walk(place)
            for name in names
            if name.lower().endswith(ENDINGS) and not name.startswith(".")
        ]
        if not found:
            raise ImageError(f"{place} holds no pictures: give a folder with files named {', '.join(ENDINGS)}")
        files += sorted(found)
    return files


def _walk(folder: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    def refuse(error: OSError) -> None:
        raise ImageError(f"{error.filename} cannot be read: {error.strerror or error}") from error

    for place, inner, names in os.walk(folder, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield place, inner, names


def _require_file(path: Path) -> None:
    try:
        if not path.exists():
            raise ImageError(f"there is no file {path}")
        if path.is_dir():
            raise ImageError(f"{path} is a folder, not a picture")
        if not path.is_file():
            raise ImageError(f"{path} is not a regular file: give a picture")
        if not path.stat().st_size:
            raise ImageError(f"{path} is empty (0 bytes): remove it")
    except (OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _turn(image: Any) -> str | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # EXIF that is damaged says nothing; the picture may well be whole
        return None


def _in_colour(image: Any, path: Path) -> Any:
    """The picture as RGB, white behind what is transparent."""
    pillow = _pillow()
    if image.mode.startswith("I") or image.mode == "F":
        return pillow.fromarray(_eight_bits(image, path)).convert("RGB")
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        return pillow.alpha_composite(pillow.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Any, path: Path) -> Picture:
    """Grey of 16 bits as grey of 8."""
    levels = np.asarray(image)
    if image.mode == "F" or levels.min() < 0 or levels.max() > 0xFFFF:
        raise ImageError(f"{path} holds values that are not grey of 8 or 16 bits: save it as one of these")
    grey: Picture = ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return grey


def _squared(image: Any, size: int) -> Any:
    pillow = _pillow()
    longer = max(image.size)
    width, height = (max(1, round(side * size / longer)) for side in image.size)
    if image.size != (width, height):
        image = image.resize((width, height), pillow.Resampling.BICUBIC, reducing_gap=3.0)
    square = pillow.new("RGB", (size, size), "white")
    square.paste(image, ((size - width) // 2, (size - height) // 2))
    return square


def _pillow() -> Any:
    return load("PIL.Image", "reads pictures", "caption")
