from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.config import load_config
from dlrun.files import to_yaml
from dlrun.sweeping import SweepDefinition, load_sweep
from dlrun.sweeping.definition import known_direction, objective_metric, plan_key
from dlrun.sweeping.planning import plan_assignments
from dlrun.sweeping.trial_config import make_trial_config
from tests.sweeping.test_loading import OK, WHOLE

Load = Callable[..., SweepDefinition]


@pytest.mark.parametrize("text", [OK, WHOLE, WHOLE.replace("metric: val_accuracy, ", "")])
def test_the_normal_form_loads_again_to_an_equal_definition(load: Load, text: str) -> None:
    if "metric" not in text:
        text = text.replace("direction: maximize", "direction: minimize")
    definition = load(text, ("training.epochs=7", "seed=3,4"))
    Path("again").mkdir(exist_ok=True)
    for name, content in {
        "base.yaml": definition.base_to_dict(),
        "sweep.yaml": {**definition.to_dict(), "base": "base.yaml"},
    }.items():
        Path("again", name).write_text(to_yaml(content), encoding="utf-8")
    again = load_sweep("again/sweep.yaml")
    assert again == definition
    assert again.to_dict() == definition.to_dict()
    assert plan_key(again) == plan_key(definition)
    assert plan_assignments(again) == plan_assignments(definition)


def test_the_written_base_leaves_open_what_follows_from_the_data_set(load: Load) -> None:
    definition = load(OK, ("dataset.split={}",))
    assert definition.base_to_dict()["metrics"] == "auto"
    assert definition.base_to_dict()["training"]["monitor"] == "auto"
    assert definition.base.config.training.monitor == "val_loss"


def test_spacing_names_notes_paths_and_limits_do_not_change_the_key(load: Load) -> None:
    key = plan_key(load(OK))
    assert len(key) == 12
    same = [
        "search:\n  loss.reduction:   [ sum,mean ]\nname: other\nnote: new",
        f"{OK}\nbudget: {{minutes: 3}}\ntrial_minutes: 2\nstrategy: grid",
        "search: {loss.reduction: {choice: [sum, mean]}}",
    ]
    assert {plan_key(load(text)) for text in same} == {key}
    assert plan_key(load(OK, ("note=x",))) == key


@pytest.mark.parametrize(
    "text",
    [
        "search: {loss.reduction: [mean, sum]}",
        f"{OK}\nrepeat: 2",
        f"{OK}\nobjective: loss",
        f"{OK}\nstrategy: random\ntrials: 2",
        f"{OK}\npruning: median",
    ],
)
def test_what_decides_the_trials_changes_the_key(load: Load, text: str) -> None:
    assert plan_key(load(text)) != plan_key(load(OK))


def test_the_base_changes_the_key(load: Load) -> None:
    assert plan_key(load(OK, ("training.epochs=4",))) != plan_key(load(OK))


def test_the_order_of_searched_keys_changes_the_key(load: Load) -> None:
    one = load("search: {seed: [1, 2], optimizer: [sgd, adam]}")
    other = load("search: {optimizer: [sgd, adam], seed: [1, 2]}")
    assert plan_key(one) != plan_key(other)


def test_the_objective_is_what_the_base_monitors_unless_given(load: Load) -> None:
    assert objective_metric(load(OK)) == "val_loss"
    assert objective_metric(load(f"{OK}\nobjective: val_accuracy")) == "val_accuracy"
    assert make_trial_config(load(OK), {}).config == load_config("base.yaml").config


@pytest.mark.parametrize(
    ("metrics", "column", "expected"),
    [
        ("[accuracy]", "val_accuracy", "maximize"),
        ("[accuracy]", "loss", "minimize"),
        ("[auc]", "train_eval_auc", "maximize"),
        ("[{AUC: {name: area}}]", "val_area", "maximize"),
        ("[mse]", "val_mean_squared_error", "minimize"),
        ("[mean]", "mean", None),
        ("[accuracy]", "val_auc", None),
    ],
)
def test_the_direction_of_keras_metrics_is_known(
    load: Load, metrics: str, column: str, expected: str | None
) -> None:
    config = load_config("base.yaml", [f"metrics={metrics}"]).config
    assert known_direction(config, column) == expected
