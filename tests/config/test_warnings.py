"""What works and is unwise, or good to know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import Loaded
from dlrun.config.component import Component

Load = Callable[..., Loaded]


def test_a_sensible_config_warns_of_nothing(load: Load):
    loaded = load()
    assert loaded.warnings == ()
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "loss: categorical_crossentropy",
            "loss: mse",
            "8:1  loss: MeanSquaredError is for numbers, and digits has classes; it works, "
            "categorical_crossentropy learns faster",
        ),
        (
            "activation: softmax",
            "activation: sigmoid",
            "7:26  model.layers.1.activation: CategoricalCrossentropy expects probabilities, "
            "and the "
            "output is sigmoid; write softmax",
        ),
        (
            ", activation: softmax",
            "",
            "7:7  model.layers.1: CategoricalCrossentropy expects probabilities, and the output is "
            "linear; write softmax",
        ),
        (
            "loss: categorical_crossentropy",
            "loss: {categorical_crossentropy: {from_logits: true}}",
            "7:26  model.layers.1.activation: softmax makes probabilities, and from_logits "
            "is true; "
            "remove one",
        ),
    ],
)
def test_what_is_unwise_is_a_warning(load: Load, old: str, new: str, told: str):
    assert [str(warning) for warning in load({old: new}).warnings] == [told]


def test_an_activation_layer_after_the_output_counts(load: Load):
    changes = {"{units: 10, activation: softmax}": "10\n    - Dropout: 0.1\n    - Softmax"}
    assert load(changes).warnings == ()


def test_accuracy_of_numbers_is_a_warning(load: Load):
    changes = {
        "digits": "linear",
        "10, activation: softmax": "1",
        "categorical_crossentropy": "mse",
        "sgd": "sgd\nmetrics: [accuracy]",
    }
    (warning,) = load(changes).warnings
    assert "accuracy counts right classes, and there are numbers to predict" in str(warning)


@pytest.mark.parametrize("loss", ["{BinaryCrossentropy: {from_logits: true}}", "hinge"])
def test_keras_accuracy_of_outputs_around_zero_is_a_warning(load: Load, loss: str):
    changes = {
        "digits": "two_moons",
        "10, activation: softmax": "1",
        "categorical_crossentropy": loss,
    }
    (warning,) = load({**changes, "sgd": "sgd\nmetrics: [accuracy]"}).warnings
    assert "Keras's accuracy parts the classes at an output of 0.5, and this loss at 0" in str(
        warning
    )
    own = Component("BinaryAccuracy", {"name": "accuracy", "threshold": 0.0})
    loaded = load(changes)
    assert (loaded.config.metrics, loaded.warnings) == ((own,), ())


def test_validating_on_the_official_test_rows_is_noted(load: Load):
    loaded = load({"digits": "{name: mnist, split: {validation: official}}"})
    assert [str(note) for note in loaded.notes] == [
        "2:32  dataset.split.validation: validation: official leaves no untouched "
        "test set to report at the end"
    ]


@pytest.mark.parametrize(
    ("activation", "told"),
    [
        (
            "leaky_relu",
            "4:3  model.activation: leaky_relu has Keras's slope 0.2; to choose",
        ),
        ("LeakyReLU", "4:3  model.activation: LeakyReLU has Keras's slope 0.3; to choose"),
    ],
)
def test_the_slope_of_a_leaky_relu_that_names_none_is_noted(load: Load, activation: str, told: str):
    (note,) = load({"activation: relu": f"activation: {activation}"}).notes
    assert str(note).startswith(told)


def test_a_leaky_relu_with_its_slope_is_not_noted(load: Load):
    changes = {"activation: relu": "activation: {leaky_relu: {negative_slope: 0.01}}"}
    assert load(changes).notes == ()
