"""Python source of components: what it says, and that a formatter leaves it alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dlrun.backend import keras
from dlrun.config.component import Component, build_component
from dlrun.exporting.expressions import (
    Call,
    Expression,
    component_source,
    listed,
    literal,
    render,
)


def no_own(name: str) -> tuple[str, bool]:
    raise AssertionError(name)


def source(kind: str, normal: dict[str, Any]) -> Expression:
    return component_source(kind, build_component(normal), no_own)


@pytest.mark.parametrize(
    ("kind", "normal", "expected"),
    [
        (
            "layer",
            {"Dense": {"units": 50, "activation": {"relu": {}}, "kernel_regularizer":
                       {"L2": {"l2": 0.001}}}},
            'keras.layers.Dense(units=50, activation="relu", '
            "kernel_regularizer=keras.regularizers.L2(l2=0.001))",
        ),
        (
            "layer",
            {"Dense": {"units": 5, "activation": {"LeakyReLU": {"negative_slope": 0.01}}}},
            "keras.layers.Dense(units=5, activation=keras.layers.LeakyReLU(negative_slope=0.01))",
        ),
        (
            "layer",
            {"Bidirectional": {"layer": {"LSTM": {"units": 8}}}},
            "keras.layers.Bidirectional(layer=keras.layers.LSTM(units=8))",
        ),
        (
            "optimizer",
            {"SGD": {"learning_rate": {"CosineDecay": {"initial_learning_rate": 0.5,
                                                       "decay_steps": 9}}}},
            "keras.optimizers.SGD(learning_rate=keras.optimizers.schedules.CosineDecay("
            "initial_learning_rate=0.5, decay_steps=9))",
        ),
        (
            "schedule",
            {"PiecewiseConstantDecay": {"boundaries": [5], "values": [1, 0.1]}},
            "keras.optimizers.schedules.PiecewiseConstantDecay(boundaries=[5], values=[1.0, 0.1])",
        ),
        ("optimizer", {"SGD": {"learning_rate": 1}}, "keras.optimizers.SGD(learning_rate=1.0)"),
        ("loss", {"Huber": {"delta": 2}}, "keras.losses.Huber(delta=2)"),
        (
            "layer",
            {"Conv2D": {"filters": 4, "kernel_size": [3, 3], "use_bias": False}},
            "keras.layers.Conv2D(filters=4, kernel_size=[3, 3], use_bias=False)",
        ),
    ],
)  # fmt: skip
def test_a_component_is_the_call_that_makes_it(
    kind: str, normal: dict[str, Any], expected: str
) -> None:
    found = render(source(kind, normal), taken=-1000)
    assert found == expected
    eval(found, {"keras": keras})  # Keras takes it


def test_ones_own_classes_are_called_and_functions_are_not() -> None:
    own = {"Double": ("Double", True), "swishy": ("swishy", False)}
    layer = Component("Dense", {"units": 3, "activation": Component("swishy", {})})
    find = own.__getitem__
    assert render(component_source("layer", Component("Double", {}), find)) == "Double()"
    found = render(component_source("layer", layer, find))
    assert found == "keras.layers.Dense(units=3, activation=swishy)"
    assert render(component_source("loss", Component("swishy", {}), find)) == "swishy"


def test_literals_are_python() -> None:
    assert literal('say "no"') == "'say \"no\"'"
    assert literal([1, 2.5, None, True, "ü"]) == '[1, 2.5, None, True, "ü"]'
    assert literal({0: 1.5}) == "{0: 1.5}"
    assert eval(literal(float("inf"))) == float("inf")


def test_a_formatter_leaves_it_alone() -> None:
    long = {"Dense": {"units": 50, "kernel_initializer": {"VarianceScaling": {
        "scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal", "seed": 1}},
        "kernel_regularizer": {"L1L2": {"l1": 0.001, "l2": 0.001}}}}  # fmt: skip
    steps = {"boundaries": list(range(1000, 30000, 1000)), "values": [0.1] * 30}
    schedule = source("schedule", {"PiecewiseConstantDecay": steps})
    layers = listed([source("layer", long), "keras.layers.Flatten()", schedule])
    text = f"model = {render(Call('keras.Sequential', [('', layers)]), taken=8)}\n"
    assert "\n                mode=" in text
    for length in ("88", "100"):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", length, "-"],
            input=text,
            capture_output=True,
            text=True,
        )
        assert done.stdout == text, done.stderr
