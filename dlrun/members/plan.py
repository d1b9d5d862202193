"""Which runs a config with repeats or folds stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dlrun.config import Config
from dlrun.runs.run import FOLDS, REPEATS


@dataclass(frozen=True)
class Member:
    """One of the runs that a config stands for.

    Attributes:
        name: Its folder inside the parent's: "repeats/0", "folds/3" or "repeats/1/folds/2".
        config: As a run of its own.
    """

    name: str
    config: Config


def plan_members(config: Config) -> tuple[Member, ...]:
    """Returns the members of a config, repeat by repeat and fold by fold.

    Repeat r has the seed `seed + r`, so that it equals a single run with that seed; only its
    test rows are those of the first, which no member may train on. All folds of a repeat have
    the same seed.
    """
    return tuple(_members(config))


def _members(config: Config) -> Iterator[Member]:
    split = config.dataset.split
    kfold = split.kfold if split.fold == "all" else None
    for repeat in range(config.repeat):
        draws_test = repeat > 0 and isinstance(split.test, int | float)
        test_seed = config.seed if draws_test and split.test_seed == "auto" else split.test_seed
        for fold in range(kfold or 1):
            names = [f"{REPEATS}/{repeat}"] if config.repeat > 1 else []
            names += [f"{FOLDS}/{fold}"] if kfold is not None else []
            own_fold = fold if kfold is not None else split.fold
            own_split = replace(split, fold=own_fold, test_seed=test_seed)
            member = replace(
                config,
                seed=config.seed + repeat,
                repeat=1,
                dataset=replace(config.dataset, split=own_split),
            )
            yield Member("/".join(names), member)
