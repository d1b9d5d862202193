"""The data drawn: a grid of images, or each feature's histogram by class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.patches import Rectangle

from dlrun.plots import labels as words
from dlrun.plots.data_rows import Array, row_labels, scale_pixels
from dlrun.plots.features import draw_feature_histograms
from dlrun.plots.figure import DPI, GREY, figure_file, sheet

__all__ = ["draw_feature_histograms", "draw_image_grid"]

PAGE = 6.9  # inches, as all lengths below
MARGIN = 0.25
GAP = 0.07
LARGEST_TILE = 1.4


def draw_image_grid(
    images: Array,
    labels: Sequence[str],
    path: Path,
    *,
    title: str = "",
    num_columns: int = 10,
    dpi: int = DPI,
) -> None:
    """Draws images row by row into a PNG, PDF or SVG file.

    Where all images of each row have one label, it stands once, left of the row; else each
    label stands over its image. Gray is drawn as it is: 0 is black.

    Args:
        images: (n, height, width) or (n, height, width, channels) with 1, 3 or 4 channels;
            uint8, or floats of 0 to 1; any other range is stretched from its smallest to
            its largest value.
        labels: What each image shows; as many as images.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        num_columns: Images in a row.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    pixels = scale_pixels(images)
    rows = row_labels(labels, num_columns)
    columns = max(1, min(num_columns, len(pixels)))
    longest = max((len(label) for label in labels), default=0)
    left = MARGIN + (0.12 + 0.083 * min(longest, 18) if rows else 0.0)
    tile = min(LARGEST_TILE, (PAGE - left - MARGIN + GAP) / columns - GAP)
    tile_height = tile * pixels.shape[1] / pixels.shape[2]
    over = 0.0 if rows else 0.19
    width = max(left + columns * (tile + GAP) - GAP + MARGIN, 3.0)
    heading = words.wrap(title, width - 2 * MARGIN, 12)
    top = MARGIN + (0.12 + 0.21 * len(heading.splitlines()) if heading else 0.0)
    num_rows = -(-len(pixels) // columns)
    height = top + num_rows * (tile_height + over + GAP) - GAP + MARGIN
    points = max(6.0, min(9.0, tile * 72 / (0.6 * max(longest, 1))))
    with figure_file(path, (width, height), dpi) as figure:
        axes = sheet(figure)
        axes.text(MARGIN, 0.2, heading, fontsize=12, fontweight="bold", va="top")
        for i, picture in enumerate(pixels):
            x = left + i % columns * (tile + GAP)
            y = top + i // columns * (tile_height + over + GAP) + over
            extent = (x, x + tile, y + tile_height, y)
            limits: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0, "cmap": "gray"}
            axes.imshow(picture, extent=extent, aspect="auto", interpolation="nearest", **limits)
            frame = Rectangle((x, y), tile, tile_height, fill=False, edgecolor=GREY, linewidth=0.4)
            axes.add_patch(frame)
            if not rows:
                text = words.shorten(labels[i], max(3, int(tile * 72 / (0.58 * points))))
                axes.text(x + tile / 2, y - 0.05, text, ha="center", fontsize=points)
            elif i % columns == 0:
                text = words.shorten(rows[i // columns], 18)
                middle = y + tile_height / 2
                axes.text(left - 0.1, middle, text, ha="right", va="center", fontsize=9.5)
