"""A worker process: takes tasks on stdin, trains them, answers on stdout.

    python -m dlrun.executors.worker

Where it can, it forks a process for them (see `nursery`). Elsewhere it trains one task after
another itself. Where stdin ends, whoever gave the tasks is gone, and running ones end at a
checkpoint.
"""

from __future__ import annotations

import _thread
import os
import queue
import signal
import sys
import threading
from typing import Any

from dlrun.data.store import DataStore
from dlrun.executors.doing import Send, do_task
from dlrun.executors.frames import FrameReader, write_message
from dlrun.executors.task import FORKS, Stop, Task
from dlrun.screen import own_stderr
from dlrun.stopping import SIGNALS, Stopped

_READ_BYTES = 1 << 16


def main() -> int:
    """Works until there is nothing more to do; returns the exit code."""
    answers = _take_stdout()

    def send(message: Any) -> None:
        write_message(answers, message)

    with own_stderr():
        if FORKS:
            from dlrun.executors.nursery import serve_by_fork

            return serve_by_fork(send)
        return _serve_here(send)


def _take_stdout() -> int:
    """What stdout was; whatever a user's module prints goes to stderr from now on."""
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _serve_here(send: Send) -> int:
    tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    for number in SIGNALS:
        signal.signal(number, _raise)
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    store = DataStore()
    try:
        while (task := tasks.get()) is not None:
            send(do_task(task, send, store))
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
