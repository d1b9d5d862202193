"""`make bench-sweep`: plain scripts, KerasTuner and `dlrun sweep`, and a table in the README.

python tests/bench/sweep_run.py [--quick] [--plain 32] [--tuner-trials 32] [--rounds 3]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import sweep_report
from cells import format_seconds
from sweep_jobs import QUICK, TRIALS, Amount, measure_sweep, not_installed, plan_sweeps
from writing import ROOT, describe_machine, prepare_arrays, say, write_raw, write_readme


def main(arguments: Sequence[str]) -> int:
    """Measures, writes the raw numbers and, unless only tried out, the README's table.

    Returns the exit code: 1 where the data cannot be had or a contender failed.
    """
    amount = read_amount(arguments)
    missing = not_installed()
    for name in sorted(missing):
        why = "not installed, or not the tensorboard that it needs"
        say(f"{sweep_report.NAMES[name]}: {why}; left out")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        if not prepare_arrays(Path(folder)):
            return 1
        todo = list(plan_sweeps(amount, missing))
        results = []
        for position, job in enumerate(todo, 1):
            result = measure_sweep(job, Path(folder))
            results.append(result)
            shown = result.error or format_seconds(result.seconds)
            say(f"[{position}/{len(todo)}] {sweep_report.describe(job)}: {shown}")
    packages = [] if "tuner" in missing else ["keras-tuner"]
    machine = describe_machine(*packages) | {"load_before": load}
    is_quick = amount.trials != TRIALS
    path = write_raw(results, machine, "-sweep-quick" if is_quick else "-sweep")
    text = sweep_report.sweep_report(results, machine, missing, amount)
    sys.stdout.write(f"\n{text}\n\n")
    say(f"raw numbers: {path.relative_to(ROOT)}")
    if is_quick:
        say("README.md is left as it was: this was not the whole of it")
    else:
        write_readme(text, sweep_report.START, sweep_report.END)
        say("README.md: the table is new")
    return int(any(result.error for result in results))


def read_amount(arguments: Sequence[str]) -> Amount:
    """Returns how much is to be measured."""
    whole = Amount()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few trials and epochs; no README")
    for name, most, text in (
        ("plain", whole.trials, f"plain scripts that are started, up to all {whole.trials}"),
        ("tuner", whole.trials, "trials that KerasTuner does, likewise"),
        ("rounds", 99, "of both sweeps of dlrun"),
    ):
        option = f"--{name}-trials" if name == "tuner" else f"--{name}"
        parser.add_argument(
            option,
            dest=name,
            type=int,
            metavar="N",
            choices=range(1, most + 1),
            help=f"{text} (default: {getattr(whole, name)})",
        )
    options = vars(parser.parse_args(arguments))
    amount = QUICK if options.pop("quick") else whole
    return dataclasses.replace(amount, **{k: v for k, v in options.items() if v is not None})


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
