"""A sweep's objective against each hyperparameter, in small multiples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)

from dlrun.evaluation.sweep_rows import Axis, SweepRows, TrialRow, level_of
from dlrun.plots import axes as scales
from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, PALETTE
from dlrun.plots.panels import WIDTH, draw_panels
from dlrun.plots.sweep_scale import (
    BEST_SIGN,
    Scale,
    best_text,
    clipped_note,
    find_scale,
    has_value,
    objective_label,
    short_texts,
    title_of,
)

MAX_PANELS = 12
LAYOUTS = ((1, 1, 3.4), (2, 2, 2.8), (3, 3, 2.6), (4, 2, 2.6), (99, 3, 2.4))
"""Up to so many panels: so many columns, so high a panel, in inches."""

MOST_TICKS = 8
"""Up to so many distinct numbers each has its own tick, where they are far enough apart."""


@dataclass(frozen=True)
class Point:
    """One trial in one panel.

    Attributes:
        trial: Its number.
        x: Its value; of a category its place, counted from 0, jittered.
        y: The objective; of a lost or clipped trial the panel's worse end.
        sd: Over seeds; None for one, and for a point that is not where its value is.
        kind: "result", "pruned", "outside" (a result worse than the panel reaches), "pruned
            outside", or "lost".
    """

    trial: int
    x: float
    y: float
    sd: float | None
    kind: str


def parameter_points(rows: SweepRows, axis: Axis, scale: Scale) -> list[Point]:
    """Returns what a hyperparameter's panel shows; trials that do not use it are left out."""
    found = []
    for trial in rows.trials:
        x = _place(trial, axis, is_crowded=len(rows.trials) > len(axis.levels))
        kind = _kind(trial, scale)
        if x is None or kind == "":
            continue
        is_here = kind in ("result", "pruned")
        y = trial.score if is_here else scale.worst
        found.append(Point(trial.number, x, y, trial.sd if is_here else None, kind))
    return found


def _place(trial: TrialRow, axis: Axis, *, is_crowded: bool) -> float | None:
    if axis.is_number:
        value = trial.values.get(axis.key)
        return None if value is None else float(value)
    level = level_of(trial, axis)
    if level is None or not is_crowded:
        return level
    return level + 0.44 * ((trial.number * 0.618034) % 1 - 0.5)  # golden ratio: evenly, unordered


def _kind(trial: TrialRow, scale: Scale) -> str:
    if trial.is_lost:
        return "lost"
    if not has_value(trial) or not (trial.has_result or trial.state == "pruned"):
        return ""
    if scale.is_outside(trial.score):
        return "outside" if trial.has_result else "pruned outside"
    return "result" if trial.has_result else "pruned"


def draw_parameters(rows: SweepRows, path: Path, *, dpi: int = DPI) -> None:
    """Draws one panel a hyperparameter into a PNG, PDF or SVG file; of more than 12 the first 12.

    Numbers are a scatter; categories are strips, their median marked. Trials without a result are
    crosses at the worse edge, those too bad for the panel arrows there.

    Args:
        rows: At least one axis, and one trial with a result.
        path: Ends in .png, .pdf or .svg; its folder exists.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    axes = rows.axes[:MAX_PANELS]
    scale = find_scale(rows, [trial.score for trial in rows.results])
    names = rows.labels
    by_key = {axis.key: parameter_points(rows, axis, scale) for axis in axes}
    _, columns, height = next(layout for layout in LAYOUTS if len(axes) <= layout[0])
    panels = [
        (
            _panel_title(rows, axis, names[axis.key], WIDTH / columns),
            _panel(rows, axis, by_key[axis.key], scale, i % columns == 0, WIDTH / columns),
        )
        for i, axis in enumerate(axes)
    ]
    points = [point for found in by_key.values() for point in found]
    draw_panels(
        panels,
        path,
        legend=_legend(rows, points, axes),
        note=_note(rows, points, scale),
        title=title_of(rows),
        dpi=dpi,
        layout=(columns, height),
    )


def _panel_title(rows: SweepRows, axis: Axis, name: str, width: float) -> str:
    missing = sum(axis.key not in trial.values for trial in rows.trials)
    tail = f" (unused by {missing})" if missing else ""
    return labels.shorten(name, int(width * 10.5) - len(tail)) + tail


def _note(rows: SweepRows, points: Sequence[Point], scale: Scale) -> str:
    edge = "lower" if rows.higher_is_better else "upper"
    notes = []
    if any(trial.is_lost for trial in rows.trials):
        notes.append(f"trials without a result: crosses at the {edge} edge")
    num_pruned = len({point.trial for point in points if point.kind == "pruned outside"})
    notes.append(clipped_note(rows, scale.num_outside, num_pruned))
    if any(point.sd is not None for point in points):
        notes.append("bars: ± one standard deviation over seeds")
    if len(rows.axes) > MAX_PANELS:
        notes.append(f"the first {MAX_PANELS} of {len(rows.axes)} hyperparameters")
    return "; ".join(note for note in notes if note)


def _legend(rows: SweepRows, points: Sequence[Point], axes: Sequence[Axis]) -> list[Line2D]:
    kinds = {point.kind for point in points}
    entries = [_sign(color=PALETTE[0], marker="o", markersize=5, label="finished")]
    if kinds & {"pruned", "pruned outside"}:
        entries.append(_sign(marker="o", color=GREY, fillstyle="none", label="pruned"))
    if "lost" in kinds:
        entries.append(_sign(marker="x", color=INK, label="no result"))
    if any(_medians(axis, points) for axis in axes if not axis.is_number):
        entries.append(Line2D([], [], color=INK, linewidth=2, label="median"))
    if rows.best_trial:
        entries.append(_sign(**BEST_SIGN, label=best_text(rows)))
    return entries


def _sign(**style: Any) -> Line2D:
    return Line2D([], [], linestyle="none", **style)


def _panel(
    rows: SweepRows,
    axis: Axis,
    points: Sequence[Point],
    scale: Scale,
    is_first: bool,
    width: float,
) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        shown = [point for point in points if point.kind in ("result", "pruned")]
        heights = [scale.low, scale.high]
        heights += [p.y + sign * p.sd for p in shown if p.sd is not None for sign in (-1, 1)]
        axes.yaxis.set_major_formatter(ScalarFormatter())
        scales.set_y(axes, heights, scale.is_log)
        if not scale.is_log:
            axes.yaxis.set_major_locator(MaxNLocator(5))
        if is_first:
            log = ", log scale" if scale.is_log else ""
            axes.set_ylabel(f"{objective_label(rows)}{log}", fontsize=8, labelpad=3)
        _set_x(axes, axis, [point.x for point in points], width)
        _draw_points(axes, points, rows)
        _draw_edge(axes, points, rows.higher_is_better)
        if not axis.is_number:
            for level, middle in _medians(axis, points).items():
                axes.plot([level - 0.3, level + 0.3], [middle] * 2, color=INK, lw=2, zorder=4)

    return draw


def _medians(axis: Axis, points: Sequence[Point]) -> dict[int, float]:
    """The median of each category that has three results or more."""
    found = {}
    for level in range(len(axis.levels)):
        values = [p.y for p in points if p.kind == "result" and abs(p.x - level) < 0.5]
        if len(values) >= 3:
            found[level] = median(values)
    return found


def _draw_points(axes: Axes, points: Sequence[Point], rows: SweepRows) -> None:
    results = [point for point in points if point.kind == "result"]
    pruned = [point for point in points if point.kind == "pruned"]
    many = len(rows.results) > 200
    size, alpha = (6, 0.45) if many else (20, 0.75)
    axes.scatter(*_xy(pruned), s=size, facecolors="none", edgecolors=GREY, lw=0.6, alpha=0.6)
    axes.scatter(*_xy(results), s=size, color=PALETTE[0], alpha=alpha, linewidths=0, zorder=3)
    spread = [point for point in results if point.sd]
    if spread:
        bars: dict[str, Any] = {
            "fmt": "none",
            "ecolor": PALETTE[0],
            "elinewidth": 0.9,
            "alpha": 0.6,
        }
        axes.errorbar(*_xy(spread), yerr=[point.sd or 0.0 for point in spread], **bars)
    for point in results:
        if point.trial == rows.best:
            axes.plot(point.x, point.y, zorder=5, clip_on=False, linestyle="none", **BEST_SIGN)


def _draw_edge(axes: Axes, points: Sequence[Point], higher_is_better: bool) -> None:
    """Draws what has no place in the panel along its worse edge."""
    edge, arrow = (0.0, "v") if higher_is_better else (1.0, "^")
    across = axes.get_xaxis_transform()  # x in the data's numbers, y from 0 to 1
    signs: dict[str, dict[str, Any]] = {
        "pruned outside": {"marker": arrow, "facecolors": "white", "edgecolors": GREY, "lw": 0.8},
        "outside": {"marker": arrow, "color": PALETTE[0]},
        "lost": {"marker": "x", "color": INK, "lw": 1.1},
    }
    for zorder, (kind, sign) in enumerate(signs.items(), start=4):
        xs = [point.x for point in points if point.kind == kind]
        if xs:
            style: dict[str, Any] = {
                "transform": across,
                "clip_on": False,
                "zorder": zorder,
                "s": 24,
            }
            axes.scatter(xs, [edge] * len(xs), **style, **sign)
            if not higher_is_better:  # room for what stands on the upper edge
                axes.set_title(axes.get_title(loc="left"), fontsize=8.5, pad=9)


def _xy(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point.x for point in points], [point.y for point in points]


def _set_x(axes: Axes, axis: Axis, xs: Sequence[float], width: float) -> None:
    if not axis.is_number:
        _name_categories(axes, axis, width)
        return
    low, high = min(xs, default=0.0), max(xs, default=1.0)
    if axis.is_log and low > 0:
        axes.set_xscale("log")
        margin = max(high / low, 1.5) ** 0.06
        axes.set_xlim(low / margin, high * margin)
        subs = (1, 3) if high / low < 300 else (1,)
        axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        if all(isinstance(level, int) for level in axis.levels):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        pad = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_xlim(low - pad, high + pad)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: labels.format_tick(x)))
    if 0 < len(axis.levels) <= MOST_TICKS and _are_apart(axes, axis.levels, width):
        axes.xaxis.set_major_locator(FixedLocator([float(level) for level in axis.levels]))


def _are_apart(axes: Axes, levels: Sequence[float], width: float) -> bool:
    """Whether the numbers of all levels fit side by side."""
    places = axes.transScale.transform([(level, 1.0) for level in levels])[:, 0]
    low, high = axes.transScale.transform([(x, 1.0) for x in axes.get_xlim()])[:, 0]
    inches = (places - low) / (high - low) * (width - 0.7)
    rooms = [0.068 * len(labels.format_tick(level)) + 0.05 for level in levels]
    return all(
        inches[i + 1] - inches[i] > (rooms[i] + rooms[i + 1]) / 2 for i in range(len(levels) - 1)
    )


def _name_categories(axes: Axes, axis: Axis, width: float) -> None:
    count = max(len(axis.levels), 1)
    room = (width - 0.7) / count  # inches
    characters = int(room / 0.075)
    names = short_texts(axis.levels, max(characters, 6))
    is_told = characters >= 14 or not any("…" in name.removesuffix("(…)") for name in names)
    fits = is_told and max(map(len, names), default=0) <= characters
    if not fits:
        names = short_texts(axis.levels, 20)
    axes.set_xticks(range(len(names)), names)
    if not fits:
        upright = room < 0.3
        axes.tick_params(axis="x", labelrotation=90 if upright else 30)
        for text in axes.get_xticklabels():
            text.set(ha="center" if upright else "right", rotation_mode="anchor")
            text.set_fontsize(6.5 if room > 0.13 else 5)
            if upright:
                text.set(va="center", ha="right")
    axes.set_xlim(-0.6, count - 0.4)
    axes.grid(visible=False, axis="x")
