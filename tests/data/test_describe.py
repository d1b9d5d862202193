from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.config.schema import DatasetConfig, SplitConfig
from dlrun.data import Dataset, describe, describe_lines, fit_scaling, load_dataset, make_splits
from dlrun.data.describe_text import number


def images(x: np.ndarray) -> Dataset:
    return Dataset(
        name="pictures",
        task="multiclass",
        x=x,
        y=np.arange(len(x)) % 3,
        class_names=("cat", "dog", "owl"),
        num_official_test=2,
    )


def test_counts_are_of_every_part_and_statistics_of_the_training_rows(make_dataset) -> None:
    dataset = make_dataset([6, 4], num_official_test=3)
    facts = describe(dataset)
    assert [entry["counts"] for entry in facts["classes"]] == [
        {"all": 9, "train": 6, "test": 3},
        {"all": 4, "train": 4, "test": 0},
    ]
    assert facts["num_described"] == 10
    assert facts["inputs"] == {
        "min": 0.0,
        "mean": 4.5,
        "max": 9.0,
        "sd": pytest.approx(np.arange(10).std()),
    }
    assert facts["features"][0]["num_distinct"] == 10


def test_the_text_says_what_becomes_of_missing_values(make_dataset) -> None:
    lines = describe_lines(describe(make_dataset([3, 3])))
    assert "missing values  none: data that has some is refused when it is loaded" in lines


def test_splits_and_scaling_are_described_where_given() -> None:
    dataset = load_dataset(DatasetConfig("wine"))
    splits = make_splits(dataset, SplitConfig(0.7, 0.3, None), seed=0)
    scaling = fit_scaling("auto", dataset.x[splits.train])
    facts = describe(dataset, splits, scaling)
    assert facts["parts"] == {"train": 125, "validation": 53, "test": 0}
    assert facts["scaling"]["inputs"]["sd"] == pytest.approx(1)
    text = "\n".join(describe_lines(facts))
    assert "split           train 125, validation 53, no test" in text
    assert "scale           standard: (x - offset) / divisor, each feature its own" in text


@pytest.mark.parametrize("kind", ["unit", "standard", "minmax", "none"])
def test_statistics_of_scaled_images_are_those_of_the_scaled_array(kind: str) -> None:
    x = np.random.default_rng(0).integers(0, 200, (9, 4, 4)).astype(np.uint8)
    dataset = images(x)
    splits = make_splits(dataset, SplitConfig(1.0, None, "official"), seed=0)
    scaling = fit_scaling(kind, x[:7])
    scaled = scaling.apply(x[:7]).astype(np.float64)
    expected = {
        "min": scaled.min(),
        "mean": scaled.mean(),
        "max": scaled.max(),
        "sd": scaled.std(),
    }
    assert describe(dataset, splits, scaling)["scaling"]["inputs"] == pytest.approx(
        expected, abs=1e-6
    )


def test_labels_stand_beside_their_one_hot_rows_and_every_class_is_there() -> None:
    facts = describe(load_dataset(DatasetConfig("iris")))
    assert len(facts["labels"]) == 10
    shown = {entry["label"]: entry for entry in facts["labels"]}
    assert shown[2] == {"row": 100, "label": 2, "name": "virginica", "one_hot": [0, 0, 1]}
    assert "100      2  virginica   0 0 1" in describe_lines(facts)


def test_an_image_is_shown_as_its_numbers_without_empty_margins() -> None:
    x = np.zeros((5, 6, 7), np.uint8)
    x[0, 2, 3:6] = [1, 20, 255]
    x[0, 4, 4] = 9
    lines = describe_lines(describe(images(x)))
    assert lines[-4:] == [
        "row 0, 'cat', as numbers: rows 2 to 4 and columns 3 to 5 of 6 × 7",
        "  1  20 255",
        "  0   0   0",
        "  0   9   0",
    ]


def test_an_image_too_wide_for_the_screen_shows_its_middle_and_says_so() -> None:
    x = np.full((5, 3, 28), 200, np.uint8)
    x[0, 0, 0] = 100
    lines = describe_lines(describe(images(x)))
    assert "columns 4 to 23 of 3 × 28" in lines[-4]
    assert lines[-1] == " ".join(["200"] * 20)


def test_a_colour_image_shows_one_channel_and_says_so() -> None:
    x = np.zeros((5, 2, 2, 3), np.float32)
    x[0, :, :, 0] = [[0.25, 0.5], [1, 0]]
    facts = describe(images(x))
    assert facts["image"]["pixels"] == [[0.25, 0.5], [1, 0]]
    lines = describe_lines(facts)
    assert lines[-3:] == ["row 0, 'cat', as numbers (channel 0)", "0.25 0.50", "1.00 0.00"]


def test_an_empty_image_is_shown_whole() -> None:
    lines = describe_lines(describe(images(np.zeros((5, 2, 2), np.uint8))))
    assert lines[-2:] == ["0 0", "0 0"]


def test_the_baseline_is_told() -> None:
    lines = describe_lines(describe(load_dataset(DatasetConfig("breast_cancer"))))
    assert "always saying 'benign' would be right 62.74% of the time" in lines


def wide_and_many() -> Dataset:
    return Dataset(
        name="n" * 90,
        task="multiclass",
        x=np.random.default_rng(0).normal(0, 1e8, (240, 80)).astype(np.float32),
        y=np.arange(240) % 120,
        class_names=tuple(f"a class with quite a long name, number {i}" for i in range(120)),
        feature_names=tuple(f"a feature with quite a long name, number {i}" for i in range(80)),
        title="a title that goes on " * 8,
        notes=("a note that goes on " * 8,),
    )


@pytest.mark.parametrize(
    "name", ["digits", "breast_cancer", "diabetes", "linear", "spirals", "wide_and_many"]
)
def test_every_line_fits_80_columns(name: str) -> None:
    dataset = wide_and_many() if name == "wide_and_many" else load_dataset(DatasetConfig(name))
    shares = (0.5, 0.5, None) if name == "wide_and_many" else (0.7, 0.15, 0.15)
    splits = make_splits(dataset, SplitConfig(*shares), seed=0)
    facts = describe(dataset, splits, fit_scaling("auto", dataset.x[splits.train]))
    lines = describe_lines(facts)
    assert len(lines) > 15
    assert max(map(len, lines)) <= 80
    json.dumps(facts, allow_nan=False)


def test_too_many_classes_and_features_are_counted_not_listed() -> None:
    lines = describe_lines(describe(wide_and_many()))
    assert "… and 70 more classes" in lines
    assert "… and 30 more features" in lines
    assert any(line.endswith("1 at place 3, 0 at the other 119") for line in lines)


def test_values_to_predict_are_described() -> None:
    y = np.array([[1, 10], [2, 20], [3, 30]], np.float32)
    dataset = Dataset(name="two", task="regression", x=y.copy(), y=y)
    facts = describe(dataset)
    assert [found["mean"] for found in facts["values"]] == [2, 20]
    assert facts["labels"][1] == {"row": 1, "value": [2, 20]}
    assert "y1                10    20       30   8.165" in describe_lines(facts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.0, "3"),
        (-1234.0, "-1,234"),
        (5663.58, "5,664"),
        (1_684_259.0, "1,684,259"),
        (0.000123456, "0.0001235"),
        (-3.7e-9, "0"),
        (12.3456, "12.35"),
        (3e38, "3e+38"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text
