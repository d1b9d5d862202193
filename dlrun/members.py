"""Repeats and folds: one config stands for several runs, which are trained and told as one.

Each member is a run like any other, in a folder inside its parent's: `dlrun train` with the
member's `config.yaml` gives the same run again. The parent's folder adds them up.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.aggregation import record_aggregate
from dlrun.config import Config, Loaded, Overrides
from dlrun.errors import ConfigError, DlrunError, MembersError, ModelError, Problem
from dlrun.events import Event, FromTask, Message, Report, TaskEnded, ignore
from dlrun.executors import Outcome, Task, count_at_a_time, run_tasks
from dlrun.meanwhile import begin_imports
from dlrun.prepare import PreparedData, prepare_loaded
from dlrun.resumption import plan_members_resume
from dlrun.runs import Run
from dlrun.runs.create import copy_run, create_run, write_config
from dlrun.runs.environment import describe_environment
from dlrun.runs.lock import only_process
from dlrun.runs.record import Recorder
from dlrun.runs.run import FOLDS, REPEATS, RUN
from dlrun.stopping import Stopped, stop_requests
from dlrun.threads import best_threads


@dataclass(frozen=True)
class Member:
    """One of the runs that a config stands for.

    Attributes:
        name: Its folder inside the parent's: "repeats/0", "folds/3" or "repeats/1/folds/2".
        config: As a run of its own.
    """

    name: str
    config: Config


def plan_members(config: Config) -> tuple[Member, ...]:
    """Returns the members of a config, repeat by repeat and fold by fold.

    Repeat r has the seed `seed + r`, so that it equals a single run with that seed; only its
    test rows are those of the first, which no member may train on. All folds of a repeat have
    the same seed.
    """
    return tuple(_members(config))


def _members(config: Config) -> Iterator[Member]:
    split = config.dataset.split
    kfold = split.kfold if split.fold == "all" else None
    for repeat in range(config.repeat):
        draws_test = repeat > 0 and isinstance(split.test, int | float)
        test_seed = config.seed if draws_test and split.test_seed == "auto" else split.test_seed
        for fold in range(kfold or 1):
            names = [f"{REPEATS}/{repeat}"] if config.repeat > 1 else []
            names += [f"{FOLDS}/{fold}"] if kfold is not None else []
            own_fold = fold if kfold is not None else split.fold
            own_split = replace(split, fold=own_fold, test_seed=test_seed)
            member = replace(
                config,
                seed=config.seed + repeat,
                repeat=1,
                dataset=replace(config.dataset, split=own_split),
            )
            yield Member("/".join(names), member)


def train_members(
    loaded: Loaded,
    *,
    source: str,
    report: Report | None = None,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Run:
    """Trains a config's members in worker processes, and returns the run that adds them up.

    Args:
        loaded: A config with members.
        source: What to call it.
        report: Told every event of every member, as `FromTask`, and `TaskEnded`.
        runs_dir: Where the folder is made.
        command: What was typed, for the run's record.
        overrides: Likewise.

    Raises:
        DlrunError: the config, the data or the model cannot work; no folder is left.
        MembersError: a member failed; the others are there.
        Stopped: a signal asked for it; every member that had begun has a checkpoint.
    """
    _refuse_what_workers_lack(loaded.config)
    first = plan_members(loaded.config)[0]
    listen = _Once(report or ignore, first.name)
    data, _ = prepare_loaded(replace(loaded, config=first.config), source, listen)
    config = _settled(loaded.config, data)
    plan = plan_members(config)
    parent = create_run(
        config,
        runs_dir=runs_dir,
        command=command,
        overrides=overrides,
        members=[member.name for member in plan],
    )
    tasks = [_task(parent, member) for member in plan]
    with only_process(parent):
        try:
            with Recorder(parent) as recorder:
                _train(recorder, config, data, tasks, listen)
        except ModelError:
            if not any((task.run_dir / RUN).exists() for task in tasks):
                shutil.rmtree(parent.path, ignore_errors=True)  # as of a single run: no folder
            raise
    return Run(parent.path)


def resume_members(
    run: Run,
    overrides: Overrides = (),
    *,
    more_epochs: int | None = None,
    into: str | None = None,
    report: Report | None = None,
) -> Run:
    """Goes on with the members that have not finished, extends all, or adds repeats.

    Args:
        run: With members; not one that runs.
        overrides: Changes that a member may go on with, and a larger `repeat`.
        more_epochs: Added to the epochs of every member.
        into: Name of a new folder to go on in; the run then stays as it is.
        report: As of `train_members`.

    Raises:
        DlrunError: the run cannot go on so.
        MembersError: a member failed.
        Stopped: a signal asked for it.
    """
    plan = plan_members_resume(run, overrides, more_epochs)
    if into is not None:
        run = copy_run(run, into, plan.loaded.config, run.path.parent)
    config = plan.loaded.config
    members = plan_members(config)
    going_on = [
        member for member in members if plan.goes_on or not _is_finished(run.path / member.name)
    ]
    first = (going_on or members)[0]
    listen = _Once(report or ignore, first.name)
    first_loaded = replace(plan.loaded, config=first.config)
    data, _ = prepare_loaded(first_loaded, str(run.path), listen)
    tasks = [_task(run, member, plan.overrides) for member in going_on]
    with only_process(run), Recorder(run) as recorder:
        recorder.go_on(plan.record(run), ())
        recorder.note(
            config_hash=write_config(run, config), members=[member.name for member in members]
        )
        _train(recorder, config, data, tasks, listen)
    return Run(run.path)


def _refuse_what_workers_lack(config: Config) -> None:
    from dlrun.catalog.own import OWN_DATASETS

    if config.dataset.name in OWN_DATASETS and not config.imports:
        message = (
            f"{config.dataset.name} is registered in this process alone, and members are trained "
            "in others; register it in a module, and name that in imports"
        )
        raise ConfigError(config.source, [Problem("dataset.name", message)])


def _settled(config: Config, data: PreparedData) -> Config:
    """The config with what its data and this machine decide, alike for all members."""
    split = config.dataset.split
    resolved = data.config.dataset.split
    own_split = replace(resolved, fold=split.fold, test_seed=split.test_seed)
    training = data.config.training
    if training.threads == "auto":
        threads = best_threads(config, data.dataset.input_shape, len(data.splits.train))
        training = replace(training, threads=threads)
    return replace(
        config,
        dataset=replace(config.dataset, split=own_split),
        metrics=data.config.metrics,
        training=training,
    )


def _task(parent: Run, member: Member, overrides: Sequence[str] = ()) -> Task:
    run_dir = parent.path / member.name
    return Task(member.name, run_dir, Loaded(member.config), tuple(overrides), parent.id)


def _is_finished(path: Path) -> bool:
    with suppress(DlrunError):
        return Run(path).status == "finished"
    return False


def _train(
    recorder: Recorder, config: Config, data: PreparedData, tasks: Sequence[Task], report: Report
) -> None:
    """The path from tasks to a complete parent's folder."""
    threads = config.training.threads
    assert isinstance(threads, int)
    facts = {"seed": config.seed, "intra_op_threads": threads, "inter_op_threads": threads}
    recorder.environment(describe_environment() | facts)
    recorder.dataset_facts(data.facts())
    listen = _logging(recorder, report)
    at_a_time = count_at_a_time(len(tasks), threads)
    each = f"{threads} thread{'s' if threads != 1 else ''} each"
    what = f"{config.describe_members()}: {len(tasks)} to train"
    listen(Message(f"{what}, {at_a_time} at a time, {each}"))
    begin_imports("dlrun.judging")
    outcomes: list[Outcome] = []
    with stop_requests() as request:
        for outcome in run_tasks(tasks, at_a_time, listen, request):
            outcomes.append(outcome)
            if outcome.status == "finished":
                _judge(Run(recorder.run.path / outcome.task), listen)
            text = _told(recorder.run, outcome)
            listen(TaskEnded(outcome.task, outcome.status, text, len(outcomes), len(tasks)))
            if request.signum is None and outcome.is_refused and not _any_trained(tasks):
                raise ModelError(outcome.error)
    record_aggregate(recorder, config)
    if request.signum is not None:
        done = sum(outcome.status == "finished" for outcome in outcomes)
        text = f"{recorder.run.path} keeps {done} of {len(tasks)} members whole, and checkpoints of"
        listen(Message(f"{text} those that had begun; dlrun resume {recorder.run.id} goes on"))
        raise Stopped(request.signum)
    _raise_failures(recorder.run, outcomes, len(tasks))


def _judge(member: Run, report: Report) -> None:
    """Here and not where it was trained: scikit-learn and matplotlib are imported once."""
    from dlrun.judging import judge_run

    judge_run(member, report)


def _any_trained(tasks: Sequence[Task]) -> bool:
    return any((task.run_dir / RUN).exists() for task in tasks)


def _told(parent: Run, outcome: Outcome) -> str:
    if outcome.status != "finished":
        return outcome.error.strip().splitlines()[-1] if outcome.error else outcome.status
    member = Run(parent.path / outcome.task)
    best: dict[str, Any] = member.metrics.get("best") or {}
    values = {name: value for name, value in best.items() if name.startswith("val_")} or best
    shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items() if value is not None)
    return f"{shown} (epoch {member.metrics.get('best_epoch')})"


class _Once:
    """A report that passes on each message once.

    What members say is mostly said before them or alike; of what is good to know, that of the
    first member is passed on, whose data were prepared before, of warnings all that are new.
    """

    def __init__(self, report: Report, first: str) -> None:
        self._report = report
        self._told: set[str] = set()
        self._first = first

    def __call__(self, event: Event) -> None:
        if isinstance(event, FromTask):
            is_warning = isinstance(event.event, Message) and event.event.level == "warning"
            if isinstance(event.event, Message) and event.task != self._first and not is_warning:
                return
        inner = event.event if isinstance(event, FromTask) else event
        if isinstance(inner, Message):
            if inner.text in self._told:
                return
            self._told.add(inner.text)
        self._report(event)


def _logging(recorder: Recorder, report: Report) -> Report:
    """Writes down what is told of the members together, and passes everything on."""

    def listen(event: Event) -> None:
        if isinstance(event, Message):
            recorder.log(event.text)
        elif isinstance(event, TaskEnded):
            recorder.log(f"{event.task}: {event.status}, {event.text}")
        report(event)

    return listen


def _raise_failures(parent: Run, outcomes: Sequence[Outcome], total: int) -> None:
    failed = [outcome for outcome in outcomes if outcome.status != "finished"]
    if not failed:
        return
    shown = "; ".join(f"{one.task} {one.status}, {one.error.strip()}" for one in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    raise MembersError(
        f"{parent.path}: {len(failed)} of {total} members did not finish: {shown}{more}; "
        f"once that is mended, dlrun resume {parent.id} goes on"
    )
