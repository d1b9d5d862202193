"""The display on a terminal: a table that grows by a row an epoch, and a bar that moves below."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
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
from dlrun.cli.display import task_line
from dlrun.cli.output import cell
from dlrun.cli.text import shown
from dlrun.columns import TRAIN_EVAL
from dlrun.events import (
    EngineChosen,
    EpochEnded,
    Event,
    FromTask,
    Message,
    StepsDone,
    SweepStanding,
    TaskEnded,
)
from dlrun.wording import short_number

LINE_SECONDS = 0.2
"""Epochs that follow each other faster than this do not all get a line."""


@dataclass(frozen=True)
class _Narrower:
    """Leaves room at the end of the line for the ^C that a terminal writes there.

    Otherwise it wraps, and the line that is wiped is not the bar's.
    """

    bars: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - 3)
        yield from console.render(self.bars, options.update_width(width))


class _Bars(Progress):
    """Bars that are a little narrower than the terminal, and perhaps a line above them."""

    above = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yields the line and the bars."""
        line = Text(self.above, style="green", no_wrap=True, overflow="ellipsis")
        bars = [_Narrower(bars) for bars in super().get_renderables()]
        return [_Narrower(line), *bars] if self.above else bars


class LiveDisplay:
    """A bar that moves, and above it a table that grows by a row an epoch."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True, highlight=False)
        self._console = console
        self._progress = _Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            expand=True,
        )
        self._downloads = _Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._running: dict[str, TaskID] = {}
        self._training: TaskID | None = None
        self._whole: TaskID | None = None
        self._names: list[str] = []
        self._last_line = 0.0

    def close(self) -> None:
        """Takes the bars away; what was printed stays."""
        self._progress.stop()
        self._downloads.stop()

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        if isinstance(event, Message | EngineChosen):
            if event.level == "log":
                return
            style = "yellow" if event.level == "warning" else "dim"
            self._console.print(cell(event.text, style), soft_wrap=True)
        elif isinstance(event, StepsDone):
            self._step(event)
        elif isinstance(event, EpochEnded):
            self._epoch(event)
        elif isinstance(event, FromTask):
            self._from_task(event)
        elif isinstance(event, TaskEnded):
            self._task_ended(event)
        elif isinstance(event, SweepStanding):
            self._sweep(event)
        elif isinstance(event, events.Progress):
            self._download(event)

    def _from_task(self, event: FromTask) -> None:
        """A bar for each training that runs; what it says otherwise as if it were alone."""
        inner = event.event
        if isinstance(inner, Message):
            self(inner)
        elif isinstance(inner, StepsDone):
            self._downloads.stop()
            self._progress.start()
            total = inner.steps * inner.epochs
            if event.task not in self._running:
                self._running[event.task] = self._progress.add_task("", total=total, note="")
            self._progress.update(
                self._running[event.task],
                completed=(inner.epoch - 1) * inner.steps + inner.step,
                total=total,
                description=event.task,
                note=f"epoch {inner.epoch}/{inner.epochs}  loss {short_number(inner.logs['loss'])}",
            )

    def _sweep(self, event: SweepStanding) -> None:
        """A bar over all trials, below those that run, with the best so far."""
        if self._whole is None:
            self._downloads.stop()
            self._progress.start()
            self._whole = self._progress.add_task("", total=event.total, note="")
        failed = f", {event.failed} failed" if event.failed else ""
        self._progress.update(
            self._whole,
            completed=event.done,
            total=event.total,
            description=f"{event.done} of {event.total} trials{failed}",
            note="",
        )
        self._progress.above = shown(f"best: {event.best}") if event.best else ""

    def _task_ended(self, event: TaskEnded) -> None:
        own = [name for name in self._running if f"{name}/".startswith(f"{event.task}/")]
        for name in own:  # a trial's are those of its members, too
            self._progress.remove_task(self._running.pop(name))
        style = "" if event.status == "finished" else "yellow"
        self._console.print(cell(task_line(event), style), soft_wrap=True)

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
            self._names = self._columns_with_room(event)
            self._print_row(["epoch", *[_column(name) for name in self._names]], "bold")
        values = [short_number(event.logs[name]) for name in self._names]
        self._print_row([f"{event.epoch}/{event.epochs}", *values], "")

    def _columns_with_room(self, event: EpochEnded) -> list[str]:
        """The columns to show; on a narrow terminal without those that validation explains."""
        names = [name for name in event.logs if name != "learning_rate"]
        width = sum(cell + 2 for cell in _widths(names))
        if width <= self._console.width:
            return names
        return [name for name in names if not name.startswith(TRAIN_EVAL)]

    def _print_row(self, cells: list[str], style: str) -> None:
        widths = zip(cells, _widths(self._names), strict=True)
        line = "  ".join(cell.rjust(width) for cell, width in widths)
        self._console.print(cell(line, style), no_wrap=True, crop=True, overflow="ellipsis")

    def _download(self, event: events.Progress) -> None:
        if event.task not in self._tasks:
            self._downloads.start()
            self._tasks[event.task] = self._downloads.add_task(event.task, total=event.total)
        self._downloads.update(self._tasks[event.task], completed=event.done, total=event.total)


def _widths(names: list[str]) -> list[int]:
    return [9, *[max(len(_column(name)), 8) for name in names]]


def _column(name: str) -> str:
    return "seconds" if name == "epoch_seconds" else name
