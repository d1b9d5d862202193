"""`training.class_weight`: its spellings, its normal form, and every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft7Validator

from dlrun.config import Loaded, json_schema, parse_config
from dlrun.config.class_weight import label_of
from dlrun.errors import ConfigError
from dlrun.files import parse_yaml, to_yaml

Load = Callable[..., Loaded]

OWN = {"digits": "{name: npz, options: {path: a.npz}}"}
CANCER = {"digits": "breast_cancer", "units: 10": "units: 2"}
FASHION = {"digits": "fashion_mnist"}


def with_weights(text: str, data: dict[str, str] = CANCER) -> dict[str, str]:
    return {**data, "epochs: 3": f"epochs: 3, class_weight: {text}"}


@pytest.mark.parametrize(
    ("written", "built", "normal"),
    [
        ("none", None, "none"),
        ("~", None, "none"),
        ("balanced", "balanced", "balanced"),
        ("{0: 1, 1: 2.5}", {0: 1, 1: 2.5}, {0: 1, 1: 2.5}),
        ("{'1': 3}", {1: 3}, {1: 3}),
        ("{benign: 0.5}", {"benign": 0.5}, {"benign": 0.5}),
        ("{1: 0, malignant: 1}", {1: 0, "malignant": 1}, {1: 0, "malignant": 1}),
    ],
)
def test_weights_are_words_or_numbers_by_class(load: Load, written: str, built: Any, normal: Any):
    config = load(with_weights(written)).config
    assert config.training.class_weight == built
    assert config.to_dict()["training"]["class_weight"] == normal
    again = parse_config(parse_yaml(to_yaml(config.to_dict()), "again.yaml")).config
    assert again == config


def test_without_the_key_no_class_is_weighed(load: Load):
    assert load().config.training.class_weight is None


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["training.class_weight=balanced"], "balanced"),
        (["training.class_weight={0: 1, 1: 3}"], {0: 1, 1: 3}),
        (["training.class_weight={0: 1}", "training.class_weight.0=2"], {0: 2}),
        (["training.class_weight={0: 1}", "training.class_weight.benign=2"], {0: 1, "benign": 2}),
        (["training.class_weight={0: 1, 1: 3}", "~training.class_weight.0"], {1: 3}),
        (["training.class_weight=balanced", "~training.class_weight"], None),
        ({"training.class_weight": {0: 1, "benign": 3}}, {0: 1, "benign": 3}),
    ],
)
def test_overrides_change_weights(load: Load, overrides: Any, expected: Any):
    assert load(CANCER, overrides).config.training.class_weight == expected


NUMBER = "must be a number, 0 or more (1e30 at most), received"
WANTED = "10:23  training.class_weight: must be 'none', 'balanced', or a number a class such as"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("balance", f"{WANTED} {{0: 1, 1: 3}}, received 'balance'"),
        ("3", WANTED),
        ("[1, 3]", WANTED),
        ("{}", WANTED),
        ("{0: -1}", f"10:38  training.class_weight.0: {NUMBER} -1"),
        ("{'0': -1}", f"10:38  training.class_weight.0: {NUMBER} -1"),
        ("{benign: .nan}", f"10:38  training.class_weight.benign: {NUMBER} nan"),
        ("{benign: 1e31}", f"10:38  training.class_weight.benign: {NUMBER} 1e+31"),
        ("{benign: true}", f"10:38  training.class_weight.benign: {NUMBER} True"),
        ("{benign: '2'}", f"{NUMBER} '2'; write it without quotes"),
        ("{0: 1, bening: 2}", "10:44  training.class_weight.bening: unknown class 'bening'; did you"
         " mean 'benign'?"),
        ("{2: 1}", "10:38  training.class_weight.2: unknown class 2; there are malignant, benign "
         "(or 0 to 1)"),
        ("{-1: 1}", "training.class_weight.-1: unknown class -1; there are malignant, benign"),
        ("{1.5: 1}", "training.class_weight.1.5: unknown class '1.5'; there are malignant"),
        ("{true: 1}", "training.class_weight.True: unknown class 'True'; there are malignant"),
        ("{1: 1, benign: 2}", "10:44  training.class_weight.benign: is the same class as 1; remove "
         "one of the two"),
        ("{0: 0, benign: 0}", "10:23  training.class_weight: every class weighs 0, so that nothing "
         "is learned; give one a larger weight"),
    ],
)  # fmt: skip
def test_a_wrong_weight_is_told_with_its_place(load: Load, text: str, told: str):
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(with_weights(text))


def test_every_wrong_weight_is_told(load: Load):
    with pytest.raises(ConfigError, match="3 problems"):
        load(with_weights("{bening: 1, 5: 2, 0: x}"))


def test_an_override_at_fault_is_named(load: Load):
    with pytest.raises(ConfigError, match=re.escape("class_weight.bening=2  training.class_weig")):
        load(CANCER, ["training.class_weight={0: 1}", "training.class_weight.bening=2"])


def test_numbers_to_predict_have_no_class_weights(load: Load):
    told = "10:23  training.class_weight: diabetes has numbers to predict, and no classes to weigh"
    changes = {"digits": "diabetes", "units: 10, activation: softmax": "units: 1",
               "categorical_crossentropy": "mse"}  # fmt: skip
    with pytest.raises(ConfigError, match=told):
        load(with_weights("balanced", changes))


def test_a_class_name_with_blanks_and_signs_is_found(load: Load):
    config = load(with_weights("{Ankle boot: 2, T-shirt/top: 3}", FASHION)).config
    assert config.training.class_weight == {"Ankle boot": 2, "T-shirt/top": 3}


def test_classes_that_only_the_data_know_are_left_to_them(load: Load):
    config = load(with_weights("{whatever: 2}", OWN)).config
    assert config.training.class_weight == {"whatever": 2}


@pytest.mark.parametrize(
    ("key", "names", "label"),
    [
        ("yes", ("no", "yes"), 1),
        (1, ("no", "yes"), 1),
        (2, ("no", "yes"), None),
        (-1, ("no", "yes"), None),
        (-1, ("-1", "1"), 0),
        (1, ("-1", "1"), 1),
        (0, ("-1", "1"), None),
        (1, ("1", "2", "3"), 0),
        (0, ("1", "2", "3"), None),
        (3, tuple("0123456789"), 3),
        ("True", ("False", "True"), 1),
    ],
)
def test_a_class_is_meant_by_its_name_first(key: Any, names: tuple[str, ...], label: int | None):
    assert label_of(key, names) == label


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("none", True),
        (None, True),
        ("balanced", True),
        ({"0": 1, "yes": 0.5}, True),
        ({0: 1}, True),
        ({}, False),
        ({"0": -1}, False),
        ({"0": "1"}, False),
        ("balance", False),
        (3, False),
    ],
)
def test_editors_know_what_fits(value: Any, fits: bool):
    schema = json_schema()["properties"]["training"]["properties"]["class_weight"]
    assert schema["default"] == "none"
    assert schema["description"] == "of the training loss: none, balanced, or a number a class"
    assert Draft7Validator(schema).is_valid(value) == fits
