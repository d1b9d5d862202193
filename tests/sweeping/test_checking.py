"""Values that cannot work: where each is told, and whether the combination is to blame."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dlrun.errors import ConfigError
from dlrun.sweeping import SweepDefinition, check_plan, load_sweep
from dlrun.sweeping.checking import check_assignments, check_values
from dlrun.sweeping.planning import plan_assignments

Load = Callable[..., SweepDefinition]

RANDOM = "strategy: random\ntrials: 5"

VALUES = [
    (
        "search: {optimizer.learning_rat: [0.1, 0.2]}",
        "2:35  optimizer.learning_rat: no argument of SGD; did you mean 'learning_rate'?",
    ),
    ("search: {training.epoch: [1]}", "2:27  training.epoch: unknown key; did you mean 'epochs'?"),
    (
        "search: {optimizer.learning_rate: [0.1, abc]}",
        "1 problem\n  2:41  optimizer.learning_rate: unknown learning-rate schedule 'abc'",
    ),
    (
        "search:\n  optimizer:\n    - sgd\n    - adm",
        "5:7  optimizer: unknown optimizer 'adm'; did you mean 'adam'?",
    ),
    (
        f"search: {{optimizer.learning_rate: {{uniform: [-1, 1]}}}}\n{RANDOM}",
        "1 problem\n  2:10  optimizer.learning_rate: must be a number above 0, received -1",
    ),
    (
        "search: {training.epochs: {range: [-1, 3]}}",
        "2:10  training.epochs: must be a whole number, 1 or more, received -1",
    ),
    (
        "search: {model.layers.0.repeat: [1, 2]}",
        "2:34  model.layers.0.repeat: no argument of Dense",
    ),
    (
        "search: {model.layers.9.units: [1, 2]}",
        "model.layers has 3 items, counted from 0, and no 9",
    ),
]


@pytest.mark.parametrize(("text", "told"), VALUES)
def test_a_wrong_value_is_told_once_at_its_place(load: Load, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(text)


def test_every_wrong_value_is_told(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("search: {loss: [mse, nse, categorical_crossentropy, 3], training.batch_size: [0, 8]}")
    assert [(p.line, p.column, p.key) for p in caught.value.problems] == [
        (2, 22, "loss"), (2, 53, "loss"), (2, 79, "training.batch_size"),
    ]  # fmt: skip


def test_a_value_of_the_command_line_is_told_as_it_was_typed(load: Load) -> None:
    told = "override optimizer=sgd,adm  optimizer: unknown optimizer 'adm'; did you mean 'adam'?"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load_sweep("base.yaml", ["optimizer=sgd,adm"])


def test_a_wrong_combination_is_told_with_the_values_that_make_it(load: Load) -> None:
    text = "search: {seed: [1, 2], optimizer: [sgd, adam], optimizer.momentum: [0.5]}"
    told = "s.yaml: 1 problem\n  2:69  optimizer.momentum: no argument of Adam"
    with pytest.raises(ConfigError, match=re.escape(told)) as caught:
        load(text)
    assert str(caught.value).endswith("(with optimizer=adam, optimizer.momentum=0.5)")


def test_a_condition_mends_that(load: Load) -> None:
    definition = load(
        "search: {optimizer: [sgd, adam], "
        "optimizer.momentum: {choice: [0.5, 0.9], if: {optimizer: sgd}}}"
    )
    assert len(check_assignments(definition, plan_assignments(definition)).trials) == 3


def test_a_conditional_key_is_tried_where_it_counts(load: Load) -> None:
    text = (
        "search: {optimizer: [sgd, adam], optimizer.beta_1: {choice: [x], if: {optimizer: adam}}}"
    )
    with pytest.raises(ConfigError, match=re.escape("2:62  optimizer.beta_1: must be")):
        load(text)


def test_a_trial_is_named_where_only_its_combination_is_wrong(load: Load) -> None:
    # The first values of each key are fine together, and each with the first of the others.
    text = "search: {model.layers.2.units: [3, 10], dataset: [iris, digits]}\nstrategy: zip"
    definition = load(text)
    rows = [*plan_assignments(definition), {"model.layers.2.units": 10, "dataset": "iris"}]
    with pytest.raises(ConfigError) as caught:
        check_assignments(definition, rows)
    assert len(caught.value.problems) == 1
    problem = caught.value.problems[0]
    assert (problem.line, problem.column, problem.key) == (2, 36, "model.layers.2.units")
    assert problem.message.startswith("iris has 3 classes")


def test_a_problem_of_two_values_names_the_first_trial_that_has_both(load: Load) -> None:
    text = "search: {optimizer: [sgd], optimizer.momentum: [0.5]}"
    definition = load(text)
    rows = [
        {"optimizer": "sgd", "optimizer.momentum": 0.5},
        {"optimizer": "adam", "seed": 4, "optimizer.momentum": 0.5},
        {"optimizer": "adam", "seed": 5, "optimizer.momentum": 0.5},
    ]
    told = r"2:49  optimizer.momentum: no argument of Adam.*\(first in trial 2: optimizer=adam, opt"
    with pytest.raises(ConfigError, match=told) as caught:
        check_assignments(definition, rows)
    assert len(caught.value.problems) == 1
    assert "seed" not in str(caught.value)


def test_a_problem_of_a_key_of_the_base_is_told_at_the_value_that_makes_it(load: Load) -> None:
    told = r"2:26  model.layers.2.units: digits has 10 classes.*\(with dataset=digits\)"
    with pytest.raises(ConfigError, match=told):
        load("search: {dataset: [iris, digits]}")


def test_an_objective_that_no_trial_has_is_told_at_the_objective(load: Load) -> None:
    search = "search: {seed: [1, 2]}"
    told = "3:1  objective.metric: no metric 'val_acc'; did you mean 'val_accuracy'?"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(f"{search}\nobjective: val_acc")
    told = "3:13  objective.metric: no metric 'auc'; there are loss, accuracy, val_loss"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(f"{search}\nobjective: {{metric: auc}}")


def test_an_objective_needs_its_validation_part(load: Load) -> None:
    told = "objective.metric: no 'val_loss' without a validation part; write 'loss'"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(
            "search: {seed: [1, 2]}\nobjective: val_loss",
            ("dataset.split={train: 0.8, test: 0.2}",),
        )


def test_an_objective_that_some_trials_lack_names_them(load: Load) -> None:
    told = r"3:1  objective.metric: no metric 'accuracy'.*\(with metrics=\[\"auc\"\]\)"
    with pytest.raises(ConfigError, match=told):
        load("search: {metrics: [[accuracy], [auc]]}\nobjective: accuracy")


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        (
            "{metric: val_loss, direction: maximize}",
            "3:31  objective.direction: of val_loss less is better, received 'maximize'; write "
            "minimize, or auto",
        ),
        (
            "{direction: maximize}",
            "3:13  objective.direction: of val_loss less is better, received 'maximize'",
        ),
        (
            "{metric: val_accuracy, direction: minimize}",
            "3:35  objective.direction: of val_accuracy more is better, received 'minimize'; write",
        ),
    ],
)
def test_a_direction_that_is_known_to_be_the_other_is_told(
    load: Load, objective: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(f"search: {{seed: [1, 2]}}\nobjective: {objective}")


def test_seeds_beyond_the_largest_are_told_at_repeat(load: Load) -> None:
    told = "3:1  seed: 3 repeats take the seeds from 4294967294 on, beyond 4294967295; begin lower"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load("search: {optimizer: [sgd]}\nrepeat: 3", ("seed=4294967294",))


def test_warnings_are_collected_once_at_the_value_that_brings_them_about(load: Load) -> None:
    definition = load("search: {seed: [1, 2], loss: [categorical_crossentropy, mse]}")
    warnings = check_assignments(definition, plan_assignments(definition)).warnings
    told = [w for w in warnings if "is for numbers" in w.message]
    assert [(w.line, w.column, w.key) for w in told] == [(2, 57, "loss")]
    assert "trial" not in told[0].message


def test_warnings_of_the_base_are_not_told_again(load: Load) -> None:
    definition = load("search: {seed: [1, 2]}", ("loss=mse",))
    assert definition.base.warnings
    assert check_assignments(definition, plan_assignments(definition)).warnings == ()


def test_a_definition_that_was_loaded_has_values_that_work(load: Load) -> None:
    check_values(load(f"search: {{optimizer.learning_rate: {{uniform: [0.1, 1]}}}}\n{RANDOM}"))


TOGETHER = "search: {training.epochs: [1, 2], seed: [1, 2]}"


@pytest.mark.parametrize(
    ("more", "count", "is_whole"),
    [
        ("strategy: grid", 4, True),
        ("strategy: zip", 2, True),
        ("strategy: random\ntrials: 3", 3, True),
        ("strategy: random\ntrials: 9", 4, True),
        ("strategy: tpe\ntrials: 9", 4, False),
    ],
)
def test_a_plan_is_checked_whole_where_it_is_known(
    load: Load, more: str, count: int, is_whole: bool
) -> None:
    plan = check_plan(load(f"{TOGETHER}\n{more}"))
    assert (plan.num_trials, plan.is_whole) == (count, is_whole)


def test_of_a_large_plan_only_the_values_are_checked(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = load(TOGETHER)
    monkeypatch.setattr("dlrun.sweeping.checking.MOST_CHECKED", 3)
    plan = check_plan(definition)
    assert (plan.num_trials, plan.is_whole, plan.warnings) == (4, False, ())


def test_a_plan_tells_what_is_wrong_in_a_trial(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = load("search: {optimizer: [sgd, rmsprop]}")
    rows = ({"optimizer": "sgd"}, {"optimizer": "adam", "optimizer.momentum": 0.5})
    monkeypatch.setattr("dlrun.sweeping.checking.plan_assignments", lambda _: rows)
    with pytest.raises(ConfigError, match=r"no argument of Adam.*\(first in trial 2: optimizer=ad"):
        check_plan(definition)
