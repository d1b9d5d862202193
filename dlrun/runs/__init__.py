"""Run folders: their layout, and how to make, find, read and write them.

Only this package knows the file names inside a run folder. `record` writes; it stays out of
this file, so that commands that only read need not load NumPy.
"""

from dlrun.runs.find import (
    find_any,
    find_run,
    find_sweep,
    list_all,
    list_runs,
    list_sweeps,
    resolve_runs_dir,
    single_run,
)
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep, Trial

__all__ = [
    "Run",
    "Sweep",
    "Trial",
    "find_any",
    "find_run",
    "find_sweep",
    "list_all",
    "list_runs",
    "list_sweeps",
    "resolve_runs_dir",
    "single_run",
]
