"""Whether the data of a sweep are there, and still those that it was planned for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from dlrun.catalog.datasets import CARDS
from dlrun.config import Config
from dlrun.data import Dataset
from dlrun.data.store import DataStore
from dlrun.errors import DatasetError, DlrunError
from dlrun.events import Message, Report, ignore
from dlrun.rows import import_own, load_stored
from dlrun.runs import Sweep, Trial
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.results import load_trial
from dlrun.sweeping.trial_config import make_trial_config


def check_data(
    sweep: Sweep, definition: SweepDefinition, missing: Sequence[Trial], store: DataStore
) -> None:
    """Refuses to go on where the next trial would have no data, or other data than planned.

    Of trials that are yet to be planned the data are those of the newest that was.

    Args:
        sweep: That is to go on.
        definition: Of it.
        missing: What is to be trained, as far as it is planned.
        store: Keeps the data.

    Raises:
        DatasetError: the data cannot be had, or have changed.
        ConfigError: the user's module that registers them cannot be imported.
    """
    planned = (one for one in (*missing, *reversed(sweep.trials)) if one.is_settled)
    trial = next(planned, None)
    if trial is None:
        if sweep.is_open:
            _load(make_trial_config(definition, {}).config, store)
        return
    change = _change(trial, _load(_config(sweep, trial), store))
    if change:
        raise DatasetError(
            f"{sweep.path}: {change}; put the old data back, or train a new sweep on the new ones "
            "by another name: name=NAME"
        )


def warn_of_other_data(sweep: Sweep, report: Report) -> None:
    """Says where the results of a sweep are of other data than those that there are now.

    Only files of the user's are looked at: other data do not change, or cost TensorFlow to ask.

    Args:
        sweep: Of which nothing is missing.
        report: Told.
    """
    store, told, planned = DataStore(), set[str](), dict[str, Trial]()
    for trial in sweep.trials:
        if trial.is_settled:
            asked = [trial.config.get("dataset"), trial.data_hash]
            planned.setdefault(json.dumps(asked, default=repr), trial)
    for trial in planned.values():
        with suppress(DlrunError):  # results stay true though their data cannot be had now
            config = _config(sweep, trial)
            card = CARDS.get(config.dataset.name)
            may_change = card is not None and card.task is None
            change = _change(trial, _load(config, store)) if may_change else ""
            if change and change not in told:
                told.add(change)
                text = f"{sweep.path}: {change}; its results are of the old data, and the same "
                text += "command with another name, name=NAME, trains a new sweep on the new ones"
                report(Message(text, level="warning"))


def _config(sweep: Sweep, trial: Trial) -> Config:
    return load_trial(trial, str(sweep.info.get("source"))).config


def _load(config: Config, store: DataStore) -> Dataset:
    if config.dataset.name not in CARDS:  # a module of the user's registers it
        import_own(config)
    return load_stored(config, store, ignore)


def _change(trial: Trial, dataset: Dataset) -> str:
    """What is to be said where the data are others than those of a trial; else empty."""
    then, now = trial.data_hash, dataset.content_hash
    if then is None or now.startswith(then):
        return ""
    hashes = f"(hash {now[:12]}, then {then})"
    return f"the data set {dataset.name} has changed since this was planned {hashes}"
