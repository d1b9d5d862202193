"""`dlrun new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.output import echo, echo_lines


def new(
    name: Annotated[
        str | None, typer.Argument(help="Name of the new file; none: list what there is.")
    ] = None,
    origin: Annotated[
        str, typer.Option("--from", help="The shipped config or sweep to start from.")
    ] = "digits_deep",
) -> None:
    """List the shipped configs and sweeps, or copy one to start from."""
    if name is None:
        _list()
        return
    from dlrun.config.shipped import SWEEPS, copy_config

    folder = Path("configs") if Path("configs").is_dir() else Path()
    if origin.startswith(f"{SWEEPS}/"):
        _new_sweep(origin, name, folder)
        return
    path = copy_config(origin, name, folder)
    echo(path)
    echo(f"next: edit it, then dlrun train {path}", err=True)


def _list() -> None:
    from dlrun.config.shipped import shipped_configs, shipped_sweeps

    found = (*shipped_configs(), *shipped_sweeps())
    width = max(len(config.name) for config in found)
    echo_lines(f"{config.name:<{width}}  {config.headline}" for config in found)
    echo(err=True)
    echo("dlrun new my_net --from mnist_deep   copies one to start from", err=True)


def _new_sweep(origin: str, name: str, folder: Path) -> None:
    from dlrun.sweeping.shipped import copy_sweep

    path, base, is_new = copy_sweep(origin, name, folder)
    echo_lines([path, base])
    if not is_new:
        echo(f"its base {base} was there already and is left as it is", err=True)
    echo(f"next: edit them, then dlrun sweep {path}", err=True)
