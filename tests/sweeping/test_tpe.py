"""A search that learns: each batch follows from those before, and it finds what is better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dlrun.runs import Trial
from dlrun.sweeping.space import Choice, Parameter, Range, Uniform
from dlrun.sweeping.tpe import ask_batch

PARAMETERS = (
    Parameter("optimizer", Choice(("sgd", {"Adam": {"beta_1": 0.9}}))),
    Parameter("optimizer.momentum", Uniform(0.0, 0.9), {"optimizer": ("sgd",)}),
    Parameter("units", Range(16, 128, 16)),
    Parameter("rate", Uniform(1e-4, 1.0, log=True)),
    Parameter("width", Uniform(8, 512, log=True, step=1)),
)


def search(num_batches: int, seed: int = 0) -> list[Trial]:
    """Minimises the distance of the rate from 0.01 in decades; sgd costs 1 more."""
    import math

    done: list[Trial] = []
    for batch in range(num_batches):
        asked = ask_batch(PARAMETERS, done, 4, seed=seed, batch=batch, higher_is_better=False)
        for values in asked:
            value = abs(math.log10(values["rate"]) + 2) + (values["optimizer"] == "sgd")
            trial = Trial(len(done), values, str(len(done)), {}, value=value, batch=batch)
            done.append(replace(trial, state="finished"))
    return done


def test_what_is_asked_lies_in_the_space() -> None:
    for trial in search(5):
        values: dict[str, Any] = dict(trial.values)
        assert values["units"] in range(16, 129, 16)
        assert 1e-4 <= values["rate"] <= 1
        assert isinstance(values["width"], int)
        assert 8 <= values["width"] <= 512
        assert ("optimizer.momentum" in values) == (values["optimizer"] == "sgd")
        order = [key for key in ("optimizer", "optimizer.momentum", "units") if key in values]
        assert list(values)[: len(order)] == order


def test_a_batch_follows_from_those_before_alone() -> None:
    whole = search(6)
    again = ask_batch(PARAMETERS, whole[:12], 4, seed=0, batch=3, higher_is_better=False)
    assert again == [dict(trial.values) for trial in whole[12:16]]
    assert search(2, seed=1) != whole[:8]


def test_it_learns_what_is_better() -> None:
    done = search(12)
    late = done[-16:]
    assert sum(trial.values["optimizer"] != "sgd" for trial in late) > 12
    early, later = (sum(float(t.value or 0) for t in some) for some in (done[:16], late))
    assert later < 0.6 * early


def test_failed_trials_are_no_results() -> None:
    done = search(3)
    failed = [replace(done[0], state="diverged", value=None), *done[1:]]
    assert ask_batch(PARAMETERS, failed, 2, seed=0, batch=3, higher_is_better=False)


FEW = (
    Parameter("units", Choice((8, 16, 32, 64, 128))),
    Parameter("activation", Choice(("relu", "tanh", "elu"))),
)


def test_a_duplicate_is_told_as_what_its_twin_came_to() -> None:
    """It has no result of its own while a sweep is planned, and its twin's once it is read."""
    done: list[Trial] = []
    for batch in range(6):
        asked = ask_batch(FEW, done, 4, seed=0, batch=batch, higher_is_better=False)
        read = [
            one if one.duplicate_of is None else replace(one, value=done[one.duplicate_of].value)
            for one in done
        ]
        assert asked == ask_batch(FEW, read, 4, seed=0, batch=batch, higher_is_better=False)
        for values in asked:
            trial = Trial(len(done), values, str(values), {}, state="finished", batch=batch)
            twin = next((one.number for one in done if one.hash == trial.hash), None)
            value = abs(values["units"] - 30) + len(values["activation"])
            twins = replace(trial, state="duplicate", duplicate_of=twin)
            done.append(replace(trial, value=value) if twin is None else twins)
    assert sum(trial.duplicate_of is not None for trial in done[:16]) > 2


def test_a_duplicate_of_a_failed_trial_is_no_result_either() -> None:
    asked = ask_batch(FEW, [], 12, seed=0, batch=0, higher_is_better=False)
    before = [
        Trial(number, values, str(number), {}, state="finished", value=float(number))
        for number, values in enumerate(asked)
    ]
    before.append(replace(before[0], number=12, state="failed", value=-9.0))
    twins = [
        replace(before[12], number=n, state="duplicate", duplicate_of=12) for n in range(13, 20)
    ]
    told = [
        ask_batch(FEW, [*before, *some], 8, seed=0, batch=9, higher_is_better=False)
        for some in (twins, [replace(twin, value=None) for twin in twins])
    ]
    assert told[0] == told[1]
