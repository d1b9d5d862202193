"""What `dlrun.resume` goes on with: a run, one with members, a sweep; and what each takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlrun.config import Overrides, override_texts
from dlrun.errors import RunError, SweepError
from dlrun.events import Report, ignore
from dlrun.going_on import go_on
from dlrun.members import refuse_callbacks, resume_members
from dlrun.members.resumption import refuse_change_of_part
from dlrun.runs import Run, Sweep, find_any
from dlrun.runs.create import new_dir


def resume_any(
    run: str | Path | Run | Sweep,
    overrides: Overrides,
    *,
    more_epochs: int | None,
    into: str | None,
    workers: int | None,
    retry_failed: bool,
    fail_fast: bool,
    report: Report | None,
    runs_dir: Path | None,
    callbacks: Sequence[Any],
) -> Run | Sweep:
    """Goes on with whatever it is; arguments and errors are those of `dlrun.resume`."""
    found = run if isinstance(run, Run | Sweep) else find_any(str(run), runs_dir)
    if isinstance(found, Sweep):
        _refuse_changes(found, overrides, more_epochs, into)
        from dlrun.sweeping.driving import resume_sweep  # 0.15 s that no run needs

        return resume_sweep(
            found,
            workers=workers,
            retry_failed=retry_failed,
            fail_fast=fail_fast,
            report=report or ignore,
        )
    found = Run(found.path)  # read anew
    _refuse_sweeps_options(found, workers, retry_failed=retry_failed, fail_fast=fail_fast)
    refuse_change_of_part(found, overrides, more_epochs, into)
    if found.has_members:
        refuse_callbacks(found.config, callbacks)
        return resume_members(
            found, overrides, more_epochs=more_epochs, into=into, report=report, runs_dir=runs_dir
        )
    new = None if into is None else new_dir(into, runs_dir or found.runs_dir)
    return go_on(found, overrides, more_epochs, into=new, report=report, callbacks=callbacks)


def _refuse_changes(
    sweep: Sweep, overrides: Overrides, more_epochs: int | None, into: str | None
) -> None:
    given = override_texts(overrides)
    given += [] if more_epochs is None else [f"--more-epochs {more_epochs}"]
    given += [] if into is None else [f"--into {into}"]
    if given:
        raise SweepError(
            f"{sweep.path}: a sweep's plan does not change, received {' '.join(given)}; leave that "
            "out, or begin a new sweep by `dlrun sweep` with a changed file or command"
        )


def _refuse_sweeps_options(
    run: Run, workers: int | None, *, retry_failed: bool, fail_fast: bool
) -> None:
    names = {"workers": workers is not None, "retry-failed": retry_failed, "fail-fast": fail_fast}
    given = ", ".join(f"--{name}" for name, is_given in names.items() if is_given)
    if given:
        raise RunError(f"{run.path}: it is a run, and {given} is a sweep's; leave it out")
