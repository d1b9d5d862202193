from __future__ import annotations

import subprocess
import sys

import pytest

from dlrun.catalog import (
    KINDS,
    argument_kind,
    component_names,
    component_spellings,
    find_component,
)


@pytest.mark.parametrize(
    ("kind", "spelling", "name"),
    [
        ("layer", "Dense", "Dense"),
        ("layer", "dense", "Dense"),
        ("layer", "leakyrelu", "LeakyReLU"),
        ("layer", "batch_normalization", "BatchNormalization"),
        ("layer", "MaxPool2D", "MaxPooling2D"),
        ("loss", "mse", "MeanSquaredError"),
        ("loss", "MSE", "MeanSquaredError"),
        ("loss", "categorical_crossentropy", "CategoricalCrossentropy"),
        ("loss", "CATEGORICALCROSSENTROPY", "CategoricalCrossentropy"),
        ("loss", "kld", "KLDivergence"),
        ("optimizer", "sgd", "SGD"),
        ("optimizer", "rmsprop", "RMSprop"),
        ("metric", "auc", "AUC"),
        ("metric", "mae", "MeanAbsoluteError"),
        ("regularizer", "l2", "L2"),
        ("regularizer", "l1_l2", "L1L2"),
        ("initializer", "he_normal", "HeNormal"),
        ("initializer", "zero", "Zeros"),
        ("constraint", "max_norm", "MaxNorm"),
        ("schedule", "ExponentialDecay", "ExponentialDecay"),
        ("activation", "swish", "silu"),
        ("activation", "ReLU", "relu"),
        ("callback", "early_stopping", "EarlyStopping"),
    ],
)
def test_a_component_is_found_by_any_of_its_spellings(kind: str, spelling: str, name: str):
    card = find_component(kind, spelling)
    assert card is not None
    assert (card.kind, card.name) == (kind, name)


@pytest.mark.parametrize(("kind", "name"), [("layer", "Dens"), ("layer", "Layer"), ("loss", "get")])
def test_what_keras_has_not_or_no_config_can_use_is_not_found(kind: str, name: str):
    assert find_component(kind, name) is None


def test_a_card_lists_the_arguments_of_base_classes():
    card = find_component("layer", "Dense")
    assert card is not None
    assert card.first_argument == "units"
    assert card.required == ("units",)
    assert {"use_bias", "activity_regularizer", "trainable", "dtype", "name"} <= {*card.arguments}
    assert card.doc == "Just your regular densely-connected NN layer."


def test_arguments_that_a_class_sets_for_its_base_are_not_its_own():
    conv = find_component("layer", "Conv2D")
    lstm = find_component("layer", "LSTM")
    assert conv is not None
    assert lstm is not None
    assert "rank" not in conv.arguments
    assert "cell" not in lstm.arguments
    assert lstm.required == ("units",)


def test_a_subclass_without_init_has_its_bases_arguments():
    card = find_component("initializer", "zeros")
    assert card is not None
    assert card.arguments == ()
    assert card.first_argument is None


def test_an_activation_has_no_data_argument():
    card = find_component("activation", "leaky_relu")
    assert card is not None
    assert card.arguments == ("negative_slope",)


def test_defaults_are_known():
    card = find_component("callback", "EarlyStopping")
    assert card is not None
    assert card.defaults["monitor"] == "val_loss"


@pytest.mark.parametrize(
    ("argument", "kind"),
    [
        ("kernel_initializer", "initializer"),
        ("bias_regularizer", "regularizer"),
        ("kernel_constraint", "constraint"),
        ("recurrent_activation", "activation"),
        ("learning_rate", "schedule"),
        ("layer", "layer"),
        ("units", None),
    ],
)
def test_an_arguments_name_tells_which_component_it_holds(argument: str, kind: str | None):
    assert argument_kind(argument) == kind


def test_every_name_of_every_kind_has_a_card_that_lets_nothing_unknown_through():
    for kind in KINDS:
        assert len(component_names(kind)) >= 3
        for name in component_names(kind):
            card = find_component(kind, name)
            assert card is not None, name
            assert card.name == name
            assert not card.accepts_any, name


def test_spellings_hold_names_snake_case_and_aliases():
    spellings = component_spellings("loss")
    assert spellings["MeanSquaredError"] == "MeanSquaredError"
    assert spellings["mean_squared_error"] == "MeanSquaredError"
    assert spellings["mse"] == "MeanSquaredError"


def test_names_are_known_without_importing_keras():
    code = (
        "import sys; from dlrun import catalog;"
        "catalog.find_component('layer', 'Dense'); assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
