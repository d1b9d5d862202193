"""A run with members in lines: mean, standard deviation and interval, then each member."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.cli.display import baseline_text, diagnosis_of, duration
from dlrun.columns import shown_columns
from dlrun.runs import Run
from dlrun.runs.find import typed_name
from dlrun.wording import short_number, with_spread

MOST_SHOWN = 30
"""Members that are listed one by one."""


def members_lines(run: Run) -> list[str]:
    """Returns what a run's members come to, and each of them in a line."""
    metrics, info = run.metrics, run.info
    finished: Sequence[int] = metrics["finished"]
    total, seconds = len(info["members"]), info.get("duration_seconds")
    time = "–" if seconds is None else duration(seconds)
    number = f"{len(finished)} of {total}" if len(finished) < total else f"{total}"
    lines = [f"{run.id}: {run.status} after {time}, {number} members ({_kind(run)})"]
    which = "best" if metrics.get("best") else "final"
    spread = shown_columns(metrics["spread"][which])
    width = max([11, *(len(name) for name in spread)])
    lines.append(f"  {'':<{width}}  mean ± sd          95 % interval of the mean")
    lines += [f"  {name:<{width}}  {_spread_text(row)}" for name, row in spread.items()]
    epoch = f"its best epoch by {metrics['monitor']}"
    if which == "final":
        epoch = f"its last epoch: {metrics['monitor']} is NaN in every one"
    lines.append(f"  {'':<{width}}  each member at {epoch}")
    if metrics.get("overlap") and len(finished) > 1:
        lines.append(f"  {'':<{width}}  members share training rows: interval after Nadeau, Bengio")
    lines.append("")
    lines += _member_lines(run, which, list(spread))
    lines += ["", *_end_lines(run)]
    return lines


def _kind(run: Run) -> str:
    return run.config.describe_members()


def _spread_text(row: Mapping[str, Any]) -> str:
    mean = with_spread(row["mean"], row["sd"])
    if row["low"] is None:
        return f"{short_number(row['mean'])}  one member tells nothing of the spread"
    return f"{mean:<17}  {short_number(row['low'])} to {short_number(row['high'])}"


def _member_lines(run: Run, which: str, names: Sequence[str]) -> list[str]:
    width = max(len(name) for name in run.info["members"])
    widths = [max(len(name), 8) for name in names]
    cells = "  ".join(name.rjust(w) for name, w in zip(names, widths, strict=True))
    lines = [f"  {'':>4}  {'member':<{width}}  {cells}  epoch"]
    for number, member in enumerate(run.members[:MOST_SHOWN]):
        name = str(member.path.relative_to(run.path).as_posix())
        found = (member.metrics.get(which) or {}) if member.has_metrics else {}
        key = "best_epoch" if which == "best" else "epochs"
        epoch = str(member.metrics.get(key)) if found else ""
        values = [short_number(found.get(column)) for column in names]
        cells = "  ".join(value.rjust(w) for value, w in zip(values, widths, strict=True))
        status = "" if member.status == "finished" else f"  {member.status}"
        lines.append(f"  {number:>4}  {name:<{width}}  {cells}  {epoch:>5}{status}".rstrip())
    if len(run.members) > MOST_SHOWN:
        lines.append(f"        and {len(run.members) - MOST_SHOWN} more")
    return lines


def _end_lines(run: Run) -> list[str]:
    lines = []
    if run.has_test_rows:
        lines.append(f"  {'test':<11} {_test_text(run)}")
    baseline = _baseline(run)
    if baseline:
        lines.append(f"  {'baseline':<11} {baseline_text(baseline)}")
    lines += diagnosis_of(run)
    lines.append(f"  {'plots':<11} {run.plots_dir}{os.sep}")
    return lines


def _test_text(run: Run) -> str:
    looked = [number for number, one in enumerate(run.members) if one.has_looked_at_test]
    if looked:
        command = f"dlrun summary {typed_name(run)} --member {looked[-1]}"
        return f"looked at by a member; {command} shows it"
    best = run.metrics["best_member"]
    number = run.metrics["finished"][0] if best is None else best
    return f"not looked at; dlrun test {typed_name(run)} --member {number} does"


def _baseline(run: Run) -> Mapping[str, Any] | None:
    """Of the pooled folds, else of the first member."""
    for one in (run, *run.members[:1]):
        if one.has_evaluation:
            found: Mapping[str, Any] | None = one.evaluation.get("validation", {}).get("baseline")
            return found
    return None
