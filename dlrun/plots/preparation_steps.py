"""What became of one picture on its way to the model, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlrun.plots import labels as words
from dlrun.plots.figure import DPI, GREY, figure_file, sheet

TILE = 1.5  # inches, as all lengths below
GAP = 0.15
MARGIN = 0.25


def draw_steps(
    source: np.ndarray,
    steps: Sequence[tuple[str, np.ndarray]],
    path: Path,
    *,
    title: str = "",
    note: str = "",
    dpi: int = DPI,
) -> None:
    """Draws a picture and each step of its preparation side by side.

    Args:
        source: (height, width, 3) uint8, as it came.
        steps: Name and (height, width) of 0 to 1, ink being 1; the last is what the model gets.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure.
        note: A line below the title.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    pictures = [("input", source), *steps]
    width = max(2 * MARGIN + len(pictures) * (TILE + GAP) - GAP, 4.5)
    top = MARGIN + 0.62
    with figure_file(path, (width, top + TILE + MARGIN), dpi) as figure:
        axes = sheet(figure)
        axes.text(MARGIN, 0.3, words.shorten(title, int(width * 9)), fontsize=11, weight="bold")
        axes.text(MARGIN, 0.52, words.shorten(note, int(width * 13)), fontsize=8.5, color=GREY)
        for i, (name, picture) in enumerate(pictures):
            left = MARGIN + i * (TILE + GAP)
            height_px, width_px = picture.shape[:2]
            text = f"{name} {height_px}×{width_px}"
            axes.text(left, top - 0.07, text, fontsize=8)
            scale = TILE / max(height_px, width_px)
            extent = (left, left + width_px * scale, top + height_px * scale, top)
            way = "antialiased" if max(height_px, width_px) > 64 else "nearest"
            axes.imshow(
                picture,
                extent=extent,
                aspect="auto",
                interpolation=way,
                cmap="gray",
                vmin=0,
                vmax=1,
            )
