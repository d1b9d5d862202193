from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from dlrun.config import json_schema
from dlrun.config.shipped import shipped_configs
from dlrun.files import parse_yaml, read_yaml

GOOD = """\
name: net
dataset: digits
model:
  layers:
    - Dense: 16
    - dense: {units: 10, kernel_regularizer: l2, activation: {LeakyReLU: {negative_slope: 0.01}}}
    - repeat: 2
      layers: [Flatten, {Dropout: 0.5}, {BatchNormalization: }]
    - Bidirectional: {layer: {LSTM: 8}}
loss: mse
optimizer: {SGD: {learning_rate: {ExponentialDecay: {initial_learning_rate: 1, decay_steps: 2,
  decay_rate: 0.5}}}}
metrics: [acc, {AUC: {name: area}}]
training: {epochs: 3, batch_size: full, callbacks: [EarlyStopping]}
"""


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@pytest.mark.parametrize("config", shipped_configs(), ids=lambda config: config.name)
def test_every_shipped_config_fits_the_schema(validator: Any, config):
    assert [*validator.iter_errors(read_yaml(config.path).data)] == []


def test_short_and_nested_forms_fit_the_schema(validator: Any):
    assert [*validator.iter_errors(parse_yaml(GOOD, "c.yaml").data)] == []


def test_a_model_alone_fits_the_schema(validator: Any):
    text = "{name: a, model: {input_shape: [7], layers: [Dense: 4]}}"
    assert validator.is_valid(parse_yaml(text, "c.yaml").data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs: 3", "epoch: 3"),
        ("epochs: 3", "epochs: 0"),
        ("[EarlyStopping]", "[{BackupAndRestore: {backup_dir: a}}]"),
        ("Dense: 16", "Dens: 16"),
        ("Dense: 16", "Dense: {unit: 16}"),
        ("Dense: 16", "Dense: many"),
        ("loss: mse", "loss: msee"),
        ("kernel_regularizer: l2", "kernel_regularizer: l3"),
        ("repeat: 2", "repeat: 0"),
        ("EarlyStopping", "EarlyStoping"),
        ("dataset: digits\n", ""),
    ],
)
def test_mistakes_do_not_fit_the_schema(validator: Any, old: str, new: str):
    assert old in GOOD
    assert not validator.is_valid(parse_yaml(GOOD.replace(old, new), "c.yaml").data)


def test_keys_are_explained_with_their_defaults():
    training = json_schema()["properties"]["training"]["properties"]
    assert training["batch_size"]["default"] == 32
    assert training["batch_size"]["description"] == "rows of one step, or full for all of them"


@pytest.mark.parametrize(
    ("schedule", "is_valid"),
    [
        ("CosineDecay: {initial_learning_rate: 0, decay_steps: 2}", True),
        ("CosineDecay: {initial_learning_rate: -1, decay_steps: 2}", False),
        ("InverseTimeDecay: {initial_learning_rate: 1, decay_steps: 2, decay_rate: 1}", True),
        ("InverseTimeDecay: {initial_learning_rate: 0, decay_steps: 2, decay_rate: 1}", False),
    ],
)
def test_only_a_schedule_that_can_warm_up_may_begin_at_0(
    validator: Any, schedule: str, is_valid: bool
):
    head, _, _ = GOOD.partition("optimizer:")
    text = f"{head}optimizer: {{SGD: {{learning_rate: {{{schedule}}}}}}}\ntraining: {{epochs: 3}}"
    assert validator.is_valid(parse_yaml(text, "c.yaml").data) == is_valid
