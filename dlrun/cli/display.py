"""What is seen while something runs: a live display on a terminal, plain lines elsewhere.

Progress and messages go to stderr; only results go to stdout.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from dlrun import events
from dlrun.events import EpochEnded, Event, Message, Report, StepsDone
from dlrun.files import plain
from dlrun.runs import Run

LINE_SECONDS = 0.2
"""On a terminal, epochs that follow each other faster than this do not all get a line."""


@contextmanager
def showing(*, quiet: bool) -> Iterator[Report]:
    """Gives a report that shows events, in the way that fits where stderr goes."""
    console = Console(stderr=True, highlight=False)
    if quiet:
        yield events.ignore
    elif console.is_terminal and os.environ.get("TERM") != "dumb":
        with _LiveDisplay(console) as display:
            yield display
    else:
        yield _plain_lines


def _plain_lines(event: Event) -> None:
    """One line an epoch, a message or a finished download; nothing that moves."""
    if isinstance(event, Message):
        label = "warning: " if event.level == "warning" else ""
        typer.echo(f"{label}{event.text}", err=True)
    elif isinstance(event, EpochEnded):
        values = "  ".join(f"{name} {short_number(value)}" for name, value in event.logs.items())
        typer.echo(f"epoch {event.epoch}/{event.epochs}  {values}", err=True)
    elif isinstance(event, events.Progress) and event.total and event.done == event.total:
        typer.echo(f"{event.task}: {_amount(event.done, event.unit)}", err=True)


class _LiveDisplay:
    """A bar that moves, and above it a table that grows by a row an epoch."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
        )
        self._downloads = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._training: TaskID | None = None
        self._names: list[str] = []
        self._last_line = 0.0

    def __enter__(self) -> _LiveDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        self._downloads.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Message):
            style = "yellow" if event.level == "warning" else "dim"
            self._console.print(Text(event.text, style=style), soft_wrap=False)
        elif isinstance(event, StepsDone):
            self._step(event)
        elif isinstance(event, EpochEnded):
            self._epoch(event)
        else:
            self._download(event)

    def _step(self, event: StepsDone) -> None:
        if self._training is None:
            self._downloads.stop()
            self._progress.start()
            total = event.steps * event.epochs
            self._training = self._progress.add_task("", total=total, note="")
        self._progress.update(
            self._training,
            completed=(event.epoch - 1) * event.steps + event.step,
            description=f"epoch {event.epoch}/{event.epochs}",
            note=f"step {event.step:,}/{event.steps:,}  loss {short_number(event.logs['loss'])}",
        )

    def _epoch(self, event: EpochEnded) -> None:
        now = time.monotonic()
        last = event.epoch == event.epochs
        if now - self._last_line < LINE_SECONDS and not last:
            return
        self._last_line = now
        if not self._names:
            self._names = [name for name in event.logs if name != "learning_rate"]
            self._print_row(["epoch", *[_column(name) for name in self._names]], "bold")
        values = [short_number(event.logs[name]) for name in self._names]
        self._print_row([f"{event.epoch}/{event.epochs}", *values], "")

    def _print_row(self, cells: list[str], style: str) -> None:
        widths = [9, *[max(len(_column(name)), 8) for name in self._names]]
        line = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        self._console.print(Text(line, style=style), no_wrap=True, crop=True, overflow="ellipsis")

    def _download(self, event: events.Progress) -> None:
        if event.task not in self._tasks:
            self._downloads.start()
            self._tasks[event.task] = self._downloads.add_task(event.task, total=event.total)
        self._downloads.update(self._tasks[event.task], completed=event.done, total=event.total)


def show_result(run: Run, *, as_json: bool, quiet: bool) -> None:
    """Prints what came out of a finished run, and what to type next."""
    if as_json:
        result = {"id": run.id, "path": str(run.path), "status": run.status}
        typer.echo(json.dumps(plain(result | {"metrics": run.metrics}), indent=1))
    elif quiet:
        typer.echo(str(run.path))
    else:
        for line in result_lines(run):
            typer.echo(line)
        typer.echo(f"  {'next':<11} dlrun summary latest · dlrun plot {run.path} --x seconds")


def result_lines(run: Run) -> list[str]:
    """Returns a finished run's result in a few lines."""
    metrics = run.metrics
    held_out = any(name.startswith("val_") for name in metrics["final"])
    label = "validation" if held_out else "training"
    best, final = (_values(metrics[which], held_out) for which in ("best", "final"))
    lines = [
        f"{run.id}: {run.status} after {duration(run.info['duration_seconds'])}",
        f"  {label:<11} best   {best} (epoch {metrics['best_epoch']}, by {metrics['monitor']})",
        f"  {'':<11} final  {final} (epoch {metrics['epochs']})",
    ]
    if metrics["test"]:
        lines.append(f"  {'test':<11} {_values(metrics['test'], False)}")
    else:
        lines.append(f"  {'test':<11} none: no test rows were held back")
    lines.append(f"  {'plots':<11} {run.plots_dir}{os.sep}")
    return lines


def _values(values: Mapping[str, float], held_out: bool) -> str:
    shown = {k: v for k, v in values.items() if k.startswith("val_") == held_out}
    return "  ".join(f"{name} {short_number(value)}" for name, value in shown.items())


def _column(name: str) -> str:
    return "seconds" if name == "epoch_seconds" else name


def short_number(value: float | None) -> str:
    """Returns a value in four decimals, or in powers of ten where those would hide it."""
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.3e}"


def _amount(done: int, unit: str) -> str:
    return f"{done / 1e6:.1f} MB" if unit == "bytes" else f"{done:,} {unit}"


def duration(seconds: float) -> str:
    """Returns seconds in words: `14.2 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def stdout_console() -> Console:
    """Returns a console for results; wide where stdout is no terminal, so that no cell breaks."""
    return Console(width=None if sys.stdout.isatty() else 240, highlight=False)
