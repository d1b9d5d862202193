"""Sweeps: from a file or a command line to the configs of many trials, and their training.

Nothing that is imported here loads TensorFlow or trains.
"""

from __future__ import annotations

from dlrun.sweeping.checking import check_plan
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.editor_schema import sweep_json_schema
from dlrun.sweeping.loading import load_sweep

__all__ = ["SweepDefinition", "check_plan", "load_sweep", "sweep_json_schema"]
