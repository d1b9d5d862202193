"""`dlrun new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[
        str | None, typer.Argument(help="Name of the new config; none: list what there is.")
    ] = None,
    origin: Annotated[
        str, typer.Option("--from", help="The shipped config to start from.")
    ] = "digits_deep",
) -> None:
    """List the shipped configs, or copy one to start from."""
    from dlrun.config.shipped import copy_config, shipped_configs

    if name is None:
        found = shipped_configs()
        width = max(len(config.name) for config in found)
        for config in found:
            typer.echo(f"{config.name:<{width}}  {config.headline}")
        typer.echo("\ndlrun new my_net --from mnist_deep   copies one to start from", err=True)
        return
    folder = Path("configs") if Path("configs").is_dir() else Path()
    path = copy_config(origin, name, folder)
    typer.echo(str(path))
    typer.echo(f"next: edit it, then dlrun train {path}", err=True)
