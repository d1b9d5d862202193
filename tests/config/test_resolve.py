from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import Loaded, SplitConfig, resolve_split

Load = Callable[..., Loaded]


@pytest.mark.parametrize(
    ("name", "split", "expected"),
    [
        ("digits", "{}", (0.7, 0.15, 0.15)),
        ("mnist", "{}", (0.85, 0.15, "official")),
        ("digits", "{train: 0.7, validation: 0.3}", (0.7, 0.3, None)),
        ("mnist", "{train: 0.7, validation: 0.3}", (0.7, 0.3, "official")),
        ("mnist", "{train: 0.7, validation: 0.3, test: none}", (0.7, 0.3, None)),
        ("digits", "{validation: 0.2}", (0.8, 0.2, None)),
        ("digits", "{validation: 0.2, test: 0.2}", (0.6, 0.2, 0.2)),
        ("digits", "{train: 0.98, validation: 0.01, test: 0.01}", (0.98, 0.01, 0.01)),
        ("mnist", "{validation: official}", (1.0, "official", None)),
        ("mnist", "{validation: official, test: 0.1}", (0.9, "official", 0.1)),
        ("mnist", "{test: official}", (1.0, None, "official")),
        ("digits", "{validation: none}", (1.0, None, None)),
        ("digits", "{validation: null, test: 0}", (1.0, None, None)),
        ("npz, options: {path: a}", "{validation: 0.2}", (None, 0.2, "auto")),
        ("npz, options: {path: a}", "{}", (None, "auto", "auto")),
    ],
)
def test_a_split_is_filled_in(load: Load, name: str, split: str, expected: tuple):
    found = load({"digits": f"{{name: {name}, split: {split}}}"}).config.dataset.split
    assert (found.train, found.validation, found.test) == expected


@pytest.mark.parametrize(
    ("given", "official", "expected"),
    [
        (SplitConfig(), False, SplitConfig(0.7, 0.15, 0.15)),
        (SplitConfig(), True, SplitConfig(0.85, 0.15, "official")),
        (SplitConfig(None, 0.2, "auto"), True, SplitConfig(0.8, 0.2, "official")),
        (SplitConfig(0.8, 0.2, None), True, SplitConfig(0.8, 0.2, None)),
    ],
)
def test_a_split_is_resolved_once_the_data_are_known(
    given: SplitConfig, official: bool, expected: SplitConfig
):
    assert resolve_split(given, official) == expected


def test_the_default_monitor_needs_a_validation_part(load: Load):
    assert load().config.training.monitor == "val_loss"
    split = {"digits": "{name: digits, split: {validation: none}}"}
    assert load(split).config.training.monitor == "loss"


def test_acc_is_accuracy_in_metrics(load: Load):
    assert load({"sgd": "sgd\nmetrics: [acc]"}).config.metrics == ("accuracy",)
