"""Predicted numbers against the true ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from dlrun.plots import labels
from dlrun.plots.data_rows import thin_rows
from dlrun.plots.figure import DPI, GREY, PADDING, PALETTE, figure_file

MAX_PANELS = 4
"""Of several numbers a row, so many are drawn."""


def draw_predicted(
    outputs: np.ndarray, true_values: np.ndarray, path: Path, *, title: str = "", dpi: int = DPI
) -> None:
    """Draws a point a row, upwards what was predicted, along what is true; many rows are thinned.

    Args:
        outputs: (n, k).
        true_values: (n,) or (n, k).
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    rows = thin_rows(len(outputs))
    predicted = outputs.reshape(len(outputs), -1)[rows][:, :MAX_PANELS]
    true = true_values.reshape(len(outputs), -1)[rows][:, :MAX_PANELS]
    num_panels = predicted.shape[1]
    size = (max(4.2, 3.2 * num_panels), 4.2 if num_panels == 1 else 3.7)
    with figure_file(path, size, dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        panels = figure.subplots(1, num_panels, squeeze=False)[0]
        for i, axes in enumerate(panels):
            _draw_points(axes, true[:, i], predicted[:, i])
            axes.set_xlabel("true" if num_panels == 1 else f"true, number {i + 1}")
        panels[0].set_ylabel("predicted")
        figure.suptitle(labels.wrap(title, size[0] - 0.4, 11.5), x=0.02, ha="left")


def _draw_points(axes: Axes, true: np.ndarray, predicted: np.ndarray) -> None:
    low = float(min(true.min(), predicted.min()))
    high = float(max(true.max(), predicted.max()))
    margin = 0.04 * (high - low) or 0.5
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=GREY, linewidth=0.9, linestyle=(0, (3.5, 1.6)))
    alpha = 0.7 if len(true) < 500 else 0.25
    axes.scatter(true, predicted, s=12, color=PALETTE[0], alpha=alpha, linewidths=0)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal", adjustable="box")
