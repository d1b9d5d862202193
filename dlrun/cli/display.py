"""What is seen while something runs: a live display on a terminal, plain lines elsewhere.

Progress and messages go to stderr; only results go to stdout.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dlrun import events
from dlrun.cli.output import echo, echo_json, echo_lines
from dlrun.columns import VALIDATION, shown_columns
from dlrun.errors import DlrunError
from dlrun.events import (
    EngineChosen,
    EpochEnded,
    Event,
    FromTask,
    Message,
    Report,
    TaskEnded,
)
from dlrun.runs import Run
from dlrun.runs.find import shortest_name
from dlrun.runs.looks import count_looks, own_test_set
from dlrun.screen import silence
from dlrun.wording import short_number, with_interval


@contextmanager
def showing(*, quiet: bool) -> Iterator[Report]:
    """Gives a report that shows events, in the way that fits where stderr goes."""
    if quiet:
        yield events.ignore
    elif not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _while_it_is_read(_plain_lines)
    else:
        with _Live() as live:
            yield _while_it_is_read(live)


def _while_it_is_read(show: Report) -> Report:
    """Shows nothing more once that fails: `dlrun train … 2>&1 | head` trains to its end."""
    is_read = True

    def report(event: Event) -> None:
        nonlocal is_read
        if is_read:
            try:
                show(event)
            except OSError:
                is_read = False
                silence(sys.stderr)

    return report


class _Live:
    """The live display, loaded with the first event: a typo in a config is told sooner."""

    def __enter__(self) -> _Live:
        self._display: Any = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.close()

    def __call__(self, event: Event) -> None:
        if self._display is None:
            from dlrun.cli.live import LiveDisplay

            self._display = LiveDisplay()
        self._display(event)


def _plain_lines(event: Event) -> None:
    """One line an epoch, a message or a finished download; nothing that moves."""
    if isinstance(event, Message | EngineChosen):
        if event.level == "log":
            return
        label = "warning: " if event.level == "warning" else ""
        echo(f"{label}{event.text}", err=True)
    elif isinstance(event, EpochEnded):
        values = "  ".join(f"{name} {short_number(value)}" for name, value in event.logs.items())
        echo(f"epoch {event.epoch}/{event.epochs}  {values}", err=True)
    elif isinstance(event, FromTask) and isinstance(event.event, Message):
        _plain_lines(event.event)
    elif isinstance(event, TaskEnded):
        echo(task_line(event), err=True)
    elif isinstance(event, events.Progress) and event.total and event.done == event.total:
        echo(f"{event.task}: {_amount(event.done, event.unit)}", err=True)


def task_line(event: TaskEnded) -> str:
    """Returns how one of several trainings ended, in a line."""
    return f"{event.done} of {event.total}  {event.task}: {event.status}, {event.text}"


def show_result(run: Run, *, as_json: bool, quiet: bool) -> None:
    """Prints what came out of a finished run, and what to type next."""
    if as_json:
        result = {"id": run.id, "path": str(run.path), "status": run.status}
        echo_json(result | {"metrics": run.metrics})
    elif quiet:
        echo(run.path)
    else:
        program, name = program_name(), shortest_name(run)
        echo_lines(result_lines(run))
        echo(f"  {'next':<11} {program} summary {name} · {program} plot {name} --x seconds")


def program_name() -> str:
    """Returns what to type for this program: `dlrun`, or its path where that is not found."""
    if shutil.which("dlrun"):
        return "dlrun"
    started = Path(sys.argv[0])
    if started.stem != "dlrun":
        return "python -m dlrun"
    try:
        return str(started.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(started)


def result_lines(run: Run) -> list[str]:
    """Returns a finished run's result in a few lines."""
    if run.has_members:
        from dlrun.cli.members import members_lines

        return members_lines(run)
    metrics = run.metrics
    final = metrics.get("final") or {}
    held_out = any(name.startswith(VALIDATION) for name in final)
    label = "validation" if held_out else "training"
    best = _values(metrics.get("best"))
    by = f"epoch {metrics.get('best_epoch')}, by {metrics.get('monitor')}"
    if not metrics.get("best"):
        by = f"{metrics.get('monitor')} is NaN in every epoch"
    seconds = run.info.get("duration_seconds")
    lines = [
        f"{run.id}: {run.status} after {'–' if seconds is None else duration(seconds)}",
        f"  {label:<11} best   {best} ({by})",
        f"  {'':<11} final  {_values(final)} (epoch {metrics['epochs']})",
    ]
    if metrics.get("test"):
        lines += _test_lines(run)
    elif not run.has_test_rows:
        lines.append(f"  {'test':<11} none: no test rows were held back")
    elif run.info.get("member_of") is not None:
        lines.append(f"  {'test':<11} not looked at, as of every part; `dlrun test` does")
    else:
        lines.append(f"  {'test':<11} not looked at: the run did not finish")
    baseline = _report(run, "validation" if held_out else "test").get("baseline")
    if baseline:
        lines.append(f"  {'baseline':<11} {baseline_text(baseline)}")
    lines += diagnosis_of(run)
    lines.append(f"  {'plots':<11} {run.plots_dir}{os.sep}")
    return lines


def judge_late(*runs: Run) -> None:
    """Has trials of a sweep judged and drawn when someone first asks for them."""
    for run in runs:
        with suppress(DlrunError):  # a folder that is read-only, or damaged: shown as it is
            if run.info.get("member_of") is not None and not run.has_evaluation:
                from dlrun.evaluate import evaluate_late

                evaluate_late(run, _plain_lines)


def diagnosis_of(run: Run) -> list[str]:
    """Returns what the run's curves say; nothing where they cannot be read."""
    from dlrun.cli.diagnose import diagnosis_lines
    from dlrun.evaluation.diagnose import diagnose

    with suppress(DlrunError):  # the run's result is there without it
        diagnosis = diagnose(run)
        gaps = [f"  {'gap':<11} {gap}" for gap in diagnosis.gaps[:1]]
        return [*diagnosis_lines(diagnosis), *gaps]
    return []


def _test_lines(run: Run) -> list[str]:
    """The test values with their intervals, and how often these rows were looked at."""
    estimates = _report(run, "test").get("metrics") or {}
    values = [
        f"{name} {with_interval(estimates.get(name) or {'value': value})}"
        for name, value in run.metrics["test"].items()
    ]
    lines = [f"  {'test':<11} {'  '.join(values)} (weights of epoch {run.metrics['kept_epoch']})"]
    if test_set := own_test_set(run):
        lines.append(f"  {'':<11} {count_looks(test_set, run)}")
    return lines


def _report(run: Run, part: str) -> Mapping[str, Any]:
    return run.evaluation.get(part, {}) if run.has_evaluation else {}


def baseline_text(baseline: Mapping[str, Any]) -> str:
    """Returns what a baseline reaches and what it says."""
    values = "  ".join(f"{name} {short_number(v)}" for name, v in baseline["metrics"].items())
    return f"{values}: {baseline['says']}"


def _values(values: Mapping[str, float | None] | None) -> str:
    if not values:
        return "none"
    shown = shown_columns(values)
    return "  ".join(f"{name} {short_number(value)}" for name, value in shown.items())


def _amount(done: int, unit: str) -> str:
    return f"{done / 1e6:.1f} MB" if unit == "bytes" else f"{done:,} {unit}"


def duration(seconds: float) -> str:
    """Returns seconds in words: `14.2 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
