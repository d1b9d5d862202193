from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from dlrun.plots.curves import Curve, curve_rows, draw_curves
from dlrun.plots.figure import PALETTE
from dlrun.plots.history import member_rows

LONG_TITLE = "20261122-101530-mnist_deep-3f2a with a note that goes on: dropout 0.2, batch 64, adam"


def falling(num_epochs: int, seed: int = 0) -> dict[str, list[float | None]]:
    """A loss as training gives it, and a validation loss that ends above it."""
    epochs = range(1, num_epochs + 1)
    train = [0.06 + 2.0 * math.exp(-e / (5 + seed)) for e in epochs]
    wiggle = [0.01 * math.sin(9 * e + seed) for e in epochs]
    validation = [0.16 + 1.9 * math.exp(-e / (5 + seed)) for e in epochs]
    return {
        "loss": [*train],
        "val_loss": [v + w for v, w in zip(validation, wiggle, strict=True)],
        "epoch_seconds": [1.5] * num_epochs,
    }


def several(names: Sequence[str], num_epochs: int = 20, x_axis: str = "epoch") -> list[Curve]:
    return [
        curve
        for run, name in enumerate(names)
        for curve in curve_rows(
            falling(num_epochs + 3 * run, run),
            "loss",
            x_axis=x_axis,
            steps_per_epoch=938,
            best_epoch=num_epochs,
            run=run,
            label=name,
        )
    ]


@pytest.mark.parametrize(
    ("num_epochs", "x_axis"),
    [(1, "epoch"), (2, "epoch"), (1000, "epoch"), (1000, "updates"), (1, "seconds")],
)
def test_no_text_of_one_run_leaves_the_figure_or_covers_another(
    tmp_path: Path, drawn, num_epochs: int, x_axis: str
) -> None:
    curves = curve_rows(
        falling(num_epochs), "loss", x_axis=x_axis, steps_per_epoch=938, best_epoch=num_epochs
    )
    draw_curves(curves, tmp_path / "loss.png", metric="loss", x_axis=x_axis, title=LONG_TITLE)
    assert drawn.outside() == []
    assert drawn.overlapping() == []


@pytest.mark.parametrize(
    ("num_runs", "x_axis"), [(2, "seconds"), (12, "epoch"), (12, "updates"), (30, "epoch")]
)
def test_no_text_of_several_runs_leaves_the_figure_or_covers_another(
    tmp_path: Path, drawn, num_runs: int, x_axis: str
) -> None:
    names = [f"20261122-1015{run:02}-mnist_deep-3f2a" for run in range(num_runs)]
    curves = several(names, x_axis=x_axis)
    draw_curves(curves, tmp_path / "loss.png", metric="loss", x_axis=x_axis, title=LONG_TITLE)
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_a_small_figure_still_holds_its_texts(tmp_path: Path, drawn) -> None:
    curves = curve_rows(falling(40), "loss", best_epoch=33)
    draw_curves(curves, tmp_path / "a.png", metric="loss", title=LONG_TITLE, size=(3.4, 2.6))
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_the_axes_and_the_legend_say_what_is_drawn(tmp_path: Path, drawn) -> None:
    curves = curve_rows({"accuracy": [0.5, 0.97123, 0.9]}, "accuracy", best_epoch=2)
    draw_curves(curves, tmp_path / "a.png", metric="accuracy", title="digits")
    texts = drawn.texts()
    assert {"epoch", "accuracy", "digits", "training", "best epoch 2: 0.9712"} <= set(texts)
    assert "validation" not in texts


@pytest.mark.parametrize(
    ("x_axis", "text"),
    [("updates", "best epoch, 1,876 updates: 0.5000"), ("seconds", "best epoch, 3.0 s: 0.5000")],
)
def test_the_best_epoch_is_named_in_the_axis_unit(
    tmp_path: Path, drawn, x_axis: str, text: str
) -> None:
    history = {"loss": [1.0, 0.5], "epoch_seconds": [1.5, 1.5]}
    curves = curve_rows(history, "loss", x_axis=x_axis, steps_per_epoch=938, best_epoch=2)
    draw_curves(curves, tmp_path / "a.png", metric="loss", x_axis=x_axis)
    assert text in drawn.texts()


def test_training_and_validation_differ_in_colour_and_in_line_style(tmp_path: Path, drawn) -> None:
    curves = curve_rows(falling(60), "loss")
    draw_curves(curves, tmp_path / "a.png", metric="loss")
    train, validation = drawn.figure.axes[0].lines
    assert train.get_linestyle() == "--"
    assert validation.get_linestyle() == "-"
    assert train.get_color() != validation.get_color()


def test_beside_fair_training_values_the_running_mean_is_faint(tmp_path: Path, drawn) -> None:
    history = falling(60) | {"train_eval_loss": falling(60, 1)["loss"]}
    draw_curves(curve_rows(history, "loss"), tmp_path / "a.png", metric="loss")
    running, train, validation = drawn.figure.axes[0].lines
    assert [line.get_linestyle() for line in (running, train, validation)] == ["--", "-", "-"]
    assert running.get_alpha() < train.get_alpha() == validation.get_alpha() == 1
    assert running.get_color() == train.get_color() != validation.get_color()
    assert {"training", "running mean", "validation"} <= set(drawn.texts())


def test_several_runs_show_one_training_curve_each(tmp_path: Path, drawn) -> None:
    history = falling(60) | {"train_eval_loss": falling(60, 1)["loss"]}
    curves = [c for run in (0, 1) for c in curve_rows(history, "loss", run=run, label=f"r{run}")]
    draw_curves(curves, tmp_path / "a.png", metric="loss")
    assert len(drawn.figure.axes[0].lines) == 4


def test_members_are_faint_around_a_mean_with_a_band_that_the_legend_names(
    tmp_path: Path, drawn
) -> None:
    curves = member_rows([falling(20), falling(20, 3)], "loss")
    draw_curves(curves, tmp_path / "a.png", metric="loss")
    (axes,) = drawn.figure.axes
    faint = [line for line in axes.lines if (line.get_alpha() or 1) < 0.5]
    assert (len(faint), len(axes.lines)) == (4, 6)
    assert len(axes.collections) == 2
    assert {"training, mean ± sd", "validation, mean ± sd"} <= set(drawn.texts())
    assert drawn.outside() == []


def test_over_several_runs_with_members_only_validation_has_a_band(tmp_path: Path, drawn) -> None:
    histories = [falling(20), falling(20, 3)]
    curves = [c for run in (0, 1) for c in member_rows(histories, "loss", run=run, label=f"r{run}")]
    means = [curve for curve in curves if not curve.is_member]
    draw_curves(means, tmp_path / "a.png", metric="loss")
    assert len(drawn.figure.axes[0].collections) == 2
    assert {"training", "validation, mean ± sd"} <= set(drawn.texts())


def test_a_single_epoch_and_lone_values_are_visible_as_markers(tmp_path: Path, drawn) -> None:
    draw_curves(curve_rows({"loss": [1.0]}, "loss"), tmp_path / "a.png", metric="loss")
    assert drawn.figure.axes[0].lines[0].get_marker() == "o"
    values = [1.0, None, 2.0, None, *[3.0] * 60]
    draw_curves(curve_rows({"loss": values}, "loss"), tmp_path / "a.png", metric="loss")
    assert drawn.figure.axes[0].lines[0].get_markevery() == [0, 2]


def test_each_run_has_its_colour_and_its_name_in_the_order_of_their_ends(
    tmp_path: Path, drawn
) -> None:
    curves = [
        Curve("low", (1.0, 2.0), (3.0, 0.2), "validation", 0, (2.0, 0.2)),
        Curve("high", (1.0, 2.0), (1.0, 0.9), "validation", 1, None),
    ]
    draw_curves(curves, tmp_path / "a.png", metric="loss")
    boxes = {text: box for text, box in drawn.boxes.values() if text in {"low  0.2000", "high"}}
    assert boxes["high"].y0 > boxes["low  0.2000"].y1
    colors = [line.get_color() for line in drawn.figure.axes[0].lines]
    assert colors == [PALETTE[0], PALETTE[0], PALETTE[1]]


@pytest.mark.parametrize(
    ("values", "log_scale"),
    [
        ([], False),
        ([None, None], True),
        ([0.5] * 20, False),
        ([0.5] * 20, True),
        ([2.0, 50.0, 1e9, 3e38, None], False),
        ([2.0, 50.0, 1e9, 3e38, None], True),
        ([math.nan, math.inf, 1.0], False),
        ([0.0, 0.0], True),
        ([-1.0, 0.0, 2.0], True),
        ([0.1, 0.1 + 1e-9], False),
        ([1e-30, 2e-30], False),
    ],
)
def test_any_values_can_be_drawn(
    tmp_path: Path, drawn, values: list[float | None], log_scale: bool
) -> None:
    history = {"loss": values, "val_loss": values}
    curves = curve_rows(history, "loss", best_epoch=1)
    draw_curves(curves, tmp_path / "a.png", metric="loss", log_scale=log_scale)
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_a_run_without_values_is_still_named(tmp_path: Path, drawn) -> None:
    curves = several(["first"], 3)
    curves += curve_rows({"loss": [None], "val_loss": [math.nan]}, "loss", run=1, label="second")
    draw_curves(curves, tmp_path / "a.png", metric="loss")
    assert "second" in drawn.texts()


def test_nothing_to_draw_is_said(tmp_path: Path, drawn) -> None:
    curves = curve_rows({"loss": [None, None]}, "loss")
    draw_curves(curves, tmp_path / "a.png", metric="loss", log_scale=True)
    assert "no values to draw" in drawn.texts()


def test_a_log_scale_is_named_on_the_axis(tmp_path: Path, drawn) -> None:
    curves = curve_rows({"loss": [1.0, 0.01]}, "loss")
    draw_curves(
        curves, tmp_path / "a.png", metric="loss", loss_name="MeanSquaredError", log_scale=True
    )
    assert "loss (mean squared error), log scale" in drawn.texts()


def test_equal_curves_are_equal_files(tmp_path: Path) -> None:
    for suffix in ("png", "svg"):
        paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
        for path in paths:
            draw_curves(several(["relu", "tanh"], 5), path, metric="loss", title="two")
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_size_and_dpi_give_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    curves = curve_rows(falling(3), "loss")
    draw_curves(curves, path, metric="loss", size=(5.0, 4.0), dpi=100)
    width, height = path.read_bytes()[16:20], path.read_bytes()[20:24]  # of the PNG's header
    assert (int.from_bytes(width, "big"), int.from_bytes(height, "big")) == (500, 400)
