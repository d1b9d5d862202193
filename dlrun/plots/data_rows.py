"""A data set's values as rows of a figure: pixels, histograms; nothing drawn, no matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_FEATURES = 30
MAX_CLASSES = 12
MAX_BINS = 24
MAX_POINTS = 2000
"""Points in a scatter plot; more do not show more."""


def scale_pixels(images: Array) -> Array:
    """Returns images as floats of 0 (black) to 1, a last axis of one channel left out.

    Args:
        images: (n, height, width) or (n, height, width, channels). uint8 is divided by 255,
            values within 0 to 1 stay, any others are stretched from smallest to largest.
    """
    pixels = np.asarray(images, dtype=np.float64)
    if pixels.ndim == 4 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if images.dtype == np.uint8:
        return pixels / 255
    pixels = np.nan_to_num(pixels, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    if low >= 0 and high <= 1:
        return pixels
    return (pixels - low) / (high - low)


def row_labels(labels: Sequence[str], num_columns: int) -> tuple[str, ...] | None:
    """Returns each row's label where all its images have the same, else None."""
    rows = [labels[i : i + num_columns] for i in range(0, len(labels), num_columns)]
    if num_columns < 2 or any(len(set(row)) > 1 for row in rows):
        return None
    return tuple(row[0] for row in rows)


@dataclass(frozen=True)
class Histogram:
    """How a feature's values lie, for each class.

    Attributes:
        name: The feature.
        edges: Of the bins; one more than there are bins.
        shares: For each class, the share of its rows that lies in each bin.
        is_whole: Whether each bin is one whole number.
        is_trimmed: Whether far-off values are left out, as they would squeeze all others.
    """

    name: str
    edges: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]
    is_whole: bool
    is_trimmed: bool


def histogram(name: str, values: Array, groups: Sequence[Array]) -> Histogram:
    """Returns a feature's histogram, with the same bins for every class.

    Args:
        name: The feature.
        values: (n,) numbers; NaN and infinities are left out.
        groups: For each class, a mask (n,) of its rows.
    """
    finite = np.isfinite(values)
    known = values[finite].astype(np.float64)
    is_whole = len(known) > 0 and np.ptp(known) <= 30 and bool((known == np.round(known)).all())
    if is_whole:
        edges, is_trimmed = np.arange(known.min() - 0.5, known.max() + 1.0), False
    else:
        edges, is_trimmed = _edges(known)
    shares = []
    for group in groups:
        rows = values[group & finite].astype(np.float64)
        counts, _ = np.histogram(rows, edges)
        shares.append(tuple((counts / max(len(rows), 1)).tolist()))
    return Histogram(name, tuple(edges.tolist()), tuple(shares), bool(is_whole), is_trimmed)


def _edges(values: Array) -> tuple[Array, bool]:
    """Returns the bins' edges, and whether values lie outside all of them."""
    if len(values) == 0:
        return np.array([0.0, 1.0]), False
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = 0.5 * max(abs(low), 1.0)
        return np.array([low - half, low + half]), False
    num_bins = min(MAX_BINS, max(8, round(len(values) ** 0.5)))
    inner_low, inner_high = np.quantile(values, [0.005, 0.995])
    if inner_high > inner_low and high - low > 2 * (inner_high - inner_low):
        return np.linspace(inner_low, inner_high, num_bins + 1), True
    return np.linspace(low, high, num_bins + 1), False


def class_groups(y: Array, class_names: Sequence[str]) -> tuple[tuple[str, Array], ...]:
    """Returns (name, mask of its rows) for each class; one group of all rows for many classes."""
    if not 1 < len(class_names) <= MAX_CLASSES:
        return (("all rows", np.ones(len(y), dtype=bool)),)
    return tuple((name, y == index) for index, name in enumerate(class_names))


def thin_rows(num_rows: int, most: int = MAX_POINTS) -> Array:
    """Returns at most `most` row numbers, evenly spread: always the same ones."""
    if num_rows <= most:
        return np.arange(num_rows)
    return np.linspace(0, num_rows - 1, most).astype(np.int64)


def name_features(names: Sequence[str], num_features: int) -> tuple[str, ...]:
    """Returns a name for every feature: `feature 3` where there is none."""
    return tuple(names[i] if i < len(names) else f"feature {i + 1}" for i in range(num_features))
