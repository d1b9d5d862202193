"""`dlrun serve`."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.arguments import MemberOption
from dlrun.cli.output import echo
from dlrun.errors import ServeError


def serve(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes any that is free.")
    ] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others let the network in.")
    ] = "127.0.0.1",
    drawings: Annotated[
        Path, typer.Option("--drawings", help="Folder in which drawings are kept.")
    ] = Path("drawings"),
    member: MemberOption = None,
) -> None:
    """Draw and see what a run's model says, on a page of this machine; JSON for programs."""
    from dlrun.cli.display import showing
    from dlrun.runs import find_run, single_run

    found = single_run(find_run(run), member)
    _check_packages()
    from dlrun.web.app import make_app
    from dlrun.web.drawings import Drawings
    from dlrun.web.guard import is_loopback
    from dlrun.web.served import load_served
    from dlrun.web.server import address_of, run_server, take_port
    from dlrun.web.worker import Worker

    with take_port(host, port) as sock:
        if not is_loopback(host):
            echo(f"warning: anyone on the network can use it, by --host {host}", err=True)
        with showing(quiet=False) as report:
            served = load_served(found, report)
        worker = Worker()
        app = make_app(served, Drawings(drawings, served.meaning.class_names), host, worker)
        echo(f"{found.id}: {address_of(sock, host)}")
        echo("Ctrl-C stops it", err=True)
        run_server(app, sock)
    if worker.is_computing:
        _end_at_once()


def _end_at_once() -> None:
    """Ends the process with 0 though a thread computes; Python's own end may crash TensorFlow."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(0)


def _check_packages() -> None:
    missing = [n for n in ("starlette", "uvicorn") if importlib.util.find_spec(n) is None]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        raise ServeError(
            f"serve: {' and '.join(missing)} {are} not installed; pip install 'dlrun[serve]'"
        )
