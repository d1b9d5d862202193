"""What may go from inside a sweep's folder: leftovers, trials of no epoch, weights of losers.

Of a sweep that is running nothing, and of one that is dead only leftovers. Trials that a resume
would go on with keep their checkpoints, and those that failed the log that says why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from dlrun.runs.endings import is_ended, says_ended, why_whole
from dlrun.runs.leftovers import (
    Removal,
    half_files_in,
    leftovers_beside,
    leftovers_in,
    removal_of,
    weights_of,
)
from dlrun.runs.links import is_link
from dlrun.runs.run import MODEL, TRIALS, Run
from dlrun.runs.sweep import OPEN, SWEEP, Sweep, Trial, is_sweep_folder, rank_trials

NUM_KEPT = 3
"""So many of the best trials keep their weights."""


def removals_in_sweep(sweep: Sweep) -> Iterator[Removal]:
    """Yields what may go from the folder of a sweep that has ended.

    Args:
        sweep: One for which `is_ended` holds.
    """
    yield from half_files_in(sweep)
    if is_link(sweep.path / TRIALS):
        return
    yield from leftovers_beside(sweep.path / TRIALS)
    losers = losing_trials(sweep)
    for trial in sweep.trials:
        run = Run(sweep.path / trial.name)
        if trial.state == "duplicate" or not _is_quiet(run):
            continue
        reason = why_whole(run) if trial.state in OPEN else None
        if reason is not None:
            yield removal_of(run.path, "run", reason, run)
            continue
        yield from leftovers_in(run)
        if trial.number in losers:
            for part in (run, *run.members):
                yield from weights_of(part, losers[trial.number], "model", "checkpoints")


def losing_trials(sweep: Sweep) -> Mapping[int, str]:
    """Returns the trials that lose their weights, by number, each with the reason.

    None while nothing is better: before a trial has finished, or where none has a model.
    """
    if sweep.status == "dead":
        return {}
    kept: list[Trial] = []
    for trial in rank_trials(sweep):
        is_finished = trial.state == "finished" and trial.value is not None
        if is_finished and len(kept) < NUM_KEPT and _has_model(Run(sweep.path / trial.name)):
            kept.append(trial)
    if not kept:
        return {}
    stay = {trial.number for trial in kept}
    return {
        trial.number: _reason(trial, kept[0], sweep.metric)
        for trial in sweep.trials
        if trial.number not in stay and trial.state not in (*OPEN, "duplicate")
    }


def is_due_in_sweep(removal: Removal) -> bool:
    """Whether what lies in a sweep may still go: it has not been taken up since the plan.

    True of what lies in none. The sweep's lock is held by who asks.
    """
    path = next((path for path in removal.path.parents if is_sweep_folder(path)), None)
    if path is None:
        return True
    sweep, losers = _as_it_is(path, _stamp(path / SWEEP))
    if not says_ended(sweep):
        return False
    if removal.kind in ("model", "checkpoints"):
        return int(removal.path.relative_to(path).parts[1]) in losers
    return True


@lru_cache(maxsize=2)
def _as_it_is(path: Path, _: object) -> tuple[Sweep, Mapping[int, str]]:
    """A sweep with its losers; read once, however many of its files go, while it is unchanged."""
    sweep = Sweep(path)
    return sweep, losing_trials(sweep) if says_ended(sweep) else {}


def _stamp(path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_quiet(run: Run) -> bool:
    """Whether no process trains a trial or any member of it."""
    return is_ended(run) and all(map(is_ended, run.members))


def _has_model(run: Run) -> bool:
    return any((part.path / MODEL).is_file() for part in (run, *run.members))


def _reason(trial: Trial, best: Trial, metric: str) -> str:
    if trial.state == "finished" and trial.value is not None:
        return f"{metric} {trial.value:.4g}; {best.name} has {best.value:.4g}"
    return f"{trial.state.replace('_', ' ')}; {best.name} has {metric} {best.value:.4g}"
