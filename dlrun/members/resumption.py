"""How a run with members goes on: which of them, each from where it stands, or why it cannot.

All of it is found out before anything is written: a change that only some can take is refused.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dlrun.config import Config, Loaded, Overrides, overridden_key, override_texts
from dlrun.errors import DivergedError, DlrunError, RunError
from dlrun.files import parse_yaml_value
from dlrun.members.aggregation import is_finished
from dlrun.members.plan import Member, plan_members
from dlrun.processes import this_process
from dlrun.resumption import (
    changed_keys,
    load_changed,
    plan_resume,
    public_key,
    refuse_other_runs,
    running_error,
    trained_config,
)
from dlrun.runs import Run
from dlrun.runs.checkpoints import TrainingState, plain_config, read_last
from dlrun.runs.create import now
from dlrun.runs.find import typed_name
from dlrun.runs.run import CONFIG, RUN
from dlrun.runs.sweep import Sweep, Trial, is_sweep_folder

_EPOCHS = "training.epochs"


@dataclass(frozen=True)
class GoingOn:
    """A member that is to be trained.

    Attributes:
        name: As of `Member`.
        overrides: What turns its own recorded config into the planned one.
        remarks: As of `ResumePlan`.
        num_resumed: How often it was resumed before.
    """

    name: str
    overrides: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    num_resumed: int = 0


@dataclass(frozen=True)
class MembersResumePlan:
    """How a run with members goes on.

    Attributes:
        loaded: The config that it goes on with.
        overrides: What was changed, as typed.
        going_on: The members to train.
        done: Names of the others, which are what the config says already.
        status: Of the run as it was found.
    """

    loaded: Loaded
    overrides: tuple[str, ...]
    going_on: tuple[GoingOn, ...]
    done: tuple[str, ...]
    status: str

    def record(self, run: Run) -> dict[str, Any]:
        """Returns what `run.json` says from now on: who runs it, and that it was resumed."""
        remarks = _unique(remark for one in self.going_on for remark in one.remarks)
        entry = {"time": now(), "run": run.id, "from": self.status, "epoch": None, "step": None,
                 "overrides": list(self.overrides), **remarks}  # fmt: skip
        resumed = [*(run.info.get("resumed") or []), entry]
        return {"note": self.loaded.config.note, "resumed": resumed, **this_process()}

    def with_remarks(self, run: Run, resumed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the `resumed` of `record` with what members found out once they were built."""
        told = (remark for one in self.going_on for remark in _told_by(run, one))
        return [*resumed[:-1], resumed[-1] | _unique(told)]


def _unique(remarks: Iterable[str]) -> dict[str, Any]:
    told = list(dict.fromkeys(remarks))
    return {"exact": not told, "remarks": told}


def plan_members_resume(
    run: Run, overrides: Overrides = (), more_epochs: int | None = None
) -> MembersResumePlan:
    """Finds out how a run with members goes on.

    A member is done if it has finished with the config that is planned for it, or if a callback
    ended it and only the epochs differ: it would end there again.

    Args:
        run: Not one that runs.
        overrides: Changes as `plan_resume` takes them, and a larger `repeat`.
        more_epochs: Added to the epochs that were planned.

    Raises:
        RunError: it runs, there is nothing to do, a member cannot go on so, or the changes would
            make another run.
        ConfigError: the changed config cannot work.
    """
    loaded, texts = load_changed(run, overrides, more_epochs)
    changed = list(changed_keys(run.config.to_dict(), loaded.config.to_dict()))
    _refuse_other_members(run, loaded.config, changed)
    if run.status == "running":
        raise running_error(run)
    going_on, done = _plan_each(run, loaded.config)
    if not going_on:
        _refuse_nothing_to_do(run, {public_key(key) for key in changed} - {"note"})
    own = tuple(text for text in texts if overridden_key(text) != "repeat")
    return MembersResumePlan(loaded, own, tuple(going_on), tuple(done), run.status)


def refuse_change_of_part(
    run: Run, overrides: Overrides, more_epochs: int | None, into: str | None = None
) -> None:
    """Refuses to change a repeat, fold or trial alone: those beside it would be what they were.

    In a folder of its own it may change, and go on; but not one that was ended as it was pruned,
    which has no epochs to go on with that its config knows of.

    Raises:
        RunError: it is one, and something is to change; or it is a trial that was pruned.
    """
    path, texts = run.whole, override_texts(overrides)
    if path is None:
        return
    may_be_over = into is None or _was_stopped(run)
    pruned = pruned_trial(run) if may_be_over else None
    if pruned is not None:
        words = [str(run.path / CONFIG), f"{_EPOCHS}={pruned.config['training']['epochs']}"]
        raise RunError(
            f"{run.path}: it was pruned, since {path.name} has better trials; to train it to the "
            f"end, in a run of its own: dlrun train {shlex.join(words)}"
        )
    if into is not None or not (texts or more_epochs is not None):
        return
    if is_sweep_folder(path):
        raise RunError(
            f"{run.path}: it is a trial of {path.name}, whose plan is frozen; change it in a "
            "folder of its own, by --into NAME"
        )
    whole = Run(path)
    more = [] if more_epochs is None else ["--more-epochs", str(more_epochs)]
    raise RunError(
        f"{run.path}: it is one of the members of {whole.id}, which share a config; "
        f"change all: {_command(whole, [*more, *texts])}, or this one in a folder of its own, "
        "by --into NAME"
    )


def pruned_trial(part: Run) -> Trial | None:
    """Returns the trial of a sweep that a run is, or is a member of, if it was pruned."""
    path = part.whole
    if path is None or not is_sweep_folder(path):
        return None
    number = part.path.relative_to(path).parts[1]
    trials = (trial for trial in Sweep(path).trials if str(trial.number) == number)
    return next((trial for trial in trials if trial.state == "pruned"), None)


def _was_stopped(part: Run) -> bool:
    """Whether a callback ended it, or its first member, by which a trial is pruned."""
    first = part.members[0] if part.members else part
    with suppress(RunError):
        state = read_last(first)
        return state is not None and state.stopped
    return False


def _refuse_other_members(run: Run, config: Config, changed: Sequence[str]) -> None:
    own = [key for key in changed if key != "repeat"]
    refuse_other_runs(run, run.config.to_dict(), config, own)
    before = run.config.repeat
    if config.repeat < before or (before == 1 and "repeat" in changed):
        why = (
            f"repeat was {before} and can only become larger"
            if before > 1
            else "its folds were trained once and cannot become repeats"
        )
        raise RunError(f"{run.path}: {why}, received {config.repeat}; train anew for the rest")


def _plan_each(run: Run, config: Config) -> tuple[list[GoingOn], list[str]]:
    """The members that go on, and the names of those that are done."""
    going_on: list[GoingOn] = []
    done: list[str] = []
    refused: list[str] = []
    members = plan_members(config)
    for member in members:
        try:
            one = _plan_member(run, member)
        except RunError as error:
            refused.append(str(error))
            continue
        if one is None:
            done.append(member.name)
        else:
            going_on.append(one)
    if refused:
        number = f"{len(refused)} of {len(members)} members"
        raise RunError(f"{run.path}: {number} cannot go on so, nothing was changed; {refused[0]}")
    return going_on, done


def _plan_member(run: Run, member: Member) -> GoingOn | None:
    """How a member goes on; None where it is done."""
    found = Run(run.path / member.name)
    if not os.path.lexists(found.path / RUN):
        return GoingOn(member.name)
    state = None
    with suppress(RunError):  # of a member that is done, nobody asks for it
        state = read_last(found)
    before = trained_config(found, state)
    keys = list(changed_keys(before, plain_config(member.config)))
    refuse_other_runs(found, before, member.config, keys)
    names = list(dict.fromkeys(map(public_key, keys)))
    if is_finished(found):
        decisive = {*names} - {"note"}
        if not decisive or (decisive == {_EPOCHS} and _was_ended_before(state, member.config)):
            return None
        if decisive != {_EPOCHS}:
            _refuse_without_epochs_left(run, found, member.config, sorted(decisive - {_EPOCHS}))
    texts = _overrides(names, member.config)
    try:
        plan = plan_resume(found, texts)
    except DivergedError:  # it will say so itself, and the others go on
        return GoingOn(member.name, texts)
    return GoingOn(member.name, texts, plan.remarks, len(found.info.get("resumed") or []))


def _was_ended_before(state: TrainingState | None, config: Config) -> bool:
    """Whether a callback ended a member, within the epochs that are planned for it."""
    return state is not None and state.stopped and state.epoch <= config.training.epochs


def _refuse_without_epochs_left(
    run: Run, member: Run, config: Config, names: Sequence[str]
) -> None:
    """Refuses settings that come too late: for a member that has done all of its epochs."""
    epochs = member.metrics["epochs"]
    if epochs != config.training.epochs:
        return
    keys = ", ".join(names)
    longer = _command(run, ["--more-epochs", str(epochs), *_overrides(names, config)])
    others = ""
    if run.status != "finished":
        as_before = _command(run, _overrides(names, member.config))
        others = f"; or train the others as this one was: {as_before}"
    raise RunError(
        f"{member.path}: has finished its {epochs} epochs already, without the new {keys}; "
        f"train all members longer with it: {longer}{others}"
    )


def _refuse_nothing_to_do(run: Run, changed: set[str]) -> None:
    """Refuses where all members are done, unless they only have to be added up."""
    number = len(run.members)
    if _EPOCHS in changed:
        raise RunError(
            f"{run.path}: callbacks ended all {number} members, and would end longer ones there, "
            "too; to go on, change the callback, such as training.callbacks.0.patience=20"
        )
    if run.status == "finished":
        repeat = run.config.repeat
        more = f"repeat={2 * repeat}" if repeat > 1 else "--more-epochs 10"
        raise RunError(
            f"{run.path}: finished, all {number} members; "
            f"to go on: dlrun resume {typed_name(run)} {more}"
        )


def _overrides(names: Sequence[str], config: Config) -> tuple[str, ...]:
    """What gives another config the values that this one has of keys that may change."""
    normal = config.to_dict()
    (arguments,) = normal["optimizer"].values()
    sections = {"": normal, "training": normal["training"], "optimizer": arguments}
    texts = []
    for key in names:
        section, _, name = key.rpartition(".")
        values = sections[section]
        texts.append(f"{key}={_typed(values[name])}" if name in values else f"~{key}")
    return tuple(texts)


def _typed(value: Any) -> str:
    """A value as an override has it: YAML on one line, a plain word as it is."""
    if isinstance(value, str) and value.isidentifier() and parse_yaml_value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _command(run: Run, words: Sequence[str]) -> str:
    return f"dlrun resume {typed_name(run)} {shlex.join(words)}"


def _told_by(run: Run, one: GoingOn) -> Iterator[str]:
    """Why a member does not go on exactly, as it says itself if it came to that."""
    yield from one.remarks
    with suppress(DlrunError):
        entries = Run(run.path / one.name).info.get("resumed") or []
        if len(entries) > one.num_resumed:
            yield from entries[-1].get("remarks") or []
