"""The members of a config trained side by side, and added up in the folder of their parent."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlrun.config import Config, Loaded, Overrides
from dlrun.errors import ConfigError, ModelError, Problem, RunError
from dlrun.events import EpochEnded, Event, FromTask, Message, Report, TaskEnded, ignore
from dlrun.executors import Outcome, Task, count_at_a_time, run_tasks
from dlrun.meanwhile import begin_imports
from dlrun.members.aggregation import are_results_true, is_finished, record_aggregate
from dlrun.members.plan import Member, plan_members
from dlrun.members.resumption import MembersResumePlan, plan_members_resume
from dlrun.members.settling import settle_config
from dlrun.members.telling import Once, logging, raise_failures, told_end
from dlrun.prepare import PreparedData, prepare_loaded
from dlrun.resumption import check_same_data
from dlrun.runs import Run
from dlrun.runs.create import copy_run, create_run, new_dir, write_config
from dlrun.runs.environment import describe_environment
from dlrun.runs.find import typed_name
from dlrun.runs.lock import only_process
from dlrun.runs.record import Recorder
from dlrun.runs.run import RUN
from dlrun.stopping import Stopped, stop_requests


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
    listen = Once(report or ignore, first.name)
    data, _ = prepare_loaded(replace(loaded, config=first.config), source, listen)
    config = settle_config(loaded.config, data)
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
            if not _any_trained(tasks):
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
    runs_dir: Path | None = None,
) -> Run:
    """Goes on with the members that are not yet what the config says, or adds repeats.

    A stop on the way to a longer or otherwise changed run is one like any other: the next call
    does the rest. What is refused leaves the run as it was.

    Args:
        run: With members; not one that runs.
        overrides: Changes that a member may go on with, and a larger `repeat`.
        more_epochs: Added to the epochs of every member.
        into: Name of a new folder to go on in; the run then stays as it is.
        report: As of `train_members`.
        runs_dir: Where the new folder is made; None: beside the run.

    Raises:
        DlrunError: the run cannot go on so.
        MembersError: a member failed.
        Stopped: a signal asked for it.
    """
    new = None if into is None else new_dir(into, runs_dir or run.runs_dir)
    with ExitStack() as held:
        if new is None:
            held.enter_context(only_process(run))
            run = Run(run.path)  # read anew: another process may have held it until now
        plan = plan_members_resume(run, overrides, more_epochs)
        data, listen = _prepare_to_go_on(run, plan, report or ignore)
        config = settle_config(plan.loaded.config, data)
        if new is not None:
            run = copy_run(run, new, config)
            held.enter_context(only_process(run))
        _go_on(run, plan, config, data, listen)
    return Run(run.path)


def _prepare_to_go_on(
    run: Run, plan: MembersResumePlan, report: Report
) -> tuple[PreparedData, Report]:
    """The data of the first member, and what tells each message once."""
    names = [one.name for one in plan.going_on]
    planned = plan_members(plan.loaded.config)
    first = next((member for member in planned if member.name in names), planned[0])
    listen = Once(report, first.name)
    first_loaded = replace(plan.loaded, config=planned[0].config)  # as the run's facts have it
    data, _ = prepare_loaded(first_loaded, str(run.path), listen)
    check_same_data(Run(run.path / planned[0].name), data)
    return data, listen


def _go_on(
    run: Run, plan: MembersResumePlan, config: Config, data: PreparedData, report: Report
) -> None:
    """Trains what is planned in the folder of a parent, which is this process's."""
    members = {member.name: member for member in plan_members(config)}
    tasks = [_task(run, members[one.name], one.overrides) for one in plan.going_on]
    with Recorder(run) as recorder:
        going_on = plan.record(run)
        kept = {"config_hash": write_config(run, config), "members": list(members)}
        keeps_results = are_results_true(Run(run.path))
        recorder.go_on(going_on | kept, (), keeps_results=keeps_results)
        try:
            _train(recorder, config, data, tasks, report, plan.done)
        finally:
            recorder.note(resumed=plan.with_remarks(run, going_on["resumed"]))


def refuse_callbacks(config: Config, callbacks: Sequence[Any]) -> None:
    """Refuses callbacks from Python, where there are any.

    Raises:
        ConfigError: there are.
    """
    if callbacks:
        message = "repeats and folds are trained in other processes, which callbacks from Python "
        message += "do not reach; name them in the config's training.callbacks"
        raise ConfigError(config.source, [Problem("training.callbacks", message)])


def _refuse_what_workers_lack(config: Config) -> None:
    from dlrun.catalog.own import OWN_DATASETS

    if config.dataset.name in OWN_DATASETS and not config.imports:
        message = (
            f"{config.dataset.name} is registered in this process alone, and members are trained "
            "in others; register it in a module, and name that in imports"
        )
        raise ConfigError(config.source, [Problem("dataset.name", message)])


def _task(parent: Run, member: Member, overrides: Sequence[str] = ()) -> Task:
    run_dir = parent.path / member.name
    return Task(member.name, run_dir, Loaded(member.config), tuple(overrides), parent.id)


def _train(
    recorder: Recorder,
    config: Config,
    data: PreparedData,
    tasks: Sequence[Task],
    report: Report,
    done: Sequence[str] = (),
) -> None:
    """The path from tasks, and members that are done, to a complete parent's folder."""
    threads = config.training.threads
    assert isinstance(threads, int)
    facts = {"seed": config.seed, "intra_op_threads": threads, "inter_op_threads": threads}
    recorder.environment(describe_environment(config.imports) | facts)
    recorder.dataset_facts(data.facts())
    listen = _dropping(recorder, config, done, logging(recorder, report))
    at_a_time = count_at_a_time(len(tasks), threads)
    each = f"{threads} thread{'s' if threads != 1 else ''} each"
    what = f"{config.describe_members()}: {len(tasks)} to train"
    listen(Message(f"{what}, {at_a_time} at a time, {each}"))
    begin_imports("dlrun.evaluate")
    outcomes: list[Outcome] = []
    with stop_requests() as request:
        for outcome in run_tasks(tasks, at_a_time, listen, request):
            outcomes.append(outcome)
            if outcome.status == "finished":
                _evaluate(Run(recorder.run.path / outcome.task), listen)
            text = told_end(recorder.run, outcome)
            listen(TaskEnded(outcome.task, outcome.status, text, len(outcomes), len(tasks)))
            if request.signum is None and outcome.is_refused and not _any_trained(tasks):
                raise ModelError(outcome.error)
    for member in Run(recorder.run.path).members:
        if is_finished(member) and not member.has_evaluation:  # a full disk was in the way
            _evaluate(member, listen)
    ended = [outcome.task for outcome in outcomes if outcome.status == "finished"]
    if ended or not tasks or not are_results_true(Run(recorder.run.path)):
        recorder.drop_old_results()
        record_aggregate(recorder, config, [*done, *ended])
    if request.signum is not None:
        text = f"{recorder.run.path} keeps {len(ended)} of {len(tasks)} members whole, and"
        goes_on = f"dlrun resume {typed_name(recorder.run)} goes on"
        listen(Message(f"{text} checkpoints of those that had begun; {goes_on}"))
        raise Stopped(request.signum)
    raise_failures(recorder.run, outcomes, len(tasks))


def _dropping(recorder: Recorder, config: Config, done: Sequence[str], report: Report) -> Report:
    """Takes the results of an earlier end away once a member has more than they say.

    Those of members that are done already stand in their place until all are added up.
    """

    def listen(event: Event) -> None:
        is_epoch = isinstance(event, FromTask) and isinstance(event.event, EpochEnded)
        if is_epoch and recorder.has_old_results:
            recorder.drop_old_results()
            with suppress(RunError):  # a damaged member is told of at the end
                record_aggregate(recorder, config, done, evaluates=False)
        report(event)

    return listen


def _evaluate(member: Run, report: Report) -> None:
    """Here and not where it was trained: scikit-learn and matplotlib are imported once."""
    from dlrun.evaluate import evaluate_run

    evaluate_run(member, report)


def _any_trained(tasks: Sequence[Task]) -> bool:
    return any((task.run_dir / RUN).exists() for task in tasks)
