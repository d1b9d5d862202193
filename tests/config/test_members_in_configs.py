"""`repeat`, folds and `target` in a config: what is accepted, what they come to, what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.config import Config, load_config
from dlrun.errors import ConfigError

WriteConfig = Callable[..., Path]
FOLDS = "{name: iris, split: {kfold: 5, test: 0.1}}"


@pytest.fixture
def load(write_config: WriteConfig) -> Callable[..., Config]:
    def loaded(overrides: dict[str, Any] | None = None, **lines: str) -> Config:
        return load_config(write_config(**lines), overrides or {}).config

    return loaded


def test_a_plain_config_is_one_run(load: Callable[..., Config]) -> None:
    config = load()
    assert (config.repeat, config.target, config.dataset.split.kfold) == (1, None, None)
    assert not config.has_members


def test_repeats_and_folds_are_members(load: Callable[..., Config]) -> None:
    assert load({"repeat": 5}).has_members
    config = load(dataset=FOLDS)
    assert config.has_members
    assert config.dataset.split.has_validation
    assert config.training.monitor == "val_loss"
    assert not load({"dataset.split.fold": 2}, dataset=FOLDS).has_members
    assert load({"dataset.split.fold": 2, "repeat": 2}, dataset=FOLDS).has_members


@pytest.mark.parametrize(
    ("dataset", "test"),
    [
        ("{name: iris, split: {kfold: 5}}", None),
        ("{name: iris, split: {kfold: 5, test: 0.1}}", 0.1),
        ("{name: fashion_mnist, split: {kfold: 3}}", "official"),
        ("{name: fashion_mnist, split: {kfold: 3, test: none}}", None),
    ],
)
def test_the_test_part_of_folds(load: Callable[..., Config], dataset: str, test: Any) -> None:
    units = {"iris": 3}.get(dataset[7:11], 10)
    model = f"{{layers: [Dense: {{units: {units}, activation: softmax}}]}}"
    split = load(dataset=dataset, model=model).dataset.split
    assert (split.train, split.validation, split.test) == (None, "auto", test)


def test_what_is_resolved_loads_again_to_the_same(load: Callable[..., Config]) -> None:
    from dlrun.config import parse_config
    from dlrun.files import parse_yaml, to_yaml

    config = load({"repeat": 3, "target": {"val_accuracy": 0.9}}, dataset=FOLDS)
    text = to_yaml(config.to_dict())
    assert parse_config(parse_yaml(text, "again.yaml")).config == config


MISTAKES = {
    "kfold: 1": "dataset.split.kfold: must be a whole number, 2 or more, or 'none', received 1",
    "kfold: 5, train: 0.7": "dataset.split.train: folds decide which rows validate; leave train "
    "out, or kfold",
    "kfold: 5, validation: 0.2": "folds decide which rows validate; leave validation out, or kfold",
    "kfold: 5, fold: 5": "dataset.split.fold: there are 5 folds, counted from 0, received 5",
    "fold: 2": "dataset.split.fold: there are no folds; write kfold, such as kfold: 5, or leave "
    "fold out",
    "kfold: 5, test: 1": "dataset.split.test: no rows are left for the folds; give test less",
    "kfolds: 5": r"dataset.split.kfolds: unknown key; did you mean 'kfold'\?",
    "test_seed: -1": "dataset.split.test_seed: must be a whole number from 0 to 4294967295, or "
    "'auto', received -1",
}


@pytest.mark.parametrize("split", MISTAKES)
def test_a_wrong_split_is_told(load: Callable[..., Config], split: str) -> None:
    with pytest.raises(ConfigError, match=MISTAKES[split]):
        load(dataset=f"{{name: iris, split: {{{split}}}}}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"repeat": "0"}, "repeat: must be a whole number from 1 to 1000, received 0"),
        ({"repeat": "5", "seed": "4294967295"}, "5 repeats take the seeds from 4294967295 on"),
        ({"target": "0.9"}, r"target: must be metrics with a number each, such as {val_accuracy"),
        ({"target": "{val_acc: 0.9}"}, r"target.val_acc: no metric 'val_acc'; did you mean"),
        ({"target": "{val_accuracy: high}"}, "target: must be metrics with a number each"),
    ],
)
def test_a_wrong_repeat_or_target_is_told(
    load: Callable[..., Config], lines: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(**lines)


def test_a_target_may_name_any_column(load: Callable[..., Config]) -> None:
    config = load(target="{val_accuracy: 0.9, train_eval_loss: 0.1, accuracy: 1}")
    assert config.target == {"val_accuracy": 0.9, "train_eval_loss": 0.1, "accuracy": 1}
