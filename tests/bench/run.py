"""`make bench`: plain scripts against `dlrun train`, in turn, and a table in the README.

python tests/bench/run.py [--quick] [--rounds epoch=5 growth=0 …]
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import report
from cells import format_seconds
from contenders import BENCH, measure, not_installed
from plan import QUICK_ROUNDS, ROUNDS, Measurement, plan

from dlrun.runs.environment import describe_environment

ROOT = BENCH.parent.parent
README = ROOT / "README.md"
RAW = ROOT / "runs" / "bench"


def main(arguments: Sequence[str]) -> int:
    """Measures, writes the raw numbers and, unless something was left out, the README's table.

    Returns the exit code: 1 where the data cannot be had or a contender failed.
    """
    options = read_arguments(arguments)
    missing = not_installed()
    for name in sorted(missing):
        say(f"{report.NAMES[name]}: not installed, left out")
    with tempfile.TemporaryDirectory() as folder:
        say("writing the arrays that the plain scripts read …")
        command = [sys.executable, str(BENCH / "arrays.py"), folder]
        if subprocess.run(command).returncode:  # a process of its own, since it takes memory
            return 1
        results = run_plan(options.rounds, Path(folder), quick=options.quick, missing=missing)
    machine = describe_machine()
    path = write_raw(results, machine, quick=options.quick)
    text = report.report(results, machine, missing)
    sys.stdout.write(f"\n{text}\n\n")
    say(f"raw numbers: {path.relative_to(ROOT)}")
    if options.quick or any(options.rounds[name] == 0 for name in ROUNDS if ROUNDS[name]):
        say("README.md is left as it was: this was not the whole of it")
    else:
        write_readme(text)
        say("README.md: the table is new")
    return int(any(result.error for result in results))


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Returns `quick` and `rounds`, the latter complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of few epochs; no README")
    shown = ", ".join(f"{name}={count}" for name, count in ROUNDS.items())
    parser.add_argument("--rounds", nargs="+", default=[], metavar="SECTION=N", help=shown)
    options = parser.parse_args(arguments)
    rounds = dict(QUICK_ROUNDS if options.quick else ROUNDS)
    for word in options.rounds:
        name, _, count = word.partition("=")
        if name not in ROUNDS or not count.isdecimal():
            parser.error(f"--rounds {word}: expected one of {', '.join(ROUNDS)}, = and a number")
        rounds[name] = int(count)
    options.rounds = rounds
    return options


def run_plan(
    rounds: Mapping[str, int], data: Path, *, quick: bool, missing: set[str]
) -> list[Measurement]:
    """Runs every job of every round, one after another, with a line for each."""
    todo = list(plan(rounds, quick=quick, missing=missing))
    results = []
    for position, (number, job) in enumerate(todo, 1):
        result = measure(job, number, data)
        results.append(result)
        shown = result.error or format_seconds(report.headline(result))
        say(f"[{position}/{len(todo)}] round {number}, {report.describe(job)}: {shown}")
    return results


def describe_machine() -> dict[str, Any]:
    """Returns the date, the CPU, and the versions of Python and of what was measured."""
    facts = describe_environment()
    packages = dict(facts["packages"])
    for name in ("torch", "lightning"):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    today = datetime.datetime.now().date().isoformat()
    return {"date": today, **facts, "packages": packages}


def write_raw(results: Sequence[Measurement], machine: Mapping[str, Any], *, quick: bool) -> Path:
    """Writes every number there is; returns where."""
    RAW.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    path = RAW / f"{now}{'-quick' if quick else ''}.json"
    content = {"machine": machine, "measurements": [dataclasses.asdict(r) for r in results]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def write_readme(text: str) -> None:
    """Puts the tables between the README's marks, all or nothing."""
    new = report.replace_between(README.read_text(encoding="utf-8"), text)
    beside = README.with_name("README.md.new")
    beside.write_text(new, encoding="utf-8", newline="\n")
    os.replace(beside, README)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
