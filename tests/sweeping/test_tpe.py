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
