"""Two classes beyond accuracy: ROC curve, precision and recall, calibration, in one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, PADDING, PALETTE, figure_file

Points = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class ScoreRows:
    """What the three panels show.

    Attributes:
        roc: False positive rate and true positive rate, both (n,).
        precision_recall: Recall and precision, both (n,).
        calibration: Rows with `mean_probability`, `share` and `num_rows`; None for no
            probabilities.
        share: Of class 1: the precision of guessing.
        threshold: The point of each curve that is marked.
        at_threshold: (false positive rate, recall, precision) there.
        captions: A line below the name of the ROC and of the precision-recall panel.
    """

    roc: Points
    precision_recall: Points
    calibration: Sequence[Mapping[str, Any]] | None
    share: float
    threshold: float
    at_threshold: tuple[float, float, float]
    captions: tuple[str, str] = ("", "")


def draw_scores(rows: ScoreRows, path: Path, *, title: str = "", dpi: int = DPI) -> None:
    """Draws the panels side by side into a PNG, PDF or SVG file.

    Args:
        rows: What they show.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    false_rate, recall, precision = rows.at_threshold
    num_panels = 3 if rows.calibration else 2
    width = 3.1 * num_panels
    with figure_file(path, (width, 3.75), dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        panels = figure.subplots(1, num_panels)
        _draw_curve(panels[0], rows.roc, (false_rate, recall), rows.threshold)
        panels[0].plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (3.5, 1.6)))
        _name(panels[0], "ROC curve", rows.captions[0], "false positive rate", "recall")
        _draw_curve(panels[1], rows.precision_recall, (recall, precision), rows.threshold)
        panels[1].axhline(rows.share, color=GREY, linewidth=0.9, linestyle=(0, (3.5, 1.6)))
        _name(panels[1], "precision and recall", rows.captions[1], "recall", "precision")
        if rows.calibration:
            _draw_calibration(panels[2], rows.calibration)
        figure.suptitle(labels.wrap(title, width - 0.4, 11.5), x=0.02, ha="left")


def _draw_curve(axes: Axes, curve: Points, marked: tuple[float, float], threshold: float) -> None:
    axes.plot(*curve, color=PALETTE[0], linewidth=1.6, clip_on=False)
    axes.plot(*marked, marker="o", markersize=6, color=PALETTE[1], clip_on=False, zorder=5)
    # Towards the middle of the panel, where there is room for the words.
    left, low = marked[0] > 0.5, marked[1] > 0.5
    axes.annotate(
        f"above {threshold:g}",
        marked,
        xytext=(-7 if left else 7, -9 if low else 9),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top" if low else "bottom",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )


def _name(axes: Axes, name: str, caption: str, x: str, y: str) -> None:
    axes.set_title(f"{name}\n{caption}" if caption else name, fontsize=9.5, fontweight="normal")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_aspect("equal", adjustable="box")


def _draw_calibration(axes: Axes, bins: Sequence[Mapping[str, Any]]) -> None:
    means = [row["mean_probability"] for row in bins]
    shares = [row["share"] for row in bins]
    most = max(row["num_rows"] for row in bins)
    sizes = [15 + 90 * row["num_rows"] / most for row in bins]
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (3.5, 1.6)))
    axes.plot(means, shares, color=PALETTE[0], linewidth=1.1)
    axes.scatter(means, shares, s=sizes, color=PALETTE[0], clip_on=False, zorder=3)
    _name(axes, "calibration", "size: number of rows", "probability", "share that is so")
