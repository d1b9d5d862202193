from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import load_config
from dlrun.sweeping import SweepDefinition
from dlrun.sweeping.planning import plan_assignments
from dlrun.sweeping.trial_config import make_trial_config, trial_hash

Load = Callable[..., SweepDefinition]


def test_a_trial_is_the_base_with_its_values(load: Load) -> None:
    definition = load(
        "search: {training.epochs: [4, 5], model.layers.1.repeat: {range: [1, 2]}}\n"
        "objective: val_accuracy\nrepeat: 2",
        ("note=x",),
    )
    trial = make_trial_config(definition, plan_assignments(definition)[3]).config
    expected = load_config(
        "base.yaml",
        ["note=x", "training.epochs=5", "model.layers.1.repeat=2", "repeat=2",
         "training.monitor=val_accuracy"],
    ).config  # fmt: skip
    assert trial == expected


def test_the_learning_rate_is_that_of_whatever_optimizer_a_trial_has(load: Load) -> None:
    definition = load("search: {optimizer.learning_rate: [0.1, 0.01], optimizer: [sgd, adam]}")
    found = [
        make_trial_config(definition, values).config.to_dict()["optimizer"]
        for values in plan_assignments(definition)
    ]
    assert found == [
        {"SGD": {"learning_rate": 0.1}},
        {"Adam": {"learning_rate": 0.1}},
        {"SGD": {"learning_rate": 0.01}},
        {"Adam": {"learning_rate": 0.01}},
    ]


def test_a_trial_with_another_data_set_has_its_splits_and_metrics(load: Load) -> None:
    definition = load(
        "search: {dataset: [iris, digits], model.layers.2.units: [3, 10]}\nstrategy: zip"
    )
    trial = make_trial_config(definition, plan_assignments(definition)[1])
    assert trial.config.dataset.name == "digits"
    assert trial.config.model.layers[2].arguments["units"] == 10  # type: ignore[union-attr]


def test_texts_that_look_like_numbers_stay_texts(load: Load) -> None:
    definition = load("search: {seed: [1]}")
    trial = make_trial_config(definition, {"note": "1e3"})
    assert trial.config.note == "1e3"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"optimizer": "sgd"}, {"optimizer": "SGD"}, True),
        ({"optimizer.learning_rate": 1}, {"optimizer.learning_rate": 1.0}, True),
        ({"note": "a", "name": "a"}, {"note": "b", "name": "b"}, True),
        ({"loss": "mse"}, {"loss": "mean_squared_error"}, True),
        ({"seed": 1}, {"seed": 2}, False),
        ({"optimizer": "sgd"}, {"optimizer": {"sgd": {"learning_rate": 0.01}}}, False),
    ],
)
def test_trials_that_come_to_the_same_config_have_the_same_hash(
    load: Load, one: dict, other: dict, same: bool
) -> None:
    definition = load("search: {seed: [1]}")
    hashes = {trial_hash(make_trial_config(definition, v).config) for v in (one, other)}
    assert (len(hashes) == 1) is same
    assert all(len(found) == 12 for found in hashes)
