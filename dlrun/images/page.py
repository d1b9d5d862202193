"""A page with many figures on it: found, told from rulings and specks, and put in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dlrun.errors import InputError
from dlrun.images.glyph import CERTAIN
from dlrun.images.ink import Ink, find_ink
from dlrun.images.preparation import LEAST_CONTRAST, Prepared, Recipe, prepare_ink
from dlrun.images.reading import Picture, shrink

Array = np.ndarray

PAGE_SIDE = 1600
"""Pixels to which the longer side of a page is shrunk."""

SMALLEST = 0.35
"""Of the figures' usual height, below which something is a speck or a dot."""

TALLEST = 2.5
"""Of the figures' usual height, above which something is a ruled line or the table's edge."""

MOST_FIGURES = 400
"""On one page: two seconds of preparing, and more than anyone draws on it; print has thousands."""

MOST_STROKES = 4000
"""That are grouped, half a second. More are grain, or the letters of far too many words."""

Box = tuple[int, int, int, int]
"""Top, bottom, left and right; bottom and right are one beyond."""


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure on a page.

    Attributes:
        box: Where it is, in pixels of the shrunk page.
        strokes: Numbers of its strokes.
    """

    box: Box
    strokes: tuple[int, ...]


def prepare_page(picture: Picture, recipe: Recipe, *, always: bool = False) -> list[Prepared]:
    """Prepares every figure on a page, in reading order; none where the picture is no page.

    Args:
        picture: As it was read.
        recipe: Of the model.
        always: Whether it is a page in any case; else it is one if figures of about one height
            stand beside each other.

    Raises:
        InputError: it is a page of more than `MOST_FIGURES`.
    """
    ink = find_ink(
        picture.pixels,
        even_light=recipe.does("light"),
        separate=True,
        polarity=recipe.does("polarity"),
        side=PAGE_SIDE,
    )
    if ink.contrast < LEAST_CONTRAST:
        return []
    labels, figures = find_figures(ink.amount)
    if not always and not _is_page(figures):
        return []
    if len(figures) > MOST_FIGURES:
        raise InputError(
            f"{picture.name}: {len(figures):,} figures on one page, the most is {MOST_FIGURES}; "
            "cut the picture into parts, or have it read as one figure by --no-page or ?page=false"
        )
    source = shrink(picture.pixels, PAGE_SIDE)
    lines = reading_order([figure.box for figure in figures])
    order = [figures[i] for line in lines for i in line]
    return [
        prepare_ink(f"{picture.name} #{i}", *_cut(source, ink, labels, figure), recipe)
        for i, figure in enumerate(order, start=1)
    ]


def find_figures(amount: Array) -> tuple[Array, list[Figure]]:
    """Returns the strokes' numbers by pixel, and the figures made of them, in no order.

    Args:
        amount: (height, width) float32, 0 paper to 1 ink.
    """
    labels, count = ndimage.label(amount > CERTAIN, np.ones((3, 3)))
    if not count:
        return labels, []
    sizes = ndimage.sum(amount, labels, np.arange(1, count + 1))
    boxes = [
        (rows.start, rows.stop, columns.start, columns.stop)
        for rows, columns in ndimage.find_objects(labels)
    ]
    usual = _usual_height(boxes, sizes, amount.shape)
    strokes = [i for i in range(count) if _may_be_stroke(boxes[i], sizes[i], usual, amount.shape)]
    groups = [[i] for i in range(len(strokes))]
    if len(strokes) <= MOST_STROKES:
        groups = _together([boxes[i] for i in strokes], reach=0.12 * usual)
    figures = [
        Figure(_around([boxes[strokes[i]] for i in group]), tuple(strokes[i] + 1 for i in group))
        for group in groups
    ]
    return labels, [one for one in figures if one.box[1] - one.box[0] >= SMALLEST * usual]


def _usual_height(boxes: Sequence[Box], sizes: Array, shape: tuple[int, ...]) -> float:
    """The height at which half of the ink is in taller strokes; borders do not count."""
    inside = [i for i, box in enumerate(boxes) if not _spans(box, shape)] or range(len(boxes))
    heights = np.array([boxes[i][1] - boxes[i][0] for i in inside], np.float64)
    weights = np.array([sizes[i] for i in inside], np.float64)
    order = np.argsort(heights)
    reached = np.cumsum(weights[order]) >= weights.sum() / 2
    return float(heights[order][int(np.argmax(reached))])


def _spans(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether it runs along most of the picture, as rulings and edges do."""
    return box[1] - box[0] > 0.8 * shape[0] or box[3] - box[2] > 0.5 * shape[1]


def _may_be_stroke(box: Box, size: float, usual: float, shape: tuple[int, ...]) -> bool:
    height, width = box[1] - box[0], box[3] - box[2]
    if height > TALLEST * usual or width > 2 * TALLEST * usual or _spans(box, shape):
        return False
    return size >= 0.002 * usual * usual and max(height, width) >= 0.1 * usual


def _together(boxes: Sequence[Box], reach: float) -> list[list[int]]:
    """Groups of strokes that overlap or nearly touch: a five and its bar.

    As if the first pair that touches were merged, again and again. All before a stroke's turn
    touch nothing, so only the group that has just grown is compared anew.
    """
    groups = [[i] for i in range(len(boxes))]
    around = np.array(boxes, np.int64).reshape(-1, 4)
    for turn in range(len(boxes)):
        grown = turn
        while groups[grown]:
            touching = np.flatnonzero(_touch(around[grown], around, reach))
            others = [int(i) for i in touching if groups[i] and i != grown]
            if not others:
                break
            grown, merged = sorted((grown, others[0]))
            groups[grown] += groups[merged]
            groups[merged] = []
            around[grown] = _around(around[[grown, merged]])
    return [group for group in groups if group]


def _touch(one: Array, others: Array, reach: float) -> Array:
    """Whether a box and each of others overlap for the most part, or one is close above."""
    starts, ends = np.maximum(one[::2], others[:, ::2]), np.minimum(one[1::2], others[:, 1::2])
    down, across = (ends - starts).T
    lower, narrower = np.minimum(one[1::2] - one[::2], others[:, 1::2] - others[:, ::2]).T
    above = (down > -reach) & (across > 0.4 * narrower)
    is_small = (across > 0) | (lower < 4 * reach)
    beside = (across > -reach / 3) & (down > 0.6 * lower) & is_small
    touching: Array = above | beside
    return touching


def _around(boxes: Iterable[Box]) -> Box:
    tops, bottoms, lefts, rights = zip(*boxes, strict=True)
    return min(tops), max(bottoms), min(lefts), max(rights)


def _longer(box: Box) -> int:
    return max(box[1] - box[0], box[3] - box[2])


def _is_page(figures: Sequence[Figure]) -> bool:
    """Whether two at least are of about one height, and beside each other."""
    tallest = max((figure.box[1] - figure.box[0] for figure in figures), default=0)
    tall = [figure.box for figure in figures if figure.box[1] - figure.box[0] >= 0.55 * tallest]
    return bool(tall) and min(box[3] for box in tall) <= max(box[2] for box in tall)


def reading_order(boxes: Sequence[Box]) -> list[list[int]]:
    """Returns the numbers of boxes line by line from the top, each line from the left.

    A box belongs to the nearest line, measured to the middle of the line's last three boxes;
    so lines may slope, and hands may jump.

    Args:
        boxes: In any order.
    """
    if not boxes:
        return []
    middles = [(box[0] + box[1]) / 2 for box in boxes]
    reach = 0.9 * float(np.median([box[1] - box[0] for box in boxes]))
    lines: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: (boxes[i][2] + boxes[i][3]) / 2):
        distances = [
            abs(middles[i] - float(np.mean([middles[j] for j in line[-3:]]))) for line in lines
        ]
        if distances and min(distances) < reach:
            lines[int(np.argmin(distances))].append(i)
        else:
            lines.append([i])
    return sorted(lines, key=lambda line: float(np.mean([middles[i] for i in line])))


def _cut(source: Array, ink: Ink, labels: Array, figure: Figure) -> tuple[Array, Ink]:
    """The page around a figure, and the figure's ink alone."""
    top, bottom, left, right = figure.box
    margin = max(3, _longer(figure.box) // 5)
    rows = slice(max(0, top - margin), bottom + margin)
    columns = slice(max(0, left - margin), right + margin)
    own = np.isin(labels[rows, columns], figure.strokes)
    near = ndimage.binary_dilation(own, iterations=2) & (own | (labels[rows, columns] == 0))
    amount = np.where(near, ink.amount[rows, columns], 0).astype(np.float32)
    return source[rows, columns], Ink(amount, ink.paper_is_dark, ink.contrast, ink.noise)
