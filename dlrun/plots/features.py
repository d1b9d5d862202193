"""Features of a table in small multiples: histograms by class, or scatter against a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlrun.plots import labels
from dlrun.plots.data_rows import (
    MAX_FEATURES,
    Array,
    Histogram,
    class_groups,
    histogram,
    name_features,
    thin_rows,
)
from dlrun.plots.figure import DPI, PALETTE
from dlrun.plots.panels import Panel, draw_panels

LINE_STYLES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
MOST_OUTLINES = 4
"""Classes whose histograms can lie over one another; of more, each is a strip of grays."""

Groups = Sequence[tuple[str, Array]]


def draw_feature_histograms(
    x: Array,
    feature_names: Sequence[str],
    y: Array,
    class_names: Sequence[str],
    path: Path,
    *,
    title: str = "",
    dpi: int = DPI,
) -> None:
    """Draws a small panel for each feature into a PNG, PDF or SVG file.

    With classes: histograms by class, as shares of each class's rows; two features are drawn
    against each other too. Without: the target's histogram, then the target against every
    feature. Of more than 30 features the first 30; more than 12 classes are drawn as one.

    Args:
        x: (n, features) numbers; further axes are flattened.
        feature_names: As many as features; missing ones are numbered.
        y: (n,) class indices, or (n,) or (n, k) numbers, of which the first is drawn.
        class_names: Empty for regression.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    x = np.asarray(x).reshape(len(x), -1)
    y = np.asarray(y) if class_names else np.asarray(y).reshape(len(y), -1)[:, 0]
    names = name_features(feature_names, x.shape[1])
    shown = range(min(x.shape[1], MAX_FEATURES))
    groups = class_groups(y, class_names)
    notes = [_scale_note(len(groups), bool(class_names))]
    if len(shown) < x.shape[1]:
        notes.append(f"the first {len(shown)} of {x.shape[1]} features")
    if class_names:
        rows = [histogram(names[i], x[:, i], [mask for _, mask in groups]) for i in shown]
        panels = _class_panels(rows, groups)
        if x.shape[1] == 2:
            panels.insert(0, ("both features", _plane_panel(x, groups, names)))
        if any(row.is_trimmed for row in rows):
            notes.append("far-off values (0.5 % at each end) may be left out")
    else:
        target = histogram("target", y, [groups[0][1]])
        panels = [("target", _histogram_panel(target))]
        panels += [(names[i], _target_panel(x[:, i], y)) for i in shown]
    has_lines = len(groups) <= MOST_OUTLINES or x.shape[1] == 2  # else strips, which name classes
    legend = _legend(groups) if len(groups) > 1 and has_lines else []
    draw_panels(panels, path, legend=legend, note="; ".join(notes), title=title, dpi=dpi)


def _class_panels(rows: Sequence[Histogram], groups: Groups) -> list[Panel]:
    if len(groups) <= MOST_OUTLINES:
        return [(row.name, _histogram_panel(row)) for row in rows]
    names = [labels.shorten(name, 12) for name, _ in groups]
    return [(row.name, _strip_panel(row, names)) for row in rows]


def _scale_note(num_groups: int, has_classes: bool) -> str:
    if not has_classes:
        return "first the target’s histogram, then the target (upwards) against each feature"
    of = "of each class’s rows" if num_groups > 1 else "of the rows"
    if num_groups > MOST_OUTLINES:
        return f"the darker, the larger a share {of}; each panel has its own scale"
    return f"height: share {of}; each panel has its own scale"


def _histogram_panel(row: Histogram) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for i, shares in enumerate(row.shares):
            axes.stairs(shares, row.edges, fill=True, color=PALETTE[i], alpha=0.2)
            style = {"linestyle": LINE_STYLES[i % 4], "color": PALETTE[i], "linewidth": 1.2}
            axes.stairs(shares, row.edges, **style)
        axes.set_ylim(bottom=0)
        axes.set_yticks([])
        _whole_ticks(axes, row)

    return draw


def _strip_panel(row: Histogram, class_labels: Sequence[str]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        axes.grid(False)
        sides = np.arange(len(row.shares) + 1) - 0.5
        axes.pcolormesh(row.edges, sides, np.array(row.shares), cmap="Greys", vmin=0)
        axes.set_ylim(len(row.shares) - 0.5, -0.5)
        axes.set_yticks(range(len(row.shares)), class_labels, fontsize=6)
        _whole_ticks(axes, row)

    return draw


def _whole_ticks(axes: Axes, row: Histogram) -> None:
    if row.is_whole:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _plane_panel(x: Array, groups: Groups, names: Sequence[str]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for i, (_, mask) in enumerate(groups):
            points = x[mask][thin_rows(int(mask.sum()), 500)]
            marker: dict[str, Any] = {
                "marker": "os^Dv"[i % 5],
                "s": 7,
                "color": PALETTE[i],
                "alpha": 0.6,
            }
            axes.scatter(points[:, 0], points[:, 1], linewidths=0, **marker)
        axes.set_xlabel(names[0], fontsize=7.5, labelpad=1)
        axes.set_ylabel(names[1], fontsize=7.5, labelpad=1)

    return draw


def _target_panel(values: Array, target: Array) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        rows = thin_rows(len(values))
        alpha = 0.7 if len(rows) <= 300 else 0.35
        style: dict[str, Any] = {"s": 6, "color": PALETTE[0], "linewidths": 0, "alpha": alpha}
        axes.scatter(values[rows], target[rows], **style)

    return draw


def _legend(groups: Groups) -> list[Line2D]:
    return [
        Line2D(
            [], [], color=PALETTE[i], linestyle=LINE_STYLES[i % 4], label=labels.shorten(name, 22)
        )
        for i, (name, _) in enumerate(groups)
    ]
