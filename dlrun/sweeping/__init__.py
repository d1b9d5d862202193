"""Sweeps: from a file or a command line to the configs of many trials.

Nothing here imports TensorFlow or trains.
"""

from __future__ import annotations

from dlrun.config import is_sweep
from dlrun.sweeping.checking import (
    CheckedPlan,
    CheckedTrials,
    check_assignments,
    check_plan,
    check_values,
)
from dlrun.sweeping.definition import (
    SweepDefinition,
    known_direction,
    objective_metric,
    plan_key,
)
from dlrun.sweeping.editor_schema import sweep_json_schema
from dlrun.sweeping.loading import load_sweep
from dlrun.sweeping.planning import count_planned, draw, make_rng, plan_assignments
from dlrun.sweeping.schema import BudgetConfig, ObjectiveConfig, SweepConfig
from dlrun.sweeping.space import Assignment, Choice, Domain, Parameter, Range, Uniform
from dlrun.sweeping.trial_config import make_trial_config, trial_hash

__all__ = [
    "Assignment",
    "BudgetConfig",
    "CheckedPlan",
    "CheckedTrials",
    "Choice",
    "Domain",
    "ObjectiveConfig",
    "Parameter",
    "Range",
    "SweepConfig",
    "SweepDefinition",
    "Uniform",
    "check_assignments",
    "check_plan",
    "check_values",
    "count_planned",
    "draw",
    "is_sweep",
    "known_direction",
    "load_sweep",
    "make_rng",
    "make_trial_config",
    "objective_metric",
    "plan_assignments",
    "plan_key",
    "sweep_json_schema",
    "trial_hash",
]
