from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, FancyBboxPatch

from dlrun.errors import RunError
from dlrun.plots.diagram import draw_model


def row(kind: str, shape: list[int | None], num: int = 0, **more: Any) -> dict[str, Any]:
    facts = {"activation": None, "num_trainable": num, "formula": None, "added": False}
    return {
        "name": kind,
        "kind": kind,
        "output_shape": shape,
        "num_parameters": num,
        **facts,
        **more,
    }


def dense(before: int, after: int, activation: str | None = "relu") -> dict[str, Any]:
    formula = f"({before} + 1) × {after}"
    return row("Dense", [after], (before + 1) * after, formula=formula, activation=activation)


def count(input_shape: list[int], layers: list[dict[str, Any]], fixed: int = 0) -> dict[str, Any]:
    total = sum(layer["num_parameters"] for layer in layers)
    facts = {"total": total, "trainable": total - fixed, "non_trainable": fixed}
    return {"input_shape": input_shape, "layers": layers, **facts}


SEVEN = count([7], [dense(7, 4), dense(4, 3), dense(3, 1, "linear")])
MNIST = count(
    [28, 28],
    [
        row("Flatten", [784], added=True),
        dense(784, 100),
        dense(100, 50),
        dense(50, 50),
        dense(50, 25),
        dense(25, 25),
        dense(25, 10, "softmax"),
    ],
)
MIXED = count(
    [224, 224, 3],
    [
        row("Conv2D", [222, 222, 128], 3584, formula="(3 × 3 × 3 + 1) × 128", activation="relu"),
        row("BatchNormalization", [222, 222, 128], 512, formula="4 × 128"),
        row("SeparableConv2D", [222, 222, 128], 8896, activation="hard_sigmoid"),
        row("GlobalAveragePooling2D", [128]),
        row("GRU", [64], 98, formula="3 × ((640 + 320) × 320 + 2 × 320) + 7 × 64 + 7 × 64"),
        row("MyOwnVeryLongNamedAttentionLayer", [None, 64], 9, activation="log_softmax"),
    ],
    fixed=256,
)
SMALL_NETS = [
    SEVEN,
    count([23], [dense(23, 1, "sigmoid")]),
    count([1], [dense(1, 1, None)]),
    count([2], [dense(2, 8, "leaky_relu"), *[dense(8, 8, "hard_sigmoid")] * 6, dense(8, 1)]),
    count([2], [dense(2, 16), dense(16, 16), dense(16, 1, "sigmoid")]),
]


def test_the_lectures_small_net_is_drawn_with_every_connection(tmp_path: Path, drawn) -> None:
    draw_model(SEVEN, tmp_path / "model.png", title="dense_7_4_3_1")
    assert len(drawn.figure.findobj(Circle)) == 7 + 4 + 3 + 1
    (lines,) = drawn.figure.findobj(LineCollection)
    assert len(lines.get_segments()) == 7 * 4 + 4 * 3 + 3 * 1
    assert {
        "(7 + 1) × 4 = 32",
        "(4 + 1) × 3 = 15",
        "(3 + 1) × 1 = 4",
        "51 parameters in all",
        "x₇",
        "ŷ",
    } <= set(drawn.texts())


def test_a_net_without_biases_does_not_speak_of_them(tmp_path: Path, drawn) -> None:
    layer = {**dense(2, 1), "formula": "2 × 1", "num_parameters": 2}
    draw_model(count([2], [layer]), tmp_path / "model.png")
    assert "2 × 1 = 2" in drawn.texts()
    assert not any("bias" in text for text in drawn.texts())


def test_a_larger_net_is_drawn_as_boxes_with_its_sums(tmp_path: Path, drawn) -> None:
    draw_model(MNIST, tmp_path / "model.png", title="mnist_deep")
    assert len(drawn.figure.findobj(FancyBboxPatch)) == 1 + 7
    texts = drawn.texts()
    assert {"28 × 28", "784", "put in by dlrun", "softmax", "(784 + 1) × 100 = 78,500"} <= set(
        texts
    )
    assert "88,285 parameters in all" in texts


def test_a_layer_without_a_formula_shows_its_number(tmp_path: Path, drawn) -> None:
    draw_model(MIXED, tmp_path / "model.png")
    assert "8,896" in drawn.texts()


@pytest.mark.parametrize("model", [*SMALL_NETS, MNIST, MIXED])
def test_no_text_leaves_the_figure_or_covers_another(tmp_path: Path, drawn, model) -> None:
    draw_model(model, tmp_path / "model.png", title="a long title that wraps over " * 4)
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_a_hundred_layers_leave_out_the_middle(tmp_path: Path, drawn) -> None:
    layers = [dense(30, 30) for _ in range(100)]
    draw_model(count([30], layers), tmp_path / "model.svg")
    assert "… 41 more layers …" in drawn.texts()


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    for model in (SEVEN, MNIST):
        for name in ("a.png", "b.png"):
            draw_model(model, tmp_path / name)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ends in '\.bmp'; end it in \.png, \.pdf, \.svg"):
        draw_model(SEVEN, tmp_path / "model.bmp")
