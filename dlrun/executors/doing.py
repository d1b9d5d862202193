"""What a worker's process does with one task; TensorFlow is loaded here."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dlrun.data import Dataset
from dlrun.data.store import DataStore
from dlrun.errors import ConfigError, DatasetError, DivergedError, DlrunError, ModelError
from dlrun.events import Event, Report
from dlrun.executors.task import Outcome, Task, Told
from dlrun.stopping import Stopped

if TYPE_CHECKING:
    from dlrun.runs import Run

Send = Callable[[Any], None]


def do_task(task: Task, send: Send, store: DataStore) -> Outcome:
    """Does what a task asks for, and says how it ended.

    Args:
        task: To train, to go on with, to build or to measure.
        send: Takes what it tells.
        store: Data of the tasks before.
    """

    def report(event: Event) -> None:
        send(Told(task.name, event))

    try:
        if task.action == "train":
            _train_or_go_on(task, report, store)
            return Outcome(task.name, "finished")
        return Outcome(task.name, "finished", measured=_try_out(task, report, store))
    except Stopped as stop:
        return Outcome(task.name, "interrupted", str(stop))
    except DlrunError as error:
        status = "diverged" if isinstance(error, DivergedError) else "failed"
        is_refused = isinstance(error, ConfigError | DatasetError | ModelError)
        return Outcome(task.name, status, str(error), is_refused)
    except Exception:  # a bug; its traceback is told where the tasks come from
        return Outcome(task.name, "crashed", traceback.format_exc())


def _train_or_go_on(task: Task, report: Report, store: DataStore) -> None:
    from dlrun.experiment import run_experiment
    from dlrun.going_on import go_on
    from dlrun.prepare import prepare_loaded
    from dlrun.runs import Run
    from dlrun.runs.run import RUN

    if not os.path.lexists(task.run_dir / RUN):
        source = str(task.loaded.config.source)
        data, listen = prepare_loaded(task.loaded, source, report, store)
        _check_data(task, data.dataset)
        run_experiment(
            data,
            report=listen,
            run_dir=task.run_dir,
            member_of=task.member_of,
            evaluates=False,
            scores_train=task.scores_train,
            callbacks=_callbacks(task),
        )
        return
    run = Run(task.run_dir)
    if _is_done(run, task):
        return
    go_on(
        run,
        task.overrides,
        report=report,
        store=store,
        callbacks=_callbacks(task),
        evaluates=False,
        scores_train=task.scores_train,
    )


def _is_done(run: Run, task: Task) -> bool:
    """Whether the task was done before, by a process that was ended before it could say so."""
    from dlrun.resumption.changes import load_changed

    if run.status != "finished" or not run.has_metrics:
        return False
    config = load_changed(run, task.overrides, None)[0].config
    return config == run.config and config.training.epochs == run.metrics["planned_epochs"]


def _check_data(task: Task, dataset: Dataset) -> None:
    if task.data_hash is not None and not dataset.content_hash.startswith(task.data_hash):
        raise DatasetError(
            f"{dataset.name}: the data have changed since this was planned (hash "
            f"{dataset.content_hash[:12]}, then {task.data_hash}); put the old ones back, and "
            "--retry-failed tries again, or plan anew with another name"
        )


def _callbacks(task: Task) -> list[Any]:
    if task.threshold is None:
        return []
    from dlrun.training.pruned import EndBehind

    return [EndBehind(task.threshold)]


def _try_out(task: Task, report: Report, store: DataStore) -> dict[str, float]:
    """Builds the model as for a run, and measures some steps where that is asked for."""
    from dlrun.prepare import prepare_loaded
    from dlrun.tryout import try_out

    data, _ = prepare_loaded(task.loaded, str(task.loaded.config.source), report, store)
    return try_out(data, measures=task.action == "measure")
