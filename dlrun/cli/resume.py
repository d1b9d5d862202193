"""`dlrun resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.arguments import JsonOption, OverridesArgument, QuietOption, check_options


def resume(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN|SWEEP", help="A run, a sweep, or `latest`.")],
    overrides: OverridesArgument = None,
    more_epochs: Annotated[
        int | None, typer.Option("--more-epochs", min=1, help="Extend the run by so many epochs.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="Go on in a new folder of this name; RUN stays as it is."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Of a sweep: trials at a time.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Of a sweep: try failed trials again.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Of a sweep: end with the first that fails.")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run or sweep that was stopped or killed, as if it never had; or train longer."""
    import dlrun
    from dlrun.cli.display import show_result
    from dlrun.cli.signals import RESUME_GOES_ON
    from dlrun.cli.sweep import raise_failed
    from dlrun.cli.sweeps import show_sweep
    from dlrun.cli.working import working
    from dlrun.runs import Sweep

    tokens = overrides or []
    check_options(context, tokens)
    with working(quiet=quiet, if_quit=RESUME_GOES_ON) as report:
        resumed = dlrun.resume(
            run,
            tokens,
            more_epochs=more_epochs,
            into=into,
            workers=workers,
            retry_failed=retry_failed,
            fail_fast=fail_fast,
            report=report,
        )
    if isinstance(resumed, Sweep):
        show_sweep(resumed, as_json=as_json, quiet=quiet)
        raise_failed(resumed)
    else:
        show_result(resumed, as_json=as_json, quiet=quiet)
