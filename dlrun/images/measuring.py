"""What a model's training images look like, measured on some of them: the recipe is read off it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlrun.images import glyph

Array = np.ndarray

MOST = 300
"""Images that are measured: the first ones, which were shuffled as a rule."""


@dataclass(frozen=True)
class Looks:
    """What training images look like; kept in a run's `dataset.json`.

    Attributes:
        kind: "drawing": figures of ink on empty paper, which is one shade; "object": things on
            an empty ground, in shades; "picture": anything else.
        is_integer: Whether pixels are bytes, of which 255 is the brightest.
        pixel_min: Smallest value.
        pixel_max: Largest value; 1 at least.
        ground: The value of empty paper; 0 where there is none.
        box: Pixels of a figure's longer side, as most have it.
        centred: By what figures are in the middle: their "mass", or their "box".
        stroke_low: Thickness in pixels that nine in ten strokes have at least; 0 without strokes.
        stroke_median: Of half of them.
        stroke_high: That nine in ten have at most.
        ink_low: Share of ink, 0 to 1, that 99 in 100 images have at least.
        ink_mean: Mean share.
        ink_high: That 99 in 100 images have at most.
    """

    kind: str
    is_integer: bool
    pixel_min: float
    pixel_max: float
    ground: float
    box: int
    centred: str
    stroke_low: float
    stroke_median: float
    stroke_high: float
    ink_low: float
    ink_mean: float
    ink_high: float

    @property
    def full(self) -> float:
        """The value of ink through and through, and of the brightest light."""
        return 255.0 if self.is_integer else self.pixel_max

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for `dataset.json`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Looks:
        """Returns what `to_dict` described."""
        return cls(**{name: plain[name] for name in cls.__dataclass_fields__})


def measure_looks(images: Array, class_names: Sequence[str] = ()) -> Looks:
    """Measures training images.

    Args:
        images: (n, height, width) or (n, height, width, channels), uint8 or float32.
        class_names: Images of digits and letters are taken for drawings.
    """
    some = images[:MOST]
    gray = some.reshape(*some.shape[:3], -1).mean(axis=3, dtype=np.float32)
    is_integer = some.dtype == np.uint8
    low, high = float(some.min()), max(float(some.max()), 1.0)
    ground = float(np.median(_frames(gray)))
    is_empty = float(np.mean(np.abs(_frames(gray) - ground) <= 0.02 * (high - low))) > 0.6
    if not is_empty or ground - low > 0.02 * (high - low):
        return Looks(
            "picture", is_integer, low, high, 0.0, max(gray.shape[1:]), "box", 0, 0, 0, 0, 0, 1
        )
    ink = np.clip((gray - ground) / (high - ground), 0, 1)
    shares = ink.mean(axis=(1, 2))
    figures = [glyph.crop(one, visible=0.0) for one in ink if one.any()]
    box = int(np.median([max(figure.shape) for figure in figures])) if figures else gray.shape[1]
    is_drawing = bool(class_names) and all(len(name) == 1 for name in class_names)
    widths = [glyph.stroke_width(figure, box) for figure in figures] if is_drawing else []
    strokes = np.percentile(widths, [10, 50, 90]) if widths else np.zeros(3)
    shares_of = np.percentile(shares, [1, 99])
    return Looks(
        kind="drawing" if is_drawing else "object",
        is_integer=is_integer,
        pixel_min=low,
        pixel_max=high,
        ground=ground,
        box=box,
        centred=_centred(ink),
        stroke_low=float(strokes[0]),
        stroke_median=float(strokes[1]),
        stroke_high=float(strokes[2]),
        ink_low=float(shares_of[0]),
        ink_mean=float(shares.mean()),
        ink_high=float(shares_of[1]),
    )


def _frames(gray: Array) -> Array:
    """The outermost pixels of each image."""
    sides = [gray[:, 0], gray[:, -1], gray[:, :, 0], gray[:, :, -1]]
    return np.concatenate(sides, axis=1)


def _centred(ink: Array) -> str:
    """Whether centres of mass, or those of the boxes, scatter less."""
    masses, boxes = [], []
    for one in ink:
        rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
        if rows.size:
            boxes.append((rows[0] + rows[-1], columns[0] + columns[-1]))
            total = one.sum(dtype=np.float64)
            by_row, by_column = one.sum(axis=1), one.sum(axis=0)
            masses.append(
                (
                    by_row @ np.arange(len(by_row)) / total,
                    by_column @ np.arange(len(by_column)) / total,
                )
            )
    if not boxes:
        return "box"
    return "mass" if np.std(masses, axis=0).sum() < np.std(boxes, axis=0).sum() / 2 else "box"


MNIST = Looks(
    kind="drawing",
    is_integer=True,
    pixel_min=0.0,
    pixel_max=255.0,
    ground=0.0,
    box=20,
    centred="mass",
    stroke_low=1.94,
    stroke_median=2.46,
    stroke_high=3.44,
    ink_low=0.054,
    ink_mean=0.128,
    ink_high=0.229,
)
"""What MNIST's first 300 training images look like, for drawings without a run of MNIST."""
