"""Two hyperparameters against each other: a cell for each pair of their values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlrun.errors import RunError
from dlrun.evaluation.sweep_rows import NOT_USED, SweepRows, TrialRow, level_of
from dlrun.evaluation.sweep_rows import Axis as Parameter
from dlrun.plots import labels
from dlrun.plots.figure import DPI, FAINT, GREY, INK, PADDING, figure_file
from dlrun.plots.sweep_scale import (
    BEST,
    Scale,
    best_text,
    find_scale,
    objective_label,
    shades,
    short_texts,
    title_of,
)

MOST_LEVELS = 24
MOST_WITH_VALUES = 13
"""Columns up to which a cell has room for its value."""

_NAMES = {"timed_out": "timed out", "planned": "not run", "duplicate": "not run"}


@dataclass(frozen=True)
class Cell:
    """One pair of values.

    Attributes:
        row: Counted from 0, from below.
        column: Counted from 0, from the left.
        value: The mean of the finished trials; None where there is none.
        text: What is said of a cell without a value: "diverged", "not run", …
        num_trials: How many finished.
        is_best: Whether the best trial is among them.
    """

    row: int
    column: int
    value: float | None
    text: str
    num_trials: int
    is_best: bool


def why_no_heat_map(rows: SweepRows) -> str:
    """Returns why there is no heat map of a sweep; empty where there is one."""
    if len(rows.axes) != 2:
        count = "one was" if len(rows.axes) == 1 else f"{len(rows.axes)} were"
        return f"it takes two hyperparameters, and {count} searched"
    if not rows.results:
        return "no trial has a result"
    counts = [len(_levels(rows, axis)) for axis in rows.axes]
    if min(counts) < 2:
        return "one of the two hyperparameters has one value only"
    tried = {_place(trial, rows.axes) for trial in rows.trials}
    if max(counts) > MOST_LEVELS or len(tried) < 0.5 * counts[0] * counts[1]:
        return "the trials do not form a grid"
    return ""


def has_heat_map(rows: SweepRows) -> bool:
    """Whether a sweep is a grid of two hyperparameters, with a result in it."""
    return not why_no_heat_map(rows)


def heat_map_cells(rows: SweepRows) -> list[Cell]:
    """Returns all cells; columns are the hyperparameter with more values."""
    across, upwards = _columns_and_rows(rows)
    inside: dict[tuple[int, ...], list[TrialRow]] = {}
    for trial in rows.trials:
        inside.setdefault(_place(trial, (upwards, across)), []).append(trial)
    return [
        _cell(row, column, inside.get((row, column), []), rows.best)
        for row in range(len(_levels(rows, upwards)))
        for column in range(len(_levels(rows, across)))
    ]


def _cell(row: int, column: int, trials: Sequence[TrialRow], best: int | None) -> Cell:
    scores = [trial.score for trial in trials if trial.has_result]
    is_best = any(trial.has_result and trial.number == best for trial in trials)
    if scores:
        return Cell(row, column, math.fsum(scores) / len(scores), "", len(scores), is_best)
    state = trials[0].state if trials else "planned"
    text = "no value" if state == "finished" else _NAMES.get(state, state)
    return Cell(row, column, None, text, 0, False)


def _columns_and_rows(rows: SweepRows) -> tuple[Parameter, Parameter]:
    first, second = rows.axes
    if len(_levels(rows, first)) >= len(_levels(rows, second)):
        return first, second
    return second, first


def _levels(rows: SweepRows, axis: Parameter) -> tuple[object, ...]:
    is_missing = any(axis.key not in trial.values for trial in rows.trials)
    return (*axis.levels, NOT_USED) if is_missing else axis.levels


def _place(trial: TrialRow, axes: Sequence[Parameter]) -> tuple[int, ...]:
    found = [level_of(trial, axis) for axis in axes]
    return tuple(
        len(axis.levels) if level is None else level
        for axis, level in zip(axes, found, strict=True)
    )


def draw_heat_map(rows: SweepRows, path: Path, *, dpi: int = DPI) -> None:
    """Draws the cells of a grid into a PNG, PDF or SVG file.

    The darker, the better; the best trial's cell is outlined; cells without a result are hatched
    and say why.

    Args:
        rows: One that has a heat map.
        path: Ends in .png, .pdf or .svg; its folder exists.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the sweep is no grid of two hyperparameters (see `has_heat_map`), or the path
            has another suffix.
        StorageError: the file cannot be written.
    """
    reason = why_no_heat_map(rows)
    if reason:
        raise RunError(f"{rows.name}: cannot draw a heat map: {reason}")
    across, upwards = _columns_and_rows(rows)
    cells = heat_map_cells(rows)
    names = [short_texts(_levels(rows, axis), 22) for axis in (across, upwards)]
    scale = find_scale(rows, [cell.value for cell in cells if cell.value is not None])
    has_values = len(names[0]) <= MOST_WITH_VALUES
    cell_size = (0.62, 0.4) if has_values else (0.34, 0.3)  # inches, as all lengths here
    longest = [0.072 * max(map(len, one)) for one in names]
    side = max(cell_size[0] * len(names[0]), 2.6)
    is_upright = longest[0] > 0.95 * side / len(names[0])
    height = max(cell_size[1] * len(names[1]), 1.4) + (longest[0] if is_upright else 0.15) + 1.5
    size = (max(side + longest[1] + 1.7, 5.4), height)
    with figure_file(path, size, dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        axes = figure.add_subplot()
        axes.grid(visible=False)
        _draw_cells(axes, cells, scale, has_values)
        axes.set_xticks(range(len(names[0])), names[0], rotation=90 if is_upright else 0)
        axes.set_yticks(range(len(names[1])), names[1])
        axes.tick_params(length=0, labelsize=8)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(labels.shorten(rows.labels[across.key], 50))
        axes.set_ylabel(labels.shorten(rows.labels[upwards.key], int(height * 8)))
        _color_bar(figure, axes, rows, scale)
        note = _note(rows, cells, scale, has_values)
        _head(figure, axes, title_of(rows), note, size[0])


def _draw_cells(axes: Axes, cells: Sequence[Cell], scale: Scale, has_values: bool) -> None:
    colors = shades()
    decimals = _decimals([cell.value for cell in cells if cell.value is not None])
    for cell in cells:
        style: dict[str, Any] = {"facecolor": "white", "edgecolor": "#c4c4c4", "hatch": "////"}
        if cell.value is not None:
            style = {"facecolor": colors(scale.shade(cell.value))}
        corner = (cell.column - 0.48, cell.row - 0.47)
        axes.add_patch(Rectangle(corner, 0.96, 0.94, linewidth=0, **style))
        if has_values:
            _write(axes, cell, scale, decimals)
    for cell in cells:
        if cell.is_best:
            corner = (cell.column - 0.48, cell.row - 0.47)
            outline: dict[str, Any] = {
                "facecolor": "none",
                "edgecolor": BEST,
                "linewidth": 2.6,
                "zorder": 4,
            }
            axes.add_patch(Rectangle(corner, 0.96, 0.94, **outline))
    axes.set_xlim(-0.5, max(cell.column for cell in cells) + 0.5)
    axes.set_ylim(-0.5, max(cell.row for cell in cells) + 0.5)


def _write(axes: Axes, cell: Cell, scale: Scale, decimals: int | None) -> None:
    place: dict[str, Any] = {
        "x": cell.column,
        "y": cell.row,
        "ha": "center",
        "va": "center_baseline",
    }
    if cell.value is None:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.text(**place, s=cell.text, fontsize=6.2, color=GREY, bbox=box)
        return
    text = labels.format_value(cell.value) if decimals is None else f"{cell.value:.{decimals}f}"
    color = "white" if scale.shade(cell.value) > 0.42 else INK
    axes.text(**place, s=text, fontsize=8, color=color)


def _decimals(values: Sequence[float]) -> int | None:
    """How many decimals tell values apart in a hundred steps, at most 4; None for very others."""
    spread, largest = max(values) - min(values), max(abs(value) for value in values)
    if largest >= 100 or largest < 0.001:
        return None
    wanted = 2 - math.floor(math.log10(spread)) if spread > 0 else 4
    return min(max(wanted, 1), 4)


def _color_bar(figure: Figure, axes: Axes, rows: SweepRows, scale: Scale) -> None:
    """Draws the values' axis at the right, in the objective's own direction."""
    if scale.high <= scale.low:
        return
    ends = (math.log10(scale.low), math.log10(scale.high)) if scale.is_log else None
    colors = shades() if rows.higher_is_better else shades().reversed()
    norm = Normalize(*(ends or (scale.low, scale.high)))
    bar = figure.colorbar(ScalarMappable(norm, colors), ax=axes, pad=0.02, fraction=0.05, aspect=18)
    log = ", log scale" if scale.is_log else ""
    bar.set_label(f"{objective_label(rows)}{log}", fontsize=8.5)
    bar.outline.set_visible(False)
    if ends:
        ticks = np.linspace(*ends, 5)
        bar.set_ticks(list(ticks), labels=[f"{10**tick:.2g}" for tick in ticks])
    bar.ax.tick_params(labelsize=7.5, color=FAINT)


def _note(rows: SweepRows, cells: Sequence[Cell], scale: Scale, has_values: bool) -> str:
    notes = ["the darker, the better"]
    if rows.best_trial:
        notes.insert(0, f"{best_text(rows)} (outlined)")
    if any(cell.num_trials > 1 for cell in cells):
        notes.append("a cell is the mean of its finished trials")
    if scale.num_outside:
        count = scale.num_outside
        notes.append(f"{count} much worse cell{'s' * (count > 1)}: as pale as the scale goes")
    empty = Counter(cell.text for cell in cells if cell.value is None)
    if empty and not has_values:
        told = ", ".join(f"{count} {text}" for text, count in empty.items())
        notes.append(f"hatched: {told}")
    return "; ".join(notes)


def _head(figure: Figure, axes: Axes, title: str, note: str, width: float) -> None:
    figure.suptitle(labels.wrap(title, width - 0.3, 10.5), x=0.02, ha="left", fontsize=10.5)
    words = labels.wrap(note, width - 1.6, 7)
    axes.set_title(words, fontsize=8, fontweight="normal", color=GREY)
