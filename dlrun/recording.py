"""What an experiment writes down as it goes on and when it ends, whichever way it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlrun.backend import startup_noise, tf
from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.config import Config
from dlrun.errors import DivergedError, RunError, StorageError
from dlrun.events import EngineChosen, EpochEnded, Event, Message, Report
from dlrun.model import BuiltModel, metric_modes
from dlrun.prepare import PreparedData
from dlrun.results import monitor_mode, summarize_history
from dlrun.resumption import ResumePlan
from dlrun.runs import Run
from dlrun.runs.create import write_config
from dlrun.runs.endings import command_after_divergence, command_after_stop
from dlrun.runs.environment import count_cpus, describe_environment
from dlrun.runs.looks import TRAIN, test_set_of
from dlrun.runs.record import Recorder
from dlrun.runs.run import LOG
from dlrun.scoring import score_parts
from dlrun.training import (
    EVALUATION_BATCH_SIZE,
    BestWeights,
    Fitted,
    TensorData,
    callbacks_from_python,
    data_hashes,
    not_repeatable,
    train_eval_rows,
    weights_hash,
)


def record_going_on(recorder: Recorder, plan: ResumePlan, config: Config, report: Report) -> None:
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


def record_noise(recorder: Recorder, noise_into: Callable[[Path], None]) -> None:
    """Writes what TensorFlow said as it started, and has what it says from now on follow."""
    noise = startup_noise.strip() or "TensorFlow started without a word"
    recorder.log(noise, lines=True)
    noise_into(recorder.run.path / LOG)


def record_callbacks(recorder: Recorder, given: Sequence[Any], *, is_begun: bool) -> None:
    """Writes which callbacks are from Python, also those of before where the run is begun."""
    earlier = recorder.run.info.get("callbacks_from_python") if is_begun else None
    recorder.note(callbacks_from_python=callbacks_from_python(given, earlier or ()))


def record_facts(recorder: Recorder, data: PreparedData, built: BuiltModel, report: Report) -> None:
    """Writes what data, model and machine are."""
    for message in data.messages:
        recorder.log(message.text)
    facts = _tensorflow_facts(data.config)
    recorder.environment(describe_environment(data.config.imports) | facts)
    recorder.dataset(data.facts(), data.rows)
    recorder.parameters(built.count)
    reasons = not_repeatable(facts["gpus"])
    hashes = data_hashes(data) | {"initial_weights": weights_hash(built.model)}
    recorder.note(
        hashes=hashes,
        not_repeatable=reasons,
        monitor=data.config.training.monitor,
        monitor_mode=monitor_mode(higher_is_better=built.higher_is_better),
    )
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


def recording(recorder: Recorder, history: list[Mapping[str, float]], report: Report) -> Report:
    """Writes down what is told, then passes it on."""

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            recorder.epoch(event.epoch, event.logs)
            history.append(event.logs)
            shown = "  ".join(f"{name} {value:.6g}" for name, value in event.logs.items())
            recorder.log(f"epoch {event.epoch}/{event.epochs}  {shown}")
        elif isinstance(event, EngineChosen):
            recorder.note(engine=event.engine, engine_reason=event.reason)
            recorder.log(event.text)
        elif isinstance(event, Message):
            recorder.log(event.text)
        report(event)

    return listen


def record_result(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    tensors: TensorData,
    fitted: Fitted,
    history: Sequence[Mapping[str, float]],
    *,
    scores_train: bool,
) -> None:
    """Writes down the kept model and what it says of each part, test rows looked at once."""
    recorder.model(built.model)
    recorder.note(hashes={"final_weights": weights_hash(built.model)})
    is_off = data.config.training.train_eval == "off"
    parts = ["train"] if scores_train and not is_off else []
    parts.append("validation")
    if recorder.run.info.get("member_of") is None:
        parts.append("test")
        note_look(recorder, data, by=TRAIN)
    scores = score_parts(built.model, data, tensors, fitted.evaluator, parts)
    recorder.predictions(scores.arrays)
    record_epochs(recorder, data, built, history, fitted.kept_epoch, scores.metrics)


def keep_what_there_is(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    history: Sequence[Mapping[str, float]],
    best: BestWeights | None,
    report: Report,
    *,
    draws: bool,
    error: BaseException,
) -> None:
    """Saves what a run that ends early has: its epochs, and the best weights so far.

    What cannot be written is passed over: the error that ends the run tells more. Pictures are
    drawn where `draws`. A resume that came to no new epoch leaves what there was before.
    """
    kept_epoch = None
    with suppress(StorageError):
        if recorder.has_old_results:
            with suppress(RunError):
                kept_epoch = Run(recorder.run.path).metrics.get("kept_epoch")
        else:
            if best is not None and best.epoch:
                kept_epoch = best.restore(built.model, len(history))
                recorder.model(built.model)
            record_epochs(recorder, data, built, history, kept_epoch)
            if draws:
                _draw(recorder, history)
    number = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    model = "no model" if kept_epoch is None else f"the model of epoch {kept_epoch}"
    goes_on = f"; {command_after_stop(recorder.run)} goes on"
    if isinstance(error, DivergedError):
        ends = [f"{part}loss" for part in ("", TRAIN_EVAL, VALIDATION)]
        losses = [history[0].get("loss"), *map(history[-1].get, ends)] if history else []
        command = command_after_divergence(recorder.run, error.suggestion, losses)
        goes_on = f"; to go on with a change: {command}" if command is not None else ""
    text = f"{recorder.run.path} keeps {number} and {model}{goes_on}"
    is_member = recorder.run.info.get("member_of") is not None  # then its parent is resumed
    report(Message(text, level="log" if is_member else "warning"))
    with suppress(StorageError):
        recorder.log(text)


def record_epochs(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    history: Sequence[Mapping[str, float]],
    kept_epoch: int | None = None,
    scores: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Writes `metrics.json` from the epochs there are, also of an unfinished run.

    Args:
        recorder: Of the run.
        data: Prepared.
        built: The model.
        history: A row an epoch.
        kept_epoch: Whose weights are kept; None for none.
        scores: By part, what the kept weights reach.
    """
    if not history:
        return
    training = data.config.training
    metrics = summarize_history(
        history,
        training.monitor,
        higher_is_better=built.higher_is_better,
        planned_epochs=training.epochs,
    )
    metrics |= {"kept_epoch": kept_epoch}
    metrics |= {part: (scores or {}).get(part) for part in ("train", "validation", "test")}
    metrics |= {"modes": metric_modes(built.model), "evaluation_batch_size": EVALUATION_BATCH_SIZE}
    recorder.metrics(metrics | {"train_eval_rows": len(train_eval_rows(data))})


def _draw(recorder: Recorder, history: Sequence[Mapping[str, float]]) -> None:
    if history:
        from dlrun.plots.run_plots import draw_run  # matplotlib: 0.4 s

        draw_run(Run(recorder.run.path))


def note_look(recorder: Recorder, data: PreparedData, by: str) -> None:
    """Notes that the test rows, if there are any, are looked at from now on."""
    if "test" in data.rows:
        recorder.note_look(test_set_of(data), by)
