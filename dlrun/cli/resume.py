"""`dlrun resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.arguments import OverridesArgument, check_options


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    overrides: OverridesArgument = None,
    more_epochs: Annotated[
        int | None, typer.Option("--more-epochs", min=1, help="Extend the run by so many epochs.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="Go on in a new folder of this name; RUN stays as it is."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no messages; only the result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Go on with a run that was stopped, killed or is to be longer, as if it never had stopped."""
    import dlrun
    from dlrun.cli.display import show_result, showing
    from dlrun.cli.signals import signals_heard
    from dlrun.screen import own_stderr

    tokens = overrides or []
    check_options(tokens, ["--more-epochs", "--into", "--quiet", "--json", "--help"])
    with signals_heard(), own_stderr(), showing(quiet=quiet) as report:
        resumed = dlrun.resume(run, tokens, more_epochs=more_epochs, into=into, report=report)
    show_result(resumed, as_json=as_json, quiet=quiet)
