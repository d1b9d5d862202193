"""From ink to one figure of a set size: which strokes belong to it, how thick, how large, where."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image
from scipy import ndimage

Array = np.ndarray

VISIBLE = 0.1
"""Ink from which a pixel belongs to the figure."""

CERTAIN = 0.35
"""Ink from which a pixel is part of a stroke."""

GRAIN = 1.5
"""Standard deviation, in fine pixels, of the blur that closes the grain of a pencil."""

FINE = 6
"""Pixels of the fine copy, on which strokes are measured, to one of the figure."""


def largest_figure(amount: Array) -> Array:
    """Returns the ink of the figure alone: its largest strokes and those near them.

    Specks, ruled lines and the edge of the table are left out.

    Args:
        amount: (height, width) float32, 0 paper to 1 ink.
    """
    labels, count = ndimage.label(amount > CERTAIN, np.ones((3, 3)))
    if not count:
        return amount
    weights = ndimage.sum(amount, labels, np.arange(1, count + 1))
    boxes = ndimage.find_objects(labels)
    trusts = [_trust(box, amount.shape) for box in boxes]
    main = int(np.argmax(weights * trusts))
    kept = [
        i
        for i, box in enumerate(boxes)
        if i == main
        or (weights[i] >= 0.02 * weights[main] and trusts[i] >= 0.5 and _is_near(box, boxes[main]))
    ]
    is_kept = np.isin(labels, [i + 1 for i in kept])
    distance = ndimage.distance_transform_edt(~is_kept)
    edge = max(2.0, 0.04 * max(side.stop - side.start for side in boxes[main]))
    others = (labels > 0) & ~is_kept
    figure: Array = np.where((distance <= edge) & ~others, amount, 0).astype(np.float32)
    return figure


def _trust(box: tuple[slice, ...], shape: tuple[int, ...]) -> float:
    """Less for what runs along the picture's border: the edge of a table, a ruled line."""
    (top, bottom), (left, right) = ((side.start, side.stop) for side in box)
    height, width = shape
    touches = [top == 0, bottom == height, left == 0, right == width]
    if touches[0] and touches[1] and touches[2] and touches[3]:
        return 0.2
    if sum(touches) and (right - left == width or bottom - top == height):
        return 0.25
    return 0.7 if sum(touches) else 1.0


def _is_near(box: tuple[slice, ...], main: tuple[slice, ...]) -> bool:
    reach = 0.2 * max(side.stop - side.start for side in main)
    return all(
        side.start < other.stop + reach and side.stop > other.start - reach
        for side, other in zip(box, main, strict=True)
    )


def crop(amount: Array, visible: float = VISIBLE) -> Array:
    """Returns the smallest part that holds all visible ink; all of it where there is none."""
    rows, columns = (np.flatnonzero((amount > visible).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return amount
    return amount[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stroke_width(amount: Array, box: int) -> float:
    """Returns how thick the strokes are where the figure's longer side is `box` pixels.

    Twice the median distance of the strokes' ridges from the paper.

    Args:
        amount: The figure, cropped.
        box: Pixels.
    """
    return _width_of(_fine(amount, box, 0)) / FINE


def _width_of(ink: Array) -> float:
    """Four times the mean distance from the paper: that of a strip, whatever its edges are like."""
    if not ink.any():
        return 0.0
    distance = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    return 4 * (float(distance[ink].mean()) - 0.5)


def _fine(amount: Array, box: int, margin: float) -> Array:
    """The figure as black and white, its longer side so many fine pixels, and a margin."""
    side = (box - 2 * margin) * FINE
    scale = side / max(amount.shape)
    size = tuple(max(1, round(length * scale)) for length in amount.shape)
    smooth = Image.Resampling.BICUBIC if scale >= 1 else Image.Resampling.BOX
    grown = np.asarray(Image.fromarray(amount).resize(size[::-1], smooth))
    grown = ndimage.gaussian_filter(np.pad(grown, FINE), GRAIN)  # a pencil's strokes have holes
    ink = grown > 0.5 * min(1.0, float(np.percentile(grown[grown > 0.1], 90)))
    return np.pad(ink, max(round(margin * FINE) - FINE, 0)) if margin else ink


def fit(amount: Array, box: int) -> Array:
    """Returns the figure with its longer side `box` pixels, the other in proportion.

    Args:
        amount: The figure, cropped, (height, width) float32.
        box: Pixels.
    """
    longest = max(amount.shape)
    if longest == box:
        return amount
    size = tuple(max(1, round(side * box / longest)) for side in amount.shape)
    way = Image.Resampling.BOX if longest > 2 * box else Image.Resampling.BICUBIC
    resized = Image.fromarray(amount).resize(size[::-1], way)
    fitted: Array = np.clip(np.asarray(resized), 0.0, 1.0)
    return fitted


def restroke(amount: Array, box: int, width: float) -> Array:
    """Returns the figure fitted into `box` with strokes so many pixels thick, anti-aliased.

    They become less thick where they would else close a hole, as of a narrow 0 or 8, and no
    thinner than leaves them in one piece.

    Args:
        amount: The figure, cropped.
        box: Pixels on its longer side.
        width: Pixels.
    """
    margin = max((width - stroke_width(amount, box)) / 2, 0.0)
    ink = np.pad(_fine(amount, box, margin), 2 * FINE)
    outside = ndimage.distance_transform_edt(~ink)
    inside = ndimage.distance_transform_edt(ink)
    change = FINE * width / 2 - _width_of(ink) / 2
    holes, strokes = _holes(ink), _strokes(ink)
    for share in (1.0, 0.7, 0.4):
        changed = outside <= share * change if change > 0 else inside > -share * change
        if _holes(changed) >= holes and _strokes(changed) <= strokes:
            break
    return fit(crop(changed.astype(np.float32)), box)


def _strokes(ink: Array) -> int:
    """How many there are that do not touch."""
    return int(ndimage.label(ink, np.ones((3, 3)))[1])


def _holes(ink: Array) -> int:
    """How many there are, with the outside, of at least the size of a pixel of the figure."""
    labels, count = ndimage.label(~ink)
    sizes = ndimage.sum(~ink, labels, np.arange(1, count + 1))
    return int(np.sum(sizes >= FINE**2))


def centre(figure: Array, canvas: tuple[int, int], *, by_mass: bool = True) -> Array:
    """Returns the figure on an empty canvas, its centre in the middle, by whole pixels.

    By its centre of mass as in MNIST (LeCun, Bottou, Bengio, Haffner 1998, section III.A);
    moved back where it would reach over the edge.

    Args:
        figure: (height, width) float32, no larger than the canvas.
        canvas: Height and width.
        by_mass: Else by its box.
    """
    total = float(figure.sum())
    placed = np.zeros(canvas, np.float32)
    starts = []
    for axis, side in enumerate(canvas):
        mass = figure.sum(axis=1 - axis)
        middle = figure.shape[axis] / 2
        if by_mass and total:
            middle = float((mass * np.arange(len(mass))).sum()) / total
        start = math.floor(side / 2 - middle + 0.5)
        starts.append(min(max(start, 0), side - figure.shape[axis]))
    height, width = figure.shape
    placed[starts[0] : starts[0] + height, starts[1] : starts[1] + width] = figure
    return placed
