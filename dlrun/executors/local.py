"""Tasks given out to worker processes on this machine, and what they tell gathered in one place.

How many run at a time decides how long it takes and nothing else: each task's TensorFlow has the
threads that its config names, and every task starts from its own seed.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dlrun.events import FromTask, Report
from dlrun.executors.frames import FrameReader, write_message
from dlrun.executors.task import FORKS, Outcome, Stop, Task, Told, reason_of_end
from dlrun.runs.environment import count_cpus
from dlrun.stopping import StopRequest

TASKS_A_WORKER = 20
"""Where tasks share a process, it is replaced after so many: what each net leaves goes with it."""

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0
"""So long tasks may take to write their checkpoints before they are killed."""


def count_at_a_time(num_tasks: int, threads: int) -> int:
    """Returns how many tasks to run at a time: for each core one, or more where that ends sooner.

    Three of five tasks at a time on two cores take 2.5 times as long as one, two at a time 3
    times, since the fifth runs alone then.

    Args:
        num_tasks: How many there are, about equally long.
        threads: Of each.
    """
    cores = max(1, count_cpus() // threads)
    choices = range(cores, 2 * cores + 1)
    return min(num_tasks, min(choices, key=lambda number: _duration(num_tasks, number, cores)))


def _duration(num_tasks: int, at_a_time: int, cores: int) -> float:
    """In units of one task alone, where those that run share the cores evenly."""
    whole, rest = divmod(num_tasks, at_a_time)
    return whole * max(1, at_a_time / cores) + (max(1, rest / cores) if rest else 0)


@dataclass(eq=False)
class _Worker:
    """A worker process and the tasks it is at."""

    process: subprocess.Popen[bytes]
    tasks: dict[str, Task] = field(default_factory=dict)
    num_given: int = 0

    def send(self, message: Any) -> None:
        if self.process.stdin is not None:
            write_message(self.process.stdin.fileno(), message)

    def give(self, task: Task) -> None:
        self.tasks[task.name] = task
        self.num_given += 1
        self.send(task)

    def close(self) -> None:
        """Ends the process; tasks that it is at end at a checkpoint."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class _Crew:
    """The workers, and what they have said and nobody has read yet."""

    inbox: queue.SimpleQueue[tuple[_Worker, Any]] = field(default_factory=queue.SimpleQueue)
    workers: list[_Worker] = field(default_factory=list)

    def hire(self) -> _Worker:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlrun.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C is passed on by us, once
        )
        worker = _Worker(process)
        self.workers.append(worker)
        threading.Thread(target=self._read, args=(worker,), daemon=True).start()
        return worker

    def _read(self, worker: _Worker) -> None:
        """Passes on what a worker says; None once it has gone."""
        reader, stream = FrameReader(), worker.process.stdout
        assert stream is not None
        try:
            with stream:
                while received := os.read(stream.fileno(), 1 << 16):
                    for message in reader.feed(received):
                        self.inbox.put((worker, message))
        finally:  # also where it says what cannot be read
            self.inbox.put((worker, None))

    @property
    def num_tasks(self) -> int:
        return sum(len(worker.tasks) for worker in self.workers)


def run_tasks(
    tasks: Sequence[Task], at_a_time: int, report: Report, request: StopRequest
) -> Iterator[Outcome]:
    """Trains tasks in other processes; yields how each ended, as it ends.

    Args:
        tasks: In the order in which they begin.
        at_a_time: How many run.
        report: Told every event of every task, as `FromTask`.
        request: Once it is made, running tasks end at a checkpoint and no other begins; those
            that have not begun are not yielded.
    """
    waiting, crew, is_stopping = deque(tasks), _Crew(), False
    try:
        while True:
            if request.signum is not None and not is_stopping:
                is_stopping = True
                waiting.clear()
                for worker in crew.workers:
                    worker.send(Stop(request.signum))
            _give_out(waiting, crew, at_a_time)
            if not crew.num_tasks:
                return
            try:
                worker, message = crew.inbox.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(message, Told):
                report(FromTask(message.task, message.event))
            elif isinstance(message, Outcome):
                worker.tasks.pop(message.task, None)
                yield message
            elif message is None and worker in crew.workers:  # else it was sent away
                crew.workers.remove(worker)
                worker.close()
                reason = reason_of_end(worker.process.returncode)
                for task in worker.tasks.values():
                    yield Outcome(task.name, "crashed", reason)
    finally:
        for worker in crew.workers:
            worker.send(None)  # it ends by itself where it has nothing to do
        for worker in crew.workers:
            worker.close()


def _give_out(waiting: deque[Task], crew: _Crew, at_a_time: int) -> None:
    """Has as many tasks run as may; a process forks them, or is at one of them itself."""
    while waiting and crew.num_tasks < at_a_time:
        idle = [worker for worker in crew.workers if FORKS or not worker.tasks]
        worker = idle[0] if idle else crew.hire()
        if not FORKS and worker.num_given >= TASKS_A_WORKER:
            worker.send(None)
            crew.workers.remove(worker)
            worker.close()
        else:
            worker.give(waiting.popleft())
