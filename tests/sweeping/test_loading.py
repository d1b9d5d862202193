from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.config import is_sweep
from dlrun.errors import ConfigError
from dlrun.files import read_yaml
from dlrun.sweeping import SweepDefinition, load_sweep
from dlrun.sweeping.space import Choice, Parameter, Range, Uniform
from dlrun.sweeping.tokens import split_values

Load = Callable[..., SweepDefinition]
ROOT = Path(__file__).parents[2]

OK = "search: {loss.reduction: [sum, mean]}"
WHOLE = """\
name: width_depth
note: a remark
search:
  optimizer: [sgd, adam]
  optimizer.learning_rate: {log_uniform: [0.0001, 1]}
  optimizer.momentum: {uniform: [0, 0.95], if: {optimizer: sgd}}
  model.activation: [relu, tanh]
  model.layers.1.repeat: {range: [1, 4]}
  model.layers.0.units: {range: [16, 128, 16]}
  training.batch_size: {choice: [32, full], if: {model.activation: [relu, tanh]}}
  model.layers.1.layers.0.units: {log_uniform: [8, 512], step: 1}
  loss: [categorical_crossentropy, {CategoricalCrossentropy: {label_smoothing: 0.1}}]
strategy: random
trials: 30
objective: {metric: val_accuracy, direction: maximize}
repeat: 3
budget: {minutes: 60, trials: 20}
trial_minutes: none
pruning: median
"""


def test_a_whole_sweep_is_read(load: Load) -> None:
    definition = load(WHOLE)
    config = definition.config
    assert (config.name, config.strategy, config.trials, config.repeat) == (
        "width_depth", "random", 30, 3,
    )  # fmt: skip
    assert (config.objective.metric, config.objective.direction) == ("val_accuracy", "maximize")
    assert (config.budget.minutes, config.budget.trials, config.trial_minutes) == (60, 20, None)
    assert definition.parameters == (
        Parameter("optimizer", Choice(("sgd", "adam"))),
        Parameter("optimizer.learning_rate", Uniform(0.0001, 1, log=True)),
        Parameter("optimizer.momentum", Uniform(0, 0.95), {"optimizer": ("sgd",)}),
        Parameter("model.activation", Choice(("relu", "tanh"))),
        Parameter("model.layers.1.repeat", Range(1, 4, 1)),
        Parameter("model.layers.0.units", Range(16, 128, 16)),
        Parameter(
            "training.batch_size", Choice((32, "full")), {"model.activation": ("relu", "tanh")}
        ),
        Parameter("model.layers.1.layers.0.units", Uniform(8, 512, log=True, step=1)),
        Parameter(
            "loss",
            Choice(
                (
                    "categorical_crossentropy",
                    {"CategoricalCrossentropy": {"label_smoothing": 0.1}},
                )
            ),
        ),
    )


def test_defaults(load: Load) -> None:
    config = load(OK).config
    assert (config.name, config.strategy, config.trials, config.repeat) == ("s", "grid", None, None)
    assert (config.objective.metric, config.objective.direction) == ("auto", "auto")
    assert (config.budget.minutes, config.trial_minutes, config.pruning) == (None, None, "none")


def test_an_objective_may_be_a_metric_alone(load: Load) -> None:
    assert load(f"{OK}\nobjective: val_loss").config.objective.metric == "val_loss"


def test_a_sweep_is_told_from_a_config_by_its_keys(load: Load) -> None:
    load(OK)
    assert is_sweep(read_yaml(Path("s.yaml")))
    assert not is_sweep(read_yaml(Path("base.yaml")))


def test_the_base_is_looked_for_from_the_sweeps_file(base: Path, tmp_path: Path) -> None:
    (tmp_path / "sweeps").mkdir()
    path = tmp_path / "sweeps" / "my sweep.yaml"
    path.write_text(f"base: ../base.yaml\n{OK}\n", encoding="utf-8")
    definition = load_sweep(path)
    assert (definition.base.config.name, definition.config.name) == ("small", "my_sweep")


def test_a_config_is_searched_by_the_command_line() -> None:
    tokens = ["optimizer.learning_rate=0.1,0.01", "training.epochs={range: [1, 3]}", "seed=4"]
    definition = load_sweep(ROOT / "configs" / "digits_deep.yaml", tokens)
    assert definition.config.name == "digits_deep"
    assert definition.base.config.seed == 4
    assert definition.parameters == (
        Parameter("optimizer.learning_rate", Choice((0.1, 0.01))),
        Parameter("training.epochs", Range(1, 3, 1)),
    )


def test_tokens_change_the_sweep_its_search_and_its_base(load: Load) -> None:
    definition = load(
        "search: {seed: [1, 2], optimizer: [sgd, adam]}",
        (
            "seed=5,6,7", "strategy=random", "trials=4", "objective.metric=val_accuracy",
            "budget.minutes=5", "repeat=2", "training.epochs=9", "~dataset.split.test",
            "dataset.split.train=0.8", "note=a, b",
            "model.layers.0.units={uniform: [4, 9], step: 1}",
        ),
    )  # fmt: skip
    config = definition.config
    assert (config.strategy, config.trials, config.repeat, config.budget.minutes) == (
        "random", 4, 2, 5,
    )  # fmt: skip
    assert config.objective.metric == "val_accuracy"
    assert definition.parameters == (
        Parameter("seed", Choice((5, 6, 7))),
        Parameter("optimizer", Choice(("sgd", "adam"))),
        Parameter("model.layers.0.units", Uniform(4, 9, step=1)),
    )
    base = definition.base.config
    assert (base.training.epochs, base.dataset.split.test, base.repeat) == (9, None, 1)
    assert base.note == "a, b"


def test_python_gives_the_same_as_tokens(load: Load) -> None:
    search: dict[str, Any] = {"optimizer.learning_rate": np.array([0.1, 0.01]), "seed": (1, 2)}
    settings = {"strategy": "random", "trials": 3}
    made = load_sweep("base.yaml", search=search, settings=settings, overrides={"note": "true"})
    tokens = ("optimizer.learning_rate=0.1,0.01", "seed=1,2", "strategy=random", "trials=3")
    assert made == load_sweep("base.yaml", (*tokens, "note='true'"))
    assert made != load_sweep("base.yaml", (*tokens, "note=x"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        ("a, 'b,c', [1,2]", ["a", "'b,c'", "[1,2]"]),
        ("{SGD: {momentum: 0.9, nesterov: true}},adam", ["{SGD: {momentum: 0.9, nesterov: true}}",
                                                        "adam"]),
        ("[auc, ']'],x", ["[auc, ']']", "x"]),
        ("it's,so", ["it's", "so"]),
        ("[1,2", ["[1,2"]),
        ("a,", ["a", ""]),
        ("", [""]),
    ],
)  # fmt: skip
def test_values_are_split_at_outer_commas(text: str, parts: list[str]) -> None:
    assert split_values(text) == parts


BAD = [
    (("--lr", "0.1"), "override --lr 0.1  keys have no dashes; write optimizer.learning_rate=0.1"),
    (("--trials", "5"), "override --trials 5  keys have no dashes; write trials=5"),
    (("trials",), "override trials  must be key=value; write trials=…"),
    (("trial=5",), "override trial=5  trial: unknown key; did you mean 'trials'?"),
    (("minutes=5",), "override minutes=5  minutes: unknown key; did you mean 'trial_minutes'?"),
    (("strategy=gird",), "override strategy=gird  strategy: must be 'grid', 'zip', 'random'"),
    (("trials=5",), "override trials=5  trials: a grid has as many trials as its values make"),
    (("strategy=random",), "override strategy=random  strategy: random needs the number of trials"),
    (("repeat=1,3",), "override repeat=1,3  repeat: must be a whole number from 1 to 1000, or"),
    (("base=x.yaml",), "override base=x.yaml  base: the base is the path that is given, or stands"),
    (("search=x",), "override search=x  search: write each searched key by itself, such as optim"),
    (("seed=1,",), "override seed=1,  seed: an empty value beside a comma; write a value there"),
    (("seed=1,]",), "override seed=1,]  seed: the value ']': not YAML: "),
    (("seed=1,1",), "override seed=1,1  search.seed.1: 1 is given twice; remove one"),
    (("seed={rnge: [1, 2]}",), "override seed={rnge: [1, 2]}  search.seed: unknown distribution"),
    (("seed={range: [2, 1]}",), "override seed={range: [2, 1]}  search.seed.range: low must be"),
    (("name=a,b",), "override name=a,b  name: must be letters, digits, _ and -"),
    (("loss.reduction=sum",), "loss.reduction: is searched, so that one value would change noth"),
    (("loss.reduction=sum",), "write loss.reduction={choice: [sum]} to try only this one"),
    (
        ("training.epoch=3",),
        "base.yaml: 1 problem\n  override training.epoch=3  training.epoch: un",
    ),
    (("epochs=3",), "override epochs=3  epochs: unknown key; did you mean 'training.epochs'?"),
    (("epochs=3,4",), "override epochs=3,4  epochs: unknown key; did you mean 'training.epochs'?"),
    (("seed=a,1",), "override seed=a,1  seed: must be a whole number from 0 to 4294967295, receiv"),
]


@pytest.mark.parametrize(("tokens", "told"), BAD)
def test_a_wrong_token_is_told_as_it_was_typed(load: Load, tokens: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(OK, tokens)


def test_all_wrong_tokens_are_told_together(load: Load) -> None:
    with pytest.raises(ConfigError, match="4 problems"):
        load(OK, ("--lr", "1", "trial=5", "seed=1,1", "strategy=gird"))


def test_a_config_with_nothing_to_search_shows_an_example(load: Load, base: Path) -> None:
    told = "nothing to search; give a key several values, such as optimizer.learning_rate=0.1,0.01"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load_sweep(base, ["seed=1"])


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_sweep(tmp_path / "none.yaml")


def test_python_values_that_are_wrong_are_told(load: Load) -> None:
    with pytest.raises(
        ConfigError, match=r"override seed=3  search.seed: a single value, 3; write"
    ):
        load_sweep("base.yaml", search={"seed": 3})
    with pytest.raises(
        ConfigError, match=r"override trials=0  trials: must be a whole number from"
    ):
        load_sweep("base.yaml", search={"seed": [3]}, settings={"trials": 0})
