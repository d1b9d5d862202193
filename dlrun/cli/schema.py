"""`dlrun schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.output import echo_json


def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweeps' files.")] = False,
) -> None:
    """Print the JSON Schema of configs, with which editors complete and check the YAML."""
    from dlrun.config import json_schema
    from dlrun.sweeping import sweep_json_schema

    echo_json(sweep_json_schema() if sweep else json_schema())
