"""Trials of a search that learns, planned while it goes on: also those that cannot work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.store import DataStore
from dlrun.events import ignore
from dlrun.executors import Crew
from dlrun.runs import Sweep, Trial
from dlrun.runs.record_sweep import SweepRecorder, create_sweep
from dlrun.stopping import StopRequest
from dlrun.sweeping.asking import plan_trial, reopen_failed
from dlrun.sweeping.call import Call, CallWish, Limits
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.room import Room
from dlrun.sweeping.starting import sweep_facts

Load = Callable[..., SweepDefinition]

TPE = "strategy: tpe\ntrials: 4\nsearch:\n"
PARTS = "  dataset.split.test: [0.1, 0.6]\n  dataset.split.validation: [0.1, 0.5]"
PATHS = "  dataset.options.path: [a.npz, b.npz]\n  seed: [0, 1]"


def plan(definition: SweepDefinition, rows: list[dict[str, Any]]) -> list[Trial]:
    planned: list[Trial] = []
    for values in rows:
        planned.append(plan_trial(definition, values, planned, 0, DataStore()))
    return planned


def reopened(definition: SweepDefinition, trials: list[Trial], runs_dir: Path) -> Sweep:
    """The sweep of these trials after its failed ones are to be tried again."""
    objective = {"metric": "val_loss", "direction": "minimize"}
    facts = sweep_facts(definition, [], objective, 1, [])
    sweep = create_sweep(facts, trials, definition={}, base={}, runs_dir=runs_dir)
    with SweepRecorder(sweep) as recorder:
        room, wish = Room(1, by_threads=False), CallWish(StopRequest())
        call = Call(sweep, recorder, Crew(), room, Limits(), ignore, wish)
        reopen_failed(call, definition, DataStore())
    return Sweep(sweep.path)


def write_data(path: str) -> None:
    rng = np.random.default_rng(0)
    np.savez(path, x=rng.normal(size=(30, 4)), y=np.arange(30) % 3)


def test_values_that_cannot_work_together_are_never_tried(
    load: Load, base: Path, runs_dir: Path
) -> None:
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("train: 0.6, validation: 0.2, test: 0.2", "validation: 0.2"))
    definition = load(TPE + PARTS)
    good = {"dataset.split.test": 0.1, "dataset.split.validation": 0.1}
    bad = {"dataset.split.test": 0.6, "dataset.split.validation": 0.5}
    trials = plan(definition, [good, bad, bad])
    assert [trial.state for trial in trials] == ["planned", "failed", "failed"]
    assert "dataset.split" in trials[1].reason
    assert trials[1].config == {}  # not that of any other values
    assert [trial.is_worth_a_retry for trial in trials] == [False] * 3
    sweep = reopened(definition, trials, runs_dir)
    assert sweep.trials == tuple(trials)


def test_a_trial_whose_data_could_not_be_had_is_tried_again_once_they_can(
    load: Load, base: Path, runs_dir: Path
) -> None:
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("name: iris,", "name: npz, options: {path: a.npz},"))
    definition = load(TPE + PATHS)
    write_data("a.npz")
    rows = [{"dataset.options.path": f"{name}.npz", "seed": seed} for name, seed in
            (("a", 0), ("b", 0), ("b", 0), ("b", 1))]  # fmt: skip
    trials = plan(definition, rows)
    assert [trial.state for trial in trials] == ["planned", *["failed"] * 3]
    assert "b.npz" in trials[1].reason
    assert trials[1].config["dataset"]["options"] == {"path": "b.npz"}
    assert trials[1].is_worth_a_retry
    assert reopened(definition, trials, runs_dir / "still").trials == tuple(trials)
    write_data("b.npz")
    crashed = replace(trials[0], state="crashed", reason="a bug")
    sweep = reopened(definition, [crashed, *trials[1:]], runs_dir / "there")
    assert [trial.state for trial in sweep.trials] == [
        "interrupted", "planned", "duplicate", "planned",
    ]  # fmt: skip
    for trial in sweep.trials[1:]:
        assert trial.is_settled
        assert trial.config["seed"] == trial.values["seed"]
        assert trial.config["dataset"]["options"]["path"] == trial.values["dataset.options.path"]
    assert sweep.trials[2].duplicate_of == 1
