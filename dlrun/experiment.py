"""The whole path of one experiment, from prepared data to a complete run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.backend import startup_noise, tensorflow_log_to, tf
from dlrun.config import Config
from dlrun.events import EngineChosen, Message, Report, ignore
from dlrun.meanwhile import import_meanwhile
from dlrun.model import BuiltModel, build_model
from dlrun.prepare import PreparedData
from dlrun.recording import (
    keep_what_there_is,
    note_look,
    record_epochs,
    recording,
)
from dlrun.results import monitor_mode
from dlrun.resumption import ResumePlan, check_same_data
from dlrun.runs import Run
from dlrun.runs.create import copy_run, create_run, write_config
from dlrun.runs.environment import count_cpus, describe_environment
from dlrun.runs.lock import only_process
from dlrun.runs.looks import TRAIN
from dlrun.runs.record import Recorder
from dlrun.runs.run import LOG
from dlrun.scoring import score_parts
from dlrun.screen import noise_to_log
from dlrun.stopping import stop_requests
from dlrun.threads import settle_threads
from dlrun.training import (
    BestWeights,
    Engine,
    Fitted,
    Keeping,
    TensorData,
    callbacks_added,
    callbacks_changed,
    callbacks_from_python,
    callbacks_gone,
    callbacks_told,
    callbacks_without_state,
    check_state,
    checkpoint_writer,
    choose_best,
    choose_engine,
    data_hashes,
    describe_train_eval,
    fit_model,
    memory_told,
    not_repeatable,
    weights_hash,
)


@dataclass(frozen=True)
class _Ready:
    """What training needs, before there is a folder; and whether the run is judged here, too."""

    data: PreparedData
    built: BuiltModel
    engine: Engine
    evaluates: bool = True
    scores_train: bool = True
    given: tuple[Any, ...] = ()  # callbacks that the config does not hold


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
        ready = _get_ready(data, callbacks, report)
        ready = replace(ready, evaluates=evaluates, scores_train=scores_train)
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
        ready = _get_ready(data, callbacks, report)
        ready = replace(ready, evaluates=evaluates, scores_train=scores_train)
        if plan.state is not None:
            check_state(plan.run, ready.built.model, plan.state, plan.best)
        plan = replace(plan, remarks=(*plan.remarks, *_what_callbacks_change(ready, plan)))
        if into is None:
            _train(plan.run, ready, plan, noise_into, report)
        else:
            plan = replace(plan, run=copy_run(plan.run, into, ready.data.config))
            with only_process(plan.run):
                _train(plan.run, ready, plan, noise_into, report)
    return Run(plan.run.path)


def _what_callbacks_change(ready: _Ready, plan: ResumePlan) -> list[str]:
    """Why callbacks do not go on as they were; nothing where the run begins again.

    Those of the config are new only where `training.callbacks` was changed, which the plan says.
    """
    if plan.state is None:
        return []
    there, states, given = ready.built.callbacks, plan.state.callbacks, ready.given
    others = there[: len(there) - len(given)]
    wants_xla = ready.data.config.training.wants_xla
    added = callbacks_added(given, others, states, wants_xla=wants_xla)
    unknown = callbacks_without_state([c for c in there if not any(c is one for one in added)])
    gone = callbacks_gone(there, states)
    return [
        *[f"what the callback {name} remembers is in no checkpoint" for name in unknown],
        *[f"the callback {name} that the run had is not there" for name in gone],
        *[f"the callback {type(one).__name__} was not there before" for one in added],
        *[
            f"the callback {name} had {key} {old} and has {new}"
            for name, key, old, new in callbacks_changed(given, others, states)
        ],
    ]


def _get_ready(data: PreparedData, callbacks: Sequence[Any], report: Report) -> _Ready:
    """Builds the model; nothing is written yet."""
    data = settle_threads(data, report)  # before TensorFlow's first operation
    with memory_told(data.config):
        built = build_model(data)
    built = replace(built, callbacks=(*built.callbacks, *callbacks))
    return _Ready(data, built, choose_engine(data.config, built), given=tuple(callbacks))


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
        _record_start(recorder, ready, plan, noise_into, listen)
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
        _record_result(recorder, ready, tensors, fitted, history)
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


def _record_result(
    recorder: Recorder,
    ready: _Ready,
    tensors: TensorData,
    fitted: Fitted,
    history: Sequence[Mapping[str, float]],
) -> None:
    """Writes down the kept model and what it says of each part, test rows looked at once."""
    data, built = ready.data, ready.built
    recorder.model(built.model)
    recorder.note(hashes={"final_weights": weights_hash(built.model)})
    scores_train = ready.scores_train and data.config.training.train_eval != "off"
    parts = ["train"] if scores_train else []
    parts.append("validation")
    if recorder.run.info.get("member_of") is None:
        parts.append("test")
        note_look(recorder, data, by=TRAIN)
    scores = score_parts(built.model, data, tensors, fitted.evaluator, parts)
    recorder.predictions(scores.arrays)
    record_epochs(recorder, data, built, history, fitted.kept_epoch, scores.metrics)


def _record_going_on(recorder: Recorder, plan: ResumePlan, config: Config, report: Report) -> None:
    """Opens the folder again, and says from where and how exactly the run goes on."""
    state = plan.state
    kept = {"config_hash": write_config(recorder.run, config)}  # first: then nothing is forgotten
    recorder.go_on(plan.record() | kept, state.history if state else ())
    for note in plan.notes:
        report(Message(note))
    if state is not None:
        inside = f", step {state.step:,} of the next" if state.step else ""
        report(Message(f"going on after epoch {state.epoch}{inside}"))
    for remark in plan.remarks:
        report(Message(f"not exact from here on: {remark}", level="warning"))


def _record_start(
    recorder: Recorder,
    ready: _Ready,
    plan: ResumePlan | None,
    noise_into: Callable[[Path], None],
    report: Report,
) -> None:
    """Writes what is known before the first step, and says how it is trained."""
    if plan is not None:
        _record_going_on(recorder, plan, ready.data.config, report)
    noise = startup_noise.strip() or "TensorFlow started without a word"
    recorder.log(noise, lines=True)
    noise_into(recorder.run.path / LOG)
    _record_facts(recorder, ready.data, ready.built, report)
    is_begun = plan is not None and plan.state is not None
    earlier = recorder.run.info.get("callbacks_from_python") if is_begun else None
    recorder.note(
        callbacks_from_python=callbacks_from_python(ready.given, earlier or ()),
        monitor=ready.data.config.training.monitor,
        monitor_mode=monitor_mode(higher_is_better=ready.built.higher_is_better),
    )
    report(EngineChosen(ready.engine.name, ready.engine.reason))
    report(describe_train_eval(ready.data))


def _record_facts(
    recorder: Recorder, data: PreparedData, built: BuiltModel, report: Report
) -> None:
    """Writes what data, model and machine are."""
    for message in data.messages:
        recorder.log(message.text)
    facts = _tensorflow_facts(data.config)
    recorder.environment(describe_environment(data.config.imports) | facts)
    recorder.dataset(data.facts(), data.rows)
    recorder.parameters(built.count)
    reasons = not_repeatable(facts["gpus"])
    hashes = data_hashes(data) | {"initial_weights": weights_hash(built.model)}
    recorder.note(hashes=hashes, not_repeatable=reasons)
    for reason in reasons:
        report(Message(f"another run of this config may differ: {reason}", level="warning"))


def _tensorflow_facts(config: Config) -> dict[str, Any]:
    threads = tf.config.threading  # 0 means as many as there are processors
    return {
        "seed": config.seed,
        "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
        "inter_op_threads": threads.get_inter_op_parallelism_threads() or count_cpus(),
        "intra_op_threads": threads.get_intra_op_parallelism_threads() or count_cpus(),
    }
