"""Going on with a run: from where, with which config, and whether exactly as if never stopped.

Reads the run folder alone, without TensorFlow, so that what cannot be is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun.config import Config, Loaded, Overrides, load_config, override_texts
from dlrun.errors import DivergedError, RunError
from dlrun.files import read_npz
from dlrun.prepare import PreparedData
from dlrun.processes import this_process
from dlrun.runs.checkpoints import (
    BestState,
    TrainingState,
    plain_config,
    read_best,
    read_last,
)
from dlrun.runs.create import now
from dlrun.runs.endings import command_to_go_on
from dlrun.runs.environment import changed_imports, changed_variables, describe_environment
from dlrun.runs.run import CONFIG, SPLITS, Run

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


@dataclass(frozen=True)
class ResumePlan:
    """How a run goes on.

    Attributes:
        run: The run folder.
        loaded: The config that it goes on with, and what is unwise about it.
        source: Id and status of the run as it was found; with `into`, that is another one.
        state: The newest checkpoint; None: from the first epoch.
        best: The best weights before it.
        overrides: What was changed, as typed.
        learning_rate: The new one, where it was changed.
        remarks: Why the result will not be that of a run that never stopped; empty: it will.
        notes: What is good to know otherwise.
    """

    run: Run
    loaded: Loaded
    source: tuple[str, str]
    state: TrainingState | None
    best: BestState | None
    overrides: tuple[str, ...] = ()
    learning_rate: float | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Returns what `run.json` says from now on: who runs it, and from where it went on."""
        entry = {
            "time": now(),
            "run": self.source[0],
            "from": self.source[1],
            "epoch": self.state.epoch if self.state else 0,
            "step": self.state.step if self.state else 0,
            "overrides": list(self.overrides),
            "exact": not self.remarks,
            "remarks": list(self.remarks),
        }
        before = self.run.info.get("resumed")
        resumed = [*(before if isinstance(before, list) else []), entry]
        config = self.loaded.config
        return {"note": config.note, "resumed": resumed, **this_process()}


def plan_resume(run: Run, overrides: Overrides = (), more_epochs: int | None = None) -> ResumePlan:
    """Finds out how a run goes on.

    Args:
        run: Not one that runs.
        overrides: Changes to its config, of `EXACT_KEYS` and `OTHER_KEYS`.
        more_epochs: Added to the epochs that were planned.

    What counts as changed is what the checkpoint was not made with: a change that an earlier
    resume was given, and that no checkpoint holds yet, is not forgotten.

    Raises:
        RunError: it runs, is finished, cannot be read, or the changes would make another run.
        DivergedError: it would diverge again.
        ConfigError: the changed config cannot work.
    """
    loaded, texts = load_changed(run, overrides, more_epochs)
    state = read_last(run)
    before = trained_config(run, state)
    changed = list(changed_keys(before, plain_config(loaded.config)))
    refuse_other_runs(run, before, loaded.config, changed)
    _refuse_what_is_over(run, loaded.config.training.epochs, state, changed)
    here = list(_machine_remarks(run)) if state is not None else []
    if run.status == "diverged" and not here and loaded.config == run.config:
        raise _would_diverge_again(run)
    best, lost = _best_of(run, state)
    if state is not None and "training.callbacks" in map(public_key, changed):
        state = replace(state, stopped=False)
    return ResumePlan(
        run=run,
        loaded=loaded,
        source=(run.id, run.status),
        state=state,
        best=best,
        overrides=tuple(texts),
        learning_rate=_new_rate(loaded.config, changed),
        remarks=(*_change_remarks(before, state, changed), *here, *lost),
        notes=tuple(_notes(loaded.config, before, state)),
    )


def trained_config(run: Run, state: TrainingState | None) -> Mapping[str, Any]:
    """Returns what a run has been trained with so far, as `plain_config` has it.

    That is what its checkpoint says, if there is one: `config.yaml` is changed before.
    """
    return (state.config if state is not None else {}) or plain_config(run.config)


def _best_of(run: Run, state: TrainingState | None) -> tuple[BestState | None, list[str]]:
    """The best weights so far, and what is to be said where they are lost."""
    if state is None:
        return None, []
    try:
        return read_best(run, state.best_epoch), []
    except RunError:
        lost = f"the weights of epoch {state.best_epoch}, the best one, cannot be read"
        return None, [f"{lost}; the best of the epochs from here on will be kept"]


def _would_diverge_again(run: Run) -> DivergedError:
    return DivergedError(
        f"{run.path}: it diverged, {run.info.get('error')}; going on as it was would come to the "
        f"same; to go on with a change: {command_to_go_on(run)}"
    )


def load_changed(
    run: Run, overrides: Overrides, more_epochs: int | None
) -> tuple[Loaded, list[str]]:
    """The recorded config with changes, named as it was at first, and the changes as typed."""
    texts = override_texts(overrides)
    if more_epochs is not None:
        _refuse_epochs_twice(run, texts, more_epochs)
        texts.append(f"training.epochs={run.config.training.epochs + more_epochs}")
    loaded = load_config(run.path / CONFIG, texts)
    source = str(run.info.get("config_path") or run.config.source)
    return replace(loaded, config=replace(loaded.config, source=source)), texts


def _refuse_epochs_twice(run: Run, texts: Sequence[str], more_epochs: int) -> None:
    own = [text for text in texts if text.split("=")[0].lstrip("+~") in _SAYS_EPOCHS]
    if own:
        raise RunError(
            f"{run.path}: {own[0]} and {more_epochs} more epochs each say how many there are; "
            "leave out one of them"
        )


def running_error(run: Run) -> RunError:
    """Returns what is wrong with going on with a run that runs."""
    who = f"process {run.info.get('pid')} on {run.info.get('host')}"
    return RunError(f"{run.path}: it is running, {who}; wait for it, or stop it by Ctrl-C")


def check_same_data(run: Run, data: PreparedData) -> None:
    """Refuses to go on with other data, or other parts of it, than the run began with.

    Raises:
        RunError: they differ from what the run folder says.
    """
    if not (run.path / SPLITS).is_file():  # it ended before it had any
        return
    recorded = run.dataset.get("content_hash")
    if recorded != data.dataset.content_hash:
        raise RunError(
            f"{run.path}: the data set {data.dataset.name} has changed since the run began "
            f"(hash {data.dataset.content_hash[:12]}, then {str(recorded)[:12]}); "
            "put the old data back, or train anew"
        )
    rows = _recorded_rows(run)
    if rows.keys() != data.rows.keys() or any(
        not np.array_equal(rows[part], data.rows[part]) for part in rows
    ):
        raise RunError(
            f"{run.path}: the rows of its parts are not those that this dlrun splits off; "
            "resume with the dlrun that made it, or train anew"
        )


def changed_keys(before: Any, after: Any, key: str = "") -> Iterator[str]:
    """The dotted keys, leaves of the normal form, that differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            missing = object()
            inner = f"{key}.{name}" if key else str(name)
            yield from changed_keys(before.get(name, missing), after.get(name, missing), inner)
    elif before != after:
        yield key


def _recorded_rows(run: Run) -> dict[str, np.ndarray]:
    try:
        return read_npz(run.path / SPLITS)
    except (OSError, ValueError) as error:
        raise RunError(f"{run.path / SPLITS}: cannot be read, {error}; train anew") from error


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
    rates = [_rate(before), _rate(config.to_dict())]
    if isinstance(rates[0], Mapping) != isinstance(rates[1], Mapping):  # other variables, too
        refused.append("optimizer.learning_rate (a schedule in one, a number in the other)")
    if refused:
        raise RunError(
            f"{run.path}: cannot go on with other {', '.join(refused)}; on the way only "
            f"{', '.join((*EXACT_KEYS, *OTHER_KEYS))} can change; train a new run for the rest"
        )


def _rate(config: Mapping[str, Any]) -> Any:
    """The optimizer's `learning_rate` as written: a number, a schedule's mapping, or None."""
    (arguments,) = config["optimizer"].values()
    return arguments.get("learning_rate")


def _refuse_what_is_over(
    run: Run, epochs: int, state: TrainingState | None, changed: Sequence[str]
) -> None:
    status = run.status
    if status == "running":
        raise running_error(run)
    if state is None:
        if status == "finished":
            raise RunError(
                f"{run.path}: finished, and without a checkpoint to go on from; train anew"
            )
        return
    begun = state.epoch + (1 if state.step else 0)
    if epochs < begun:
        raise RunError(
            f"{run.path}: training.epochs={epochs}, and epoch {begun} has begun; "
            f"write {begun} or more"
        )
    is_longer = status == "finished" or "training.epochs" in changed
    if is_longer and state.stopped and "training.callbacks" not in map(public_key, changed):
        raise RunError(
            f"{run.path}: {status}; a callback ended it after epoch {state.epoch}, and would end "
            "a longer run there, too; to go on, change the callback, such as "
            "training.callbacks.0.patience=20"
        )
    if status == "finished" and epochs <= state.epoch:
        raise RunError(
            f"{run.path}: finished after {state.epoch} epochs; to go on: "
            f"dlrun resume {run.id} --more-epochs {max(1, state.epoch)}"
        )


def _new_rate(config: Config, changed: Sequence[str]) -> float | None:
    rate = _rate(config.to_dict())
    is_new = "optimizer.learning_rate" in map(public_key, changed)
    return float(rate) if is_new and isinstance(rate, int | float) else None


def _change_remarks(
    before: Mapping[str, Any], state: TrainingState | None, changed: Sequence[str]
) -> Iterator[str]:
    """Which changes make the result another than that of a run that never stopped."""
    if state is None:
        return
    for key in sorted({public_key(key) for key in changed} & {*OTHER_KEYS}):
        yield f"{key} is another one after epoch {state.epoch}"
    planned = before["training"]["epochs"]
    if "training.epochs" in changed and _averages_are_spent(planned, state):
        yield (
            f"SwapEMAWeights gave up the weights for their averages after epoch {state.epoch}, "
            "the last that was planned"
        )


def _machine_remarks(run: Run) -> Iterator[str]:
    """What else is other than when the run began, and may change last digits."""
    try:
        then = run.environment
    except RunError:
        yield "environment.json cannot be read, so that nothing is known of the machine it ran on"
        return
    here = describe_environment(run.config.imports)
    for name in ("keras", "tensorflow", "tensorflow-cpu", "numpy"):
        old, new = (facts.get("packages", {}).get(name) for facts in (then, here))
        if old != new:
            yield f"{name} was {old or 'not there'} and is {new or 'not there'}"
    if then.get("cpu", {}).get("name") != here["cpu"]["name"]:
        yield f"the processor was {then.get('cpu', {}).get('name')} and is {here['cpu']['name']}"
    for what, old, new in (*changed_imports(then, here), *changed_variables(then, here)):
        yield f"{what} was {old} and is {new}"
    if then.get("gpus"):
        yield "a GPU adds in no fixed order"


def _averages_are_spent(planned_epochs: int, state: TrainingState) -> bool:
    """Whether Keras's SwapEMAWeights, in the last epoch planned, has given up one of its two sets.

    With `swap_on_epoch` the averages are in the model between epochs, and their other place
    holds the weights, until they are copied over them in the last.
    """
    swapped = [
        isinstance(values, Mapping) and values.get("_ema_weights_in_model")
        for name, values in state.callbacks
        if name == "SwapEMAWeights"
    ]
    return any(swapped) and not state.step and state.epoch >= planned_epochs


def _notes(config: Config, before: Mapping[str, Any], state: TrainingState | None) -> Iterator[str]:
    if state is None:
        yield "there is no checkpoint: it begins again at the first epoch"
    rate = _rate(config.to_dict())
    if isinstance(rate, Mapping) and config.training.epochs != before["training"]["epochs"]:
        ((name, arguments),) = rate.items()
        steps = arguments.get("decay_steps")
        own = f", whose decay_steps stay {steps:,}" if isinstance(steps, int) else ""
        yield f"more epochs do not stretch the schedule {name}{own}"
