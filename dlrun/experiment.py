"""The whole path of one experiment, from prepared data to a complete run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.backend import tensorflow_log_to
from dlrun.events import EngineChosen, Report, ignore
from dlrun.meanwhile import import_meanwhile
from dlrun.model import BuiltModel, build_model
from dlrun.prepare import PreparedData
from dlrun.recording import (
    keep_what_there_is,
    record_callbacks,
    record_facts,
    record_going_on,
    record_noise,
    record_result,
    recording,
)
from dlrun.resumption import ResumePlan, check_same_data
from dlrun.runs import Run
from dlrun.runs.create import copy_run, create_run
from dlrun.runs.lock import only_process
from dlrun.runs.record import Recorder
from dlrun.screen import noise_to_log
from dlrun.stopping import stop_requests
from dlrun.threads import settle_threads
from dlrun.training import (
    BestWeights,
    Engine,
    Fitted,
    Keeping,
    TensorData,
    callback_changes,
    callbacks_told,
    check_state,
    checkpoint_writer,
    choose_best,
    choose_engine,
    describe_train_eval,
    fit_model,
    memory_told,
)


@dataclass(frozen=True)
class _Ready:
    """What training needs, before there is a folder; and whether the run is judged here, too."""

    data: PreparedData
    built: BuiltModel
    engine: Engine
    given: tuple[Any, ...]  # callbacks that the config does not hold
    evaluates: bool
    scores_train: bool


def run_experiment(
    data: PreparedData,
    *,
    report: Report = ignore,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
    overrides: Sequence[str] = (),
    callbacks: Sequence[Any] = (),
    reproduces: str | None = None,
    run_dir: Path | None = None,
    member_of: str | None = None,
    evaluates: bool = True,
    scores_train: bool = True,
) -> Run:
    """Trains a config on its prepared data and records everything in a new run folder.

    Every call starts from fresh weights; equal configs give equal weights. A member of another
    run does not look at its test rows.

    Args:
        data: Of the config.
        report: Told whatever is worth knowing.
        runs_dir: Where the folder is made.
        command: What was typed, for the run's record.
        overrides: Likewise.
        callbacks: Beside those of the config.
        reproduces: Id of the run that this one repeats.
        run_dir: The folder itself; None: one with a new id.
        member_of: Id of the run that this one is a part of.
        evaluates: Whether to call `evaluate_run` at the end; another process may.
        scores_train: Whether the kept model is measured on all training rows at the end.

    Raises:
        ModelError: Keras refused the model; no folder was made.
        DivergedError: the loss or a weight became NaN or infinite; the folder keeps the history.
        StorageError: a file could not be written.
        OutOfMemoryError: there was not enough; the folder keeps the epochs before.
        Stopped: a signal asked for it; the folder keeps a checkpoint to go on from.
    """
    with noise_to_log() as noise_into:
        ready = _get_ready(data, callbacks, report, evaluates, scores_train)
        run = create_run(
            ready.data.config,
            runs_dir=runs_dir,
            command=command,
            overrides=overrides,
            reproduces=reproduces,
            run_dir=run_dir,
            member_of=member_of,
        )
        with only_process(run):
            _train(run, ready, None, noise_into, report)
    return Run(run.path)  # read anew: what it says has changed


def resume_experiment(
    plan: ResumePlan,
    data: PreparedData,
    *,
    into: Path | None = None,
    report: Report = ignore,
    callbacks: Sequence[Any] = (),
    evaluates: bool = True,
    scores_train: bool = True,
) -> Run:
    """Goes on with a run, in its folder, as `run_experiment` would have without a stop.

    Args:
        plan: From where; without `into`, the run is this process's (`only_process`).
        data: Prepared from its config.
        into: A new folder to go on in; the run then stays as it is.
        report: Told whatever is worth knowing.
        callbacks: Those that `run_experiment` was given.
        evaluates: As of `run_experiment`.
        scores_train: Likewise.

    Raises:
        RunError: data or model are not those that the run began with.
        DlrunError: as `run_experiment`.
    """
    check_same_data(plan.run, data)
    with noise_to_log() as noise_into:
        ready = _get_ready(data, callbacks, report, evaluates, scores_train)
        if plan.state is not None:
            check_state(plan.run, ready.built.model, plan.state, plan.best)
            wants_xla = data.config.training.wants_xla
            changes = callback_changes(
                ready.given, ready.built.callbacks, plan.state.callbacks, wants_xla=wants_xla
            )
            plan = replace(plan, remarks=(*plan.remarks, *changes))
        if into is None:
            _train(plan.run, ready, plan, noise_into, report)
        else:
            plan = replace(plan, run=copy_run(plan.run, into, ready.data.config))
            with only_process(plan.run):
                _train(plan.run, ready, plan, noise_into, report)
    return Run(plan.run.path)


def _get_ready(
    data: PreparedData,
    callbacks: Sequence[Any],
    report: Report,
    evaluates: bool,
    scores_train: bool,
) -> _Ready:
    """Builds the model; nothing is written yet."""
    data = settle_threads(data, report)  # before TensorFlow's first operation
    with memory_told(data.config):
        built = build_model(data)
    built = replace(built, callbacks=(*built.callbacks, *callbacks))
    engine = choose_engine(data.config, built)
    return _Ready(data, built, engine, tuple(callbacks), evaluates, scores_train)


def _train(
    run: Run,
    ready: _Ready,
    plan: ResumePlan | None,
    noise_into: Callable[[Path], None],
    report: Report,
) -> None:
    """The path from a built model to a complete folder."""
    data, built = ready.data, ready.built
    state = plan.state if plan else None
    with (
        Recorder(run) as recorder,
        tensorflow_log_to(recorder.log),
        memory_told(data.config),
        callbacks_told(data.config),
    ):
        history = list(state.history) if state else []
        listen = recording(recorder, history, report)
        if ready.evaluates:
            listen = import_meanwhile(listen, "dlrun.evaluate")
        if plan is not None:
            record_going_on(recorder, plan, data.config, listen)
        record_noise(recorder, noise_into)
        record_callbacks(recorder, ready.given, is_begun=state is not None)
        record_facts(recorder, data, built, listen)
        listen(EngineChosen(ready.engine.name, ready.engine.reason))
        listen(describe_train_eval(data))
        tensors = TensorData.from_prepared(data)
        best = choose_best(built, data.config.training, listen)
        recorder.keeps_last = best is None
        if best is not None and plan is not None and plan.best is not None:
            best.go_on_from(plan.best)
        try:
            fitted = _fit(run, ready, plan, tensors, best, listen)
        except BaseException as error:
            draws = ready.evaluates
            keep_what_there_is(
                recorder, data, built, history, best, report, draws=draws, error=error
            )
            raise
        record_result(
            recorder, data, built, tensors, fitted, history, scores_train=ready.scores_train
        )
        if ready.evaluates:
            from dlrun.evaluate import evaluate_run  # scikit-learn and matplotlib: 1.5 s

            evaluate_run(run, listen)


def _fit(
    run: Run,
    ready: _Ready,
    plan: ResumePlan | None,
    tensors: TensorData,
    best: BestWeights | None,
    report: Report,
) -> Fitted:
    """Trains, from a checkpoint where there is one, until it is done or a signal asks to stop."""
    built = ready.built
    best_epoch = best.epoch if best is not None else 0
    with stop_requests() as request:
        return fit_model(
            built,
            ready.data,
            tensors,
            engine=ready.engine,
            best=best,
            keeping=Keeping(checkpoint_writer(run, best_epoch, built.callbacks), report, request),
            state=plan.state if plan else None,
            learning_rate=plan.learning_rate if plan else None,
            report=report,
        )
