"""From a picture to its ink: which of the two is paper, how light falls on it, what is drawn.

Ink is 0 where there is paper and 1 where the pen was. Everything is measured on the picture
turned so that paper is bright, so that a picture and its negative give the same ink, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from dlrun.images.reading import shrink

Array = np.ndarray

SMALL = 96
"""Pixels on the longer side of the copy on which paper is measured."""

SMALLER = 64
"""Likewise for polarity, by a median that takes four times as long on 96."""

CLEAR_SKEW = 0.4
"""Share of what stands out that must be brighter, or darker, for ink to be known by it."""

FLAT = 0.03
"""Paper that varies by less is taken for even: a drawing program, or a scan."""

WINDOW = 0.18
"""Side of the window that strokes are narrower than, as a share of the picture's longer side."""

CLEAN = 0.004
"""Standard deviation of the paper up to which there is no noise to be kept away."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What is drawn.

    Attributes:
        amount: (height, width) float32, 0 paper to 1 ink.
        paper_is_dark: Whether the picture was turned into its negative.
        contrast: How much darker the ink is than the paper, 0 to 1.
        noise: Standard deviation of the paper, in the same unit.
    """

    amount: Array
    paper_is_dark: bool
    contrast: float
    noise: float


def find_ink(
    pixels: Array,
    *,
    even_light: bool = True,
    separate: bool = True,
    polarity: bool = True,
    side: int | None = None,
) -> Ink:
    """Returns the ink of a picture.

    Args:
        pixels: (height, width, 3) uint8.
        even_light: Whether shadows and uneven light are removed; else paper is one shade.
        separate: Whether noise is kept away and ink made quite black; else ink is as it came.
        polarity: Whether dark paper is found; else paper is taken for bright.
        side: Pixels to which the longer side is shrunk.
    """
    dark = polarity and paper_is_dark(pixels)
    # Turned before anything is rounded, so that a picture and its negative stay equal.
    turned = 255 - pixels if dark else pixels
    bright = (turned if side is None else shrink(turned, side)).astype(np.float32)
    paper, is_flat = paper_of(bright, even_light=even_light)
    if not is_flat:  # a photograph: its grain is no ink
        blur = max(0.6, max(bright.shape[:2]) / 400)
        bright = ndimage.gaussian_filter(bright, (blur, blur, 0), mode="nearest")
    missing = 1.0 - bright / np.maximum(paper, 1.0)
    amount = missing.max(axis=2)  # coloured ink is dark in one channel at least
    bias, noise = _bias_and_noise(amount)
    if not is_flat and bias < 0.2:
        amount = (amount - bias) / (1 - bias)
    amount = np.clip(amount, 0.0, 1.0)
    contrast = _contrast(amount, noise)
    if separate:
        lowest, highest = _levels(contrast, noise)
        amount = np.clip((amount - lowest) / (highest - lowest), 0.0, 1.0)
    return Ink(amount.astype(np.float32), dark, contrast, noise)


def paper_is_dark(pixels: Array) -> bool:
    """Returns whether a picture shows bright ink on dark paper; the opposite for its negative.

    Ink stands out of its surroundings and paper does not, so what differs most from the middle
    shade around it is ink. Where that is not clear, as with strokes so thick that they are the
    surroundings, three votes decide: of what is darker and what is brighter than Otsu's
    threshold, paper has most of the frame, most of the area, and the larger empty disk.

    Args:
        pixels: (height, width, 3) uint8.
    """
    gray = _shrunk(pixels.sum(axis=2, dtype=np.int64), SMALLER) / 3
    around = ndimage.median_filter(gray, _window(gray.shape, 0.4), mode="nearest")
    # Whole numbers, whose sum does not depend on their order.
    cubes = np.rint(16 * (gray - around)).astype(np.int64) ** 3
    skew, size = int(cubes.sum()), int(np.abs(cubes).sum())
    if size and abs(skew) >= CLEAR_SKEW * size:
        return skew > 0
    return _votes(gray) > 0


def _votes(gray: Array) -> int:
    """Of three, positive where paper is dark."""
    bright = gray > _otsu(gray)
    frame = np.ones(gray.shape, bool)
    ring = max(1, min(gray.shape) // 24)
    frame[ring:-ring, ring:-ring] = False
    sizes = [
        (int(np.sum(~bright & frame)), int(np.sum(bright & frame))),
        (int(np.sum(~bright)), int(np.sum(bright))),
        (_largest_disk(~bright), _largest_disk(bright)),
    ]
    return sum(int(np.sign(dark - light)) for dark, light in sizes)


def _largest_disk(mask: Array) -> int:
    inside = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))
    return int(np.rint(16 * inside.max()))


def _otsu(gray: Array) -> float:
    """The threshold that parts the values best into two (Otsu, 1979); amid equals, the middle."""
    counts = np.bincount(np.rint(gray).astype(np.int64).ravel(), minlength=256).astype(np.float64)
    values = np.arange(256)
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    sum_below = np.cumsum(counts * values)[:-1]
    sum_above = np.cumsum((counts * values)[::-1])[::-1][1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sum_below / below - sum_above / above) ** 2
    between = np.nan_to_num(between)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return float(best.mean()) + 0.5


def paper_of(bright: Array, *, even_light: bool) -> tuple[Array, bool]:
    """Returns the colour that the paper has at each pixel, and whether it is one colour.

    Where the paper is not even, a closing (the brightest within a window, and of those the
    darkest) fills whatever is narrower than the window, strokes, and leaves the edges of shadows
    where they are.

    Args:
        bright: (height, width, 3) float32 of 0 to 255, dark ink on bright paper.
        even_light: Whether it may vary.
    """
    small = _shrunk(bright, SMALL)
    gray = small.mean(axis=2)
    paper_pixels = gray >= _otsu(gray)
    flat = np.median(small[paper_pixels], axis=0) if paper_pixels.any() else small.max(axis=(0, 1))
    one_colour = np.broadcast_to(flat.astype(np.float32), bright.shape)
    if not even_light or _is_flat(small, flat):
        return one_colour, True
    window = _window(gray.shape, WINDOW)
    smooth = ndimage.gaussian_filter(small, (0.7, 0.7, 0), mode="nearest")
    paper = ndimage.grey_closing(smooth, (window, window, 1), mode="nearest")
    return _enlarged(paper.astype(np.float32), bright.shape[:2]), False


def _is_flat(small: Array, flat: Array) -> bool:
    """Whether nearly all of the paper, which is most of the picture, has one shade."""
    near = np.abs(small - flat).max(axis=2) <= 255 * FLAT
    return bool(near.mean() > 0.5) and bool(
        np.percentile(np.abs(small - flat).max(axis=2)[near], 90) <= 255 * FLAT / 2
    )


def _bias_and_noise(amount: Array) -> tuple[float, float]:
    """Middle of what is more paper than ink, and its standard deviation."""
    paper = amount[amount <= 0.5 * np.percentile(amount, 99.5)]
    if not paper.size:
        return 0.0, 0.0
    middle = float(np.median(paper))
    return middle, 1.4826 * float(np.median(np.abs(paper - middle)))


def _contrast(amount: Array, noise: float) -> float:
    """How dark the ink is: of what stands out of the paper, the darkest quarter's lower end."""
    standing_out = amount[amount > max(4 * noise, 0.02)]
    if not standing_out.size:
        return 0.0
    darkest = standing_out[standing_out >= 0.5 * np.percentile(standing_out, 99)]
    return float(np.percentile(darkest, 75))


def _levels(contrast: float, noise: float) -> tuple[float, float]:
    """What is still paper and what is ink through and through."""
    if contrast <= 0:
        return 0.0, 1.0
    if noise < CLEAN:
        return 0.0, contrast
    lowest = max(min(4 * noise, 0.5 * contrast), 0.2 * contrast)
    return lowest, max(0.8 * contrast, lowest + 1e-3)


def _window(shape: tuple[int, ...], share: float) -> int:
    return max(3, int(max(shape[:2]) * share)) | 1


def _shrunk(pixels: Array, side: int) -> Array:
    """A copy whose longer side is at most `side`, by the mean of whole blocks."""
    step = -(-max(pixels.shape[:2]) // side)
    if step == 1:
        return pixels.astype(np.float64)
    height, width = (-(-side // step) * step for side in pixels.shape[:2])
    padding = [(0, height - pixels.shape[0]), (0, width - pixels.shape[1])]
    padding += [(0, 0)] * (pixels.ndim - 2)
    whole = np.pad(pixels, padding, mode="edge").astype(np.float64)
    blocks = whole.reshape(height // step, step, width // step, step, *pixels.shape[2:])
    mean: Array = blocks.mean(axis=(1, 3))
    return mean


def _enlarged(small: Array, shape: tuple[int, ...]) -> Array:
    height, width = shape
    channels = [
        Image.fromarray(small[..., i]).resize((width, height), Image.Resampling.BICUBIC)
        for i in range(small.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
