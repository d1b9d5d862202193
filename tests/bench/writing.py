"""What both benchmarks read and write beside measuring: arrays, raw numbers, the README."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from contenders import BENCH
from report import replace_between

from dlrun.runs.environment import describe_environment

ROOT = BENCH.parent.parent
README = ROOT / "README.md"
RAW = ROOT / "runs" / "bench"


def prepare_arrays(folder: Path) -> bool:
    """Writes the arrays that plain scripts read; False where the data cannot be had."""
    say("writing the arrays that the plain scripts read …")
    command = [sys.executable, str(BENCH / "arrays.py"), str(folder)]
    return subprocess.run(command).returncode == 0  # a process of its own, since it takes memory


def describe_machine(*others: str) -> dict[str, Any]:
    """Returns the date, the CPU, and the versions of Python and of what was measured.

    Args:
        others: Packages to name, where they are installed, beside those that dlrun records.
    """
    facts = describe_environment()
    packages = dict(facts["packages"])
    for name in others:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    today = datetime.datetime.now().date().isoformat()
    return {"date": today, **facts, "packages": packages}


def write_raw(results: Sequence[Any], machine: Mapping[str, Any], suffix: str) -> Path:
    """Writes every number there is, `suffix` after the date in the name; returns where."""
    RAW.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    path = RAW / f"{now}{suffix}.json"
    content = {"machine": machine, "measurements": [dataclasses.asdict(r) for r in results]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def write_readme(text: str, start: str, end: str) -> None:
    """Puts tables between two of the README's marks, all or nothing."""
    new = replace_between(README.read_text(encoding="utf-8"), text, start, end)
    beside = README.with_name("README.md.new")
    beside.write_text(new, encoding="utf-8", newline="\n")
    os.replace(beside, README)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
