import pytest

from dlrun.backend import keras
from dlrun.parameters import count_from_dict, count_lines, count_parameters

layers = keras.layers


def count(shape, *stack):
    keras.Sequential([keras.Input(shape), *stack])
    return count_parameters(stack, shape)


@pytest.mark.parametrize(
    ("shape", "layer", "formula", "number"),
    [
        ((784,), layers.Dense(100), "(784 + 1) × 100", 78_500),
        ((23,), layers.Dense(1), "(23 + 1) × 1", 24),
        ((24,), layers.Dense(1), "(24 + 1) × 1", 25),
        ((10,), layers.Dense(3, use_bias=False), "10 × 3", 30),
        ((28, 28, 1), layers.Conv2D(8, 3), "(3 × 3 × 1 + 1) × 8", 80),
        ((9, 4), layers.Conv1D(5, 3), "(3 × 4 + 1) × 5", 65),
        ((8, 8, 3), layers.DepthwiseConv2D(3), "(3 × 3 + 1) × 3", 30),
        ((8, 8, 3), layers.SeparableConv2D(4, 3), "3 × 3 × 3 + (3 + 1) × 4", 43),
        ((8, 8, 3), layers.Conv2DTranspose(4, 3), "(3 × 3 × 3 + 1) × 4", 112),
        ((7,), layers.BatchNormalization(), "4 × 7", 28),
        ((7,), layers.LayerNormalization(), "2 × 7", 14),
        ((12,), layers.Embedding(100, 16), "100 × 16", 1_600),
        ((5, 3), layers.SimpleRNN(4), "1 × (3 + 4 + 1) × 4", 32),
        ((5, 3), layers.LSTM(4), "4 × (3 + 4 + 1) × 4", 128),
        ((5, 3), layers.GRU(4), "3 × (3 + 4 + 2) × 4", 108),
    ],
)
def test_the_formula_worked_out_is_the_number_that_keras_counts(shape, layer, formula, number):
    (row,) = count(shape, layer).layers
    assert (row.formula, row.num_parameters) == (formula, number)


def test_a_formula_that_does_not_give_keras_count_is_left_out():
    grouped = layers.Conv2D(4, 3, groups=2)
    (row,) = count((8, 8, 2), grouped).layers
    assert row.num_parameters == grouped.count_params()
    assert row.formula is None or eval_formula(row.formula) == row.num_parameters


def eval_formula(text: str) -> int:
    return eval(text.replace("×", "*"))


def test_batch_normalization_has_two_trainable_numbers_in_four():
    result = count((7,), layers.BatchNormalization())
    assert (result.total, result.trainable, result.non_trainable) == (28, 14, 14)


def test_the_7_4_3_1_net_has_51_parameters():
    result = count((7,), layers.Dense(4), layers.Dense(3), layers.Dense(1))
    assert [row.num_parameters for row in result.layers] == [32, 15, 4]
    assert result.total == 51


def test_the_table_names_layers_shapes_and_formulas():
    lines = count_lines(count((7,), layers.Dense(4, activation="relu"), layers.Dropout(0.5)))
    assert lines == [
        "layer       output shape  parameters  worked out",
        "input       7",
        "Dense relu  4                     32  (7 + 1) × 4",
        "Dropout     4                      0",
        "",
        "total: 32 parameters, all trainable",
    ]


def test_a_count_survives_the_way_to_json_and_back():
    result = count((28, 28, 1), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3))
    assert count_from_dict(result.to_dict()) == result
