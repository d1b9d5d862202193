"""`dlrun report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.output import echo


def report(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep, or `latest`.")],
    output: Annotated[
        Path | None, typer.Option(help="The HTML file. Default: report.html in its folder.")
    ] = None,
) -> None:
    """Write a sweep on one page: a single HTML file with its pictures inside."""
    from dlrun.runs import find_sweep
    from dlrun.sweeping.report import write_report

    echo(write_report(find_sweep(sweep), output))
