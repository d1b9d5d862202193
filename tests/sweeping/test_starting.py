"""How a sweep starts: which one a call goes on with, which way its objective is searched."""

import re
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest

from dlrun.data.store import DataStore
from dlrun.errors import ConfigError
from dlrun.events import ignore
from dlrun.runs import Sweep
from dlrun.sweeping import SweepDefinition, load_sweep, starting
from dlrun.sweeping.starting import plan_trials, same_plan, settle_objective
from tests.sweeping.made_up import SHIPPED, make_sweep

Load = Callable[..., SweepDefinition]


def settle_direction(definition: SweepDefinition, found: Collection[str]) -> str:
    return settle_objective(definition, [], found)["direction"]


def test_of_data_that_no_card_describes_the_first_trial_tells_the_metric(
    load: Load, base: Path
) -> None:
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("name: iris,", "name: npz, options: {path: own.npz},"))
    np.savez("own.npz", x=np.zeros((30, 4)), y=np.arange(30) % 3)
    definition = load("search: {seed: [1, 2]}")
    planned = plan_trials(definition, DataStore(), ignore)
    objective = settle_objective(definition, planned, {"minimize"})
    assert objective == {"metric": "val_loss", "direction": "minimize"}


def test_the_models_tell_whether_more_is_better(load: Load) -> None:
    definition = load("search: {seed: [1, 2]}\nobjective: {metric: val_accuracy}")
    assert settle_direction(definition, {"maximize"}) == "maximize"
    assert settle_direction(definition, {"minimize"}) == "minimize"


def test_where_no_model_lived_to_tell_the_metric_does(load: Load) -> None:
    """As where the memory is too small to build any: each trial may still be tried by itself."""
    assert settle_direction(load("search: {seed: [1, 2]}"), ()) == "minimize"
    definition = load("search: {seed: [1, 2]}\nobjective: val_accuracy")
    assert settle_direction(definition, ()) == "maximize"


def test_a_direction_that_nothing_tells_is_asked_for(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "known_direction", lambda *_: None)
    search = "search: {seed: [1, 2]}\nobjective: {metric: val_accuracy"
    told = (
        "objective.direction: no model was built to tell whether more of val_accuracy is better; "
        "write maximize or minimize"
    )
    with pytest.raises(ConfigError, match=re.escape(told)):
        settle_direction(load(f"{search}}}"), ())
    assert settle_direction(load(f"{search}, direction: maximize}}"), ()) == "maximize"


def test_a_direction_is_not_searched_that_the_models_deny(load: Load) -> None:
    definition = load(
        "search: {seed: [1, 2]}\nobjective: {metric: val_accuracy, direction: maximize}"
    )
    told = "3:35  objective.direction: must be minimize, as val_accuracy is, received 'maximize'"
    with pytest.raises(ConfigError, match=re.escape(told)):
        settle_direction(definition, {"minimize"})
    told = "objective.metric: more of val_accuracy is better in some trials and less in others"
    with pytest.raises(ConfigError, match=re.escape(told)):
        settle_direction(definition, {"minimize", "maximize"})


def test_a_sweep_is_known_by_its_name_and_plan_whatever_its_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = load_sweep(SHIPPED, search={"optimizer.learning_rate": [0.1]})
    monkeypatch.setattr(starting, "plan_key", lambda _: "0" * 12)
    make_sweep(tmp_path, [0.1], name="another")
    assert same_plan(definition, tmp_path, ignore) is None
    made = make_sweep(tmp_path, [0.1], name=definition.config.name)
    named = Sweep(made.path.rename(tmp_path / "by_hand"))
    assert same_plan(definition, tmp_path, ignore) == named
