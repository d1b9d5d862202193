from __future__ import annotations

from dlrun.config import Component, ModelConfig, Repeat, flatten_layers
from dlrun.config.stack import count_layers

RELU = Component("relu", {})


def dense(units: int, **arguments: object) -> Component:
    return Component("Dense", {"units": units, **arguments})


def activations(*layers: Component | Repeat) -> list[str]:
    model = ModelConfig(input_shape=(4,), activation=RELU, layers=layers)
    found = [layer.component.arguments.get("activation") for layer in flatten_layers(model)]
    return [one.name if isinstance(one, Component) else "-" for one in found]


def test_repeats_are_written_out_with_the_path_of_their_template():
    model = ModelConfig(
        input_shape=None,
        activation=None,
        layers=(dense(1), Repeat(2, (dense(2), Repeat(2, (Component("Dropout", {"rate": 0.1}),))))),
    )
    assert [layer.path for layer in flatten_layers(model)] == [
        ("model", "layers", 0),
        ("model", "layers", 1, "layers", 0),
        ("model", "layers", 1, "layers", 1, "layers", 0),
        ("model", "layers", 1, "layers", 1, "layers", 0),
        ("model", "layers", 1, "layers", 0),
        ("model", "layers", 1, "layers", 1, "layers", 0),
        ("model", "layers", 1, "layers", 1, "layers", 0),
    ]
    assert count_layers(model.layers) == 7


def test_the_default_activation_is_of_all_layers_before_the_output():
    assert activations(dense(3), dense(2), dense(1)) == ["relu", "relu", "-"]


def test_convolutions_get_the_default_activation():
    conv = Component("Conv2D", {"filters": 2, "kernel_size": 3})
    flat = Component("Flatten", {})
    assert activations(conv, Component("MaxPooling2D", {}), flat, dense(1)) == [
        "relu",
        "-",
        "-",
        "-",
    ]


def test_an_activation_of_its_own_is_kept():
    linear = Component("linear", {})
    assert activations(dense(3, activation=linear), dense(1)) == ["linear", "-"]


def test_a_layer_with_an_activation_layer_after_it_gets_no_other():
    leaky = Component("LeakyReLU", {"negative_slope": 0.01})
    assert activations(dense(3), leaky, dense(1)) == ["-", "-", "-"]


def test_normalization_and_dropout_do_not_hide_the_activation_layer():
    between = (Component("BatchNormalization", {}), Component("Dropout", {"rate": 0.5}))
    assert activations(dense(3), *between, Component("ReLU", {}), dense(1)) == ["-"] * 5
    assert activations(dense(3), *between, dense(1)) == ["relu", "-", "-", "-"]


def test_the_output_layer_is_never_given_one_even_with_layers_after_it():
    assert activations(dense(3), dense(1), Component("Dropout", {"rate": 0.5})) == [
        "relu",
        "-",
        "-",
    ]


def test_recurrent_layers_keep_keras_own_activation():
    assert activations(Component("LSTM", {"units": 3}), dense(1)) == ["-", "-"]
