"""`dlrun plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.arguments import UsageError
from dlrun.cli.output import echo_lines

if TYPE_CHECKING:
    from dlrun.runs import Sweep


def plot(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs, a sweep, or `latest`.")
    ],
    x: Annotated[
        str, typer.Option("--x", help="What runs along the x axis: epoch, updates or seconds.")
    ] = "epoch",
    metric: Annotated[
        list[str] | None, typer.Option(help="Only this metric; repeatable. Default: all.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic y axis.")] = False,
    size: Annotated[
        str | None, typer.Option(help="Width × height in inches, such as 7x4.5.")
    ] = None,
    dpi: Annotated[int, typer.Option(min=20, max=1200, help="Dots an inch, for PNG.")] = 150,
    file_format: Annotated[
        str | None, typer.Option("--format", help="png, pdf or svg. Default: png.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="A folder, or a file when one metric is drawn. "
            "Default: the run's plots; of several runs the folder they lie in."
        ),
    ] = None,
) -> None:
    """Draw a run's curves again, several runs in one figure a metric, or a sweep's pictures."""
    from dlrun.cli.display import judge_late
    from dlrun.plots.run_plots import PlotStyle, draw_runs
    from dlrun.runs import Sweep, find_any, find_run

    if len(runs) == 1 and isinstance(sweep := find_any(runs[0]), Sweep):
        if metric or x != "epoch" or log or size:
            raise UsageError("a sweep's pictures take --format and --output alone")
        _plot_sweep(sweep, output, _format(file_format, None))
        return
    style = PlotStyle(
        x_axis=x,
        log_scale=log,
        size=_parse_size(size),
        dpi=dpi,
        file_format=_format(file_format, output),
    )
    found = [find_run(name) for name in runs]
    judge_late(*found)
    echo_lines(draw_runs(found, style, metrics=metric or (), output=output))


def _plot_sweep(sweep: Sweep, output: Path | None, file_format: str) -> None:
    """Draws all pictures of a sweep that make sense, and says why others do not."""
    from dlrun.plots.sweep_plots import draw_sweep
    from dlrun.runs.links import refuse_links
    from dlrun.sweeping.rows import rows_of

    if output is None:
        refuse_links(sweep)
    paths, left_out = draw_sweep(rows_of(sweep), output or sweep.plots_dir, file_format)
    echo_lines(paths)
    echo_lines((f"not drawn: {reason}" for reason in left_out), err=True)


def _parse_size(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        width, height = (float(part) for part in text.lower().replace("×", "x").split("x"))
    except ValueError:
        raise UsageError(f"--size: {text!r} is not width×height in inches; try 7x4.5") from None
    if not (1 <= width <= 100 and 1 <= height <= 100):
        raise UsageError(f"--size: {text!r} is not between 1 and 100 inches; try 7x4.5")
    return width, height


def _format(wanted: str | None, output: Path | None) -> str:
    suffix = output.suffix.removeprefix(".") if output is not None else ""
    if wanted and suffix and wanted != suffix:
        raise UsageError(f"--output ends in .{suffix} and --format is {wanted}; drop one of them")
    return wanted or suffix or "png"
