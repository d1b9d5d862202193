"""The JSON Schema of a sweep's file, by which editors complete and check the YAML.

It follows from the key table in `schema`. Whatever it refuses `load_sweep` refuses, too; what
depends on several keys at once, and what the base makes of a value, `dlrun check` alone tells.
"""

from __future__ import annotations

from typing import Any

from dlrun.config.keys import Section
from dlrun.sweeping.domains import domain_schema
from dlrun.sweeping.schema import SweepConfig


def sweep_json_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 7) of a sweep's file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "dlrun sweep",
        **Section(of=SweepConfig).json_schema(),
        "definitions": {"values": domain_schema()},
    }
