"""Processes: which one a run belongs to, whether it still lives, and how others are started.

Knows nothing of run folders.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

HEARTBEAT_LIMIT_SECONDS = 120.0
"""A run on another host that gave no sign of life for so long is taken for dead.

Twelve of its heartbeats, so that clocks a minute apart and a slow network file system are borne.
"""

_START_TOLERANCE_SECONDS = 2.0
"""Systems tell the time of boot to the second, and some move it as the clock is set."""


def module_command(name: str) -> list[str]:
    """Returns the command that runs a module in a process of its own.

    The current folder, which may be someone else's run, is not searched for modules there.
    """
    return [sys.executable, "-P", "-m", name]


def module_environment() -> dict[str, str]:
    """Returns the environment for `module_command`, in which this very dlrun is found."""
    home = Path(__file__).resolve().parent.parent
    is_installed = home.name in ("site-packages", "dist-packages")
    places = [None if is_installed else str(home), os.environ.get("PYTHONPATH")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}


def this_process() -> dict[str, Any]:
    """Returns what tells this process from every other, as `run.json` keeps it.

    Returns:
        `host`; `boot_id` and `pid_namespace`, None where the system has none; `pid`; and
        `pid_started_seconds`, the seconds after boot at which the process started.
    """
    import psutil

    process = psutil.Process()
    return {
        "host": platform.node(),
        "boot_id": _boot_id(),
        "pid_namespace": _pid_namespace(),
        "pid": process.pid,
        "pid_started_seconds": round(process.create_time() - psutil.boot_time(), 2),
    }


def is_alive(info: Mapping[str, Any]) -> bool:
    """Returns whether the process that wrote a run's `run.json` still exists.

    On the same host, and since the same boot, its number and the time of its start decide, so
    that a computer that slept is no matter; elsewhere the age of the heartbeat does.

    Args:
        info: What `this_process` returned, `started` and `heartbeat` beside it. Runs of an
            older dlrun lack some of it; what is wrong or missing counts as no sign of life.
    """
    if info.get("host") != platform.node():
        return _beats(info)
    boot_id = info.get("boot_id")
    if boot_id is not None and boot_id != _boot_id():
        return False
    if info.get("pid_namespace", _pid_namespace()) != _pid_namespace():
        return _beats(info)  # another container's numbers mean nothing here
    return _exists(info)


def _exists(info: Mapping[str, Any]) -> bool:
    """Whether there is a process of that number, and it is the same one."""
    import psutil

    pid = info.get("pid")
    if isinstance(pid, bool) or not isinstance(pid, int) or pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        created = process.create_time()
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
    except (psutil.Error, OSError, OverflowError):
        return False
    since_boot = info.get("pid_started_seconds")
    if isinstance(since_boot, int | float):
        return abs(created - psutil.boot_time() - since_boot) <= _START_TOLERANCE_SECONDS
    started = _time(info.get("started"))  # not kept by older runs: it began before its run
    return started is not None and created <= started + _START_TOLERANCE_SECONDS


def _beats(info: Mapping[str, Any]) -> bool:
    heartbeat = _time(info.get("heartbeat"))
    if heartbeat is None:
        return False
    return datetime.now().timestamp() - heartbeat <= HEARTBEAT_LIMIT_SECONDS


def _time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _boot_id() -> str | None:
    """A name for the time since the last boot, where the system gives it one."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _pid_namespace() -> str | None:
    """Containers count their processes on their own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
