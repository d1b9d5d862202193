"""`dlrun schema`."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of configs, with which editors complete and check the YAML."""
    from dlrun.config import json_schema

    typer.echo(json.dumps(json_schema(), indent=1))
