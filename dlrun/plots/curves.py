"""Training curves: `loss.png`, `accuracy.png`, and several runs in one figure.

The rows come from `history`; they are offered here too, as drawing starts with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlrun.plots import axes as scales
from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, PADDING, PALETTE, figure_file
from dlrun.plots.history import Curve, History, curve_rows, metric_names
from dlrun.plots.overlay import RunEnd, color_of, label_runs, marker_of, spread_markers

__all__ = ["Curve", "History", "curve_rows", "draw_curves", "metric_names"]

FEW_POINTS = 40
"""Up to here every epoch is a marker too, so that one epoch, or two, can be seen."""
TRAINING, VALIDATION = PALETTE[1], PALETTE[0]

_LEGEND_ORDER = ("train", "running", "validation")
_LEGEND = {"running": "running mean", "validation": "validation"}


def draw_curves(
    curves: Sequence[Curve],
    path: Path,
    *,
    metric: str,
    x_axis: str = "epoch",
    title: str = "",
    loss_name: str | None = None,
    log_scale: bool = False,
    size: tuple[float, float] | None = None,
    dpi: int = DPI,
) -> None:
    """Draws curves of one metric into a PNG, PDF or SVG file.

    One run: training and validation solid, the running mean faint (dashed and alone where there
    is no other training curve), the best epoch a dot with its value in the legend. Several runs:
    a colour and a marker for each, named at the curves' right end in the order in which they
    end; training faint, of the two training curves the one that is measured as validation is.

    Args:
        curves: From `curve_rows` or `member_rows`; several runs' one after another, each with
            its own `run`. Members are faint, a mean has a band of one standard deviation; of
            several runs members are left out.
        path: Ends in .png, .pdf or .svg; its folder exists.
        metric: Keras's name, put into words on the axis.
        x_axis: What `curve_rows` was asked for.
        title: Over the figure; may be long or empty.
        loss_name: What the loss is, for the axis of "loss".
        log_scale: Logarithmic values; linear where none is above zero.
        size: Width and height in inches; None for (7, 4.4), for several runs (9, 5).
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    several = len({curve.run for curve in curves}) > 1
    if several:
        curves = [c for c in curves if not c.is_member and not _is_second(c, curves)]
    size = size or ((9.0, 5.0) if several else (7.0, 4.4))
    with figure_file(path, size, dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        axes = figure.add_subplot()
        scales.set_x(axes, x_axis, [x for curve in curves for x in curve.x])
        values = [y for curve in curves for y in _heights(curve) if not math.isnan(y)]
        scales.set_y(axes, values, log_scale)
        axes.set_ylabel(_axis_label(metric, loss_name, axes))
        for curve in curves:
            _draw_curve(axes, curve, several, is_faint=_is_second(curve, curves))
        if not values:
            axes.text(0.5, 0.5, "no values to draw", transform=axes.transAxes, ha="center")
        _head(figure, axes, title, _legend(curves, several, x_axis))
        if several:
            label_runs(figure, axes, _ends(curves))


def _axis_label(metric: str, loss_name: str | None, axes: Axes) -> str:
    text = labels.metric_label(metric, loss_name)
    return f"{text}, log scale" if axes.get_yscale() == "log" else text


def _is_second(curve: Curve, curves: Sequence[Curve]) -> bool:
    """Whether it is a running mean beside the training curve that says more."""
    return curve.role == "running" and any(
        other.role == "train" and other.run == curve.run for other in curves
    )


def _heights(curve: Curve) -> list[float]:
    """All that is drawn of a curve, its band included."""
    if not curve.spread:
        return list(curve.y)
    pairs = list(zip(curve.y, curve.spread, strict=True))
    return [*(y + sd for y, sd in pairs), *(y - sd for y, sd in pairs)]


def _draw_member(axes: Axes, curve: Curve) -> None:
    axes.plot(curve.x, curve.y, color=_color(curve, False), linewidth=0.8, alpha=0.3, zorder=2.2)


def _draw_band(axes: Axes, curve: Curve, several: bool) -> None:
    high, low = (
        [y + sign * sd for y, sd in zip(curve.y, curve.spread, strict=True)] for sign in (1, -1)
    )
    alpha = 0.12 if several else 0.2
    color = _color(curve, several)
    axes.fill_between(curve.x, low, high, color=color, alpha=alpha, linewidth=0, zorder=2.1)


def _draw_curve(axes: Axes, curve: Curve, several: bool, *, is_faint: bool) -> None:
    if curve.is_member:
        _draw_member(axes, curve)
        return
    if curve.spread and (curve.role == "validation" or not several):
        _draw_band(axes, curve, several)
    color = _color(curve, several)
    training = curve.role != "validation"
    (line,) = axes.plot(
        curve.x,
        curve.y,
        color=color,
        alpha=0.45 if is_faint or (several and training) else 1.0,
        zorder=3.0 if several or not training else 3.5,  # over a validation curve that is as high
        **_stroke(curve.role, several, is_faint=is_faint),
    )
    if not is_faint:
        _mark_points(line, curve, several)
    if curve.best is not None:
        dot = _best_dot(curve.run, several)
        axes.plot(*curve.best, color=color, clip_on=False, zorder=5, **dot)


def _color(curve: Curve, several: bool) -> str:
    if several:
        return color_of(curve.run)
    return VALIDATION if curve.role == "validation" else TRAINING


def _stroke(role: str, several: bool, *, is_faint: bool) -> dict[str, Any]:
    if is_faint or (several and role != "validation"):
        return {"linestyle": (0, (3.5, 1.6)), "linewidth": 1.1}
    if role == "running":
        return {"linestyle": (0, (3.5, 1.6)), "linewidth": 1.8}
    return {"linestyle": "-", "linewidth": 1.8 if role == "validation" else 1.5}


def _best_dot(run: int, several: bool) -> dict[str, Any]:
    if not several:
        return {"marker": "o", "markersize": 8.0, "markeredgecolor": INK}
    return {"marker": marker_of(run), "markersize": 7.5, "markeredgecolor": "black"}


def _mark_points(line: Line2D, curve: Curve, several: bool) -> None:
    """Puts markers on a line: every epoch of a few, else lone points and, by run, some."""
    if several and curve.role == "validation":
        line.set(marker=marker_of(curve.run), markersize=5.0)
        line.set_markevery(spread_markers(len(curve.x), curve.run))
        return
    line.set(marker="o", markersize=3.2)
    if curve.role != "validation":
        line.set(markerfacecolor="white", markeredgewidth=1.0)
    if several or len(curve.x) > FEW_POINTS:
        line.set_markevery(_lone_points(curve.y))


def _lone_points(values: Sequence[float]) -> list[int]:
    """Returns where a value stands between two gaps, and so belongs to no line."""
    gap = [True, *(math.isnan(value) for value in values), True]
    return [i for i in range(len(values)) if not gap[i + 1] and gap[i] and gap[i + 2]]


def _legend(curves: Sequence[Curve], several: bool, x_axis: str) -> list[Line2D]:
    """Returns what the figure's signs mean: training, validation, best epoch; those it has."""
    entries = []
    by_role = {curve.role: curve for curve in curves if not curve.is_member}
    for curve in sorted(by_role.values(), key=lambda curve: _LEGEND_ORDER.index(curve.role)):
        is_faint = _is_second(curve, curves)
        entry = _legend_line(curve, several, is_faint=is_faint)
        is_training = curve.role != "validation" and not is_faint
        name = "training" if is_training else _LEGEND[curve.role]
        has_band = curve.spread and (curve.role == "validation" or not several)
        entry.set_label(f"{name}, mean ± sd" if has_band else name)
        entries.append(entry)
    for curve in [curve for curve in curves if curve.best is not None][:1]:
        text = "best epoch (value beside the name)" if several else _best_text(curve, x_axis)
        dot = Line2D([], [], linestyle="none", label=text, **_best_dot(0, several))
        dot.set_color(_color(curve, several) if not several else GREY)
        entries.append(dot)
    return entries


def _legend_line(curve: Curve, several: bool, *, is_faint: bool) -> Line2D:
    color = GREY if several else _color(curve, several)
    line = Line2D([], [], color=color, **_stroke(curve.role, several, is_faint=is_faint))
    line.set_alpha(0.45 if is_faint else 1.0)
    if not several and not is_faint and len(curve.x) <= FEW_POINTS:
        _mark_points(line, curve, several)
    return line


def _best_text(curve: Curve, x_axis: str) -> str:
    """Returns what the legend says of the dot: `best epoch 33: 0.9712`."""
    x, y = curve.best or (math.nan, math.nan)
    value = labels.format_value(y)
    if x_axis == "epoch":
        return f"best epoch {x:.0f}: {value}"
    if x_axis == "updates":
        return f"best epoch, {x:,.0f} updates: {value}"
    return f"best epoch, {x:,.1f} s: {value}"


def _head(figure: Figure, axes: Axes, title: str, entries: Sequence[Line2D]) -> None:
    """Puts the title over the axes, and the legend in a row between the two."""
    width = figure.get_size_inches()[0] - 1.0  # inches; what the axes have, about
    points = min(11.5, max(9.0, 2.0 * width))
    height = 0.0
    for columns in range(len(entries), 0, -1):  # the fewest rows that fit
        legend = axes.legend(
            handles=list(entries),
            loc="lower left",
            bbox_to_anchor=(0.0, 1.025),
            ncol=columns,
            handlelength=2.4,
            columnspacing=1.8,
        )
        box = legend.get_window_extent()
        height = box.height / figure.dpi * 72 + 6
        if box.width / figure.dpi <= width:
            break
    if title:
        axes.set_title(labels.wrap(title, width, points), fontsize=points, pad=height + 8)


def _ends(curves: Sequence[Curve]) -> list[RunEnd]:
    """Returns where each run's last curve (validation where there is one) ends."""
    ends = {}
    for curve in curves:
        drawn = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if not math.isnan(y)]
        x, y = drawn[-1] if drawn else (math.nan, math.nan)
        value = f"  {labels.format_value(curve.best[1])}" if curve.best is not None else ""
        ends[curve.run] = RunEnd(f"{curve.label}{value}", curve.run, x, y)
    return list(ends.values())
