"""One run goes on, in its folder or in a copy of it; TensorFlow comes after its data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from dlrun.config import Overrides
from dlrun.data.store import DataStore
from dlrun.events import Report
from dlrun.prepare import prepare_loaded
from dlrun.resumption import plan_resume
from dlrun.runs import Run
from dlrun.runs.lock import only_process


def go_on(
    run: Run,
    overrides: Overrides = (),
    more_epochs: int | None = None,
    *,
    into: Path | None = None,
    report: Report | None = None,
    store: DataStore | None = None,
    callbacks: Sequence[Any] = (),
    evaluates: bool = True,
    scores_train: bool = True,
) -> Run:
    """Goes on with a run that has no members, which is this process's meanwhile.

    Args:
        run: From its last checkpoint.
        overrides: As of `plan_resume`.
        more_epochs: Likewise.
        into: As of `resume_experiment`.
        report: Told whatever is worth knowing; None for nobody.
        store: As of `prepare_loaded`.
        callbacks: As of `resume_experiment`.
        evaluates: Likewise.
        scores_train: Likewise.

    Raises:
        DlrunError: another process holds it, it cannot go on so, or training failed.
    """
    with only_process(run) if into is None else nullcontext():
        run = Run(run.path)  # read anew: another process may have held it until now
        plan = plan_resume(run, overrides, more_epochs)
        data, listen = prepare_loaded(plan.loaded, str(run.path), report, store)

        from dlrun.experiment import resume_experiment

        return resume_experiment(
            plan,
            data,
            into=into,
            report=listen,
            callbacks=callbacks,
            evaluates=evaluates,
            scores_train=scores_train,
        )
