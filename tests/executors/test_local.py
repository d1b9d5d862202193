"""Tasks in other processes: their events and outcomes, crashes, wishes to stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlrun.config import load_config
from dlrun.events import Event, FromTask, StepsDone, ignore
from dlrun.executors import Outcome, Task, count_at_a_time, local, open_crew, run_tasks
from dlrun.runs import Run
from dlrun.runs.checkpoints import read_last
from dlrun.stopping import StopRequest

TROUBLE = """
import os, signal
import keras

class Own(keras.callbacks.Callback):
    def get_config(self):
        return {}

@keras.saving.register_keras_serializable("own")
class Crash(Own):
    def on_epoch_end(self, epoch, logs=None):
        os.kill(os.getpid(), signal.SIGSEGV)

@keras.saving.register_keras_serializable("own")
class Bug(Own):
    def on_epoch_end(self, epoch, logs=None):
        print("words on stdout, which is no place for answers any more")
        raise LookupError("a bug of ones own")
"""

WriteConfig = Callable[..., Path]
MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(write_config: WriteConfig, runs_dir: Path) -> MakeTask:
    def make(name: str, overrides: dict[str, Any] | None = None, **lines: str) -> Task:
        path = write_config(name, **lines)
        loaded = load_config(path, {"training.threads": 1} | (overrides or {}))
        return Task(name, runs_dir / name, loaded, member_of="parent")

    return make


def run_all(tasks: list[Task], at_a_time: int = 2) -> tuple[dict[str, Outcome], list[FromTask]]:
    told: list[Any] = []
    found = list(run_tasks(tasks, at_a_time, told.append, StopRequest()))
    return {outcome.task: outcome for outcome in found}, told


@pytest.mark.parametrize(
    ("num_tasks", "threads", "cores", "expected"),
    [
        (1, 1, 2, 1),
        (2, 1, 2, 2),
        (3, 1, 2, 3),  # 1.5 times as long as one, two at a time 2 times
        (4, 1, 2, 2),
        (5, 1, 2, 3),  # 2.5 against 3
        (10, 1, 2, 2),
        (5, 2, 2, 1),  # a net that takes both cores runs alone
        (8, 1, 8, 8),
        (9, 1, 8, 9),
        (5, 16, 8, 1),
    ],
)
def test_as_many_run_at_a_time_as_end_soonest(
    monkeypatch: pytest.MonkeyPatch, num_tasks: int, threads: int, cores: int, expected: int
) -> None:
    monkeypatch.setattr(local, "count_cpus", lambda: cores)
    assert count_at_a_time(num_tasks, threads) == expected


def test_tasks_of_every_kind_in_one_go(make_task: MakeTask, tmp_path: Path) -> None:
    """A good one, one that diverges, one that Keras refuses, one that crashes, one with a bug."""
    (tmp_path / "own_trouble.py").write_text(TROUBLE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        own = {"imports": "[own_trouble]"}
        tasks = [
            make_task("good"),
            make_task(
                "wild",
                {"optimizer.learning_rate": 1e12},
                loss="mean_squared_error",
                dataset="linear",
                model="{layers: [Dense: 1]}",
            ),
            make_task("refused", model="{layers: [{Dense: {units: 3, dtype: float31}}]}"),
            make_task("crashed", training="{epochs: 3, callbacks: [Crash]}", **own),
            make_task("buggy", training="{epochs: 3, callbacks: [Bug]}", **own),
            replace(make_task("other_data"), data_hash="0" * 12),
            make_task("also_good"),
        ]
        found, told = run_all(tasks)
    assert {name: outcome.status for name, outcome in found.items()} == {
        "good": "finished",
        "wild": "diverged",
        "refused": "failed",
        "crashed": "crashed",
        "buggy": "crashed",
        "other_data": "failed",
        "also_good": "finished",
    }
    assert "loss became" in found["wild"].error
    assert found["refused"].is_refused
    assert not found["wild"].is_refused
    assert found["crashed"].error == "its process was ended by SIGSEGV; its run.log may say why"
    assert found["buggy"].error.strip().endswith("LookupError: a bug of ones own")
    assert "the data have changed since this was planned (hash " in found["other_data"].error
    assert not tasks[2].run_dir.exists()
    good = Run(tasks[0].run_dir)
    assert (good.status, good.info["member_of"]) == ("finished", "parent")
    assert "test_looks" not in good.info or good.info["test_looks"] == []
    assert good.metrics["test"] is None
    assert {event.task for event in told} == set(found)


def test_a_wish_to_stop_ends_running_tasks_at_a_checkpoint(make_task: MakeTask) -> None:
    tasks = [make_task(f"t{i}", {"training.epochs": 100_000}) for i in range(3)]
    request, begun = StopRequest(), set()

    def listen(event: Event) -> None:
        if isinstance(event, FromTask) and isinstance(event.event, StepsDone):
            begun.add(event.task)
            if len(begun) == 2:
                request.signum = signal.SIGINT

    found = list(run_tasks(tasks, 2, listen, request))
    assert {(one.task, one.status) for one in found} == {
        ("t0", "interrupted"), ("t1", "interrupted"),
    }  # fmt: skip
    for task in tasks[:2]:
        run = Run(task.run_dir)
        assert run.status == "interrupted"
        state = read_last(run)
        assert state is not None
        assert state.epoch > 0 or state.step > 0
    assert not tasks[2].run_dir.exists()


def test_tasks_end_where_nobody_waits_for_them_any_more(make_task: MakeTask) -> None:
    tasks = [make_task("long", {"training.epochs": 1_000_000})]

    class EnoughError(Exception):
        pass

    def listen(event: Event) -> None:
        if isinstance(event, FromTask) and isinstance(event.event, StepsDone):
            raise EnoughError

    with pytest.raises(EnoughError):
        list(run_tasks(tasks, 1, listen, StopRequest()))
    assert Run(tasks[0].run_dir).status == "interrupted"


def test_a_task_that_is_there_goes_on(make_task: MakeTask) -> None:
    task = make_task("again")
    run_all([task])
    longer = Task(task.name, task.run_dir, task.loaded, ("training.epochs=5",), task.member_of)
    found, _ = run_all([longer])
    assert found["again"].status == "finished"
    run = Run(task.run_dir)
    assert run.metrics["epochs"] == 5
    assert run.metrics["test"] is None


def test_a_task_that_was_done_before_its_process_could_say_so_is_done(make_task: MakeTask) -> None:
    task = make_task("done")
    with open_crew() as crew:
        for overrides, epochs in (((), 3), (("training.epochs=4",), 4)):
            for is_trained in (True, False):
                told: list[Event] = []
                given = replace(task, overrides=overrides)
                (outcome,) = crew.run([given], 1, told.append, StopRequest())
                assert (outcome.status, outcome.error) == ("finished", "")
                assert bool(told) == is_trained
                assert Run(task.run_dir).metrics["epochs"] == epochs


@pytest.mark.slow
def test_tasks_share_a_process_until_it_has_done_its_share(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is the run that it would be in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    script = "from dlrun.executors import task; task.TASKS_A_PROCESS = 3"
    (tmp_path / "sitecustomize.py").write_text(script)
    tasks = [make_task(f"t{i}", {"seed": i % 2}) for i in range(5)]
    found, _ = run_all(tasks, at_a_time=1)
    assert [outcome.status for outcome in found.values()] == ["finished"] * 5
    runs = [Run(task.run_dir) for task in tasks]
    pids = [run.info["pid"] for run in runs]
    assert pids[0] == pids[1] == pids[2] != pids[3] == pids[4]
    weights = [run.info["hashes"]["final_weights"] for run in runs]
    assert weights[0] == weights[2] == weights[4] != weights[1] == weights[3]
    alone = make_task("alone", {"seed": 0})
    run_all([alone])
    assert Run(alone.run_dir).info["hashes"]["final_weights"] == weights[0]


def test_a_task_that_takes_longer_than_its_limit_is_ended_and_the_others_are_not(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is over once there is a checkpoint, however long that takes."""
    endless = replace(make_task("endless", {"training.epochs": 10**6}), limit_seconds=100.0)

    def clock() -> float:
        is_over = read_last(Run(endless.run_dir)) is not None
        return time.monotonic() + (1000 if is_over else 0)

    monkeypatch.setattr(local, "time", SimpleNamespace(monotonic=clock))
    found, _ = run_all([endless, make_task("short"), make_task("other")])
    assert {name: one.status for name, one in found.items()} == {
        "endless": "timed_out", "short": "finished", "other": "finished",
    }  # fmt: skip
    assert found["endless"].error == "it took longer than its limit of 100 s"
    assert read_last(Run(endless.run_dir)) is not None


def test_tasks_run_side_by_side_as_far_as_their_weights_have_room(make_task: MakeTask) -> None:
    heavy = replace(make_task("heavy"), weight=2)
    tasks = [make_task("a"), heavy, make_task("b")]
    running: set[str] = set()
    seen: list[set[str]] = []

    def listen(event: Event) -> None:
        if isinstance(event, FromTask):
            running.add(event.task)
            seen.append(set(running))

    for outcome in run_tasks(tasks, 2, listen, StopRequest()):
        running.discard(outcome.task)
    assert {"heavy"} in seen
    assert not any("heavy" in names and len(names) > 1 for names in seen)


@pytest.fixture
def no_fork(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The way of macOS and Windows, taken here; returns the workers that are started."""
    script = "from dlrun.executors import task; task.FORKS = False; "
    script += "import runpy; runpy.run_module('dlrun.executors.worker', run_name='__main__')"
    real, started = local.subprocess.Popen, []

    def start(command: list[str], **options: Any) -> Any:
        started.append(command)
        return real([command[0], "-c", script], **options)

    monkeypatch.setattr(local.subprocess, "Popen", start)
    monkeypatch.setattr(local, "FORKS", False)
    return started


@pytest.mark.slow
def test_where_it_cannot_fork_a_worker_trains_tasks_itself(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch, no_fork: list[list[str]]
) -> None:
    monkeypatch.setattr(local, "TASKS_A_PROCESS", 2)
    tasks = [make_task(f"t{i}", {"seed": i}) for i in range(3)]
    found, _ = run_all(tasks, at_a_time=1)
    assert [outcome.status for outcome in found.values()] == ["finished"] * 3
    assert len(no_fork) == 2  # the second took over after two tasks
    here = [Run(task.run_dir).info["hashes"]["final_weights"] for task in tasks]
    monkeypatch.undo()
    forked = [make_task(f"f{i}", {"seed": i}) for i in range(3)]
    run_all(forked)
    assert [Run(task.run_dir).info["hashes"]["final_weights"] for task in forked] == here


@pytest.mark.slow
def test_where_it_cannot_fork_a_wish_to_stop_is_heard_too(
    make_task: MakeTask, no_fork: list[list[str]]
) -> None:
    task, request = make_task("long", {"training.epochs": 1_000_000}), StopRequest()

    def listen(event: Event) -> None:
        if isinstance(event, FromTask) and isinstance(event.event, StepsDone):
            request.signum = signal.SIGINT

    (outcome,) = run_tasks([task], 1, listen, request)
    assert outcome.status == "interrupted"
    assert read_last(Run(task.run_dir)) is not None


def test_a_worker_that_says_what_cannot_be_read_has_crashed(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = r"import os, struct; os.write(1, struct.pack('<I', 5) + b'no ok'); os.read(0, 1)"
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda _, **options: popen([sys.executable, "-c", told], **options)
    )
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    (outcome,) = run_tasks([make_task("one")], 1, ignore, StopRequest())
    assert (outcome.task, outcome.status) == ("one", "crashed")
    assert "its process ended with exit code 0" in outcome.error
