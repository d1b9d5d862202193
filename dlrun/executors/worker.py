"""A worker process: takes tasks on stdin, trains them, answers on stdout.

    python -m dlrun.executors.worker

Where it can, it imports TensorFlow once and forks a process for each task, before TensorFlow has
done anything: a task begins at once, ends with all its memory, and takes no other along where it
crashes. Elsewhere it trains one task after another itself. Where stdin ends, whoever gave the
tasks is gone, and running ones end at a checkpoint.
"""

from __future__ import annotations

import _thread
import ctypes
import gc
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlrun.errors import ConfigError, DatasetError, DivergedError, DlrunError, ModelError
from dlrun.events import Event, Report
from dlrun.executors.frames import FrameReader, write_message
from dlrun.executors.task import FORKS, Outcome, Stop, Task, Told, reason_of_end
from dlrun.screen import own_stderr
from dlrun.stopping import SIGNALS, Stopped

Send = Callable[[Any], None]

_READ_BYTES = 1 << 16
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


def main() -> int:
    """Works until there is nothing more to do; returns the exit code."""
    answers = _take_stdout()

    def send(message: Any) -> None:
        write_message(answers, message)

    with own_stderr():
        return _serve_by_fork(send) if FORKS else _serve_here(send)


def _take_stdout() -> int:
    """What stdout was; whatever a user's module prints goes to stderr from now on."""
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _outcome(task: Task, send: Send) -> Outcome:
    """Trains a task, or goes on with it, and says how it ended."""

    def report(event: Event) -> None:
        send(Told(task.name, event))

    try:
        _train_or_go_on(task, report)
    except Stopped as stop:
        return Outcome(task.name, "interrupted", str(stop))
    except DlrunError as error:
        status = "diverged" if isinstance(error, DivergedError) else "failed"
        is_refused = isinstance(error, ConfigError | DatasetError | ModelError)
        return Outcome(task.name, status, str(error), is_refused)
    except Exception:  # a bug; its traceback is told where the tasks come from
        return Outcome(task.name, "crashed", traceback.format_exc())
    return Outcome(task.name, "finished")


def _train_or_go_on(task: Task, report: Report) -> None:
    from dlrun.experiment import resume_experiment, run_experiment
    from dlrun.prepare import prepare_loaded
    from dlrun.resumption import plan_resume
    from dlrun.runs import Run
    from dlrun.runs.lock import only_process
    from dlrun.runs.run import RUN

    run = Run(task.run_dir)
    if not os.path.lexists(task.run_dir / RUN):
        data, listen = prepare_loaded(task.loaded, str(task.loaded.config.source), report)
        run_experiment(
            data, report=listen, run_dir=task.run_dir, member_of=task.member_of, evaluates=False
        )
        return
    with only_process(run):
        plan = plan_resume(run, task.overrides)
        data, listen = prepare_loaded(plan.loaded, str(run.path), report)
        resume_experiment(plan, data, report=listen, evaluates=False)


@dataclass
class _Nursery:
    """The processes that were forked and have not ended."""

    send: Send
    tasks: dict[int, Task] = field(default_factory=dict)
    num_stops: int = 0

    def fork(self, task: Task) -> None:
        number = os.fork()
        if number:
            self.tasks[number] = task
            return
        exit_code = 1
        try:
            _become_a_child()
            self.send(_outcome(task, self.send))
            exit_code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(exit_code)

    def stop(self, signum: int) -> None:
        self.num_stops += 1
        for number in self.tasks:
            os.kill(number, signum if self.num_stops == 1 else signal.SIGKILL)

    def bury(self) -> None:
        """Takes note of those that have ended, and tells of those that could not."""
        for number in list(self.tasks):
            found, status = os.waitpid(number, os.WNOHANG)
            if not found:
                continue
            task = self.tasks.pop(number)
            if exit_code := os.waitstatus_to_exitcode(status):
                self.send(Outcome(task.name, "crashed", reason_of_end(exit_code)))


def _become_a_child() -> None:
    """Leaves what is the nursery's alone, and ends where the nursery does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in SIGNALS:
        signal.signal(number, _raise)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _serve_by_fork(send: Send) -> int:
    import dlrun.experiment  # noqa: F401 (TensorFlow, once for all tasks)

    gc.freeze()  # children share these pages, and need not look for garbage among them
    nursery, reader, is_over = _Nursery(send), FrameReader(), False
    ended, waker = socket.socketpair()
    for one in (ended, waker):
        one.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)  # heard at all, so that it wakes
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(ended, selectors.EVENT_READ)
    while not is_over or nursery.tasks:
        for key, _ in selector.select():
            if key.fd != 0:
                ended.recv(4096)
                continue
            received = os.read(0, _READ_BYTES)
            for message in reader.feed(received):
                if isinstance(message, Task):
                    nursery.fork(message)
                elif isinstance(message, Stop):
                    nursery.stop(message.signum)
                else:
                    is_over = True
            if not received:
                is_over = True
                selector.unregister(0)
                nursery.stop(signal.SIGTERM)
        nursery.bury()
    return 0


def _serve_here(send: Send) -> int:
    tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    for number in SIGNALS:
        signal.signal(number, _raise)
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    try:
        while (task := tasks.get()) is not None:
            send(_outcome(task, send))
    except Stopped as stop:
        return stop.exit_code
    return 0


def _listen(tasks: queue.SimpleQueue[Task | None]) -> None:
    """Hands tasks on; a wish to stop reaches the main thread as a signal would.

    So does the end of the stream. A second wish ends the process at once.
    """
    reader, is_stopping = FrameReader(), False
    while True:
        received = os.read(0, _READ_BYTES)
        messages = list(reader.feed(received)) if received else [Stop(signal.SIGTERM)]
        for message in messages:
            if not isinstance(message, Stop):
                tasks.put(message)
            elif is_stopping and received:
                os._exit(128 + message.signum)
            elif not is_stopping:
                is_stopping = True
                tasks.put(None)
                _thread.interrupt_main(signal.Signals(message.signum))
        if not received:
            return


def _raise(signum: int, _frame: Any) -> None:
    raise Stopped(signum)


if __name__ == "__main__":
    sys.exit(main())
