"""Processes forked where Keras is imported already, since the tests start hundreds of them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dlrun.processes import module_command

PRELOADED = ["dlrun.cli.app", "dlrun.evaluate", "dlrun.executors.nursery", "dlrun.experiment"]
WORKER = "dlrun.executors.worker"

PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired
_START, _PYTHONPATH = subprocess.Popen, os.environ.get("PYTHONPATH", "")
_is_forked = False


def context() -> Any:
    """Returns what starts them: a server, or in a process of its a fork."""
    if _is_forked:
        return multiprocessing.get_context("fork")
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


def run_dlrun(
    *arguments: object,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command as `python -m dlrun` does, 80 columns wide, and returns what came of it.

    Args:
        arguments: What follows "dlrun".
        cwd: Where; None: here.
        stdin: What it reads.
        environment: What differs from this process's.
    """
    variables = {**os.environ, "COLUMNS": "80", **(environment or {})}
    words = [str(argument) for argument in arguments]
    with ExitStack() as stack:
        streams = [stack.enter_context(tempfile.NamedTemporaryFile()) for _ in range(3)]
        streams[0].write(stdin)
        streams[0].flush()
        names = tuple(stream.name for stream in streams)
        process = context().Process(
            target=be_dlrun, args=(words, names, variables, str(cwd or os.getcwd()))
        )
        process.start()
        process.join()
        told = [stream.read().decode("utf-8") for stream in streams[1:]]
    return subprocess.CompletedProcess(["dlrun", *words], process.exitcode, *told)


def be_dlrun(
    words: list[str], names: tuple[str, ...], environment: Mapping[str, str], folder: str
) -> None:
    """What the process does: the same as `python -m dlrun`."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, name in enumerate(names):
        os.dup2(os.open(name, os.O_RDWR), descriptor)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1)
    sys.argv = ["dlrun", *words]
    from dlrun.cli import main
    from dlrun.executors import local

    global _is_forked
    _is_forked = True
    local.subprocess = sys.modules[__name__]  # type: ignore[assignment]
    main()
