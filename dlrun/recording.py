"""What an experiment writes down as it goes on and when it ends, whichever way it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from dlrun.errors import StorageError
from dlrun.events import EngineChosen, EpochEnded, Event, Message, Report
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.results import summarize_history
from dlrun.runs.looks import TestSet
from dlrun.runs.record import Recorder
from dlrun.scoring import Scores
from dlrun.training import (
    EVALUATION_BATCH_SIZE,
    BestWeights,
    train_eval_rows,
)


def keep_what_there_is(
    recorder: Recorder,
    data: PreparedData,
    built: BuiltModel,
    history: Sequence[Mapping[str, float]],
    best: BestWeights | None,
    report: Report,
) -> None:
    """Saves what a run that ends early has: its epochs, and the best weights so far.

    What cannot be written is passed over: the error that ends the run tells more.
    """
    kept_epoch = None
    with suppress(StorageError):
        if best is not None and best.epoch:
            best.restore(built.model)
            recorder.model(built.model)
            kept_epoch = best.epoch
        record_epochs(recorder, data, built, history, kept_epoch)
    number = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    model = "no model" if kept_epoch is None else f"the model of epoch {kept_epoch}"
    text = f"{recorder.run.path} keeps {number} and {model}; dlrun resume {recorder.run.id} goes on"
    report(Message(text, level="warning"))
    with suppress(StorageError):
        recorder.log(text)


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


def record_epochs(
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
    metrics |= {"evaluation_batch_size": EVALUATION_BATCH_SIZE}
    recorder.metrics(metrics | {"train_eval_rows": len(train_eval_rows(data))})
    from dlrun.plots.run_plots import draw_run  # matplotlib takes 0.4 s: not before the training

    draw_run(recorder.run)


def record_scores(recorder: Recorder, scores: Scores) -> None:
    """Writes `predictions.npz` and `evaluation.json`."""
    recorder.predictions(scores.arrays)
    recorder.evaluation(scores.reports)


def note_look(recorder: Recorder, data: PreparedData, by: str) -> None:
    """Notes that the test rows, if there are any, are looked at from now on."""
    if "test" in data.rows:
        test_set = TestSet(data.test_hash(), data.dataset.name, len(data.splits.test))
        recorder.note_look(test_set, by)
