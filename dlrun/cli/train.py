"""`dlrun train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.arguments import JsonOption, OverridesArgument, QuietOption, check_options


def train(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML config.")],
    overrides: OverridesArgument = None,
    note: Annotated[
        str | None, typer.Option("--note", help="A word on this run, shown by summary.")
    ] = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a config; everything that comes out goes into a new folder under runs/."""
    import dlrun
    from dlrun.cli.display import show_result
    from dlrun.cli.signals import RESUME_GOES_ON
    from dlrun.cli.working import working

    tokens = overrides or []
    check_options(context, tokens)
    with working(quiet=quiet, if_quit=RESUME_GOES_ON) as report:
        run = dlrun.train(
            config, tokens, note=note, report=report, command=["dlrun", *sys.argv[1:]]
        )
    show_result(run, as_json=as_json, quiet=quiet)
