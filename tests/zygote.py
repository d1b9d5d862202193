"""Processes forked where Keras is imported already, since the tests start hundreds of them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from dlrun.processes import module_command

PRELOADED = ["dlrun.cli.app", "dlrun.evaluate", "dlrun.executors.nursery", "dlrun.experiment"]
WORKER = "dlrun.executors.worker"

PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired
_START, _PYTHONPATH = subprocess.Popen, os.environ.get("PYTHONPATH", "")


def context() -> Any:
    """Returns what starts them."""
    multiprocessing.set_forkserver_preload(PRELOADED)
    return multiprocessing.get_context("forkserver")


def Popen(command: list[str], **options: Any) -> Any:  # noqa: N802 (it stands for that one)
    """Starts a worker by a fork, unless a test has changed how processes are started."""
    is_usual = command == module_command(WORKER) and subprocess.Popen is _START
    if is_usual and sys.platform == "linux" and os.environ.get("PYTHONPATH", "") == _PYTHONPATH:
        return ForkedWorker(options["env"])
    return subprocess.Popen(command, **options)


class ForkedWorker:
    """What `subprocess.Popen` returns, as far as it is asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        (tasks, stdin), (stdout, answers) = [context().Pipe(duplex=False) for _ in range(2)]
        arguments = (tasks, answers, dict(environment), os.getcwd())
        self._process = context().Process(target=be_worker, args=arguments)
        self._process.start()
        tasks.close()
        answers.close()
        self.pid = self._process.pid
        self.stdin = os.fdopen(os.dup(stdin.fileno()), "wb")
        self.stdout = os.fdopen(os.dup(stdout.fileno()), "rb")

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired(WORKER, timeout or 0.0)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


def be_worker(
    tasks: Connection, answers: Connection, environment: Mapping[str, str], folder: str
) -> None:
    """What the process does: the same as `python -m dlrun.executors.worker`."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.dup2(tasks.fileno(), 0)
    os.dup2(answers.fileno(), 1)
    tasks.close()
    answers.close()
    from dlrun.executors.worker import main

    sys.exit(main())
