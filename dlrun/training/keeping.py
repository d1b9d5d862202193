"""When checkpoints are written: as often as they cost little, and whenever a run must stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dlrun.errors import DivergedError, ModelError, StorageError
from dlrun.events import Message, Report
from dlrun.runs import Run
from dlrun.runs.checkpoints import TrainingState, write_best, write_last
from dlrun.stopping import Stopped, StopRequest, signal_name

SHARE = 0.05
"""Of the time of an epoch that its checkpoint may take, to be written after each."""

SECONDS = 10.0
"""Between checkpoints, inside long epochs and where one after each epoch would cost too much."""


@dataclass
class Keeping:
    """Writes checkpoints when they are due.

    Attributes:
        write: Writes a state, and the best weights with it.
        report: Told once how often that is.
        request: Whether someone asked to stop.
    """

    write: Callable[[TrainingState], None]
    report: Report
    request: StopRequest = field(default_factory=StopRequest)
    _written_at: float = field(default_factory=time.monotonic)
    _written: tuple[int, int] = (0, 0)  # epochs and steps of the newest in the folder
    _cost_seconds: float = 0.0
    _capture_seconds: float = 0.0
    _remembered: TrainingState | None = None  # at the end of an epoch, and not always written
    _remembered_at: float = 0.0

    def go_on_from(self, state: TrainingState) -> None:
        """Takes note of the checkpoint that is in the folder."""
        self._written = (state.epoch, state.step)
        if not state.step:
            self._remembered = state

    def keep(self, capture: Callable[[], TrainingState]) -> None:
        """Writes a checkpoint now, and learns what it costs."""
        started = time.monotonic()
        state = self._remember(capture)
        self._write(state)
        self._cost_seconds = self._written_at - started

    def _write(self, state: TrainingState) -> None:
        self.write(state)
        self._written_at, self._written = time.monotonic(), (state.epoch, state.step)

    def _remember(self, capture: Callable[[], TrainingState]) -> TrainingState:
        started = time.monotonic()
        state = capture()
        self._remembered_at = time.monotonic()
        self._capture_seconds = self._remembered_at - started
        if not state.step:
            self._remembered = state
        return state

    def keep_remembered(self, error: Exception) -> None:
        """Writes the newest state of an epoch's end that is known, as an error ends the training.

        Where it diverged, also in the place of a later one: what came after is suspect.
        """
        state = self._remembered
        if state is None or self._written == (state.epoch, 0):
            return
        if isinstance(error, DivergedError) or self._written < (state.epoch, 0):
            with suppress(StorageError):  # the error that ends the run tells more
                self._write(state)

    def after_chunk(self, capture: Callable[[], TrainingState]) -> None:
        """Writes a checkpoint inside an epoch where one is due.

        Raises:
            Stopped: someone asked for it; the checkpoint is written.
        """
        if self.request.signum is not None:
            self._stop(self.request.signum, capture)
        if self._is_time():
            self.keep(capture)

    def after_epoch(
        self,
        capture: Callable[[], TrainingState],
        epoch: int,
        epoch_seconds: float,
        *,
        is_best: bool,
        is_last: bool,
    ) -> None:
        """Writes a checkpoint after an epoch, counted from 1, where one is due.

        Where none is, the state is remembered, if it is that of the best epoch so far, or if
        that costs little.

        Raises:
            Stopped: someone asked for it; the checkpoint is written.
        """
        if self.request.signum is not None:
            self._stop(self.request.signum, capture)
        is_cheap = self._cost_seconds < SHARE * epoch_seconds
        if epoch == 2:  # the first epoch's time is that of tracing, too
            self._tell(is_cheap, epoch_seconds)
        if is_last or is_cheap or self._is_time():
            self.keep(capture)
        elif is_best or self._capture_seconds < SHARE * (time.monotonic() - self._remembered_at):
            self._remember(capture)

    def _is_time(self) -> bool:
        pause = max(SECONDS, self._cost_seconds / SHARE)
        return time.monotonic() - self._written_at >= pause

    def _stop(self, signum: int, capture: Callable[[], TrainingState]) -> None:
        text = f"{signal_name(signum)}: writing a checkpoint; a second one quits at once"
        self.report(Message(text, level="warning", is_of_stop=True))
        self.keep(capture)
        raise Stopped(signum)

    def _tell(self, is_cheap: bool, epoch_seconds: float) -> None:
        cost = f"{self._cost_seconds * 1e3:.0f} ms, an epoch takes {epoch_seconds * 1e3:.0f} ms"
        pause = max(SECONDS, self._cost_seconds / SHARE)
        often = "after every epoch" if is_cheap else f"every {pause:.0f} s"
        self.report(Message(f"checkpoints: {often} ({cost})", level="log"))


def checkpoint_writer(
    run: Run, best_epoch: int, callbacks: Sequence[Any]
) -> Callable[[TrainingState], None]:
    """Returns what writes a state into a run's folder, after the best weights it points to.

    Args:
        run: Whose folder.
        best_epoch: Whose weights are in the folder already; 0 for none.
        callbacks: Whose states are written, for the error that one cannot be.
    """
    written = best_epoch

    def write(state: TrainingState) -> None:
        nonlocal written
        if state.best is not None and state.best.epoch != written:
            write_best(run, state.best)
            written = state.best.epoch
        try:
            write_last(run, state)
        except TypeError as error:
            names = [type(c).__name__ for c in callbacks if hasattr(c, "get_state")]
            raise ModelError(
                f"callback {' or '.join(names)}: get_state() cannot be kept, {error}; give "
                "numbers, text, lists, mappings with text keys, and NumPy arrays"
            ) from error

    return write
