"""One process: how long it took and how much memory it had at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Finished:
    """What a process left.

    Attributes:
        seconds: Wall time from its start to its end.
        peak_mb: The most memory it had, in units of 2**20 bytes; None where the system won't tell.
        output: What it wrote to stdout.
        error: Why it failed, in one line; empty if it did not.
    """

    seconds: float
    peak_mb: float | None
    output: str
    error: str


def run_process(
    command: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    watch: Callable[[int], AbstractContextManager[object]] = nullcontext,
) -> Finished:
    """Runs a command to its end, or for `timeout` seconds; watched by its pid, where asked for."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        alarm = threading.Timer(timeout, process.kill)
        alarm.start()
        try:
            with watch(process.pid):
                peak_mb = _wait(process)
        except BaseException:
            process.kill()
            raise
        finally:
            alarm.cancel()
        seconds = time.perf_counter() - started
        error = ""
        if process.returncode:
            late = f"stopped after {timeout:g} s" if seconds >= timeout else ""
            error = late or _last_line(err) or _last_line(out) or f"exit {process.returncode}"
        out.seek(0)
        output = out.read().decode("utf-8", "replace")
    return Finished(seconds, peak_mb, output, error)


def _wait(process: subprocess.Popen[bytes]) -> float | None:
    if not hasattr(os, "wait4"):
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return usage.ru_maxrss * unit / MEBIBYTE


def _last_line(stream: object) -> str:
    stream.seek(0)
    lines = stream.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
