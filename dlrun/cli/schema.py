"""`dlrun schema`."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweeps' files.")] = False,
) -> None:
    """Print the JSON Schema of configs, with which editors complete and check the YAML."""
    from dlrun.config import json_schema
    from dlrun.sweeping import sweep_json_schema

    typer.echo(json.dumps(sweep_json_schema() if sweep else json_schema(), indent=1))
