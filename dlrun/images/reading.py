"""Image files into pixels, by Pillow: any format, depth and colour space; nothing too large.

Whatever a file holds, reading it gives a picture or an InputError, within bounds on memory.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dlrun.errors import InputError

Array = np.ndarray

MAX_PIXELS = 120_000_000
"""A phone's largest photographs have 108 million; as RGB these take 360 MB."""

FORMATS = ("PNG", "JPEG", "HEIF", "AVIF", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM")
"""Pillow's names of what is read; PostScript, which it can hand to Ghostscript, is not."""

LARGEST_SIDE = 2400
"""Pixels to which larger pictures are shrunk once they are read: enough for a page of digits."""

SUFFIXES = frozenset(
    {
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".heic",
        ".heif",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".pgm",
        ".ppm",
        ".pbm",
        ".pnm",
        ".avif",
    }
)
"""By which images in a folder are known."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is seen, upright and without transparency.

    Attributes:
        name: Of its file, for messages.
        pixels: (height, width, 3) uint8.
        remarks: What was done to it that may matter.
    """

    name: str
    pixels: Array
    remarks: tuple[str, ...] = ()


def read_picture(source: Path | bytes, name: str = "", max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads an image file.

    Args:
        source: Its path, or its content.
        name: What to call it; default the path.
        max_pixels: More are refused before they are decoded.

    Raises:
        InputError: there is no such file, it is no image that can be read, or it is too large.
    """
    name = name or str(source if isinstance(source, Path) else "image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are counted below
            content = source.read_bytes() if isinstance(source, Path) else source
            with Image.open(io.BytesIO(content), formats=_formats()) as image:
                return _picture(image, name, max_pixels)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except OSError as error:
        raise InputError(f"{name}: {_reason(error)}") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name}: more than {max_pixels:,} pixels; make it smaller") from None
    except Exception as error:  # Pillow's many formats promise no closed list of what damage raises
        raise InputError(f"{name}: cannot be read as an image, {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image, or in a format that cannot be read; save it as PNG or JPEG"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if "truncated" in said.lower():
        return "the file is cut off; copy it again"
    return said.split("\n")[0][:200].lower()


def _picture(image: Image.Image, name: str, max_pixels: int) -> Picture:
    width, height = image.size
    if width * height > max_pixels:
        raise InputError(
            f"{name}: {width:,} × {height:,} pixels, more than {max_pixels:,}; make it smaller"
        )
    remarks = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        remarks.append(f"the first of {frames} frames")
        image.seek(0)
    if image.format == "JPEG":  # decoded small at once, which saves most of the time
        image.draft(None, (LARGEST_SIDE, LARGEST_SIDE))
    pixels = _upright(image)
    return Picture(name, shrink(pixels, LARGEST_SIDE), tuple(remarks))


def _upright(image: Image.Image) -> Array:
    """(height, width, 3) uint8, turned as the camera was held, with paper behind what is clear."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("I", "F") or turned.mode.startswith("I;16"):
        return _from_deep(np.asarray(turned))
    has_alpha = "A" in turned.getbands() or "transparency" in turned.info
    if not has_alpha:
        return np.asarray(turned.convert("RGB"))
    return _on_paper(np.asarray(turned.convert("RGBA")))


def _from_deep(values: Array) -> Array:
    """16 bits or more a pixel, as 8."""
    values = values.astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(values.max(initial=0.0))
    scale = 65535.0 if largest > 255 or values.dtype.kind != "f" else max(largest, 1.0)
    scale = max(scale, largest)
    gray = np.clip(np.rint(values / scale * 255), 0, 255).astype(np.uint8)
    return np.repeat(gray[..., np.newaxis], 3, axis=2)


def _on_paper(rgba: Array) -> Array:
    """What is clear becomes paper: bright behind dark ink, dark behind bright ink."""
    colour, alpha = rgba[..., :3].astype(np.int64), rgba[..., 3:].astype(np.int64)
    if alpha.min() == 255:
        return rgba[..., :3].copy()
    # Twice the brightness less that of the negative: 0 for middle grey, the opposite for negatives.
    surplus = int(((2 * colour - 255) * alpha).sum())
    paper = 0 if surplus > 0 else 255
    mixed = (colour * alpha + paper * (255 - alpha)) / 255
    return np.rint(mixed).astype(np.uint8)


def shrink(pixels: Array, side: int) -> Array:
    """Returns a copy whose longer side is at most `side`, by the mean of what falls together.

    Args:
        pixels: (height, width, 3) uint8.
        side: Pixels.
    """
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # PIL shrinks bytes by fixed-point numbers; that of a negative must be the negative.
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BOX, reducing_gap=4.0)
    return np.asarray(image)


def _formats() -> list[str]:
    """Those of `FORMATS` that this Pillow reads, with that of phones' photographs."""
    if "HEIF" not in Image.OPEN:
        import pi_heif

        Image.init()
        pi_heif.register_heif_opener()
    return [name for name in FORMATS if name in Image.OPEN]
