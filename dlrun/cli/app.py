"""The `dlrun` command and its sub-commands' names; nothing heavy is imported here."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dlrun import __version__
from dlrun.cli.check import check
from dlrun.cli.compare import compare
from dlrun.cli.data import data_app
from dlrun.cli.diagnose import diagnose
from dlrun.cli.export import export
from dlrun.cli.gc import gc
from dlrun.cli.guard import DEBUG, guarded
from dlrun.cli.new import new
from dlrun.cli.output import echo
from dlrun.cli.plot import plot
from dlrun.cli.predict import predict
from dlrun.cli.report import report
from dlrun.cli.reproduce import reproduce
from dlrun.cli.resume import resume
from dlrun.cli.schema import schema
from dlrun.cli.serve import serve
from dlrun.cli.summary import summary
from dlrun.cli.sweep import sweep
from dlrun.cli.test import test
from dlrun.cli.train import train

# Unknown options reach the commands that take overrides, which show the right form.
_TAKES_OVERRIDES = {"ignore_unknown_options": True, "allow_extra_args": True}

app = typer.Typer(
    name="dlrun",
    help="Train small and medium Keras models from one YAML file, and trust the numbers.",
    epilog="Start with: dlrun new · dlrun train configs/digits_deep.yaml · dlrun summary",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(context_settings=_TAKES_OVERRIDES)(guarded(train))
app.command(context_settings=_TAKES_OVERRIDES)(guarded(sweep))
app.command(context_settings=_TAKES_OVERRIDES)(guarded(resume))
app.command()(guarded(reproduce))
app.command(context_settings=_TAKES_OVERRIDES)(guarded(summary))
app.command()(guarded(plot))
app.command()(guarded(report))
app.command()(guarded(diagnose))
app.command()(guarded(compare))
app.command()(guarded(test))
app.command()(guarded(predict))
app.command()(guarded(export))
app.command()(guarded(serve))
app.command(context_settings=_TAKES_OVERRIDES)(guarded(check))
app.add_typer(data_app, name="data")
app.command()(guarded(gc))
app.command()(guarded(new))
app.command()(guarded(schema))


def _show_version(wanted: bool) -> None:
    if wanted:
        echo(f"dlrun {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show errors with their traceback; may stand anywhere.")
    ] = False,
) -> None:
    """Train small and medium Keras models from one YAML file, and trust the numbers."""


def run_app() -> None:
    """Runs the command line."""
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        os.environ[DEBUG] = "1"
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Windows consoles and pipes default to a code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
