"""From where a run goes on, or why it cannot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlrun.config import Loaded, Overrides
from dlrun.errors import DivergedError, RunError
from dlrun.processes import this_process
from dlrun.resumption.changes import (
    changed_keys,
    load_changed,
    new_rate,
    public_key,
    refuse_other_runs,
    trained_config,
)
from dlrun.resumption.exactness import change_remarks, machine_remarks, notes_on
from dlrun.runs.checkpoints import (
    BestState,
    TrainingState,
    plain_config,
    read_best,
    read_last,
)
from dlrun.runs.create import now
from dlrun.runs.endings import command_to_go_on
from dlrun.runs.find import typed_name
from dlrun.runs.run import CONFIG, Run


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
        overrides: Changes to its config, of `EXACT_KEYS` and `OTHER_KEYS` in `changes`.
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
    epochs = loaded.config.training.epochs
    _refuse_what_is_over(run, epochs, state, changed)
    here = list(machine_remarks(run, state)) if state is not None else []
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
        learning_rate=new_rate(loaded.config, changed),
        remarks=(*change_remarks(before, state, changed, epochs), *here, *lost),
        notes=(*notes_on(loaded.config, before, state), *_done_again(run, state)),
    )


def _best_of(run: Run, state: TrainingState | None) -> tuple[BestState | None, list[str]]:
    """The best weights so far, and what is to be said where they are lost."""
    if state is None:
        return None, []
    try:
        return read_best(run, state.best_epoch), []
    except RunError:
        lost = f"the weights of epoch {state.best_epoch}, the best one, cannot be read"
        return None, [f"{lost}; the best of the epochs from here on will be kept"]


def _done_again(run: Run, state: TrainingState | None) -> list[str]:
    """What is said of epochs that came after the checkpoint."""
    if state is None:
        return []
    try:
        last = len(run.read_history().get("epoch") or [])
    except RunError:
        return []
    if last <= state.epoch:
        return []
    lost = f"epoch {last}" if last == state.epoch + 1 else f"epochs {state.epoch + 1} to {last}"
    return [f"{lost} came after the last checkpoint: computed again"]


def _would_diverge_again(run: Run) -> DivergedError:
    command = command_to_go_on(run)
    change = f"; with a change: {command}" if command is not None else ""
    what = str(run.info.get("error") or "it diverged").partition(";")[0]  # its causes follow
    return DivergedError(f"{run.path}: {what}, and would again{change}")


def running_error(run: Run) -> RunError:
    """Returns what is wrong with going on with a run that runs."""
    who = f"process {run.info.get('pid')} on {run.info.get('host')}"
    return RunError(f"{run.path}: it is running, {who}; wait for it, or stop it by Ctrl-C")


def _would_end_there_again(run: Run, epochs: int, last: int) -> RunError:
    """What is wrong with going on with a run that a callback ended, and what to do instead."""
    who = "a callback"
    change = "to go on, change the callback, such as training.callbacks.0.patience=20"
    if not run.config.training.callbacks:
        names = ", ".join(run.info.get("callbacks_from_python") or [])
        given = f"a callback given in Python ({names})"
        who = given if names else "a callback that its config does not name"
        path = shlex.quote(str(run.path / CONFIG))
        change = (
            "that is in no config, so that none can change it; to train longer, begin anew "
            f"without it: dlrun train {path} training.epochs={epochs}"
        )
    return RunError(
        f"{run.path}: {run.status}; {who} ended it after epoch {last}, and would end a longer run "
        f"there, too; {change}"
    )


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
        raise _would_end_there_again(run, epochs, state.epoch)
    if status == "finished" and epochs <= state.epoch:
        done = f"{run.path}: finished after {state.epoch} epochs"
        if run.whole is not None:
            raise RunError(f"{done}, as a part of {run.whole.name}; there is nothing to go on with")
        raise RunError(
            f"{done}; to go on: dlrun resume {typed_name(run)} --more-epochs {max(1, state.epoch)}"
        )
