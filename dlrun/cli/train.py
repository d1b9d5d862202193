"""`dlrun train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.arguments import OverridesArgument, check_options


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML config.")],
    overrides: OverridesArgument = None,
    note: Annotated[
        str | None, typer.Option("--note", help="A word on this run, shown by summary.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no messages; only the result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Train a config; everything that comes out goes into a new folder under runs/."""
    import dlrun
    from dlrun.cli.display import show_result
    from dlrun.cli.signals import RESUME_GOES_ON
    from dlrun.cli.working import working

    tokens = overrides or []
    check_options(tokens, ["--note", "--quiet", "--json", "--help"])
    with working(quiet=quiet, if_quit=RESUME_GOES_ON) as report:
        run = dlrun.train(
            config, tokens, note=note, report=report, command=["dlrun", *sys.argv[1:]]
        )
    show_result(run, as_json=as_json, quiet=quiet)
