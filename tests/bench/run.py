"""`make bench`: plain scripts against `dlrun train`, in turn, and a table in the README.

python tests/bench/run.py [--quick] [--rounds epoch=5 growth=0 …]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import report
from cells import format_seconds
from contenders import measure, not_installed
from plan import QUICK_ROUNDS, ROUNDS, Measurement, plan
from writing import ROOT, describe_machine, prepare_arrays, say, write_raw, write_readme


def main(arguments: Sequence[str]) -> int:
    """Measures, writes the raw numbers and, unless something was left out, the README's table.

    Returns the exit code: 1 where the data cannot be had or a contender failed.
    """
    options = read_arguments(arguments)
    missing = not_installed()
    for name in sorted(missing):
        say(f"{report.NAMES[name]}: not installed, left out")
    with tempfile.TemporaryDirectory() as folder:
        if not prepare_arrays(Path(folder)):
            return 1
        results = run_plan(options.rounds, Path(folder), quick=options.quick, missing=missing)
    machine = describe_machine("torch", "lightning")
    path = write_raw(results, machine, "-quick" if options.quick else "")
    text = report.report(results, machine, missing)
    sys.stdout.write(f"\n{text}\n\n")
    say(f"raw numbers: {path.relative_to(ROOT)}")
    if options.quick or any(options.rounds[name] == 0 for name in ROUNDS if ROUNDS[name]):
        say("README.md is left as it was: this was not the whole of it")
    else:
        write_readme(text, report.START, report.END)
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


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
