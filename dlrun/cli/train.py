"""`dlrun train`."""

from __future__ import annotations

import sys
from dataclasses import replace
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
    from dlrun.config import load_config

    tokens = overrides or []
    check_options(tokens, ["--note", "--quiet", "--json", "--help"])
    loaded = load_config(config, tokens)
    settings = loaded.config if note is None else replace(loaded.config, note=note)

    # Only now: a typo is told before anything slower than the config's own checks is loaded.
    from dlrun.cli.display import show_result, showing
    from dlrun.events import Message
    from dlrun.prepare import prepare_data

    with showing(quiet=quiet) as report:
        for warning in loaded.warnings:
            report(Message(f"{config}: {warning}", level="warning"))
        for remark in loaded.notes:
            report(Message(remark.message))
        data = prepare_data(settings, report)
        report(Message("loading TensorFlow …"))
        from dlrun.experiment import run_experiment

        run = run_experiment(
            settings,
            data,
            report=report,
            command=["dlrun", *sys.argv[1:]],
            overrides=tokens,
        )
    show_result(run, as_json=as_json, quiet=quiet)
