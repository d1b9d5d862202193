"""The JSON Schema of sweeps: what it takes, and that it refuses nothing that can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft7Validator

from dlrun.errors import ConfigError
from dlrun.files import parse_yaml
from dlrun.sweeping import SweepDefinition, sweep_json_schema

Load = Callable[..., SweepDefinition]

OK = "search: {loss.reduction: [sum, sum_over_batch_size]}"

GOOD = [
    OK,
    "search: {seed: [1, 2], optimizer: [sgd, {Adam: {learning_rate: 0.1}}]}\nstrategy: zip",
    "search: {seed: [1, 2]}\nname: s-1\nnote: what it is for\nrepeat: 3\npruning: median",
    "search: {training.class_weight: [none, balanced], model.layers.0: [{Dense: 4}, {Dense: 8}]}",
    "search: {model.layers.0.units: {range: [4, 16, 4]}, seed: {range: [1, 2]}}",
    "search: {optimizer.momentum: {uniform: [0, 0.9], step: 0.1}}\nobjective: val_accuracy",
    "search: {optimizer.learning_rate: {log_uniform: [1e-4, 1]}}\nstrategy: random\ntrials: 3",
    "search: {optimizer: [sgd, adam], optimizer.momentum: {uniform: [0, 0.9], if: {optimizer: "
    "sgd}}}\nstrategy: tpe\ntrials: 30\nbudget: {minutes: 3.5, trials: 4}\ntrial_minutes: 1",
    "search: {seed: {choice: [1, 2], if: {optimizer: [sgd]}}, optimizer: [sgd, adam]}\n"
    "objective: {metric: val_loss, direction: minimize}\npruning: none\nrepeat: none",
    "search: {optimizer.momentum: {uniform: [0, 1], step: null, if: null}}\n"
    "strategy: random\ntrials: 2",
]

BAD = [
    "note: no search",
    "search: {}",
    "search: [seed]",
    "search: {seed: 3}",
    "search: {seed: []}",
    "search: {seed: [1, 2, 1]}",
    "search: {seed: [1, 1.0]}",
    "search: {seed: {}}",
    "search: {seed: {choice: 3}}",
    "search: {seed: {choice: []}}",
    "search: {seed: {choice: [4, 4]}}",
    "search: {seed: {choice: [1, 9], step: 2}}",
    "search: {seed: {loguniform: [1, 2]}}",
    "search: {seed: {range: [1, 2], choice: [1]}}",
    "search: {seed: {range: [1, 2], stop: 1}}",
    "search: {seed: {range: [1, 9], step: 2}}",
    "search: {seed: {range: 4}}",
    "search: {seed: {range: [1]}}",
    "search: {seed: {range: [1, 2, 3, 4]}}",
    "search: {seed: {range: [a, 4]}}",
    "search: {seed: {range: [true, 4]}}",
    "search: {seed: {range: [1, 4, 0]}}",
    "search: {seed: {range: [1, 4, null]}}",
    "search: {seed: {uniform: [1, 2, 3]}}",
    "search: {seed: {uniform: [1, 4], step: -1}}",
    "search: {seed: {uniform: [1, 4], step: x}}",
    "search: {seed: {log_uniform: [0, 4]}}",
    "search: {seed: {choice: [1, 2], if: 3}}",
    "search: {seed: {choice: [1, 2], if: [optimizer]}}",
    "search: {+seed: [1, 2]}",
    "search: {~seed: [1, 2]}",
    "search: {name: [a, b]}",
    "search: {repeat: [1, 2]}",
    "search: {training.monitor: [loss]}",
    f"{OK}\nstrategi: zip",
    f"{OK}\nstrategy: gird",
    f"{OK}\ntraining: {{epochs: 1}}",
    f"{OK}\nname: my sweep",
    f"{OK}\nnote: 3",
    f"{OK}\nstrategy: random\ntrials: 0",
    f"{OK}\nstrategy: random\ntrials: 1000000",
    f"{OK}\nrepeat: 0",
    f"{OK}\nbudget: 3",
    f"{OK}\nbudget: {{minutes: -1}}",
    f"{OK}\nbudget: {{hours: 1}}",
    f"{OK}\ntrial_minutes: 0",
    f"{OK}\npruning: medain",
    f"{OK}\nobjective: {{metrics: a}}",
    f"{OK}\nobjective: {{direction: down}}",
]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = sweep_json_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def content(text: str) -> Any:
    return parse_yaml(f"base: base.yaml\n{text}\n", "s.yaml").data


@pytest.mark.parametrize("text", GOOD)
def test_sweeps_that_can_be_loaded_fit_the_schema(validator: Any, load: Load, text: str) -> None:
    assert load(text).parameters
    assert [*validator.iter_errors(content(text))] == []


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_is_refused_when_loaded(
    validator: Any, load: Load, text: str
) -> None:
    assert not validator.is_valid(content(text))
    with pytest.raises(ConfigError):
        load(text)


def test_a_base_is_needed(validator: Any) -> None:
    assert not validator.is_valid({"search": {"seed": [1, 2]}})


def test_the_normal_form_fits_the_schema(validator: Any, load: Load) -> None:
    for text in GOOD:
        assert [*validator.iter_errors(load(text).to_dict())] == []


def test_keys_are_explained_and_those_of_configs_are_proposed() -> None:
    schema = sweep_json_schema()
    assert schema["properties"]["strategy"]["default"] == "grid"
    assert schema["properties"]["repeat"]["description"] == "seeds a trial; none: as the base says"
    proposed = schema["properties"]["search"]["properties"]
    assert {"optimizer.learning_rate", "training.batch_size"} < proposed.keys()
    assert "training.monitor" not in proposed
