"""Checkpoints come as often as they cost little, and whenever a run must stop."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.errors import DivergedError
from dlrun.events import Event, Message
from dlrun.runs import Run
from dlrun.runs.checkpoints import BestState, TrainingState, read_best, read_last
from dlrun.stopping import Stopped, StopRequest
from dlrun.training import keeping
from dlrun.training.keeping import Keeping, checkpoint_writer


def capture() -> TrainingState:
    return TrainingState(1, 0, [], [])


class Clock:
    """A clock that the test moves, and a writer that takes time by it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost_seconds: float) -> None:
        self.now = 100.0
        self.cost_seconds = cost_seconds
        self.num_written = 0
        self.said: list[Event] = []
        monkeypatch.setattr(keeping.time, "monotonic", lambda: self.now)

    def write(self, state: TrainingState) -> None:
        self.now += self.cost_seconds
        self.num_written += 1

    def run_epochs(self, epoch_seconds: float, epochs: int) -> int:
        """Returns how many checkpoints so many epochs leave, the one before the first aside."""
        kept = Keeping(self.write, self.said.append)
        kept.keep(capture)
        before = self.num_written
        for epoch in range(1, epochs + 1):
            self.now += epoch_seconds
            kept.after_epoch(capture, epoch, epoch_seconds, is_best=False, is_last=epoch == epochs)
        return self.num_written - before


def test_a_cheap_checkpoint_follows_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, cost_seconds=0.04)
    assert clock.run_epochs(1.0, 30) == 30
    text = "checkpoints: after every epoch (40 ms, an epoch takes 1000 ms)"
    assert clock.said == [Message(text, level="log")]


def test_a_dear_one_comes_every_ten_seconds_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, cost_seconds=0.06)
    assert clock.run_epochs(1.0, 35) == 4
    assert clock.said[0].text == "checkpoints: every 10 s (60 ms, an epoch takes 1000 ms)"


def test_a_very_dear_one_comes_so_seldom_that_it_costs_five_percent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, cost_seconds=2.0)
    assert clock.run_epochs(1.0, 121) == 4
    assert clock.said[0].text == "checkpoints: every 40 s (2000 ms, an epoch takes 1000 ms)"


def test_inside_a_long_epoch_one_is_due_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, cost_seconds=0.1)
    kept = Keeping(clock.write, clock.said.append)
    kept.keep(capture)
    for _ in range(60):
        clock.now += 0.5
        kept.after_chunk(capture)
    assert clock.num_written == 1 + 3


@pytest.mark.parametrize("where", ["after_chunk", "after_epoch"])
def test_who_is_asked_to_stop_writes_a_checkpoint_first(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    clock = Clock(monkeypatch, cost_seconds=0.1)
    kept = Keeping(clock.write, clock.said.append, StopRequest(signal.SIGTERM))
    arguments: dict[str, Callable[[], None]] = {
        "after_chunk": lambda: kept.after_chunk(capture),
        "after_epoch": lambda: kept.after_epoch(capture, 1, 1.0, is_best=False, is_last=False),
    }
    with pytest.raises(Stopped, match="interrupted by SIGTERM"):
        arguments[where]()
    assert clock.num_written == 1
    text = "SIGTERM: writing a checkpoint; a second one quits at once"
    assert clock.said == [Message(text, level="warning", is_of_stop=True)]


def state(epoch: int, step: int = 0) -> Callable[[], TrainingState]:
    return lambda: TrainingState(epoch, step, [], [])


def remembering(
    monkeypatch: pytest.MonkeyPatch, *, is_best: bool, capture_seconds: float = 0.0
) -> tuple[Keeping, list[tuple[int, int]]]:
    """Two epochs of a second, after which no checkpoint is due, and what is written."""
    clock = Clock(monkeypatch, cost_seconds=1.0)
    written: list[tuple[int, int]] = []

    def write(state: TrainingState) -> None:
        clock.write(state)
        written.append((state.epoch, state.step))

    def capture(epoch: int) -> Callable[[], TrainingState]:
        def capture_slowly() -> TrainingState:
            clock.now += capture_seconds
            return state(epoch)()

        return capture_slowly

    kept = Keeping(write, clock.said.append)
    kept.keep(capture(0))
    for epoch in (1, 2):
        clock.now += 1.0
        kept.after_epoch(capture(epoch), epoch, 1.0, is_best=is_best, is_last=False)
    assert written == [(0, 0)]
    return kept, written


@pytest.mark.parametrize("error", [DivergedError("loss became nan"), MemoryError()])
def test_an_error_has_the_last_whole_epoch_written(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    kept, written = remembering(monkeypatch, is_best=False)
    kept.keep_remembered(error)
    kept.keep_remembered(error)
    assert written == [(0, 0), (2, 0)]


@pytest.mark.parametrize(("is_best", "epoch"), [(False, 0), (True, 2)])
def test_a_state_that_is_dear_to_take_is_remembered_of_the_best_epoch_alone(
    monkeypatch: pytest.MonkeyPatch, is_best: bool, epoch: int
) -> None:
    kept, written = remembering(monkeypatch, is_best=is_best, capture_seconds=2.0)
    kept.keep_remembered(DivergedError("loss became nan"))
    assert written[-1] == (epoch, 0)


@pytest.mark.parametrize(
    ("error", "newest"), [(DivergedError("loss became nan"), (2, 0)), (MemoryError(), (2, 5))]
)
def test_a_checkpoint_of_the_way_down_makes_room(
    monkeypatch: pytest.MonkeyPatch, error: Exception, newest: tuple[int, int]
) -> None:
    kept, written = remembering(monkeypatch, is_best=True)
    kept.keep(state(2, 5))
    kept.keep_remembered(error)
    assert written[-1] == newest


def test_of_a_run_that_goes_on_what_is_in_the_folder_is_known() -> None:
    written: list[TrainingState] = []
    kept = Keeping(written.append, lambda _: None)
    kept.go_on_from(state(4)())
    kept.keep_remembered(MemoryError())
    assert written == []
    kept.keep(state(4, 3))
    kept.keep_remembered(DivergedError("loss became nan"))
    assert [(one.epoch, one.step) for one in written] == [(4, 3), (4, 0)]


def best(epoch: int) -> BestState:
    return BestState(epoch, 0.5, [np.full(2, epoch)])


def test_the_best_weights_are_written_when_they_are_new(tmp_path: Path) -> None:
    run = Run(tmp_path)
    write = checkpoint_writer(run, 0, [])
    write(TrainingState(0, 0, [], []))
    assert read_last(run) is not None
    write(TrainingState(0, 1, [], [], best_epoch=1, best=best(1)))
    path = tmp_path / "checkpoints" / "best-1.npz"
    written: Any = path.stat().st_mtime_ns
    write(TrainingState(0, 2, [], [], best_epoch=1, best=best(1)))
    assert path.stat().st_mtime_ns == written
    write(TrainingState(0, 3, [], [], best_epoch=3, best=best(3)))
    found = read_best(run, 3)
    assert found is not None
    assert found.weights[0].tolist() == [3, 3]
    assert not path.exists()
