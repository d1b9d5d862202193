"""Sweeps from plan to result: every trial once, the same whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config import load_config
from dlrun.errors import ConfigError, DatasetError, ModelError, RunError, SweepError
from dlrun.events import Event, FromTask, Message, StepsDone, SweepStanding, TaskEnded, ignore
from dlrun.likeness import compare_runs
from dlrun.runs import Run, Sweep, find_any, find_run, find_sweep, list_all, list_runs
from dlrun.stopping import Stopped
from dlrun.sweeping.loading import load_sweep
from dlrun.sweeping.results import curve_of
from dlrun.sweeping.starting import same_plan
from tests import zygote
from tests.test_members import NEVER

SMALL = """
name: small
dataset: {name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}
model: {activation: relu, layers: [Dense: 8, Dropout: 0.1, Dense: {units: 3, activation: softmax}]}
loss: categorical_crossentropy
optimizer: {SGD: {learning_rate: 0.1}}
training: {epochs: 9, batch_size: 16, threads: 1}
"""
GRID = {"optimizer.learning_rate": [0.1, 0.01], "model.activation": ["relu", "tanh"]}
DRAWN = {
    "optimizer.learning_rate": {"log_uniform": [0.001, 1]},
    "model.activation": ["relu", "tanh"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="module")
def config(folder: Path) -> Path:
    path = folder / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def grid(folder: Path, config: Path) -> Sweep:
    """Four trials, trained once; only read."""
    return dlrun.sweep(config, GRID, runs_dir=folder / "grid")


class Told:
    """Takes down what is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def texts(self) -> list[str]:
        inner = [one.event if isinstance(one, FromTask) else one for one in self.events]
        return [one.text for one in inner if isinstance(one, Message)]

    def trained(self) -> set[str]:
        steps = [one for one in self.events if isinstance(one, FromTask)]
        return {one.task for one in steps if isinstance(one.event, StepsDone)}


def outcome(sweep: Sweep) -> list[Any]:
    """What a sweep came to, times aside."""
    kept = [replace(trial, duration_seconds=None) for trial in sweep.trials]
    histories = []
    for trial in sweep.trials:
        run = sweep.run(trial.number)
        for one in run.members or [run]:
            if (one.path / "history.csv").is_file():
                history = dict(one.read_history())
                del history["epoch_seconds"]
                histories.append((one.path.relative_to(sweep.path), history))
    return [kept, histories]


def test_every_trial_is_the_run_that_its_config_gives_alone(grid: Sweep, runs_dir: Path) -> None:
    assert [(trial.number, trial.state) for trial in grid.trials] == [
        (number, "finished") for number in range(4)
    ]
    assert [dict(trial.values) for trial in grid.trials] == [
        {"optimizer.learning_rate": rate, "model.activation": activation}
        for rate in (0.1, 0.01)
        for activation in ("relu", "tanh")
    ]
    trial = grid.run(3)
    done = run_dlrun(runs_dir.parent, "train", str(trial.path / "config.yaml"), "-q")
    assert done.returncode == 0, done.stderr
    assert compare_runs(trial, Run(Path(done.stdout.strip()))).verdict == "identical"


def test_the_best_is_the_least_loss_and_its_config_is_ready_to_train(
    grid: Sweep, config: Path
) -> None:
    losses = [grid.run(number).metrics["best"]["val_loss"] for number in range(4)]
    assert grid.best is not None
    assert grid.best.number == int(np.argmin(losses))
    assert [trial.value for trial in grid.trials] == losses
    path = grid.path / "best.yaml"
    chosen = load_config(path).config
    assert chosen == load_config(grid.run(grid.best.number).path / "config.yaml").config
    text = path.read_text()
    assert text.startswith(f"# The best of 4 trials of {grid.id}: trials/{grid.best.number} ")
    assert "the best of many is lucky, too" in text


def test_trials_do_not_look_at_test_rows_and_are_no_runs_of_the_table(
    grid: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(grid.runs_dir))
    for number in range(4):
        run = grid.run(number)
        assert run.metrics["test"] is None
        assert run.info["test_looks"] == []
        assert run.info["member_of"] == grid.id
    assert list_runs() == []
    assert [one.id for one in list_all()] == [grid.id]
    assert find_any("latest") == grid
    assert find_run("latest/trials/2").id == f"{grid.id}/trials/2"
    assert grid.best is not None
    assert find_run(f"{grid.id}/best") == grid.run(grid.best.number)
    with pytest.raises(RunError, match="it is a sweep of 4 trials, and a run is needed; name one"):
        find_run("latest")
    with pytest.raises(RunError, match="it is a run, and a sweep is needed"):
        find_sweep("latest/trials/0")
    with pytest.raises(
        RunError, match=r"'latest/trials/4'; \S+ has trials/0 to trials/3, and best$"
    ):
        find_run("latest/trials/4")


def test_the_same_call_again_trains_nothing(grid: Sweep, config: Path) -> None:
    told = Told()
    again = dlrun.sweep(config, GRID, runs_dir=grid.runs_dir, report=told)
    assert again.path == grid.path
    assert told.texts() == [f"{grid.path}: all 4 trials are done"]
    resumed = dlrun.resume(grid, report=told)
    assert resumed.path == grid.path
    assert told.trained() == set()


def test_a_changed_base_makes_a_new_sweep_and_says_so(folder: Path, runs_dir: Path) -> None:
    path = folder / "changing.yaml"
    path.write_text(SMALL.replace("name: small", "name: changing"))
    first = dlrun.sweep(path, {"optimizer.learning_rate": [0.1, 0.2]})
    path.write_text(path.read_text().replace("epochs: 9", "epochs: 2"))
    told = Told()
    second = dlrun.sweep(path, {"optimizer.learning_rate": [0.1, 0.2]}, report=told)
    assert second.path != first.path
    assert f"another plan than that of {first.id}: a new sweep begins" in told.texts()
    assert [trial.epochs for trial in second.trials] == [2, 2]
    assert [trial.epochs for trial in first.trials] == [9, 9]


def test_repeats_are_averaged_and_equal_configs_are_trained_once(
    config: Path, runs_dir: Path
) -> None:
    told = Told()
    search = {"optimizer.learning_rate": [0.1, 0.5], "model.activation": ["relu", "ReLU"]}
    sweep = dlrun.sweep(config, search, ["training.epochs=2"], repeat=3, report=told)
    assert [trial.state for trial in sweep.trials] == ["finished", "duplicate"] * 2
    assert [trial.duplicate_of for trial in sweep.trials] == [None, 0, None, 2]
    assert told.trained() == {f"trials/{n}/repeats/{r}" for n in (0, 2) for r in range(3)}
    for trial in sweep.trials:
        members = sweep.run(trial.number).members
        values = [member.metrics["best"]["val_loss"] for member in members]
        assert trial.value == pytest.approx(np.mean(values), rel=1e-12)
        assert trial.sd == pytest.approx(np.std(values, ddof=1), rel=1e-12)
    spread = sweep.run(0).metrics["spread"]["best"]["val_loss"]
    assert (spread["mean"], spread["sd"]) == pytest.approx(
        (sweep.trials[0].value, sweep.trials[0].sd)
    )


TROUBLE = """
import os, signal, time
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
        raise LookupError("a bug of ones own")

@keras.saving.register_keras_serializable("own")
class Hang(Own):
    def on_epoch_end(self, epoch, logs=None):
        while True:
            time.sleep(1)

@keras.saving.register_keras_serializable("own")
class Greedy(Own):
    def on_epoch_end(self, epoch, logs=None):
        raise MemoryError("Unable to allocate 9.09 TiB for an array")

@keras.saving.register_keras_serializable("own")
class Mended(Own):
    def on_epoch_end(self, epoch, logs=None):
        if not os.path.exists("mended"):
            raise LookupError("not mended yet")
"""


@pytest.fixture(scope="module")
def bad(folder: Path) -> Path:
    """The folder of a sweep with every kind of bad trial, and `dlrun sweep`'s words on it."""
    place = folder / "bad"
    place.mkdir()
    (place / "own_trouble.py").write_text(TROUBLE)
    (place / "base.yaml").write_text(SMALL + "imports: [own_trouble]\n")
    rates = [0.1, 1e12, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    names = ["[]", "[]", "[Crash]", "[Bug]", "[Hang]", "[Greedy]", "[Mended]", "[]"]
    dtypes = ["float32"] * 7 + ["float31"]
    (place / "bad.yaml").write_text(
        "base: base.yaml\nstrategy: zip\ntrial_minutes: 0.2\nsearch:\n"
        f"  optimizer.learning_rate: {json.dumps(rates)}\n"
        f"  training.callbacks: [{', '.join(names)}]\n"
        f"  model.layers.0.dtype: {json.dumps(dtypes)}\n"
    )
    return place


def run_dlrun(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"DLRUN_RUNS_DIR": str(place / "runs")}
    return zygote.run_dlrun(*arguments, cwd=place, environment=environment)


@pytest.fixture(scope="module")
def bad_sweep(bad: Path) -> tuple[Sweep, subprocess.CompletedProcess[str]]:
    done = run_dlrun(bad, "sweep", "bad.yaml")
    assert done.returncode == 3, done.stderr
    return Sweep(next((bad / "runs").glob("2*"))), done


def test_a_bad_trial_of_every_kind_is_one_recorded_trial(
    bad_sweep: tuple[Sweep, subprocess.CompletedProcess[str]],
) -> None:
    sweep, done = bad_sweep
    states = [trial.state for trial in sweep.trials]
    assert states == [
        "finished", "diverged", "crashed", "crashed", "timed_out", "failed", "crashed", "failed",
    ]  # fmt: skip
    reasons = [trial.reason for trial in sweep.trials]
    assert reasons[0] == ""
    assert "loss became nan in epoch 1" in reasons[1] or "loss became inf" in reasons[1]
    assert reasons[2] == "its process was ended by SIGSEGV; its run.log may say why"
    assert reasons[3] == "LookupError: a bug of ones own"
    assert reasons[4] == "it took longer than its limit of 12 s"
    assert "out of memory, unable to allocate 9.09 TiB" in reasons[5]
    assert reasons[6] == "LookupError: not mended yet"
    assert "float31" in reasons[7]
    assert "trial 7 cannot be built and will not be trained" in done.stderr
    assert not sweep.run(7).path.exists()
    assert (sweep.run(2).path / "run.log").is_file()
    assert sweep.status == "finished"
    assert "failed    trials/1 diverged: " in done.stdout
    assert "and 4 more" in done.stdout
    assert f"resume {sweep.id} --retry-failed tries 6 of them again" in done.stdout


def test_a_trial_of_which_no_epoch_is_the_best_has_failed_and_its_sweep_ends(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_never.py").write_text(NEVER)
    monkeypatch.chdir(tmp_path)
    monitor = ["imports=[own_never]", "metrics=[accuracy, Never]", "training.monitor=val_never"]
    reason = "val_never is NaN in every epoch"
    for overrides, reasons in (([], [reason]), (["repeat=2"], [f"repeats/0: {reason}"])):
        more = [*monitor, *overrides, "training.epochs=2"]
        sweep = dlrun.sweep(config, {"optimizer.learning_rate": [0.1]}, more, workers=1)
        assert [trial.state for trial in sweep.trials] == ["failed"]
        assert [trial.reason for trial in sweep.trials] == reasons
        assert sweep.status == "finished"


@pytest.mark.slow
def test_what_could_be_mended_is_tried_again_when_asked_for(
    bad: Path, bad_sweep: tuple[Sweep, subprocess.CompletedProcess[str]]
) -> None:
    sweep, _ = bad_sweep
    again = run_dlrun(bad, "sweep", "bad.yaml", "-q")
    assert (again.returncode, again.stdout.strip()) == (3, str(sweep.path))
    (bad / "mended").touch()
    retried = run_dlrun(bad, "resume", sweep.id, "--retry-failed", "--workers", "2")
    assert retried.returncode == 3, retried.stderr
    states = [trial.state for trial in Sweep(sweep.path).trials]
    assert states[6] == "finished"
    assert states[:6] == [
        "finished", "diverged", "crashed", "crashed", "timed_out", "failed",
    ]  # fmt: skip


def test_fail_fast_ends_with_the_first_failure(config: Path, runs_dir: Path) -> None:
    told = Told()
    sweep = dlrun.sweep(
        config, {"optimizer.learning_rate": [1e12, 0.1, 0.2]}, ["loss=mean_squared_error",
        "dataset={name: linear}", "model.layers=[Dense: 1]"],
        workers=1, fail_fast=True, report=told,
    )  # fmt: skip
    states = [trial.state for trial in sweep.trials]
    assert states[0] == "diverged"
    assert "planned" in states
    assert sweep.status == "interrupted"
    text = f"{sweep.path}: trials/0 diverged, and --fail-fast was given; dlrun resume {sweep.id}"
    assert any(found.startswith(text) for found in told.texts())
    log = (sweep.run(0).path / "run.log").read_text(encoding="utf-8")
    assert " keeps " in log
    assert "dlrun resume" not in log  # no change that a sweep would take
    resumed = dlrun.resume(sweep)
    assert isinstance(resumed, Sweep)
    assert [trial.state for trial in resumed.trials] == ["diverged", "finished", "finished"]


def test_where_keras_builds_no_trial_there_is_no_folder(config: Path, runs_dir: Path) -> None:
    with pytest.raises(ModelError, match="float31"):
        dlrun.sweep(config, {"model.layers.0.dtype": ["float31", "float30"]})
    assert not list(runs_dir.glob("2*"))


def test_data_that_do_not_fit_a_trial_are_told_with_its_values(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.name"):
        dlrun.sweep(config, {"dataset.name": ["iris", "digits"]})


def own_data(folder: Path) -> Path:
    """A config with data of one's own beside it, which its path is relative to."""
    write_data(folder / "own.npz")
    data = "dataset: {name: npz, options: {path: own.npz}}"
    lines = [data if line.startswith("dataset") else line for line in SMALL.splitlines()]
    path = folder / "own.yaml"
    path.write_text("\n".join(lines).replace("units: 3", "units: 2"))
    return path


def write_data(path: Path, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    np.savez(path, x=rng.normal(size=(60, 4)), y=rng.integers(0, 2, 60))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "random", "trials": 9, "pruning": "median"},
        {"strategy": "random", "trials": 9, "pruning": "hyperband"},
        {"strategy": "tpe", "trials": 6},
    ],
    ids=["median", "hyperband", "tpe"],
)
def test_of_ones_own_data_the_loss_is_the_objective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = dlrun.sweep(own_data(tmp_path), DRAWN, ["training.epochs=3"], **settings)
    assert sweep.info["objective"] == {"metric": "val_loss", "direction": "minimize"}
    assert sweep.status == "finished"
    assert {trial.state for trial in sweep.trials} <= {"finished", "pruned"}
    assert sweep.best is not None
    values = [trial.value for trial in sweep.trials if trial.state == "finished"]
    assert sweep.best.value == min(value for value in values if value is not None)
    assert (sweep.path / "best.yaml").is_file()


def test_a_sweep_of_ones_own_data_stays_with_the_data_that_it_was_planned_for(
    tmp_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, search = own_data(tmp_path), {"optimizer.learning_rate": [0.1, 0.2]}
    begun = dlrun.sweep(path, search, **{"budget.trials": 1})
    assert begun.info["objective"] == {"metric": "val_loss", "direction": "minimize"}
    before = (begun.path / "sweep.json").read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(DatasetError, match=r"own\.npz"):
        dlrun.resume(begun)
    monkeypatch.chdir(tmp_path)
    write_data(Path("own.npz"), seed=1)
    changed = r"the data set npz has changed since this was planned \(hash \w+, then \w+\)"
    with pytest.raises(DatasetError, match=f"{changed}; put the old data back, or train a new"):
        dlrun.sweep(path, search)
    assert (begun.path / "sweep.json").read_bytes() == before
    write_data(Path("own.npz"))
    whole = dlrun.sweep(path, search)
    assert [trial.state for trial in whole.trials] == ["finished", "finished"]
    told = Told()
    for seed in (0, 1):
        write_data(Path("own.npz"), seed)
        dlrun.sweep(path, search, report=told)
    all_done, *rest = told.texts()
    assert rest[0] == all_done == f"{begun.path}: all 2 trials are done"
    assert len(rest) == 2
    assert re.search(f"{changed}; its results are of the old data, and the same command", rest[1])
    named_anew = load_sweep(path, ["name=again", "optimizer.learning_rate=0.1,0.2"])
    assert same_plan(named_anew, runs_dir, ignore) is None


def test_a_budget_of_trials_ends_a_call_and_the_next_goes_on(config: Path, runs_dir: Path) -> None:
    told = Told()
    settings = {"budget.trials": 1}
    sweep = dlrun.sweep(config, GRID, ["training.epochs=1"], report=told, **settings)
    assert [trial.state for trial in sweep.trials] == ["finished", "planned", "planned", "planned"]
    assert sweep.status == "interrupted"
    assert any("its budget of 1 trials is spent; dlrun resume" in text for text in told.texts())
    message = f"trials/3: this trial has not begun; `dlrun resume {sweep.id}` trains it"
    with pytest.raises(RunError, match=message):
        find_run("latest/trials/3")
    assert find_run("latest/trials/0/").path == sweep.run(0).path
    assert find_any(f"{sweep.id}/").path == sweep.path
    with pytest.raises(RunError, match=rf"no run '\S+'; {sweep.id}/trials/0 has no members$"):
        find_run("latest/trials/0/folds/0")
    with pytest.raises(RunError, match=rf"; {sweep.id} has trials/0 to trials/3, and best$"):
        find_run(f"{sweep.path}/trials/9")
    sweep = dlrun.sweep(config, GRID, ["training.epochs=1"], **settings)
    assert sum(trial.state == "finished" for trial in sweep.trials) == 2


@pytest.mark.slow
def test_a_budget_of_time_ends_trials_at_a_checkpoint(config: Path, runs_dir: Path) -> None:
    told = Told()
    overrides = ["training.epochs=1000000"]
    sweep = dlrun.sweep(config, GRID, overrides, report=told, **{"budget.minutes": 0.1})
    assert {trial.state for trial in sweep.trials} == {"interrupted", "planned"}
    assert any("its budget of 0.1 minutes is spent" in text for text in told.texts())
    assert (sweep.run(0).path / "checkpoints" / "last.npz").is_file()


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            {"strategy": "random", "trials": 14, "pruning": "median", "repeat": 2},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"strategy": "random", "trials": 11, "pruning": "hyperband", "repeat": 2},
            marks=pytest.mark.slow,
        ),
        {"strategy": "tpe", "trials": 10, "pruning": "median"},
    ],
    ids=["median and seeds", "hyperband and seeds", "tpe and median"],
)
def test_trials_are_the_same_whatever_the_number_of_workers_and_stops(
    config: Path, folder: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    one = dlrun.sweep(config, DRAWN, workers=1, runs_dir=tmp_path / "one", **settings)
    assert {trial.state for trial in one.trials} == {"finished", "pruned"}
    calls, status = 0, ""
    while status != "finished":  # short calls, each with two workers
        calls += 1
        stopped = dlrun.sweep(
            config, DRAWN, workers=2, runs_dir=tmp_path / "two",
            **settings, **{"budget.trials": 4},
        )  # fmt: skip
        status = stopped.status
    assert calls > 2
    assert outcome(one) == outcome(stopped)


def _at(values: Any, epoch: int) -> float:
    return float(values[epoch - 1]) if epoch <= len(values) else -1.0


def test_a_pruned_trial_was_worse_than_the_median_of_those_before(
    config: Path, runs_dir: Path
) -> None:
    sweep = dlrun.sweep(config, DRAWN, strategy="random", trials=12, pruning="median", workers=2)
    curves = [curve_of(sweep.run(n), "val_loss") for n in range(12)]
    medians = np.median(np.array(curves[:8]), axis=0)  # of two batches of four
    for number in range(8, 12):
        trial, curve = sweep.trials[number], curves[number]
        best_so_far = np.minimum.accumulate(curve)
        behind = [
            epoch
            for epoch in range(2, len(curve) + 1)
            if best_so_far[epoch - 1] > medians[epoch - 1]
        ]
        assert trial.state == ("pruned" if behind else "finished")
        assert trial.epochs == (behind[0] if behind else 9)
    pruned = [trial.number for trial in sweep.trials if trial.state == "pruned"]
    assert sweep.best is not None
    assert sweep.best.state == "finished"
    refusal = rf"trials/{pruned[0]}: it was pruned, since {sweep.id} has better trials; to train"
    with pytest.raises(
        RunError, match=rf"{refusal} .+: dlrun train \S+/config\.yaml training\.epochs=9$"
    ):
        dlrun.resume(sweep.run(pruned[0]))
    for changes in ({}, {"more_epochs": 3}):
        with pytest.raises(RunError, match=refusal):
            dlrun.resume(sweep.run(pruned[0]), into="own", **changes)
    assert not (runs_dir / "own").exists()
    done = run_dlrun(sweep.path, "reproduce", str(sweep.run(pruned[0]).path))
    assert done.returncode == 0, done.stderr
    assert "identical" in done.stdout


@pytest.mark.slow
def test_hyperband_keeps_the_best_third_of_each_rung(config: Path, runs_dir: Path) -> None:
    sweep = dlrun.sweep(config, DRAWN, strategy="random", trials=13, pruning="hyperband")
    from dlrun.sweeping.schedule import make_brackets

    for bracket in make_brackets(range(13), 9, seed=0):
        alive = list(bracket.trials)
        for rung in bracket.rungs[:-1]:
            values = {n: min(curve_of(sweep.run(n), "val_loss")[:rung]) for n in alive}
            kept = sorted(values, key=lambda n: values[n])[: max(1, len(alive) // 3)]
            for number in set(alive) - set(kept):
                trial = sweep.trials[number]
                assert (trial.state, trial.epochs) == ("pruned", rung)
            alive = sorted(kept)
        assert all(sweep.trials[n].state == "finished" for n in alive)
        assert all(sweep.trials[n].epochs == 9 for n in alive)


def test_a_plan_that_is_frozen_takes_no_changes(grid: Sweep) -> None:
    with pytest.raises(SweepError, match=r"does not change, received training\.epochs=5; leave"):
        dlrun.resume(grid, {"training.epochs": 5})
    with pytest.raises(RunError, match="it is a run, and --retry-failed is a sweep's; leave it"):
        dlrun.resume(grid.run(0), retry_failed=True)
    message = f"it is a trial of {grid.id}, whose plan is frozen; change it in a folder of its own"
    with pytest.raises(RunError, match=message):
        dlrun.resume(grid.run(0), more_epochs=2)
    with pytest.raises(RunError, match=f"finished after .+ epochs, as a part of {grid.id}; there"):
        dlrun.resume(grid.run(0))


@pytest.mark.slow
def test_a_retry_trains_no_values_that_cannot_work_together(config: Path, runs_dir: Path) -> None:
    sweep = dlrun.sweep(
        config, {"dataset.split.test": [0.1, 0.6], "dataset.split.validation": [0.1, 0.5]},
        ["~dataset.split.train", "training.epochs=1"], strategy="tpe", trials=4,
    )  # fmt: skip
    told = Told()
    again = dlrun.resume(sweep, retry_failed=True, report=told)
    assert isinstance(again, Sweep)
    assert told.trained() == set()
    assert {trial.state for trial in sweep.trials} >= {"finished", "failed"}
    assert again.trials == sweep.trials
    told = Told()
    dlrun.resume(again, report=told)
    failed = sum(trial.state == "failed" for trial in sweep.trials)
    assert told.texts() == [f"{sweep.path}: all 4 trials are done, {failed} of them failed"]


def test_tpe_without_optuna_says_what_to_install(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SweepError, match=r"needs Optuna, .*pip install 'dlrun\[sweep\]', or take"):
        dlrun.sweep(config, DRAWN, strategy="tpe", trials=3)


def test_what_is_told(config: Path, runs_dir: Path) -> None:
    told = Told()
    sweep = dlrun.sweep(config, GRID, ["training.epochs=1"], report=told, workers=1)
    ends = [one for one in told.events if isinstance(one, TaskEnded)]
    assert [(one.task, one.done, one.total) for one in ends] == [
        (f"trials/{n}", n + 1, 4) for n in range(4)
    ]
    assert ends[0].text.startswith("val_loss ")
    assert ends[0].text.endswith("(epoch 1)  learning_rate=0.1 activation=relu")
    standings = [one for one in told.events if isinstance(one, SweepStanding)]
    assert [one.done for one in standings] == [0, 1, 2, 3, 4]
    assert standings[-1].best.startswith(f"trials/{sweep.best.number} val_loss ")  # type: ignore[union-attr]


def kill_tree(process: subprocess.Popen[str], rng: random.Random) -> bool:
    """Kills the driver or some of the processes below it; returns whether one was alive."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
        victims = rng.choice([[psutil.Process(process.pid)], below[:1], below[1:2], below])
    except psutil.Error:
        return False
    is_alive = False
    for one in victims:
        with suppress(psutil.Error):
            is_alive |= one.status() != psutil.STATUS_ZOMBIE
            one.kill()
    return is_alive


def sweep_and_kill(
    command: list[str], runs_dir: Path, rng: random.Random, most: int
) -> tuple[Sweep, int]:
    """Runs a command again and again until its sweep is done; returns how often it was killed."""
    environment = os.environ | {"DLRUN_RUNS_DIR": str(runs_dir)}
    killed, flags = 0, list[str]()
    for _ in range(most + 20):
        process = subprocess.Popen(
            [*command, *flags], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        flags = ["--retry-failed"]
        if killed < most:
            time.sleep(rng.uniform(2.5, 6.5))  # the instants are the test
            killed += kill_tree(process, rng)
        _, errors = process.communicate(timeout=300)
        found = list(runs_dir.glob("2*"))
        assert len(found) <= 1
        for path in found:
            shown = CliRunner().invoke(app, ["summary", str(path)])
            assert shown.exit_code == 0, shown.output
        if process.returncode == 0:
            return Sweep(found[0]), killed
    raise AssertionError(errors)


@pytest.mark.parametrize(
    ("kills", "rates", "epochs"),
    [
        (1, [0.1, 0.05], 60),
        pytest.param(40, [0.1, 0.05, 0.02, 0.01], 150, marks=pytest.mark.crash),
    ],
    ids=["once", "40 times"],
)
def test_killed_at_random_instants_it_ends_with_the_planned_trials_each_once(
    folder: Path, tmp_path: Path, kills: int, rates: list[float], epochs: int
) -> None:
    """Sweep after sweep, since one is done after a few of them."""
    path = tmp_path / "killed.yaml"
    path.write_text(SMALL.replace("name: small", "name: killed"))
    tokens = [
        f"optimizer.learning_rate={','.join(map(str, rates))}", "model.activation=relu,tanh",
        f"training.epochs={epochs}", "training.batch_size=4",
    ]  # fmt: skip
    numbers = range(2 * len(rates))
    whole = dlrun.sweep(path, overrides=tokens, runs_dir=tmp_path / "whole")
    command = [sys.executable, "-m", "dlrun", "sweep", str(path), *tokens, "--workers", "2"]
    seed = int(os.environ.get("DLRUN_CRASH_SEED") or random.randrange(10**6))
    rng, killed, turn = random.Random(seed), 0, 0
    try:
        while killed < kills:
            sweep, more = sweep_and_kill(command, tmp_path / str(turn), rng, kills - killed)
            killed, turn = killed + more, turn + 1
            assert [trial.state for trial in sweep.trials] == ["finished" for _ in numbers]
            assert sorted(os.listdir(sweep.path / "trials")) == [str(n) for n in numbers]
            for n in numbers:
                assert compare_runs(whole.run(n), sweep.run(n)).verdict == "identical", n
            values = [trial.value for trial in sweep.trials]
            assert values == [trial.value for trial in whole.trials]
    except BaseException as error:
        error.add_note(f"DLRUN_CRASH_SEED={seed}, after {killed} kills")
        raise


@pytest.mark.slow
def test_ctrl_c_ends_at_checkpoints_and_says_how_to_go_on(config: Path, tmp_path: Path) -> None:
    environment = os.environ | {"DLRUN_RUNS_DIR": str(tmp_path / "runs")}
    process = subprocess.Popen(
        [sys.executable, "-m", "dlrun", "sweep", str(config), "optimizer.learning_rate=0.1,0.2",
         "training.epochs=1000000"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list((tmp_path / "runs").glob("2*/trials/1/checkpoints/last.npz")):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (path,) = (tmp_path / "runs").glob("2*")
    assert f"checkpoints of those that had begun; dlrun resume {path.name} goes on" in errors
    sweep = Sweep(path)
    assert sweep.status == "interrupted"
    assert [trial.state for trial in sweep.trials] == ["interrupted", "interrupted"]


@pytest.mark.slow
def test_memory_stays_flat_over_200_trials(config: Path, tmp_path: Path) -> None:
    sizes: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, TaskEnded):
            below = psutil.Process().children(recursive=True)
            sizes.append(sum(one.memory_info().rss for one in below if one.is_running()))

    dlrun.sweep(
        config, {"optimizer.learning_rate": {"uniform": [0.01, 0.1]}}, ["training.epochs=1"],
        strategy="random", trials=200, workers=2, report=listen, runs_dir=tmp_path,
    )  # fmt: skip
    assert len(sizes) == 200
    early, late = np.median(sizes[20:80]), np.median(sizes[140:])
    assert late < 1.1 * early


@pytest.mark.slow
def test_a_stop_from_python_is_a_keyboard_interrupt_that_can_be_resumed(
    config: Path, runs_dir: Path
) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, FromTask) and isinstance(event.event, StepsDone):
            signal.raise_signal(signal.SIGINT)
            listen.__dict__["done"] = True

    once = lambda event: None if listen.__dict__.get("done") else listen(event)  # noqa: E731
    with pytest.raises(Stopped):
        dlrun.sweep(config, GRID, ["training.epochs=200"], report=once)
    (sweep,) = [Sweep(path) for path in runs_dir.glob("2*")]
    resumed = dlrun.resume(sweep)
    assert isinstance(resumed, Sweep)
    assert [trial.state for trial in resumed.trials] == ["finished"] * 4


@pytest.mark.slow
def test_hyperband_stopped_inside_a_later_rung_goes_on_to_the_same_trials(
    config: Path, tmp_path: Path
) -> None:
    overrides = ["training.batch_size=2"]
    settings = {"strategy": "random", "trials": 7, "pruning": "hyperband"}
    whole = dlrun.sweep(config, DRAWN, overrides, runs_dir=tmp_path / "whole", **settings)
    stops = [0]

    def listen(event: Event) -> None:
        step = event.event if isinstance(event, FromTask) else None
        is_there = isinstance(step, StepsDone) and step.epochs == 9 and step.epoch > 4
        if is_there and not stops[0]:
            stops[0] += 1
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Stopped):
        dlrun.sweep(
            config, DRAWN, overrides, report=listen, runs_dir=tmp_path / "cut", workers=2,
            **settings,
        )  # fmt: skip
    (path,) = (tmp_path / "cut").glob("2*")
    assert "interrupted" in {trial.state for trial in Sweep(path).trials}
    resumed = dlrun.resume(path)
    assert isinstance(resumed, Sweep)
    assert outcome(resumed) == outcome(whole)


WAITS = """
import os, time
import keras

@keras.saving.register_keras_serializable("own")
class Waits(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        while epoch == 5 and not os.path.exists(f"ended_{rate:.1f}"):
            time.sleep(0.02)

    def get_config(self):
        return {}
"""


def test_a_child_that_someone_else_ends_goes_on_once_though_the_budget_is_spent(
    config: Path, tmp_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits in its sixth epoch until it was ended, so that it is at its task then."""
    (tmp_path / "own_waits.py").write_text(WAITS)
    monkeypatch.chdir(tmp_path)
    told, ended = Told(), set[str]()

    def listen(event: Event) -> None:
        told(event)
        if isinstance(event, FromTask) and isinstance(event.event, StepsDone):
            path = next(runs_dir.glob(f"2*/{event.task}/run.json"), None)
            if path is not None and event.task not in ended and event.event.epoch > 3:
                ended.add(event.task)
                pid = json.loads(path.read_text())["pid"]
                is_first = event.task.endswith("0")
                os.kill(pid, signal.SIGKILL if is_first else signal.SIGTERM)
                (tmp_path / ("ended_0.1" if is_first else "ended_0.2")).touch()

    overrides = ["imports=[own_waits]", "training.callbacks=[Waits]"]
    sweep = dlrun.sweep(
        config, {"optimizer.learning_rate": [0.1, 0.2, 0.3]}, overrides, report=listen, workers=3,
        **{"budget.trials": 2},
    )  # fmt: skip
    assert ended == {"trials/0", "trials/1"}
    found = [(trial.state, trial.reason, trial.epochs) for trial in sweep.trials]
    assert found == [("finished", "", 9)] * 2 + [("planned", "", None)]
    again = [text for text in told.texts() if "it goes on from its checkpoint, this once" in text]
    assert len(again) == 2
