"""Every mistake in a sweep's file: where it is told, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.errors import ConfigError
from dlrun.sweeping import SweepDefinition, load_sweep

Load = Callable[..., SweepDefinition]

OK = "search: {loss.reduction: [sum, mean]}"

KEYS = [
    (f"{OK}\nstrategi: random", "3:1  strategi: unknown key; did you mean 'strategy'?"),
    (f"{OK}\nfoo: 1", "3:1  foo: unknown key; there are name, base, note, search, strategy"),
    (
        f"{OK}\ntraining: {{epochs: 1}}",
        "3:1  training: is a key of configs; write it into the base or, to search it, below search",
    ),
    (f"{OK}\nseed: 1", "3:1  seed: is a key of configs; write it into the base or, to search it"),
    (f"{OK}\nname: my sweep", "3:1  name: must be letters, digits, _ and - (100 at most"),
    (f"{OK}\nstrategy: gird", "3:1  strategy: must be 'grid', 'zip', 'random' or 'tpe', received"),
    (
        f"{OK}\nstrategy: random",
        "3:1  strategy: random needs the number of trials; add trials, such as 3",
    ),
    (
        f"{OK}\nstrategy: tpe",
        "3:1  strategy: tpe needs the number of trials; add trials, such",
    ),
    (
        f"{OK}\nstrategy: tpe\ntrials: 9\npruning: hyperband",
        "5:1  pruning: hyperband shares out trials that are all known beforehand, and tpe draws "
        "each by those before; write median, or strategy: random",
    ),
    (
        f"{OK}\ntrials: 3",
        "3:1  trials: a grid has as many trials as its values make; leave it out, or write "
        "strategy: random",
    ),
    (f"{OK}\nstrategy: zip\ntrials: 3", "4:1  trials: a zip has as many trials as its values make"),
    (f"{OK}\nstrategy: random\ntrials: 0", "4:1  trials: must be a whole number from 1 to 100000,"),
    (f"{OK}\nrepeat: 0", "3:1  repeat: must be a whole number from 1 to 1000, or 'none', received"),
    (f"{OK}\nbudget: {{minutes: -1}}", "3:10  budget.minutes: must be a number above 0, or 'none'"),
    (f"{OK}\nbudget: {{hours: 1}}", "3:10  budget.hours: unknown key; there are minutes, trials"),
    (f"{OK}\nbudget: 3", "3:1  budget: must be a section of keys (minutes, trials), received 3"),
    (
        f"{OK}\ntrial_minutes: 0",
        "3:1  trial_minutes: must be a number above 0, or 'none', received",
    ),
    (f"{OK}\npruning: medain", "3:1  pruning: must be 'none', 'median' or 'hyperband', received"),
    (
        f"{OK}\nobjective: {{metrics: a}}",
        "3:13  objective.metrics: unknown key; did you mean 'metri",
    ),
    ("note: x", "1:1  search: is missing: keys with the values to try, such as {optimizer.learnin"),
    ("search: {}", "2:1  search: must be config keys with the values to try, one at least"),
    ("search: [a]", "2:1  search: must be config keys with the values to try, one at least"),
]

DOMAINS = [
    ("optimizer: []", "2:10  search.optimizer: an empty list; give it the values to try"),
    (
        "optimizer: sgd",
        "2:10  search.optimizer: a single value, 'sgd'; write it in the base, or as a list, [sgd]",
    ),
    ("seed: 3", "2:10  search.seed: a single value, 3; write it in the base, or as a list, [3]"),
    (
        "optimizer: {SGD: {momentum: 0.9}}",
        "search.optimizer: a single value, {'SGD': {'momentum': 0.9}}; write it in the base, or as "
        "a list, [{SGD: {momentum: 0.9}}]",
    ),
    ("seed: [1, 2, 1]", "2:23  search.seed.2: 1 is given twice; remove one"),
    ("seed: [1, 1.0]", "2:20  search.seed.1: 1.0 is given twice; remove one"),
    (
        "seed: {choice: 3}",
        "2:17  search.seed.choice: must be a list of values, such as [1, 2], rec",
    ),
    ("seed: {choice: []}", "2:17  search.seed.choice: an empty list; give it the values to try"),
    ("seed: {choice: [4, 4]}", "2:29  search.seed.1: 4 is given twice; remove one"),
    (
        "seed: {loguniform: [1, 2]}",
        "2:10  search.seed: unknown distribution 'loguniform'; did you mean 'log_uniform'?",
    ),
    (
        "seed: {gaussian: [1, 2]}",
        "2:10  search.seed: unknown distribution 'gaussian'; there are choice, range, uniform and "
        "log_uniform; a key within it is written seed.gaussian: [1, 2]",
    ),
    (
        "optimizer: {learning_rate: [0.1, 0.01]}",
        "a key within it is written optimizer.learning_rate: [0.1, 0.01]",
    ),
    (
        "optimizer: {SGD: {momentum: [0.1, 0.01]}}",
        "a key within it is written optimizer.momentum: [0.1, 0.01]",
    ),
    ("seed: {step: 1}", "2:10  search.seed: has no distribution, received {'step': 1}; there are"),
    (
        "seed: {range: [1, 2], choice: [1]}",
        "2:10  search.seed: must have one distribution, received range and choice; keep one",
    ),
    (
        "seed: {range: [1, 2], stop: 1}",
        "2:10  search.seed: unknown word 'stop' beside range; did y",
    ),
    ("seed: {range: [1, 2], foo: 1}", "unknown word 'foo' beside range; there are step and if"),
    (
        "seed: {range: [1, 9], step: 2}",
        "2:32  search.seed.step: step belongs to uniform and log_uniform; a range's step is its th",
    ),
    ("seed: {choice: [1, 9], step: 2}", "step belongs to uniform and log_uniform; leave it out"),
    (
        "seed: {range: [1]}",
        "2:17  search.seed.range: must be [low, high] or [low, high, step], suc",
    ),
    ("seed: {range: 4}", "2:17  search.seed.range: must be [low, high] or [low, high, step], such"),
    (
        "seed: {uniform: [1, 2, 3]}",
        "2:17  search.seed.uniform: must be [low, high], such as [0, 0.",
    ),
    ("seed: {range: [a, 4]}", "2:25  search.seed.range.0: must be a number, received 'a'"),
    ("seed: {range: [1, '4']}", "2:28  search.seed.range.1: must be a number, received '4'; write"),
    (
        "seed: {range: [4, 1]}",
        "2:17  search.seed.range: low must be below high, received [4, 1]; w",
    ),
    ("seed: {range: [4, 1]}", "received [4, 1]; write [1, 4]"),
    ("seed: {uniform: [4, 4]}", "low must be below high, received [4, 4]; write the one value in"),
    (
        "seed: {log_uniform: [0, 4]}",
        "2:31  search.seed.log_uniform.0: log_uniform needs a low above 0, received 0; write a sma",
    ),
    (
        "seed: {range: [1, 4, 0]}",
        "2:31  search.seed.range.2: the step must be a number above 0 and",
    ),
    (
        "seed: {range: [1, 4, null]}",
        "2:31  search.seed.range.2: the step must be a number above 0 and at most high - low = 3, "
        "received None",
    ),
    (
        "seed: {range: [1, 4, 5]}",
        "step must be a number above 0 and at most high - low = 3, receiv",
    ),
    ("seed: {uniform: [1, 4], step: -1}", "2:34  search.seed.step: the step must be a number abov"),
    ("seed: {uniform: [1, 4], step: x}", "at most high - low = 3, received 'x'"),
    (
        "seed: {range: [0.1, 0.5]}",
        "2:17  search.seed.range: steps of 1 do not fit between 0.1 and 0.5; give a step, such as "
        "[0.1, 0.5, 0.1]",
    ),
    ("+seed: [1, 2]", "2:10  search.+seed: a searched key has no '+'; write seed"),
    ("name: [a, b]", "2:10  search.name: names a run and decides nothing; leave it out"),
    ("note: [a, b]", "2:10  search.note: is a remark and decides nothing; leave it out"),
    (
        "repeat: [1, 2]",
        "2:10  search.repeat: is the sweep's own key, seeds a trial; write it besid",
    ),
    (
        "training.monitor: [loss]",
        "search.training.monitor: decides what is best, alike in all tria",
    ),
    (
        "seed: {uniform: [0, 1]}",
        "2:10  search.seed: a grid needs values that can be counted, and uniform has no end of "
        "them; write a list, a range or a step, or strategy: random",
    ),
]

SEED = "optimizer: [sgd, adam], seed: {choice: [1, 2], if: "
CONDITIONS = [
    (SEED + "3}", "search.seed.if: must be searched keys with the values at which this one counts"),
    (SEED + "{seed: 1}}", "2:62  search.seed.if.seed: a key cannot wait for itself; name another"),
    (
        SEED + "{optimiser: sgd}}",
        "2:62  search.seed.if.optimiser: a condition names a searched key, and 'optimiser' is "
        "none; did you mean 'optimizer'?",
    ),
    (SEED + "{loss: mse}}", "and 'loss' is none; there are optimizer, seed"),
    (SEED + "{optimizer: sdg}}", "optimizer is never 'sdg'; did you mean 'sgd'?"),
    (
        SEED + "{optimizer: [sgd, 3]}}",
        "2:79  search.seed.if.optimizer.1: optimizer is never 3; it ",
    ),
    (SEED + "{optimizer: []}}", "no value of optimizer; give those at which seed counts"),
    (
        "repeat.x: {range: [1, 9, 4]}, seed: {choice: [1, 2], if: {repeat.x: 4}}",
        "repeat.x is never 4; it goes from 1 to 9 in steps of 4",
    ),
    (
        "loss.x: {uniform: [0, 1]}, seed: {choice: [1, 2], if: {loss.x: 0.5}}",
        "search.seed.if.loss.x: loss.x takes any number from 0 to 1; a condition needs a key with "
        "a list of values, or a step",
    ),
    (
        "loss: {choice: [a], if: {seed: 1}}, seed: {choice: [1], if: {loss: a}}",
        "search.loss.if: keys that wait for one another: loss → seed → loss; drop one condition",
    ),
    (
        "loss: [a, b], seed: {choice: [1], if: {loss: a}}, "
        "note.x: {choice: [1], if: {seed: 1, loss: b}}",
        "search.note.x.if: can never hold: loss would need two values at once",
    ),
]


@pytest.mark.parametrize(("text", "told"), KEYS)
def test_a_wrong_key_is_told_at_its_place(load: Load, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(text)


@pytest.mark.parametrize(("search", "told"), [*DOMAINS, *CONDITIONS])
def test_wrong_values_are_told_at_their_place(load: Load, search: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(f"search: {{{search}}}")


def test_all_problems_are_told_together(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("search: {seed: [], loss: mse}\nstrategi: zip\ntrials: x\ntraining: 3")
    assert [problem.key for problem in caught.value.problems] == [
        "search.seed", "search.loss", "strategi", "trials", "training",
    ]  # fmt: skip


def test_a_zip_names_each_key_with_its_length(load: Load) -> None:
    told = "2:1  search: a zip takes equally many values of each key, received: seed has 2, loss "
    told += "has 3; write as many for each, or strategy: grid"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load("search: {seed: [1, 2], loss: [a, b, c]}\nstrategy: zip")


def test_a_zip_takes_no_uniform(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"2:10  search.seed: a zip needs values that can be cou"):
        load("search: {seed: {uniform: [0, 1]}}\nstrategy: zip")


def test_a_grid_and_a_zip_that_are_too_large_say_how_large(load: Load) -> None:
    told = "2:1  search: a grid of 1,000,000 trials (1000 · 1000); the most is 100,000; write fewer"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load("search: {seed: {range: [1, 1000]}, training.epochs: {range: [1, 1000]}}")
    with pytest.raises(
        ConfigError, match=r"2:1  search: a zip of 200,000 trials; the most is 100,"
    ):
        load("search: {seed: {range: [1, 200000]}}\nstrategy: zip")


def test_conditions_count_for_the_size_of_a_grid(load: Load) -> None:
    wide = "training.epochs: {choice: [3, 4], if: {seed: 0}}"
    assert load(f"search: {{seed: {{range: [0, 99998]}}, {wide}}}").parameters[1].condition
    with pytest.raises(ConfigError, match=r"a grid of 100,001 trials"):
        load(f"search: {{seed: {{range: [0, 99999]}}, {wide}}}")


def test_a_missing_base_is_told_as_a_missing_config(load: Load, tmp_path: Path) -> None:
    Path("other.yaml").write_text(f"base: bse.yaml\n{OK}\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"bse.yaml: 1 problem\n  no such file; did you mean 'bas"
    ):
        load_sweep("other.yaml")


def test_a_broken_base_tells_its_own_problems(load: Load, base: Path) -> None:
    base.write_text(base.read_text().replace("epochs", "epoch"), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"^base.yaml: 1 problem\n  11:12  training.epoch: unknow"
    ):
        load(OK)


def test_a_base_that_is_a_sweep_is_refused(load: Load) -> None:
    Path("other.yaml").write_text(f"base: s.yaml\n{OK}\n", encoding="utf-8")
    load(OK)
    with pytest.raises(ConfigError, match=r"1:1  base: 's.yaml' is a sweep itself; name a config"):
        load_sweep("other.yaml")


def test_a_missing_base_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(OK, encoding="utf-8")
    with pytest.raises(
        ConfigError, match="1:1  base: is missing: path of a config, from this file"
    ):
        load_sweep(path)
