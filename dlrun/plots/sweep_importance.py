"""How much of the objective's variance each hyperparameter explains, as bars."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from dlrun.evaluation.importance import Importance
from dlrun.evaluation.sweep_rows import short_labels
from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, PADDING, PALETTE, figure_file

WIDTH = 7.0
MAX_BARS = 20
PALE = "#b3d5e8"
REST = "combinations and noise"


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: The hyperparameter, or what the rest is.
        share: From 0 to 1.
        chance: The share that chance alone would make; None of the rest.
    """

    label: str
    share: float
    chance: float | None

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance would make it."""
        return self.chance is not None and self.share > self.chance


def importance_bars(importance: Importance) -> list[Bar]:
    """Returns the bars from the largest share to the smallest, the rest last."""
    names = short_labels(list(importance.shares))
    found = [
        Bar(names[key], share, importance.chance[key]) for key, share in importance.shares.items()
    ]
    return [*found[:MAX_BARS], Bar(REST, importance.rest, None)]


def draw_importance(importance: Importance, path: Path, *, title: str = "", dpi: int = DPI) -> None:
    """Draws a bar for each hyperparameter into a PNG, PDF or SVG file.

    A bar that is no longer than chance would make it is pale, and says so.

    Args:
        importance: From `measure_importance`.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    bars = importance_bars(importance)
    words = importance.method.replace(" %", "\u00a0%")  # else a line may begin with the sign
    note = labels.wrap(f"{words}.", WIDTH - 0.3, 6.6, max_lines=4)
    heading = labels.wrap(title, WIDTH - 0.3, 13)  # bold letters are wide
    top = 0.5 + 0.2 * len(heading.splitlines())
    bottom = 0.14 + 0.15 * len(note.splitlines())
    height = top + 0.34 * len(bars) + 0.7 + bottom
    with figure_file(path, (WIDTH, height), dpi) as figure:
        rect = (0, bottom / height, 1, 1 - (top + bottom) / height)
        figure.set_layout_engine("constrained", rect=rect, **PADDING)
        axes = figure.add_subplot()
        for i, bar in enumerate(bars):
            _draw_bar(axes, i, bar)
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_yticks(range(len(bars)), [labels.shorten(bar.label, 34) for bar in bars])
        axes.tick_params(axis="y", length=0)
        axes.get_yticklabels()[-1].set_color(GREY)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("share of the objective’s variance")
        figure.text(0.02, 1 - 0.1 / height, heading, va="top", fontsize=11.5, fontweight="bold")
        handles = [
            Patch(color=PALETTE[0], label="by it alone"),
            Patch(color=PALE, label="no more than chance"),
            Line2D([], [], color=INK, linewidth=1.4, label="what chance makes, in 95 of 100"),
        ]
        has_unclear = any(bar.chance is not None and not bar.is_clear for bar in bars)
        shown = [h for h in handles if has_unclear or h is not handles[1]]
        style: dict[str, Any] = {"ncol": len(shown), "fontsize": 8.5, "columnspacing": 1.5}
        anchor = (0.02, 1 - (0.2 + 0.2 * len(heading.splitlines())) / height)
        figure.legend(handles=shown, loc="upper left", bbox_to_anchor=anchor, **style)
        figure.text(0.14 / WIDTH, 0.09 / height, note, fontsize=7.5, color=GREY)


def _draw_bar(axes: Axes, place: int, bar: Bar) -> None:
    color = "#c4c4c4"
    if bar.chance is not None:
        color = PALETTE[0] if bar.is_clear else PALE
    axes.barh(place, bar.share, height=0.62, color=color)
    end = bar.share
    if bar.chance is not None:
        limit = min(bar.chance, 1.0)
        axes.plot([limit] * 2, [place - 0.38, place + 0.38], color=INK, linewidth=1.4, zorder=4)
        end = max(end, limit) if limit < end + 0.1 else end
    text = f"{100 * bar.share:.0f} %" if bar.share >= 0.0095 else "below 1 %"
    is_inside = end > 0.88
    place_x = bar.share - 0.01 if is_inside else end + 0.012
    ink = "white" if is_inside and bar.is_clear else INK
    align = "right" if is_inside else "left"
    axes.text(place_x, place, text, va="center_baseline", ha=align, fontsize=9, color=ink)
