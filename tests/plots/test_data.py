from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import RunError
from dlrun.plots.data import draw_feature_histograms, draw_image_grid

RNG = np.random.default_rng(0)
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Ankle boot"]


def images(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape).astype(np.uint8)


def test_rows_of_one_class_are_labelled_once_at_their_left(tmp_path: Path, drawn) -> None:
    labels = [name for name in CLASSES for _ in range(10)]
    draw_image_grid(images(40, 6, 6), labels, tmp_path / "a.png", title="fashion")
    assert sorted(drawn.texts()) == sorted(["fashion", *CLASSES])
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_mixed_labels_stand_over_each_image(tmp_path: Path, drawn) -> None:
    labels = [CLASSES[i % 4] for i in range(23)]
    draw_image_grid(images(23, 6, 6), labels, tmp_path / "a.png")
    assert len(drawn.texts()) == 23
    assert drawn.outside() == []
    assert drawn.overlapping() == []


@pytest.mark.parametrize(
    ("shape", "aspect"), [((3, 6, 6), 1.0), ((3, 5, 10, 1), 2.0), ((3, 8, 4, 3), 0.5)]
)
def test_an_image_keeps_its_aspect(
    tmp_path: Path, drawn, shape: tuple[int, ...], aspect: float
) -> None:
    draw_image_grid(images(*shape), ["a", "b", "c"], tmp_path / "a.png")
    pictures = drawn.figure.axes[0].images
    assert len(pictures) == 3
    box = pictures[0].get_window_extent()
    assert box.width / box.height == pytest.approx(aspect)


def test_the_first_image_is_at_the_upper_left_and_upright(tmp_path: Path, drawn) -> None:
    draw_image_grid(images(3, 4, 4), ["a", "b", "a"], tmp_path / "a.png", num_columns=2)
    first, second, third = (p.get_window_extent() for p in drawn.figure.axes[0].images)
    assert first.x1 < second.x0
    assert first.y0 > third.y1
    left, right, bottom, top = drawn.figure.axes[0].images[0].get_extent()
    assert left < right
    assert bottom > top  # the sheet's inches are counted downwards


def table(num_rows: int, num_features: int) -> np.ndarray:
    return RNG.normal(size=(num_rows, num_features)).astype(np.float32)


@pytest.mark.parametrize(("num_features", "num_classes"), [(1, 2), (2, 3), (4, 2), (9, 3), (23, 2)])
def test_no_text_of_the_histograms_leaves_the_figure_or_covers_another(
    tmp_path: Path, drawn, num_features: int, num_classes: int
) -> None:
    y = np.arange(60) % num_classes
    names = [f"mean fractal dimension number {i}" for i in range(num_features)]
    draw_feature_histograms(
        table(60, num_features),
        names,
        y,
        CLASSES[:num_classes],
        tmp_path / "a.png",
        title="t " * 99,
    )
    assert drawn.outside() == []
    assert drawn.overlapping() == []
    assert set(CLASSES[:num_classes]) <= set(drawn.texts())


def test_each_feature_has_its_panel_and_each_class_its_outline(tmp_path: Path, drawn) -> None:
    names = ["age", "pay", "bill"]
    y = np.arange(50) % 2
    draw_feature_histograms(table(50, 3), names, y, ["no", "yes"], tmp_path / "a.png")
    panels = [axes for axes in drawn.figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == names
    assert all(len(axes.patches) == 2 * 2 for axes in panels)  # tint and outline


def test_two_features_are_drawn_against_each_other_too(tmp_path: Path, drawn) -> None:
    y = np.arange(50) % 2
    draw_feature_histograms(table(50, 2), ["x1", "x2"], y, ["0", "1"], tmp_path / "a.png")
    assert "both features" in drawn.texts()


def test_of_many_features_the_first_thirty_are_drawn_and_said_so(tmp_path: Path, drawn) -> None:
    y = np.arange(40) % 2
    draw_feature_histograms(table(40, 64), [], y, ["0", "1"], tmp_path / "a.png")
    assert "feature 30" in drawn.texts()
    assert "feature 31" not in drawn.texts()
    assert any("the first 30 of 64 features" in text for text in drawn.texts())


@pytest.mark.parametrize("num_classes", [10])
def test_many_classes_are_strips_with_their_names(tmp_path: Path, drawn, num_classes: int) -> None:
    y = np.arange(100) % num_classes
    names = [f"class {i}" for i in range(num_classes)]
    draw_feature_histograms(table(100, 4), [], y, names, tmp_path / "a.png")
    assert drawn.texts().count("class 4") == 4
    assert drawn.outside() == []


def test_very_many_classes_are_drawn_as_one(tmp_path: Path, drawn) -> None:
    y = np.arange(100) % 50
    draw_feature_histograms(table(100, 4), [], y, [str(i) for i in range(50)], tmp_path / "a.png")
    assert any("share of the rows" in text for text in drawn.texts())


@pytest.mark.parametrize("shape", [(80,), (80, 2)])
def test_a_target_of_numbers_is_drawn_against_each_feature(
    tmp_path: Path, drawn, shape: tuple[int, ...]
) -> None:
    target = RNG.normal(size=shape)
    draw_feature_histograms(table(80, 7), [], target, (), tmp_path / "a.png", title="linear")
    titles = [axes.get_title(loc="left") for axes in drawn.figure.axes]
    assert [title for title in titles if title] == [
        "target",
        *(f"feature {i}" for i in range(1, 8)),
    ]
    assert drawn.outside() == []


def test_constant_and_missing_features_can_be_drawn(tmp_path: Path) -> None:
    x = np.stack([np.zeros(20), np.full(20, np.nan), np.arange(20) * 1e30], axis=1)
    draw_feature_histograms(x, [], np.arange(20) % 2, ["a", "b"], tmp_path / "a.png")
    draw_feature_histograms(x, [], np.arange(20.0), (), tmp_path / "a.png")


def test_equal_data_are_equal_files(tmp_path: Path) -> None:
    x, y, grid = table(20, 2), np.arange(20) % 2, images(4, 3, 3)
    for name in "ab":
        draw_feature_histograms(x, [], y, ["no", "yes"], tmp_path / f"{name}.png")
        draw_image_grid(grid, list("abcd"), tmp_path / f"grid_{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "grid_a.png").read_bytes() == (tmp_path / "grid_b.png").read_bytes()


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ends in '\.gif'; end it in \.png, \.pdf, \.svg"):
        draw_image_grid(images(1, 3, 3), ["a"], tmp_path / "a.gif")
    with pytest.raises(RunError, match=r"ends in ''; end it in \.png, \.pdf, \.svg"):
        draw_feature_histograms(table(9, 1), [], np.zeros(9), (), tmp_path / "a")
