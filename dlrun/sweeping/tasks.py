"""What a step of a trial means for the workers: its tasks, those that are done left out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from dlrun.config import Config, Loaded
from dlrun.errors import DlrunError, MembersError
from dlrun.events import Message, Report
from dlrun.executors import Task
from dlrun.members import plan_members
from dlrun.members.aggregation import is_finished, record_aggregate
from dlrun.runs import Run, Sweep, Trial
from dlrun.runs.create import amend_info, create_run
from dlrun.runs.environment import describe_environment
from dlrun.runs.record import Recorder
from dlrun.runs.run import CONFIG, RUN
from dlrun.sweeping.call import Call
from dlrun.sweeping.results import epochs_done
from dlrun.sweeping.schedule import Step

_LEAVING_SECONDS = 60.0
"""So long the processes of a driver that was killed may take to write their checkpoints."""


def tasks_of(call: Call, step: Step) -> list[Task]:
    """Returns what is to be trained, members that have finished left out.

    Raises:
        ConfigError: this dlrun does not take the trial's config any more.
        StorageError: the folder of a trial with members cannot be made.
    """
    trial = call.trial(step.trial)
    loaded = call.load(trial)
    config = loaded.config
    if config.has_members:
        _open_parent(call.sweep, trial, config)
        members = plan_members(config)
        chosen = members[:1] if step.is_first else members
        configs = [(f"{trial.name}/{member.name}", member.config) for member in chosen]
    else:
        configs = [(trial.name, config)]
    parent = f"{call.sweep.id}/{trial.name}" if config.has_members else call.sweep.id
    tasks = [_task(call, step, name, one, parent) for name, one in configs]
    return [replace(task, data_hash=trial.data_hash) for task in tasks if task is not None]


def _task(call: Call, step: Step, name: str, config: Config, parent: str) -> Task | None:
    run = Run(call.sweep.path / name)
    epochs = step.epochs or config.training.epochs
    overrides: tuple[str, ...] = ()
    if os.path.lexists(run.path / RUN):
        _wait_for(run, call.report)
        done = epochs_done(run)
        if not done:  # it was stopped on the way to a later rung, perhaps
            epochs = max(epochs, _planned_epochs(run))
        if done >= epochs or (done and done < _planned_epochs(run)):
            return None
        if epochs != _planned_epochs(run):
            overrides = (f"training.epochs={epochs}",)
    elif step.epochs is not None:
        config = replace(config, training=replace(config.training, epochs=epochs))
    return Task(
        name=name,
        run_dir=run.path,
        loaded=Loaded(config),
        overrides=overrides,
        member_of=parent,
        threshold=step.threshold,
        limit_seconds=call.limits.trial_seconds,
        weight=call.room.taken_by(config.training.threads),
        scores_train=False,  # a pass over all rows that no choice depends on: 4 % of a short trial
    )


def _planned_epochs(run: Run) -> int:
    with suppress(DlrunError):
        return run.config.training.epochs
    return 0 if not (run.path / CONFIG).is_file() else 1


def _wait_for(run: Run, report: Report) -> None:
    """Lets the process of a driver that was killed write its checkpoint."""
    until, is_told = time.monotonic() + _LEAVING_SECONDS, False
    with suppress(DlrunError):
        while Run(run.path).status == "running" and time.monotonic() < until:
            if not is_told:
                is_told = True
                report(Message(f"{run.id}: waiting for its process to write a checkpoint"))
            time.sleep(0.1)


def _open_parent(sweep: Sweep, trial: Trial, config: Config) -> None:
    """Makes the folder of a trial with members, where it is not there."""
    path = sweep.path / trial.name
    if not os.path.lexists(path / RUN):
        names = [member.name for member in plan_members(config)]
        create_run(config, run_dir=path, member_of=sweep.id, members=names)


def close_parent(
    sweep: Sweep, trial: Trial, config: Config, runs: Sequence[Run], reason: str
) -> None:
    """Adds up the members in the folder of their trial.

    Raises:
        RunError: the folder is gone or damaged.
        StorageError: it cannot be written to.
    """
    parent = Run(sweep.path / trial.name)
    finished = [run for run in runs if is_finished(run)]
    seconds = sum(run.info.get("duration_seconds") or 0.0 for run in finished)
    amend_info(parent, duration_seconds=seconds)  # else that of adding them up
    with suppress(MembersError), Recorder(parent) as recorder:
        recorder.environment(describe_environment(config.imports) | {"seed": config.seed})
        if finished:
            recorder.dataset_facts(finished[0].dataset)
        record_aggregate(recorder, config, evaluates=False)
        if reason:
            raise MembersError(reason)
