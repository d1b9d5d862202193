from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from dlrun.plots.model_rows import LayerRow, NeuronColumn, layer_rows, neuron_columns, total_lines


def layer(kind: str, *shape: int | None, **more: Any) -> dict[str, Any]:
    facts = {"activation": None, "num_parameters": 0, "formula": None, "added": False}
    return {"name": kind.lower(), "kind": kind, "output_shape": list(shape), **facts, **more}


def dense_net(*widths: int, activation: str | None = None) -> dict[str, Any]:
    layers = [
        layer(
            "Dense",
            after,
            activation=activation,
            num_parameters=(before + 1) * after,
            formula=f"({before} + 1) × {after}",
        )
        for before, after in pairwise(widths)
    ]
    total = sum(row["num_parameters"] for row in layers)
    facts = {"total": total, "trainable": total, "non_trainable": 0}
    return {"input_shape": [widths[0]], "layers": layers, **facts}


def test_the_lectures_small_net_has_four_columns() -> None:
    assert neuron_columns(dense_net(7, 4, 3, 1, activation="relu")) == (
        NeuronColumn(7, "input", "", "", 0),
        NeuronColumn(4, "hidden 1", "relu", "(7 + 1) × 4", 32),
        NeuronColumn(3, "hidden 2", "relu", "(4 + 1) × 3", 15),
        NeuronColumn(1, "output", "relu", "(3 + 1) × 1", 4),
    )


def test_one_hidden_layer_needs_no_number() -> None:
    columns = neuron_columns(dense_net(2, 3, 1))
    assert columns is not None
    assert [column.name for column in columns] == ["input", "hidden", "output"]


def test_an_activation_layer_counts_to_the_layer_before_it() -> None:
    count = dense_net(2, 3)
    count["layers"].append(layer("LeakyReLU", 3))
    columns = neuron_columns(count)
    assert columns is not None
    assert [(column.num_neurons, column.activation) for column in columns] == [
        (2, ""),
        (3, "LeakyReLU"),
    ]


@pytest.mark.parametrize("widths", [(23, 1), (2, 16, 16, 1), (24, 10)])
def test_small_dense_nets_are_drawn_as_neurons(widths: tuple[int, ...]) -> None:
    assert neuron_columns(dense_net(*widths)) is not None


@pytest.mark.parametrize("widths", [(784, 10), (2, 25, 1), (20, 20, 1), (2,) * 11, (3,)])
def test_wide_and_long_nets_are_drawn_as_boxes(widths: tuple[int, ...]) -> None:
    assert neuron_columns(dense_net(*widths)) is None


@pytest.mark.parametrize("kind", ["Dropout", "BatchNormalization", "Flatten", "Conv1D"])
def test_a_net_with_other_layers_is_drawn_as_boxes(kind: str) -> None:
    count = dense_net(2, 3)
    count["layers"].append(layer(kind, 3))
    assert neuron_columns(count) is None


def test_images_and_sequences_are_drawn_as_boxes() -> None:
    assert neuron_columns({**dense_net(4, 2), "input_shape": [2, 2]}) is None
    assert neuron_columns({**dense_net(4, 2), "input_shape": [None]}) is None


def test_boxes_begin_with_the_input_and_say_what_dlrun_put_in() -> None:
    count = dense_net(784, 10, activation="softmax")
    count["input_shape"] = [28, 28]
    count["layers"].insert(0, layer("Flatten", 784, added=True))
    assert layer_rows(count) == (
        LayerRow("input", "", "28 × 28", "", 0),
        LayerRow("Flatten", "", "784", "", 0, added=True),
        LayerRow("Dense", "softmax", "10", "(784 + 1) × 10", 7850),
    )


def test_an_activation_is_said_in_words_and_linear_is_none() -> None:
    count = {"input_shape": [3], "layers": [layer("Dense", 3, activation="leaky_relu")]}
    assert layer_rows(count)[1].activation == "leaky relu"
    assert layer_rows(dense_net(2, 3, activation="linear"))[1].activation == ""


def test_a_length_that_varies_is_a_question_mark() -> None:
    assert layer_rows({"input_shape": [None, 8], "layers": []})[0].shape == "? × 8"


def test_the_middle_of_a_very_deep_net_is_one_row_with_its_parameters() -> None:
    rows = layer_rows(dense_net(*[3] * 101), max_rows=8)
    assert len(rows) == 1 + 8
    (middle,) = [row for row in rows if row.num_skipped]
    assert middle.num_skipped == 100 - 7
    assert sum(row.num_parameters for row in rows) == 100 * 12


def test_the_total_names_what_is_not_trained() -> None:
    assert total_lines(dense_net(7, 4, 3, 1)) == ("51 parameters in all",)
    count = {"total": 1200, "trainable": 1000, "non_trainable": 200}
    assert total_lines(count) == (
        "1,200 parameters in all",
        "1,000 trainable, 200 non-trainable",
    )
    assert total_lines({"total": 1}) == ("1 parameter in all",)
