"""One figure, one file: dlrun's style, its colours, and how a figure is written.

Nothing here knows what is drawn.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import font_manager, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dlrun.errors import RunError
from dlrun.files import write_bytes

FORMATS = ("png", "pdf", "svg")
DPI = 150
PADDING = {"w_pad": 0.1, "h_pad": 0.1}
"""Inches around axes, for Matplotlib's constrained layout."""

INK = "#222222"
GREY = "#6b6b6b"
FAINT = "#e4e4e4"
PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
    "#882255",
    "#999933",
    "#332288",
    "#8c510a",
    "#44aa99",
)
"""Twelve colours that the colour-blind can tell apart; the first six are Okabe and Ito's."""

STYLE = {
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "figure.titlesize": 11.5,
    "figure.titleweight": "bold",
    "font.size": 9.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.borderaxespad": 0.0,
    "legend.borderpad": 0.0,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "svg.hashsalt": "dlrun",  # else the ids in an SVG file differ from one call to the next
    "text.color": INK,
    "text.parse_math": False,  # a `$` in a feature's name is a dollar
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}

FURTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
)


@contextmanager
def figure_file(path: Path, size: tuple[float, float], dpi: int = DPI) -> Iterator[Figure]:
    """Yields an empty figure in dlrun's style, and writes it to `path` when the block ends.

    Args:
        path: Ends in .png, .pdf or .svg; its folder exists.
        size: Width and height in inches.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix; before anything is drawn.
        StorageError: the file cannot be written.
    """
    file_format = _format_of(path)
    with style.context(["default", STYLE, {"font.family": _fonts()}]), warnings.catch_warnings():
        # A letter that no font on this machine has is drawn as a box: not worth a warning.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size, dpi=dpi)
        FigureCanvasAgg(figure)
        yield figure
        buffer = io.BytesIO()
        dates = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(buffer, format=file_format, dpi=dpi, metadata=dates[file_format])
    write_bytes(path, buffer.getvalue())


def _format_of(path: Path) -> str:
    found = path.suffix.lower().removeprefix(".")
    if found not in FORMATS:
        accepted = ", ".join(f".{name}" for name in FORMATS)
        raise RunError(
            f"{path}: cannot draw into a file that ends in {path.suffix!r}; end it in {accepted}"
        )
    return found


def _fonts() -> list[str]:
    installed = set(font_manager.fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in FURTHER_FONTS if name in installed)]


def sheet(figure: Figure) -> Axes:
    """Returns axes that cover the whole figure, in inches from its upper left corner."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes
