"""The model drawn: every neuron of a small dense net, else a box for each layer.

Black on white with pale tints, so that it survives a printer; as wide as a page's text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, figure_file, sheet
from dlrun.plots.model_rows import LayerRow, layer_rows, neuron_columns, total_lines
from dlrun.plots.neurons import draw_neurons

WIDTH = 6.9  # inches, as all lengths below
BOX_LEFT, BOX_WIDTH, BOX_HEIGHT = 0.25, 2.45, 0.34
ROW = 0.52
SHAPE_RIGHT = 3.95
PARAMETERS_RIGHT = 6.65
TINTS = (
    ("input", "#ffffff"),
    ("Dense", "#dcebf5"),
    ("EinsumDense", "#dcebf5"),
    ("Conv", "#fbe6d6"),
    ("SeparableConv", "#fbe6d6"),
    ("DepthwiseConv", "#fbe6d6"),
    ("LSTM", "#e6e0f0"),
    ("GRU", "#e6e0f0"),
    ("SimpleRNN", "#e6e0f0"),
    ("Embedding", "#ddf0e6"),
)
OTHER_TINT = "#f2f2f2"


def draw_model(count: Mapping[str, Any], path: Path, *, title: str = "", dpi: int = DPI) -> None:
    """Draws a model into a PNG, PDF or SVG file.

    A small dense net (at most 24 neurons in a layer) is drawn neuron by neuron with every
    connection, any other as boxes from top to bottom: layer, activation, output shape,
    parameters and how they are worked out. The total stands at the bottom.

    Args:
        count: As `ModelCount.to_dict()` gives it, or as read from `parameters.json`.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    columns = neuron_columns(count)
    if columns is not None:
        draw_neurons(columns, total_lines(count), path, title=title, dpi=dpi)
        return
    _draw_boxes(layer_rows(count), total_lines(count), path, title, dpi)


def _draw_boxes(
    rows: Sequence[LayerRow], total: Sequence[str], path: Path, title: str, dpi: int
) -> None:
    heading = labels.wrap(title, WIDTH - 0.5, 12)
    top = 0.30 + 0.22 * len(heading.splitlines())
    first = top + 0.55
    bottom = first + ROW * (len(rows) - 1) + BOX_HEIGHT / 2
    with figure_file(path, (WIDTH, bottom + 0.45 + 0.22 * len(total)), dpi) as figure:
        axes = sheet(figure)
        axes.text(BOX_LEFT, 0.2, heading, fontsize=12, fontweight="bold", va="top")
        head: dict[str, Any] = {"fontsize": 9, "color": GREY, "va": "center"}
        axes.text(BOX_LEFT, top + 0.12, "layer", **head)
        axes.text(SHAPE_RIGHT, top + 0.12, "output", ha="right", **head)
        axes.text(PARAMETERS_RIGHT, top + 0.12, "parameters", ha="right", **head)
        for i, row in enumerate(rows):
            y = first + i * ROW
            if i:
                _arrow(axes, y - ROW + BOX_HEIGHT / 2, y - BOX_HEIGHT / 2)
            _draw_row(axes, row, y)
        axes.plot([BOX_LEFT, PARAMETERS_RIGHT], [bottom + 0.17] * 2, color=INK, linewidth=0.9)
        for i, line in enumerate(total):
            weight = "normal" if i else "bold"
            y = bottom + 0.34 + 0.22 * i
            axes.text(
                PARAMETERS_RIGHT, y, line, ha="right", va="center", fontsize=10, fontweight=weight
            )


def _draw_row(axes: Axes, row: LayerRow, y: float) -> None:
    if row.num_skipped:
        text = f"… {row.num_skipped} more layers …"
        axes.text(BOX_LEFT + BOX_WIDTH / 2, y, text, ha="center", va="center", color=GREY)
    else:
        _box(axes, row, y)
        points = min(9.5, 9.5 * 14 / len(row.shape))
        axes.text(SHAPE_RIGHT, y, row.shape, ha="right", va="center_baseline", fontsize=points)
    number = f"{row.num_parameters:,}"
    if row.formula:
        _formula(axes, row.formula, number, y)
    elif row.num_parameters or row.num_skipped:
        axes.text(PARAMETERS_RIGHT, y, number, ha="right", va="center_baseline", fontsize=9.5)
    elif row.kind != "input":
        axes.text(PARAMETERS_RIGHT, y, "0", ha="right", va="center_baseline", color=GREY)


def _formula(axes: Axes, formula: str, number: str, y: float) -> None:
    """Writes how a layer's parameters are worked out: on one line, on two where it is long."""
    style: dict[str, Any] = {"ha": "right", "va": "center_baseline", "fontsize": 9.5}
    if len(formula) + len(number) <= 30:
        axes.text(PARAMETERS_RIGHT, y, f"{formula} = {number}", **style)
        return
    style["fontsize"] = min(9.0, 9.0 * 36 / len(formula))
    axes.text(PARAMETERS_RIGHT, y - 0.095, formula, **style)
    axes.text(PARAMETERS_RIGHT, y + 0.095, f"= {number}", **{**style, "fontsize": 9.5})


def _box(axes: Axes, row: LayerRow, y: float) -> None:
    tint = next((tint for kind, tint in TINTS if row.kind.startswith(kind)), OTHER_TINT)
    axes.add_patch(
        FancyBboxPatch(
            (BOX_LEFT, y - BOX_HEIGHT / 2),
            BOX_WIDTH,
            BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor="white" if row.added else tint,
            edgecolor=GREY if row.added else INK,
            linestyle=(0, (3, 2)) if row.added else "-",
            linewidth=0.9,
        )
    )
    note = "put in by dlrun" if row.added else labels.shorten(row.activation, 16)
    room = int((BOX_WIDTH - 0.3 - 0.075 * len(note)) / 0.09)  # inches, by a letter's mean width
    style: dict[str, Any] = {"va": "center_baseline"}
    kind = labels.shorten(row.kind, room)
    axes.text(BOX_LEFT + 0.12, y, kind, fontsize=10, fontweight="bold", **style)
    right = BOX_LEFT + BOX_WIDTH - 0.12
    axes.text(right, y, note, fontsize=9, ha="right", color=GREY, **style)


def _arrow(axes: Axes, start: float, end: float) -> None:
    middle = BOX_LEFT + BOX_WIDTH / 2
    axes.add_patch(
        FancyArrowPatch(
            (middle, start + 0.01),
            (middle, end - 0.01),
            arrowstyle="-|>",
            mutation_scale=7,
            color=INK,
            linewidth=0.9,
            shrinkA=0,
            shrinkB=0,
        )
    )
