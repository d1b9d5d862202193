from __future__ import annotations

import importlib
import inspect

import keras
import pytest

from dlrun.catalog import component_names, find_component, snake_case

_NOT_NAMED = ("self", "args", "kwargs")


def test_the_cards_agree_with_keras_itself():
    for kind, namespace in (
        ("optimizer", keras.optimizers),
        ("loss", keras.losses),
        ("metric", keras.metrics),
        ("regularizer", keras.regularizers),
        ("initializer", keras.initializers),
        ("constraint", keras.constraints),
        ("layer", keras.layers),
    ):
        for name in component_names(kind):
            card = find_component(kind, name)
            assert card is not None
            init = getattr(namespace, name).__init__
            if init is not object.__init__:
                own = [p for p in inspect.signature(init).parameters if p not in _NOT_NAMED]
                assert {*own} <= {*card.arguments}, name


@pytest.mark.parametrize("name", [n for n in component_names("optimizer") if n[0] != "L"])
def test_every_argument_of_an_optimizers_card_is_accepted_by_keras(name: str):
    card = find_component("optimizer", name)
    assert card is not None
    given = {key: card.defaults[key] for key in card.arguments if key in card.defaults}
    getattr(keras.optimizers, name)(**given)


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Dense", {"units": 2}),
        ("Conv2D", {"filters": 2, "kernel_size": 3}),
        ("LSTM", {"units": 2}),
        ("BatchNormalization", {}),
        ("MaxPooling2D", {}),
        ("Dropout", {"rate": 0.5}),
        ("GaussianNoise", {"stddev": 0.5}),
        ("Embedding", {"input_dim": 3, "output_dim": 2}),
        ("RandomFlip", {}),
    ],
)
def test_every_argument_of_a_layers_card_is_accepted_by_keras(name: str, required: dict):
    card = find_component("layer", name)
    assert card is not None
    given = {key: card.defaults[key] for key in card.arguments if key in card.defaults}
    getattr(keras.layers, name)(**{**given, **required})


def test_snake_case_is_keras_own():
    to_snake_case = importlib.import_module("keras.src.utils.naming").to_snake_case
    for name in ("AUC", "F1Score", "MeanIoU", "R2Score", "MeanSquaredError", "KLDivergence"):
        assert snake_case(name) == to_snake_case(name)
