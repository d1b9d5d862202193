"""The config that a run goes on with: what may be another one, and what has changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlrun.config import Config, Loaded, Overrides, load_config, overridden_key, override_texts
from dlrun.errors import RunError
from dlrun.runs.checkpoints import TrainingState, plain_config
from dlrun.runs.facts import MAX_JSON_BYTES, check_file
from dlrun.runs.run import CONFIG, Run

EXACT_KEYS = ("note", "training.epochs")
"""Keys that a run may go on with changed, and still give what a run of that config gives."""

OTHER_KEYS = (
    "optimizer.learning_rate",
    "training.callbacks",
    "training.engine",
    "training.jit_compile",
    "training.threads",
)
"""Keys that may change on the way, too, and then decide the epochs from there on alone."""

_SAYS_EPOCHS = ("training", "training.epochs")


def load_changed(
    run: Run, overrides: Overrides, more_epochs: int | None
) -> tuple[Loaded, list[str]]:
    """The recorded config with changes, named as it was at first, and the changes as typed."""
    check_file(run.path / CONFIG, MAX_JSON_BYTES)
    texts = override_texts(overrides)
    if more_epochs is not None:
        _refuse_epochs_twice(run, texts, more_epochs)
        texts.append(f"training.epochs={run.config.training.epochs + more_epochs}")
    loaded = load_config(run.path / CONFIG, texts)
    source = str(run.info.get("config_path") or run.config.source)
    return replace(loaded, config=replace(loaded.config, source=source)), texts


def _refuse_epochs_twice(run: Run, texts: Sequence[str], more_epochs: int) -> None:
    own = [text for text in texts if overridden_key(text) in _SAYS_EPOCHS]
    if own:
        raise RunError(
            f"{run.path}: {own[0]} and {more_epochs} more epochs each say how many there are; "
            "leave out one of them"
        )


def trained_config(run: Run, state: TrainingState | None) -> Mapping[str, Any]:
    """Returns what a run has been trained with so far, as `plain_config` has it.

    That is what its checkpoint says, if there is one: `config.yaml` is changed before.
    """
    return (state.config if state is not None else {}) or plain_config(run.config)


def changed_keys(before: Any, after: Any, key: str = "") -> Iterator[str]:
    """The dotted keys of the normal form that differ: leaves, and what got another name."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not _renamed(before, after):
        for name in dict.fromkeys([*before, *after]):
            missing = object()
            inner = f"{key}.{name}" if key else str(name)
            yield from changed_keys(before.get(name, missing), after.get(name, missing), inner)
    elif before != after:
        yield key


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether one component, `{name: arguments}`, stands where there was another."""
    return len(before) == len(after) == 1 and before.keys() != after.keys()


def public_key(key: str) -> str:
    """A leaf's key as the tables of keys above have it."""
    parts = key.split(".")
    if parts[0] == "optimizer" and "learning_rate" in parts[2:3]:
        return "optimizer.learning_rate"
    return "training.callbacks" if parts[:2] == ["training", "callbacks"] else key


def refuse_other_runs(
    run: Run, before: Mapping[str, Any], config: Config, changed: Sequence[str]
) -> None:
    """Refuses changes that would make another model, other data or another order of rows."""
    refused = [key for key in changed if public_key(key) not in (*EXACT_KEYS, *OTHER_KEYS)]
    rates = [rate_of(before), rate_of(config.to_dict())]
    if isinstance(rates[0], Mapping) != isinstance(rates[1], Mapping):  # other variables, too
        refused.append("optimizer.learning_rate (a number and a schedule)")
    if refused:
        raise RunError(
            f"{run.path}: {', '.join(refused)} cannot change in a run that has begun, only "
            f"{', '.join((*EXACT_KEYS, *OTHER_KEYS))}; train anew for the rest: dlrun train "
            f"{shlex.quote(str(run.path / CONFIG))} …"
        )


def rate_of(config: Mapping[str, Any]) -> Any:
    """The optimizer's `learning_rate` as written: a number, a schedule's mapping, or None."""
    (arguments,) = config["optimizer"].values()
    return arguments.get("learning_rate")


def new_rate(config: Config, changed: Sequence[str]) -> float | None:
    """Returns the learning rate, where it is a number and another one than before."""
    rate = rate_of(config.to_dict())
    is_new = "optimizer.learning_rate" in map(public_key, changed)
    return float(rate) if is_new and isinstance(rate, int | float) else None
