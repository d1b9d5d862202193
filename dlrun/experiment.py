"""The whole path of one experiment, from prepared data to a complete run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.backend import startup_noise, tensorflow_log_to, tf
from dlrun.config import Config
from dlrun.events import EngineChosen, EpochEnded, Event, Message, Report, ignore
from dlrun.model import BuiltModel, build_model
from dlrun.prepare import PreparedData
from dlrun.results import summarize_history
from dlrun.runs import Run
from dlrun.runs.environment import count_cpus, describe_environment
from dlrun.runs.record import Recorder, create_run
from dlrun.runs.run import LOG
from dlrun.screen import noise_to_log
from dlrun.threads import settle_threads
from dlrun.training import (
    EVALUATION_BATCH_SIZE,
    BestWeights,
    TensorData,
    choose_best,
    choose_engine,
    evaluate_rows,
    fit_model,
    predict_rows,
)


def run_experiment(
    data: PreparedData,
    *,
    report: Report = ignore,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
    overrides: Sequence[str] = (),
    callbacks: Sequence[Any] = (),
) -> Run:
    """Trains a config on its prepared data and records everything in a new run folder.

    Every call starts from fresh weights; equal configs give equal weights.

    Raises:
        ModelError: Keras refused the model; no folder was made.
        DivergedError: the loss became NaN or infinite; the folder keeps the history.
        StorageError: a file could not be written.
    """
    with noise_to_log() as noise_into:
        data = settle_threads(data, report)  # before TensorFlow's first operation
        config = data.config
        built = build_model(data)
        built = replace(built, callbacks=(*built.callbacks, *callbacks))
        engine = choose_engine(config, built)
        run = create_run(config, runs_dir=runs_dir)
        with (
            Recorder(run, config, command=command, overrides=overrides) as recorder,
            tensorflow_log_to(recorder.log),
        ):
            recorder.log(startup_noise.strip() or "TensorFlow started without a word")
            noise_into(run.path / LOG)
            _record_start(recorder, data, built)
            tensors = TensorData.from_prepared(data)
            history: list[Mapping[str, float]] = []
            listen = _recording(recorder, history, report)
            listen(EngineChosen(engine.name, engine.reason))
            best = choose_best(built, config.training, listen)
            try:
                kept_epoch = fit_model(
                    built, data, tensors, engine=engine, best=best, report=listen
                ).kept_epoch
            except BaseException:
                _keep_what_there_is(recorder, data, built, history, best, listen)
                raise
            recorder.model(built.model)
            held_back = "test" in data.rows
            test = evaluate_rows(built.model, tensors, data.splits.test) if held_back else {}
            _record_epochs(recorder, data, built, history, kept_epoch, test)
            recorder.predictions(_predictions(built.model, data, tensors))
    return run


def _record_start(recorder: Recorder, data: PreparedData, built: BuiltModel) -> None:
    """Writes what is known before the first step."""
    for message in data.messages:
        recorder.log(message.text)
    recorder.environment(describe_environment() | _tensorflow_facts(data.config))
    recorder.dataset(data.facts(), data.rows)
    recorder.parameters(built.count)


def _keep_what_there_is(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    history: Sequence[Mapping[str, float]],
    best: BestWeights | None,
    report: Report,
) -> None:
    """Saves the epochs of a run that was interrupted or diverged, and the best weights so far."""
    number = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    kept_epoch = None
    if best is not None and best.epoch:
        kept_epoch = best.restore(built.model)
        recorder.model(built.model)
    _record_epochs(recorder, data, built, history, kept_epoch)
    model = "no model" if kept_epoch is None else f"the model of epoch {kept_epoch}"
    report(Message(f"{recorder.run.path} keeps {number} and {model}", level="warning"))


def _recording(recorder: Recorder, history: list[Mapping[str, float]], report: Report) -> Report:
    """Writes down what is told, then passes it on."""

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            recorder.epoch(event.epoch, event.logs)
            history.append(event.logs)
            shown = "  ".join(f"{name} {value:.6g}" for name, value in event.logs.items())
            recorder.log(f"epoch {event.epoch}/{event.epochs}  {shown}")
        elif isinstance(event, EngineChosen):
            recorder.engine(event.engine, event.reason)
            recorder.log(event.text)
        elif isinstance(event, Message):
            recorder.log(event.text)
        report(event)

    return listen


def _record_epochs(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    history: Sequence[Mapping[str, float]],
    kept_epoch: int | None = None,
    test: Mapping[str, float] | None = None,
) -> None:
    """Writes `metrics.json` and the plots from the epochs there are, also of an unfinished run."""
    if not history:
        return
    training = data.config.training
    metrics = summarize_history(
        history,
        training.monitor,
        higher_is_better=built.higher_is_better,
        planned_epochs=training.epochs,
    )
    metrics |= {"kept_epoch": kept_epoch, "test": dict(test or {}) or None}
    recorder.metrics(metrics | {"evaluation_batch_size": EVALUATION_BATCH_SIZE})
    from dlrun.plots.run_plots import draw_run  # matplotlib takes 0.4 s: not before the training

    draw_run(recorder.run)


def _predictions(model: Any, data: PreparedData, tensors: TensorData) -> dict[str, np.ndarray]:
    """The model's outputs on the held-out parts, as `predictions.npz` keeps them."""
    arrays = {}
    for part in ("validation", "test"):
        if part in data.rows:
            rows = data.rows[part]
            arrays[f"{part}_rows"] = rows
            outputs = predict_rows(model, tensors, rows)
            arrays[f"{part}_outputs"] = outputs.astype(np.float32)  # NumPy cannot store bfloat16
            arrays[f"{part}_labels"] = data.dataset.y[rows]
    return arrays


def _tensorflow_facts(config: Config) -> dict[str, Any]:
    threads = tf.config.threading  # 0 means as many as there are processors
    return {
        "seed": config.seed,
        "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
        "inter_op_threads": threads.get_inter_op_parallelism_threads() or count_cpus(),
        "intra_op_threads": threads.get_intra_op_parallelism_threads() or count_cpus(),
    }
