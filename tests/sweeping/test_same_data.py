"""Whether a sweep's data are there: before it goes on, and where nothing is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.data.store import DataStore
from dlrun.errors import DatasetError
from dlrun.events import Event
from dlrun.runs import Sweep
from dlrun.runs.record_sweep import create_sweep
from dlrun.runs.sweep import UNSETTLED
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.same_data import check_data, warn_of_other_data
from dlrun.sweeping.starting import sweep_facts
from tests.sweeping.made_up import change, make_sweep

Load = Callable[..., SweepDefinition]


@pytest.fixture
def learning(load: Load, base: Path, runs_dir: Path) -> tuple[Sweep, SweepDefinition]:
    """A search that learns, whose first trial is yet to be planned, and whose data are gone."""
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("name: iris,", "name: npz, options: {path: gone.npz},"))
    definition = load("strategy: tpe\ntrials: 2\nsearch: {seed: [1, 2]}")
    objective = {"metric": "val_loss", "direction": "minimize"}
    facts = sweep_facts(definition, [], objective, 1, [])
    return create_sweep(facts, [], definition={}, base={}, runs_dir=runs_dir), definition


def test_a_search_that_learns_is_not_planned_without_data(
    learning: tuple[Sweep, SweepDefinition],
) -> None:
    sweep, definition = learning
    with pytest.raises(DatasetError, match=r"gone\.npz"):
        check_data(sweep, definition, [], DataStore())


def test_what_was_never_settled_has_no_data_to_compare(
    learning: tuple[Sweep, SweepDefinition], runs_dir: Path
) -> None:
    _, definition = learning
    sweep = make_sweep(runs_dir, [0.1])
    sweep = change(sweep, 1, hash=f"{UNSETTLED}1", config={}, state="failed", data_hash="0" * 12)
    check_data(sweep, definition, [sweep.trials[1]], DataStore())
    told: list[Event] = []
    warn_of_other_data(sweep, told.append)
    assert told == []


def test_a_search_that_learns_goes_on_with_the_data_of_its_newest_trial(
    load: Load, runs_dir: Path
) -> None:
    """Also where it was stopped between two batches, with nothing left that is planned."""
    definition = load("strategy: tpe\ntrials: 8\nsearch: {seed: [1, 2]}")
    sweep = change(make_sweep(runs_dir, [0.1]), 1, data_hash="0" * 12)
    with pytest.raises(DatasetError, match=r"the data set digits has changed since this was"):
        check_data(sweep, definition, [], DataStore())


def test_data_that_never_change_are_not_loaded_to_compare_them(runs_dir: Path) -> None:
    sweep = change(make_sweep(runs_dir, [0.1]), 0, data_hash="0" * 12)
    told: list[Event] = []
    warn_of_other_data(sweep, told.append)
    assert told == []
