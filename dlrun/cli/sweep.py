"""`dlrun sweep`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.arguments import JsonOption, QuietOption, check_options
from dlrun.cli.output import echo_json, echo_lines

FAILED_TRIALS = 3
"""Exit code of a sweep that is done, and some of whose trials failed."""

SearchArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUES]...",
        help="What to try, such as optimizer.learning_rate=0.1,0.01 model.activation=relu,tanh; "
        "a key with one value is an override of every trial; strategy=random trials=20.",
    ),
]


def sweep(
    context: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="SWEEP|CONFIG", help="A sweep's YAML file, or a config.")
    ],
    search: SearchArgument = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the trials and about how long they take.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Trials at a time. Default: by the cores and a trial's threads."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try trials again that failed before.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End with the first trial that fails.")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train many variants of a config; the same command again does only what is missing."""
    from dlrun.cli.signals import BEGINS_ANEW, SWEEP_GOES_ON
    from dlrun.cli.sweeps import dry_run_lines, show_sweep
    from dlrun.cli.working import working
    from dlrun.sweeping import load_sweep

    tokens = search or []
    check_options(context, tokens)
    definition = load_sweep(target, tokens)
    if_quit = BEGINS_ANEW if dry_run else SWEEP_GOES_ON
    with working(quiet=quiet, if_quit=if_quit) as report:
        if dry_run:
            from dlrun.sweeping.estimate import estimate_sweep

            estimate = estimate_sweep(definition, workers=workers, report=report)
        else:
            from dlrun.sweeping.driving import run_sweep

            found = run_sweep(
                definition,
                workers=workers,
                retry_failed=retry_failed,
                fail_fast=fail_fast,
                report=report,
                command=["dlrun", *sys.argv[1:]],
            )
    if dry_run:
        if as_json:
            echo_json(estimate.to_dict())
        else:
            echo_lines(dry_run_lines(definition, estimate))
        return
    show_sweep(found, as_json=as_json, quiet=quiet)
    raise_failed(found)


def raise_failed(found: object) -> None:
    """Ends the command with exit code 3 where trials of a sweep failed."""
    from dlrun.runs import Sweep
    from dlrun.runs.sweep import FAILED

    if isinstance(found, Sweep) and any(trial.state in FAILED for trial in found.trials):
        raise typer.Exit(FAILED_TRIALS)
