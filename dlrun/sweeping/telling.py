"""Trials in words: what was chosen, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.evaluation.sweep_rows import short_labels, value_text
from dlrun.runs.sweep import FAILED, Sweep, Trial, best_trial
from dlrun.wording import with_spread


def values_text(values: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Returns what was chosen: `learning_rate=0.01 activation=relu`.

    Args:
        values: By key.
        names: What to call each key.
    """
    return " ".join(f"{names.get(key, key)}={value_text(value)}" for key, value in values.items())


def result_text(trial: Trial, metric: str) -> str:
    """Returns a trial's value, with its spread over seeds where there are several."""
    return f"{metric} {with_spread(trial.value, trial.sd)}"


def end_text(trial: Trial, sweep: Sweep) -> str:
    """Returns what came of a trial in a line."""
    chosen = values_text(sweep.chosen(trial), short_labels(sweep.keys))
    if trial.state in FAILED:
        return f"{chosen}: {trial.reason}"
    epochs = f" (epoch {trial.best_epoch})" if trial.best_epoch is not None else ""
    return f"{result_text(trial, sweep.metric)}{epochs}  {chosen}"


def best_text(trials: Sequence[Trial], sweep: Sweep) -> str:
    """Returns the best trial so far in a few words; empty where none has finished."""
    best = best_trial(trials, higher_is_better=sweep.higher_is_better)
    if best is None:
        return ""
    chosen = values_text(sweep.chosen(best), short_labels(sweep.keys))
    return f"{best.name} {result_text(best, sweep.metric)}  {chosen}"
