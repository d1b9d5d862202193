"""Where a process can be forked: TensorFlow is imported once, and every child begins with it.

A child does one task after another, begins each at once, takes no other along where it crashes,
and leaves with all its memory after a few. Nothing of TensorFlow runs before the fork.
"""

from __future__ import annotations

import ctypes
import gc
import os
import selectors
import signal
import socket
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dlrun.data.store import DataStore
from dlrun.executors.doing import Send, do_task
from dlrun.executors.frames import FrameReader, write_message
from dlrun.executors.task import TASKS_A_PROCESS, Kill, Outcome, Stop, Task, ended_outcome
from dlrun.stopping import SIGNALS, Stopped

SOUND = ("finished", "diverged")
"""Outcomes after which a process may do another task."""

_READ_BYTES = 1 << 16
_PR_SET_PDEATHSIG = 1  # of Linux's prctl
_FIRST_TO_GO = "800"
"""Of 1,000: whom Linux ends first where memory runs out, a child before who waits for it."""


@dataclass
class _Child:
    """A forked process, our end of the line to it, and what it is at."""

    line: socket.socket
    threads: Any
    reader: FrameReader = field(default_factory=FrameReader)
    task: Task | None = None
    num_given: int = 0


@dataclass
class _Nursery:
    """The processes that were forked and have not ended."""

    send: Send
    selector: selectors.BaseSelector
    store: DataStore = field(default_factory=DataStore)
    children: dict[int, _Child] = field(default_factory=dict)
    num_stops: int = 0

    @property
    def is_busy(self) -> bool:
        return any(child.task is not None for child in self.children.values())

    def give(self, task: Task) -> None:
        """Has a child that is free do it, or a new one."""
        config = task.loaded.config
        for child in [one for one in self.children.values() if one.task is None]:
            is_fresh = child.num_given < TASKS_A_PROCESS
            if is_fresh and child.threads == config.training.threads and not config.imports:
                self._give(child, task)
                return
            self._send_away(child)  # its memory is needed, and its TensorFlow is another
        self._give(self._fork(task), task)

    def _give(self, child: _Child, task: Task) -> None:
        child.task = task
        child.num_given += 1
        write_message(child.line.fileno(), task)

    def _fork(self, task: Task) -> _Child:
        self._warm(task)
        ours, theirs = socket.socketpair()
        number = os.fork()
        if not number:
            self._be_a_child(ours, theirs)
        theirs.close()
        threads = None if task.loaded.config.imports else task.loaded.config.training.threads
        child = self.children[number] = _Child(ours, threads)
        self.selector.register(ours, selectors.EVENT_READ, child)
        return child

    def _warm(self, task: Task) -> None:
        """Loads a task's data here, so that children share the pages instead of reading them."""
        if task.loaded.config.imports:  # may use TensorFlow
            return
        from dlrun.prepare import prepare_data

        with suppress(Exception):  # the child meets it, too, and tells
            data = prepare_data(task.loaded.config, store=self.store)
            if task.action == "train":
                data.facts()
        gc.freeze()  # children share these pages, and need not look for garbage among them

    def _be_a_child(self, ours: socket.socket, line: socket.socket) -> None:
        exit_code = 1
        try:
            ours.close()
            for other in self.children.values():  # else they would not see the nursery end
                other.line.close()
            self.selector.close()
            _become_a_child()
            _do_tasks(line, self.send, self.store)
            exit_code = 0
        except Stopped:
            exit_code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(exit_code)

    def heard_from(self, child: _Child) -> None:
        """A child has done its task, which is passed on, or has gone."""
        received = b""
        with suppress(OSError):
            received = child.line.recv(_READ_BYTES)
        self._pass_on(child, received)
        if not received or child.num_given >= TASKS_A_PROCESS or child.threads is None:
            self._send_away(child)

    def _pass_on(self, child: _Child, received: bytes) -> None:
        for outcome in child.reader.feed(received):
            child.task = None
            if outcome.status not in SOUND:  # it is on its way out
                child.num_given = TASKS_A_PROCESS
            self.send(outcome)

    def _send_away(self, child: _Child) -> None:
        with suppress(KeyError, ValueError):  # it was sent away before
            self.selector.unregister(child.line)
        child.line.close()
        child.num_given = TASKS_A_PROCESS
        child.threads = object()  # no task asks for these

    def kill(self, name: str) -> None:
        """Ends the process that is at this task."""
        for number, child in self.children.items():
            if child.task is not None and child.task.name == name:
                os.kill(number, signal.SIGKILL)

    def stop(self, signum: int) -> None:
        """Asks those that are at something to stop; the second time there is no asking."""
        self.num_stops += 1
        for number, child in self.children.items():
            if child.task is not None:
                os.kill(number, signum if self.num_stops == 1 else signal.SIGKILL)

    def bury(self) -> None:
        """Takes note of those that have ended, and tells of those that could not."""
        for number in list(self.children):
            found, status = os.waitpid(number, os.WNOHANG)
            if not found:
                continue
            child = self.children.pop(number)
            with suppress(OSError):  # what it said last may not have been read
                while received := child.line.recv(_READ_BYTES):
                    self._pass_on(child, received)
            self._send_away(child)
            if child.task is None:
                continue
            if self.num_stops:
                self.send(Outcome(child.task.name, "interrupted"))
            else:
                self.send(ended_outcome(child.task.name, os.waitstatus_to_exitcode(status)))

    def send_all_away(self) -> None:
        """Lets those that are at nothing go."""
        for child in self.children.values():
            if child.task is None:
                self._send_away(child)


def _do_tasks(line: socket.socket, send: Send, store: DataStore) -> None:
    """A child's life: task after task, until the line is cut or something went wrong."""
    reader = FrameReader()
    while received := line.recv(_READ_BYTES):
        for task in reader.feed(received):
            outcome = do_task(task, send, store)
            write_message(line.fileno(), outcome)
            if outcome.status not in SOUND:
                return


def _become_a_child() -> None:
    """Leaves what is the nursery's alone, and ends where the nursery does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in SIGNALS:
        signal.signal(number, _raise)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as stream:
        stream.write(_FIRST_TO_GO)


def _raise(signum: int, _frame: Any) -> None:
    raise Stopped(signum)


def serve_by_fork(send: Send) -> int:
    """Takes tasks from stdin until there are no more and all are done; returns the exit code."""
    import dlrun.experiment  # noqa: F401 (TensorFlow, once for all tasks)

    selector = selectors.DefaultSelector()
    nursery, reader, is_over = _Nursery(send, selector), FrameReader(), False
    ended, waker = socket.socketpair()
    for one in (ended, waker):
        one.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)  # heard at all, so that it wakes
    for number in SIGNALS:  # who gives the tasks says when to stop
        signal.signal(number, signal.SIG_IGN)
    selector.register(0, selectors.EVENT_READ)
    selector.register(ended, selectors.EVENT_READ)
    while not is_over or nursery.is_busy:
        ready = {key.fd: key.data for key, _ in selector.select()}
        for child in filter(None, ready.values()):
            nursery.heard_from(child)
        if ended.fileno() in ready:
            ended.recv(4096)
        if 0 in ready:
            received = os.read(0, _READ_BYTES)
            for message in reader.feed(received):
                is_over |= not _obey(nursery, message)
            if not received:
                is_over = True
                selector.unregister(0)
                if not nursery.num_stops:  # else they are at their checkpoints
                    nursery.stop(signal.SIGTERM)
        nursery.bury()
    nursery.send_all_away()
    return 0


def _obey(nursery: _Nursery, message: Any) -> bool:
    """Does what the message asks; False where there will be no other."""
    if isinstance(message, Task):
        nursery.give(message)
    elif isinstance(message, Stop):
        nursery.stop(message.signum)
    elif isinstance(message, Kill):
        nursery.kill(message.task)
    else:
        return False
    return True
