"""The registry of data sets: a dict of names and plain functions, and how one is loaded.

To add your own, put a module like this on the path and name it in the config's `imports`:

    from dlrun.data import Dataset, register_dataset

    @register_dataset("my_data")
    def my_data(num_samples: int = 100) -> Dataset: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dlrun import events
from dlrun.catalog.datasets import CARDS
from dlrun.catalog.own import OWN_DATASETS
from dlrun.config.schema import DatasetConfig
from dlrun.data.dataset import Dataset
from dlrun.errors import DatasetError, did_you_mean

Loader = Callable[..., Dataset]

LOADERS: dict[str, Loader] = {}
"""Every data set that can be loaded: name in a config → function that takes its options."""


def register_dataset(name: str) -> Callable[[Loader], Loader]:
    """Returns a decorator that makes a function loadable as data set `name`.

    The function's keyword arguments are the data set's options; one called `report` is given
    the `events.Report`. A later registration of the same name takes the place of the earlier
    one, so that a notebook cell can be run again and a built-in set be stood in for.
    """

    def register(load: Loader) -> Loader:
        LOADERS[name] = load
        if name not in CARDS:
            OWN_DATASETS.add(name)
        return load

    return register


def load_dataset(config: DatasetConfig, report: events.Report = events.ignore) -> Dataset:
    """Loads the data set that a config's `dataset` section names, with its options.

    Args:
        config: The section; only `name` and `options` are looked at.
        report: Told which way the data was had, and of a download's progress.

    Raises:
        DatasetError: the name or an option is unknown, or the data cannot be had or is bad.
    """
    load = LOADERS.get(config.name)
    if load is None:
        raise DatasetError(
            f"unknown data set {config.name!r}{did_you_mean(config.name, LOADERS)}; "
            f"there are {', '.join(sorted(LOADERS))}"
        )
    options = _checked_options(config.name, load, config.options)
    if "report" in inspect.signature(load).parameters:
        options["report"] = report
    try:
        dataset = load(**options)
    except MemoryError:
        raise DatasetError(
            f"{config.name}: does not fit into memory with {dict(config.options)}; ask for less"
        ) from None
    if not isinstance(dataset, Dataset):
        raise DatasetError(
            f"{config.name}: its function returned {type(dataset).__name__}; "
            "it must return a dlrun.data.Dataset"
        )
    return dataset


def _checked_options(name: str, load: Loader, given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {
        key: parameter
        for key, parameter in inspect.signature(load).parameters.items()
        if key != "report"
    }
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    named = [key for key, p in parameters.items() if p.kind is not p.VAR_KEYWORD]
    for key in given:
        if key not in named and not takes_any:
            accepted = f"it accepts {', '.join(named)}" if named else "it has no options"
            raise DatasetError(
                f"{name}: unknown option {key!r}{did_you_mean(key, named)}; {accepted}"
            )
    for key in named:
        if parameters[key].default is inspect.Parameter.empty and key not in given:
            raise DatasetError(f"{name}: the option {key!r} is missing; add it to dataset.options")
    return dict(given)
