"""A sweep in lines: the table of its trials, what is best, what failed, what to type next."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlrun.cli.display import duration, program_name
from dlrun.cli.output import echo, echo_json, echo_lines, table_width
from dlrun.errors import RunError
from dlrun.evaluation.sweep_rows import are_numbers, short_labels, value_text
from dlrun.runs import Sweep, Trial
from dlrun.runs.find import typed_name
from dlrun.runs.sweep import FAILED, OPEN, rank_trials
from dlrun.sweeping.telling import result_text, values_text
from dlrun.wording import with_spread

if TYPE_CHECKING:
    from dlrun.sweeping.definition import SweepDefinition
    from dlrun.sweeping.estimate import Estimate

MOST_SHOWN = 20
"""Trials that are listed unless more are asked for."""


def show_sweep(sweep: Sweep, *, as_json: bool, quiet: bool, limit: int = MOST_SHOWN) -> None:
    """Prints what came of a sweep."""
    if as_json:
        echo_json(sweep_facts(sweep))
    elif quiet:
        echo(sweep.path)
    else:
        echo_lines(sweep_lines(sweep, limit))


def sweep_facts(sweep: Sweep) -> dict[str, Any]:
    """Returns a sweep as JSON holds it, its trials best first, without their configs."""
    info = {name: value for name, value in sweep.info.items() if name != "trials"}
    rows = [trial.to_dict() for trial in rank_trials(sweep)]
    trials = [{name: value for name, value in row.items() if name != "config"} for row in rows]
    best = None if sweep.best is None else sweep.best.number
    return {**info, "status": sweep.status, "path": str(sweep.path), "best": best, "trials": trials}


def sweep_lines(sweep: Sweep, limit: int = MOST_SHOWN) -> list[str]:
    """Returns a sweep on one screen.

    Args:
        sweep: Read only.
        limit: How many trials are listed, best first; 0 for all.
    """
    lines = [_head(sweep), f"  {_aim(sweep)}", ""]
    ranked = rank_trials(sweep)
    listed = ranked[:limit] if limit else ranked
    lines += _table(listed, _columns(sweep, ranked))
    if len(listed) < len(ranked):
        lines.append(f"  and {len(ranked) - len(listed):,} more (--limit 0 shows all)")
    return [*lines, "", *_end(sweep)]


def _head(sweep: Sweep) -> str:
    info, trials = sweep.info, sweep.trials
    done = sum(trial.state not in OPEN for trial in trials)
    total = info["planned"]
    number = f"{total:,} trials" if done == total else f"{done:,} of {total:,} trials"
    seconds = info.get("duration_seconds")
    time = "" if seconds is None else f" after {duration(seconds)}"
    return f"{sweep.id}: {sweep.status}{time}, {number} ({info['strategy']})"


def _aim(sweep: Sweep) -> str:
    more = "more" if sweep.higher_is_better else "less"
    spread = any(trial.sd is not None for trial in sweep.trials)
    seeds = ", mean ± sd over seeds and folds" if spread else ""
    pruning = sweep.info.get("pruning") or "none"
    pruned = "" if pruning == "none" else f"; {pruning} pruning"
    return f"{sweep.metric}, {more} is better{seeds}{pruned}"


_Column = tuple[str, Callable[[Trial], str], bool]
"""Head, cell, and whether it is a number."""


def _columns(sweep: Sweep, trials: Sequence[Trial]) -> list[_Column]:
    """The keys that differ, the result, and what else is not the same for all."""
    names = short_labels(sweep.keys)

    def value_of(key: str) -> Callable[[Trial], str]:
        return lambda trial: value_text(trial.values[key]) if key in trial.values else "–"

    columns: list[_Column] = [("trial", lambda trial: str(trial.number), True)]
    for key in sweep.keys:
        cells = {value_of(key)(trial) for trial in trials}
        if len(cells) > 1 or len(trials) == 1:
            is_number = are_numbers(trial.values.get(key) for trial in trials)
            columns.append((names[key], value_of(key), is_number))
    columns.append((sweep.metric, _result, True))
    if any(trial.best_epoch is not None for trial in trials):
        columns.append(("epoch", _epoch, True))
    if len({trial.num_parameters for trial in trials} - {None}) > 1:
        columns.append(("parameters", _parameters, True))
    columns.append(("time", _time, True))
    if any(trial.state != "finished" for trial in trials):
        columns.append(("state", _state, False))
    return columns


def _result(trial: Trial) -> str:
    return "–" if trial.value is None else with_spread(trial.value, trial.sd)


def _epoch(trial: Trial) -> str:
    return "–" if trial.best_epoch is None else f"{trial.best_epoch}/{trial.epochs}"


def _parameters(trial: Trial) -> str:
    return "–" if trial.num_parameters is None else f"{trial.num_parameters:,}"


def _time(trial: Trial) -> str:
    return "–" if trial.duration_seconds is None else duration(trial.duration_seconds)


def _state(trial: Trial) -> str:
    if trial.duplicate_of is not None:
        return f"as trial {trial.duplicate_of}"
    words = {"timed_out": "timed out"}
    return "" if trial.state == "finished" else words.get(trial.state, trial.state)


def _table(trials: Sequence[Trial], columns: Sequence[_Column]) -> list[str]:
    """Rows of cells as wide as their column; on a narrow terminal, cut at its edge."""
    if not trials:
        return ["  no trial has begun"]
    rows = [[head for head, _, _ in columns]]
    rows += [[cell(trial) for _, cell, _ in columns] for trial in trials]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    room = table_width()
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if is_number else text.ljust(width)
            for text, width, (_, _, is_number) in zip(row, widths, columns, strict=True)
        ]
        line = f"  {'  '.join(cells)}".rstrip()
        lines.append(line if len(line) <= room else f"{line[: room - 1]}…")
    return lines


def _test_text(sweep: Sweep, best: Trial, program: str) -> str:
    run = sweep.run(best.number)
    with suppress(RunError):
        if run.has_looked_at_test:
            return f"looked at; {program} summary {typed_name(sweep)}/best shows it"
        if not run.has_test_rows:
            return "none: no test rows were held back"
    return f"not looked at; {program} test {typed_name(sweep)}/best does"


def _end(sweep: Sweep) -> list[str]:
    lines = []
    best, program, name = sweep.best, program_name(), typed_name(sweep)
    if best is not None:
        chosen = values_text(sweep.chosen(best), short_labels(sweep.keys))
        lines.append(f"  {'best':<9} {best.name}: {result_text(best, sweep.metric)}  {chosen}")
        if sweep.info.get("verdict"):
            lines.append(f"  {'or noise?':<9} {sweep.info['verdict']}")
        lines.append(f"  {'test':<9} {_test_text(sweep, best, program)}")
        lines.append(f"  {'config':<9} {sweep.path}{os.sep}best.yaml, ready to train")
    failed = [trial for trial in sweep.trials if trial.state in FAILED]
    for trial in failed[:3]:
        lines.append(f"  {'failed':<9} {trial.name} {_state(trial)}: {trial.reason}")
    if len(failed) > 3:
        lines.append(f"  {'':<9} and {len(failed) - 3} more")
    again = sum(trial.is_worth_a_retry for trial in failed)
    if again:
        which = "them" if again == len(failed) else f"{again} of them"
        lines.append(f"  {'':<9} {program} resume {name} --retry-failed tries {which} again")
    if sweep.is_open and sweep.status != "running":
        lines.append(f"  {'to go on':<9} {program} resume {name}")
    if best is not None:
        lines.append(f"  {'next':<9} {program} plot {name} · {program} report {name}")
    return lines


def dry_run_lines(definition: SweepDefinition, estimate: Estimate) -> list[str]:
    """Returns what a sweep would train, and about how long that takes."""
    names = short_labels([one.key for one in definition.parameters])
    constant = {one.key for one in definition.parameters if one.domain.size == 1}
    config = definition.config
    lines = [f"{config.name}: {estimate.num_trials:,} trials ({config.strategy})"]
    for number, values in enumerate(estimate.values[:MOST_SHOWN]):
        chosen = {key: value for key, value in values.items() if key not in constant}
        lines.append(f"  {number:>5}  {values_text(chosen, names)}")
    if len(estimate.values) > MOST_SHOWN:
        lines.append(f"         and {len(estimate.values) - MOST_SHOWN:,} more")
    elif not estimate.values:
        lines.append("         each is chosen by the ones before")
    return [*lines, "", *estimate.lines()]
