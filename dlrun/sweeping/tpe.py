"""Trials that learn from the ones before: Optuna's tree-structured Parzen estimator, in batches.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011. What a batch asks for
depends on the seed, its number and the results of the batches before alone: each is asked from a
study that is made anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlrun.errors import SweepError
from dlrun.runs.sweep import FAILED, Trial
from dlrun.sweeping.space import (
    Choice,
    Parameter,
    Range,
    Uniform,
    identity,
    in_deciding_order,
    is_active,
    stepped,
)

if TYPE_CHECKING:
    import optuna

NUM_RANDOM = 10
"""Trials that are drawn at random before there is anything to learn from."""


def check_optuna(source: str) -> None:
    """Refuses a search that needs Optuna where it is not installed.

    Raises:
        SweepError: it is not.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise SweepError(
            f"{source}: strategy tpe needs Optuna, which is not installed; "
            "pip install 'dlrun[sweep]', or take strategy: random"
        )


def ask_batch(
    parameters: Sequence[Parameter],
    before: Sequence[Trial],
    size: int,
    *,
    seed: int,
    batch: int,
    higher_is_better: bool,
) -> list[dict[str, Any]]:
    """Returns what the trials of a batch are to try.

    Args:
        parameters: What is searched.
        before: The trials of earlier batches, by number; a duplicate came to what its twin did.
        size: How many.
        seed: Of the search.
        batch: Its number, from 0.
        higher_is_better: The objective's direction.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=(seed * 1_000_003 + batch) % 2**32,
            n_startup_trials=NUM_RANDOM,
            multivariate=True,
            group=True,
            constant_liar=True,
        )
        study = optuna.create_study(
            direction="maximize" if higher_is_better else "minimize", sampler=sampler
        )
        ordered = in_deciding_order(parameters)
        for trial in before:
            trained = trial if trial.duplicate_of is None else before[trial.duplicate_of]
            study.add_trial(_told(trial.values, trained, ordered))
        return [_asked(study.ask(), ordered, parameters) for _ in range(size)]


def _asked(
    trial: optuna.trial.Trial, ordered: Sequence[Parameter], written: Sequence[Parameter]
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for parameter in ordered:
        if is_active(parameter, chosen):
            chosen[parameter.key] = _suggested(trial, parameter)
    return {one.key: chosen[one.key] for one in written if one.key in chosen}


def _suggested(trial: optuna.trial.Trial, parameter: Parameter) -> Any:
    """What Optuna chooses for a key, as the config is given it."""
    domain = parameter.domain
    if isinstance(domain, Choice):
        return domain.value(trial.suggest_categorical(parameter.key, range(domain.size)))
    if isinstance(domain, Range):
        return domain.value(trial.suggest_int(parameter.key, 0, domain.size - 1))
    low, high = float(domain.low), float(domain.high)
    number = trial.suggest_float(parameter.key, low, high, log=domain.log)
    if domain.step is None:
        return number
    steps = min(round((number - domain.low) / domain.step), (domain.size or 1) - 1)
    return stepped(domain, domain.step, steps)


def _distribution(parameter: Parameter) -> Any:
    import optuna.distributions as kinds

    domain = parameter.domain
    if isinstance(domain, Choice):
        return kinds.CategoricalDistribution(range(domain.size))
    if isinstance(domain, Range):
        return kinds.IntDistribution(0, domain.size - 1)
    return kinds.FloatDistribution(float(domain.low), float(domain.high), log=domain.log)


def _inner(parameter: Parameter, value: Any) -> Any:
    """What Optuna calls a value that was tried."""
    domain = parameter.domain
    if isinstance(domain, Uniform):
        return float(value)
    return [identity(one) for one in domain.values].index(identity(value))


def _told(
    values: Mapping[str, Any], trial: Trial, parameters: Sequence[Parameter]
) -> optuna.trial.FrozenTrial:
    """What came of values, as Optuna remembers it."""
    import optuna

    used = [parameter for parameter in parameters if parameter.key in values]
    failed = trial.state in FAILED or trial.value is None
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE,
        value=None if failed else trial.value,
        params={one.key: _inner(one, values[one.key]) for one in used},
        distributions={one.key: _distribution(one) for one in used},
    )
