"""Tasks given out to worker processes on this machine, and what they tell gathered in one place.

How many run at a time decides how long it takes and nothing else: each task's TensorFlow has the
threads that its config names, and every task starts from its own seed.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from dlrun.events import FromTask, Report
from dlrun.executors.frames import FrameReader, write_message
from dlrun.executors.task import (
    FORKS,
    TASKS_A_PROCESS,
    Kill,
    Outcome,
    Stop,
    Task,
    Told,
    ended_outcome,
)
from dlrun.processes import module_command, module_environment
from dlrun.runs.environment import count_cpus
from dlrun.stopping import Wish

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0
"""So long tasks may take to write their checkpoints before they are killed."""

_START_SECONDS = 60.0
"""So long a task may take to give a first sign of life, beside its own limit."""


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
class _Given:
    """A task that a worker is at, and when it must be done."""

    task: Task
    deadline: float = float("inf")
    is_overdue: bool = False

    def heard(self) -> None:
        """Its time begins to count."""
        limit = self.task.limit_seconds
        if limit is not None and not self.is_overdue:
            self.deadline = min(self.deadline, time.monotonic() + limit)


class _Waiting:
    """Tasks that have not begun, of which only the next one is known."""

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._first: Task | None = None

    @property
    def first(self) -> Task | None:
        """The next one; None where there is none."""
        if self._first is None:
            self._first = next(self._tasks, None)
        return self._first

    def pop(self) -> Task:
        """Takes the next one away."""
        first, self._first = self.first, None
        assert first is not None
        return first

    def give_up(self) -> None:
        """Forgets all of them."""
        self._tasks, self._first = iter(()), None


@dataclass(eq=False)
class _Worker:
    """A worker process and the tasks it is at."""

    process: subprocess.Popen[bytes]
    given: dict[str, _Given] = field(default_factory=dict)
    num_given: int = 0
    threads: Any = None

    def send(self, message: Any) -> None:
        if self.process.stdin is not None:
            write_message(self.process.stdin.fileno(), message)

    def give(self, task: Task) -> None:
        limit = float("inf") if task.limit_seconds is None else task.limit_seconds
        self.given[task.name] = _Given(task, time.monotonic() + _START_SECONDS + limit)
        self.num_given += 1
        self.threads = task.loaded.config.training.threads
        self.send(task)

    def end_overdue(self) -> None:
        """Ends the processes of tasks whose time is over."""
        now = time.monotonic()
        for given in self.given.values():
            if given.deadline < now and not given.is_overdue:
                given.is_overdue = True
                if FORKS:
                    self.send(Kill(given.task.name))
                else:
                    self.process.kill()

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
class Crew:
    """The workers, and what they have said and nobody has read yet; made by `open_crew`."""

    inbox: queue.SimpleQueue[tuple[_Worker, Any]] = field(default_factory=queue.SimpleQueue)
    workers: list[_Worker] = field(default_factory=list)

    def run(
        self, tasks: Iterable[Task], room: int, report: Report, request: Wish
    ) -> Iterator[Outcome]:
        """Does tasks in other processes; yields how each ended, as it ends.

        Args:
            tasks: In the order in which they begin; each is asked for when it is its turn.
            room: How much the weights of those that run may come to; one alone runs anyway.
            report: Told every event of every task, as `FromTask`.
            request: Once it is made, running tasks end at a checkpoint and no other begins; those
                that have not begun are not yielded.
        """
        waiting, is_stopping = _Waiting(iter(tasks)), False
        while True:
            if request.signum is not None and not is_stopping:
                is_stopping = True
                waiting.give_up()
                for worker in self.workers:
                    worker.send(Stop(request.signum))
            self._give_out(waiting, room)
            if not self._weight:
                return
            for worker in self.workers:
                worker.end_overdue()
            try:
                worker, message = self.inbox.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            for outcome in self._heard(worker, message, report):
                ended = is_stopping and (outcome.is_killed or message is None)
                yield replace(outcome, status="interrupted") if ended else outcome

    def _heard(self, worker: _Worker, message: Any, report: Report) -> Iterator[Outcome]:
        if isinstance(message, Told):
            if message.task in worker.given:
                worker.given[message.task].heard()
            report(FromTask(message.task, message.event))
        elif isinstance(message, Outcome):
            given = worker.given.pop(message.task, None)
            if given is not None:
                yield _overdue(given) if given.is_overdue else message
        elif message is None and worker in self.workers:  # else it was sent away
            self.workers.remove(worker)
            worker.close()
            code = worker.process.returncode
            for name, given in worker.given.items():
                yield _overdue(given) if given.is_overdue else ended_outcome(name, code)

    def hire(self) -> _Worker:
        """Starts a worker, which imports TensorFlow while others do something else."""
        process = subprocess.Popen(
            module_command("dlrun.executors.worker"),
            env=module_environment(),
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
    def _weight(self) -> int:
        return sum(one.task.weight for worker in self.workers for one in worker.given.values())

    def _give_out(self, waiting: _Waiting, room: int) -> None:
        """Has as many tasks run as may; a process forks them, or is at one of them itself."""
        while self._weight < room and waiting.first is not None:
            if self._weight and self._weight + waiting.first.weight > room:
                return
            task = waiting.pop()
            self._worker_for(task).give(task)

    def _worker_for(self, task: Task) -> _Worker:
        """A worker that forks, or one that is free and whose TensorFlow has these threads."""
        if FORKS:
            return self.workers[0] if self.workers else self.hire()
        for worker in [one for one in self.workers if not one.given]:
            is_fresh = worker.num_given < TASKS_A_PROCESS
            if is_fresh and worker.threads in (None, task.loaded.config.training.threads):
                return worker
            worker.send(None)
            self.workers.remove(worker)
            worker.close()
        return self.hire()

    def close(self) -> None:
        """Ends all workers; tasks that they are at end at a checkpoint."""
        for worker in self.workers:
            worker.send(None)  # it ends by itself where it has nothing to do
        for worker in self.workers:
            worker.close()


def _overdue(given: _Given) -> Outcome:
    limit = given.task.limit_seconds or 0.0
    shown = f"{limit:g} s" if limit < 120 else f"{limit / 60:g} min"
    return Outcome(given.task.name, "timed_out", f"it took longer than its limit of {shown}")


@contextmanager
def open_crew() -> Iterator[Crew]:
    """Gives a crew without workers; they end with the block."""
    crew = Crew()
    try:
        yield crew
    finally:
        crew.close()


def run_tasks(
    tasks: Sequence[Task], at_a_time: int, report: Report, request: Wish
) -> Iterator[Outcome]:
    """Does tasks by a crew of their own, as `Crew.run` does."""
    with open_crew() as crew:
        yield from crew.run(tasks, at_a_time, report, request)
