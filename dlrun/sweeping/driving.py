"""The whole path of a sweep: planned, checked, trained wave by wave, its best written down."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from dlrun.data.store import DataStore
from dlrun.errors import RunError
from dlrun.evaluation.sweep_rows import short_labels
from dlrun.events import Message, Report, ignore
from dlrun.executors import Crew, open_crew
from dlrun.files import read_yaml
from dlrun.runs import Sweep, Trial
from dlrun.runs.facts import MAX_JSON_BYTES, check_file
from dlrun.runs.find import typed_name
from dlrun.runs.lock import only_process
from dlrun.runs.record_sweep import SweepRecorder, create_sweep
from dlrun.runs.sweep import BASE, BEST, DEFINITION, FAILED, OPEN, best_trial
from dlrun.stopping import Stopped, StopRequest, stop_requests
from dlrun.sweeping.asking import asking, reopen_failed
from dlrun.sweeping.building import check_builds
from dlrun.sweeping.call import Call, CallWish, Limits, standing, stop
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.loading import load_sweep
from dlrun.sweeping.room import Room, find_room
from dlrun.sweeping.running import run_wave
from dlrun.sweeping.same_data import check_data, warn_of_other_data
from dlrun.sweeping.starting import plan_trials, same_plan, settle_objective, sweep_facts
from dlrun.sweeping.telling import best_text, values_text
from dlrun.sweeping.tpe import check_optuna
from dlrun.sweeping.waves import waves


def run_sweep(
    definition: SweepDefinition,
    *,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    report: Report = ignore,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
) -> Sweep:
    """Does what is missing of a sweep: all of it where there is none of this plan yet.

    Args:
        definition: What is searched, and how.
        workers: How many trials at a time; None: as many as there are cores for their threads.
        retry_failed: Whether trials that failed before are tried again.
        fail_fast: Whether the first trial that fails ends the sweep.
        report: Told every event of every trial, as `FromTask`, their ends, and `SweepStanding`.
        runs_dir: Where the folder is made.
        command: What was typed, for the sweep's record.

    Raises:
        DlrunError: a config, the data or every model cannot work; no folder is left.
        Stopped: a signal asked for it; every trial that had begun has a checkpoint.
    """
    if definition.config.strategy == "tpe":
        check_optuna(definition.source)
    found = same_plan(definition, runs_dir, report)
    if found is not None:
        return resume_sweep(
            found,
            workers=workers,
            retry_failed=retry_failed,
            fail_fast=fail_fast,
            report=report,
            limits_of=definition,
        )
    with open_crew() as crew:
        crew.hire()  # imports TensorFlow while the plan is made
        store = DataStore()
        planned = plan_trials(definition, store, report)
        room = find_room(workers)
        with stop_requests() as request:
            planned, directions = check_builds(crew, planned, room.places, report, request)
        objective = settle_objective(definition, planned, directions)
        if definition.config.strategy == "tpe":
            planned = []
        sweep = create_sweep(
            sweep_facts(definition, planned, objective, room.places, command),
            [one.trial for one in planned],
            definition={**definition.to_dict(), "base": BASE},
            base=definition.base_to_dict(),
            runs_dir=runs_dir,
        )
        limits = _limits(definition, fail_fast=fail_fast)
        return _go(sweep, definition, crew, room, limits, store, report)


def resume_sweep(
    sweep: Sweep,
    *,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    report: Report = ignore,
    limits_of: SweepDefinition | None = None,
) -> Sweep:
    """Does what is missing of a sweep, by the plan that its folder holds.

    Args:
        sweep: Not one that runs.
        workers: As of `run_sweep`, as the rest.
        retry_failed: Likewise.
        fail_fast: Likewise.
        report: Likewise.
        limits_of: A definition of the same plan, whose budget and time limit count; None: those
            that it was planned with.

    Raises:
        RunError: it runs, or cannot be read.
        ConfigError: this dlrun does not take its configs any more.
        DatasetError: its data cannot be had, or are others than it was planned for.
        StorageError: its folder cannot be written to.
        Stopped: a signal asked for it.
    """
    sweep = Sweep(sweep.path)  # read anew
    failed = [trial for trial in sweep.trials if trial.state in FAILED]
    missing = [trial for trial in sweep.trials if trial.state in OPEN]
    missing += failed if retry_failed else []
    is_done = not missing and not sweep.is_open
    has_best = sweep.best is None or (sweep.path / BEST).is_file()
    if is_done and sweep.status == "finished" and has_best:
        hint = _failed_text(failed)
        report(Message(f"{sweep.path}: all {len(sweep.trials)} trials are done{hint}"))
        warn_of_other_data(sweep, report)
        return sweep
    path = sweep.path / DEFINITION
    for name in (DEFINITION, BASE):
        check_file(sweep.path / name, MAX_JSON_BYTES)
    data = read_yaml(path).data
    if not isinstance(data, dict) or data.get("base") != BASE:  # it may name any file
        raise RunError(f"{path}: base must be {BASE}; put the file back")
    definition = load_sweep(path)
    done = len(sweep.trials) - len(missing)
    planned, store = sweep.info["planned"], DataStore()
    with open_crew() as crew:
        if not is_done:  # else its end alone could not be written
            crew.hire()  # imports TensorFlow while the data are looked at
            check_data(sweep, definition, missing, store)
        report(Message(f"{sweep.path}: {done} of {planned} trials are done, going on"))
        limits, room = _limits(limits_of or definition, fail_fast=fail_fast), find_room(workers)
        return _go(sweep, definition, crew, room, limits, store, report, retry_failed)


def _failed_text(failed: Sequence[Trial]) -> str:
    """How many failed, and what may be done about it."""
    if not failed:
        return ""
    again = sum(trial.is_worth_a_retry for trial in failed)
    which = "those" if again == len(failed) else f"{again} of those"
    hint = f"; --retry-failed tries {which} again" if again else ""
    return f", {len(failed)} of them failed{hint}"


def _go(
    sweep: Sweep,
    definition: SweepDefinition,
    crew: Crew,
    room: Room,
    limits: Limits,
    store: DataStore,
    report: Report,
    retry_failed: bool = False,
) -> Sweep:
    """The path from a plan to a complete folder."""
    with only_process(sweep), stop_requests() as request:
        sweep = Sweep(sweep.path)  # as whoever held it before has left it
        with SweepRecorder(sweep) as recorder:
            call = Call(sweep, recorder, crew, room, limits, report, CallWish(request))
            _do_waves(call, definition, store, retry_failed=retry_failed)
            _close(call, request)
    return Sweep(sweep.path)


def _limits(definition: SweepDefinition, *, fail_fast: bool) -> Limits:
    budget = definition.config.budget
    minutes, trial_minutes = budget.minutes, definition.config.trial_minutes
    return Limits(
        seconds=None if minutes is None else 60 * minutes,
        trials=budget.trials,
        trial_seconds=None if trial_minutes is None else 60 * trial_minutes,
        fail_fast=fail_fast,
    )


def _do_waves(
    call: Call, definition: SweepDefinition, store: DataStore, *, retry_failed: bool
) -> None:
    """Trains wave after wave, until there are no more or something ends the call."""
    if retry_failed:
        reopen_failed(call, definition, store)
    _tell_start(call)
    with _time_limit(call):
        for wave in waves(call, definition, asking(call, definition, store)):
            if call.is_over:
                break
            run_wave(call, wave)


def _tell_start(call: Call) -> None:
    trials = [trial for trial in call.recorder.trials if trial.state in OPEN]
    threads = sorted({str((trial.config.get("training") or {}).get("threads")) for trial in trials})
    shown = " or ".join(threads)
    each = f", {shown} thread{'s' if shown != '1' else ''} each" if threads else ""
    planned = f"{call.sweep.path}: {call.sweep.info['planned']} trials"
    call.report(Message(f"{planned}, room for {call.room.places} at a time{each}"))
    call.report(standing(call))


@contextmanager
def _time_limit(call: Call) -> Iterator[None]:
    """Ends the sweep at checkpoints when its time is over."""
    seconds = call.limits.seconds
    if seconds is None:
        yield
        return
    text = f"its budget of {seconds / 60:g} minutes is spent"
    timer = threading.Timer(seconds, lambda: stop(call, text))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _close(call: Call, request: StopRequest) -> None:
    """Writes down the best, and says why the sweep is not whole where it is not."""
    running = [trial for trial in call.recorder.trials if trial.state == "running"]
    if running:
        call.recorder.put(*[replace(one, state="interrupted") for one in running])
    write_best(call)
    from dlrun.sweeping.verdict import compare_best  # SciPy: 0.2 s

    call.recorder.note(verdict=compare_best(Sweep(call.sweep.path)))
    text = f"dlrun resume {typed_name(call.sweep)} goes on"
    if call.ended_by and request.signum is None:
        call.report(Message(f"{call.sweep.path}: {call.ended_by}; {text}", level="warning"))
    elif request.signum is not None:
        done = sum(trial.state not in OPEN for trial in call.recorder.trials)
        call.report(Message(f"{call.sweep.path} keeps {done} trials whole, and checkpoints of "
                             f"those that had begun; {text}"))  # fmt: skip
        raise Stopped(request.signum)


def write_best(call: Call) -> None:
    """Writes `best.yaml`; nothing where no trial has finished."""
    trials, grows = call.recorder.trials, call.sweep.higher_is_better
    best, found = best_trial(trials, higher_is_better=grows), best_text(trials, call.sweep)
    if best is None:
        return
    chosen = values_text(call.sweep.chosen(best), short_labels(call.sweep.keys))
    test = f"dlrun test {typed_name(call.sweep)}/best looks at test rows"
    with suppress(RunError):  # a folder that cannot be read does not change what is the best
        if not Sweep(call.sweep.path).run(best.number).has_test_rows:  # read anew
            test = "no test rows were held back"
    head = (
        f"The best of {len(call.recorder.trials)} trials of {call.sweep.id}: {found}\n"
        f"By validation rows alone, and the best of many is lucky, too; {test}.\n"
        f"dlrun train with this file gives the same net. Chosen: {chosen}"
    )
    call.recorder.best(best.config, head)
