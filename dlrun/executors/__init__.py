"""Many configs to train: worker processes on this machine, each of which trains one at a time."""

from dlrun.executors.local import Crew, count_at_a_time, open_crew, run_tasks
from dlrun.executors.task import Outcome, Task

__all__ = ["Crew", "Outcome", "Task", "count_at_a_time", "open_crew", "run_tasks"]
