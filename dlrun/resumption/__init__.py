"""Going on with a run: from where, with which config, and whether exactly as if never stopped.

Reads the run folder alone, without TensorFlow, so that what cannot be is told at once.
"""

from dlrun.resumption.changes import (
    EXACT_KEYS,
    changed_keys,
    load_changed,
    public_key,
    refuse_other_runs,
    trained_config,
)
from dlrun.resumption.plan import ResumePlan, plan_resume, running_error
from dlrun.resumption.same_data import check_same_data

__all__ = [
    "EXACT_KEYS",
    "ResumePlan",
    "changed_keys",
    "check_same_data",
    "load_changed",
    "plan_resume",
    "public_key",
    "refuse_other_runs",
    "running_error",
    "trained_config",
]
