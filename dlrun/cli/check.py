"""`dlrun check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.arguments import check_options


def check(
    configs: Annotated[
        list[str], typer.Argument(metavar="CONFIG...", help="YAML configs, and overrides.")
    ],
) -> None:
    """Check configs without training or loading TensorFlow; exit code 2 if one cannot work."""
    from dlrun.config import load_config
    from dlrun.errors import ConfigError

    check_options(configs, ["--help"])
    overrides = [text for text in configs if "=" in text or text.startswith(("~", "+", "-"))]
    failed = False
    for text in configs:
        if text in overrides:
            continue
        try:
            loaded = load_config(Path(text), overrides)
        except ConfigError as error:
            failed = True
            typer.echo(str(error), err=True)
            continue
        for warning in loaded.warnings:
            typer.echo(f"{text}: warning: {str(warning).strip()}", err=True)
        for remark in loaded.notes:
            typer.echo(f"{text}: {remark.message}", err=True)
        typer.echo(f"{text}: ok")
    if failed:
        raise typer.Exit(2)
