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
    from dlrun.cli.arguments import UsageError
    from dlrun.errors import ConfigError

    check_options(configs, ["--help"])
    names = [text for text in configs if text.endswith((".yaml", ".yml")) or Path(text).exists()]
    overrides = [text for text in configs if text not in names]
    if not names:
        raise UsageError(f"no config among {' '.join(configs)!r}; name a YAML file")
    failed = False
    for name in names:
        try:
            remarks = _check_one(Path(name), overrides)
        except ConfigError as error:
            failed = True
            typer.echo(str(error), err=True)
            continue
        for remark in remarks:
            typer.echo(f"{name}: {remark}", err=True)
        typer.echo(f"{name}: ok")
    if failed:
        raise typer.Exit(2)


def _check_one(path: Path, overrides: list[str]) -> list[str]:
    from dlrun.config import is_model_only, load_config, load_model
    from dlrun.files import read_yaml

    if is_model_only(read_yaml(path)):
        load_model(path, overrides)
        return []
    loaded = load_config(path, overrides)
    warnings = [f"warning: {str(warning).strip()}" for warning in loaded.warnings]
    return [*warnings, *(remark.message for remark in loaded.notes)]
