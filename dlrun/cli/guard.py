"""The one place where errors become words on the screen and an exit code."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from dlrun.cli.output import echo, echo_lines
from dlrun.errors import ConfigError, DlrunError
from dlrun.screen import silence

DEBUG = "DLRUN_DEBUG"
"""Set by `--debug`: errors are shown with their traceback."""


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Wraps a command: a DlrunError ends it with its message and exit code, Ctrl-C with 130."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DlrunError as error:
            if os.environ.get(DEBUG):
                raise
            echo_lines(error_text(error).split("\n"), err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as stop:
            echo(f"dlrun: {stop}" if str(stop) else "dlrun: interrupted", err=True)
            raise typer.Exit(getattr(stop, "exit_code", 130)) from None
        except BrokenPipeError:  # `dlrun summary | head`: the reader has enough
            silence(sys.stdout)
            raise typer.Exit(141) from None

    return run


def error_text(error: DlrunError) -> str:
    """Returns an error as it is shown: problems of a config as they are, others after a label."""
    return str(error) if isinstance(error, ConfigError) else f"dlrun: error: {error}"
