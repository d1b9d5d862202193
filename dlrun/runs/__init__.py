"""Run folders: their layout, and how to make, find, read and write them.

Only this package knows the file names inside a run folder.
"""

from dlrun.runs.find import find_run, list_runs, resolve_runs_dir
from dlrun.runs.record import Recorder, create_run
from dlrun.runs.run import Run

__all__ = ["Recorder", "Run", "create_run", "find_run", "list_runs", "resolve_runs_dir"]
