"""Run folders: their layout, and how to make, find, read and write them.

Only this package knows the file names inside a run folder. `record` writes; it stays out of
this file, so that commands that only read need not load NumPy.
"""

from dlrun.runs.find import find_run, list_runs, resolve_runs_dir, single_run
from dlrun.runs.run import Run

__all__ = ["Run", "find_run", "list_runs", "resolve_runs_dir", "single_run"]
