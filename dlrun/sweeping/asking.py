"""Trials that are planned while a sweep goes on: those of a search that learns, batch by batch.

What they may be is known before, and how they go together is not: where values cannot work
together, or their data cannot be had, the trial has failed before it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlrun.data.store import DataStore
from dlrun.errors import ConfigError, DatasetError
from dlrun.events import ignore
from dlrun.runs import Trial
from dlrun.runs.sweep import FAILED, UNSETTLED
from dlrun.sweeping.call import Call
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.settling import settle_trials
from dlrun.sweeping.tpe import ask_batch
from dlrun.sweeping.trial_config import make_trial_config
from dlrun.sweeping.waves import Ask


def asking(call: Call, definition: SweepDefinition, store: DataStore) -> Ask:
    """Returns what plans the next batch.

    Args:
        call: Of the sweep; its results decide what is asked for, and it is told the new trials.
        definition: Of the sweep.
        store: Keeps the data.
    """

    def ask(batch: int, size: int) -> Sequence[Trial]:
        before = call.recorder.trials
        chosen = ask_batch(
            definition.parameters,
            before,
            size,
            seed=definition.base.config.seed,
            batch=batch,
            higher_is_better=call.sweep.higher_is_better,
        )
        planned: list[Trial] = []
        for values in chosen:
            planned.append(plan_trial(definition, values, [*before, *planned], batch, store))
        call.recorder.put(*planned)
        return planned

    return ask


def reopen_failed(call: Call, definition: SweepDefinition, store: DataStore) -> None:
    """Has failed trials tried again; one that was never settled is, where it can be now.

    Args:
        call: Of the sweep.
        definition: Of the sweep.
        store: Keeps the data.
    """
    failed = [trial for trial in call.recorder.trials if trial.state in FAILED]
    settled = [replace(one, state="interrupted", reason="") for one in failed if one.is_settled]
    if settled:
        call.recorder.put(*settled)
    for trial in failed:
        if not trial.is_settled:
            before = call.recorder.trials[: trial.number]
            call.recorder.put(plan_trial(definition, trial.values, before, trial.batch, store))


def plan_trial(
    definition: SweepDefinition,
    values: Mapping[str, Any],
    before: Sequence[Trial],
    batch: int | None,
    store: DataStore,
) -> Trial:
    """Returns the trial of these values, failed where they cannot work.

    Args:
        definition: Of the sweep.
        values: That were chosen.
        before: All trials with a smaller number.
        batch: In which they were asked for.
        store: Keeps the data.
    """
    number, config = len(before), dict[str, Any]()
    try:
        loaded = make_trial_config(definition, values)
        config = loaded.config.to_dict()
        return settle_trials([(values, loaded)], store, ignore, before, batch)[0].trial
    except (ConfigError, DatasetError) as error:
        return Trial(
            number,
            dict(values),
            f"{UNSETTLED}{number}",
            config,
            state="failed",
            reason=" ".join(str(error).split()),
            batch=batch,
        )
