"""Every kind of model of a plan, built once before the first trial is trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dlrun.config import Loaded
from dlrun.errors import ModelError
from dlrun.events import Message, Report, ignore
from dlrun.executors import Crew, Outcome, Task
from dlrun.members import plan_members
from dlrun.results import HIGHER_IS_BETTER
from dlrun.runs.sweep import Trial
from dlrun.stopping import Stopped, Wish
from dlrun.sweeping.settling import Planned, build_key


def check_builds(
    crew: Crew, planned: Sequence[Planned], room: int, report: Report, request: Wish
) -> tuple[list[Planned], set[str]]:
    """Has Keras build each kind of model; trials whose it refuses are failed before they begin.

    Args:
        crew: Builds them.
        planned: All trials.
        room: How many at a time.
        report: Told what was refused.
        request: Whether someone asked to stop.

    Returns:
        The trials, and the directions of what they monitor, "maximize" or "minimize": one, or
        none where no process lived to tell.

    Raises:
        ModelError: it refuses all of them.
        Stopped: someone asked for it.
    """
    kinds: dict[str, list[Planned]] = {}
    for one in planned:
        if one.trial.state != "duplicate":
            key = json.dumps(build_key(one.config), sort_keys=True, default=repr)
            kinds.setdefault(key, []).append(one)
    tasks = {f"build/{i}": group for i, group in enumerate(kinds.values())}
    refused: dict[int, str] = {}
    directions: set[str] = set()
    outcomes = crew.run(
        [try_out_task(name, group[0]) for name, group in tasks.items()], room, ignore, request
    )  # what is said of data was said when they were loaded
    for outcome in outcomes:
        if outcome.status == "finished":
            grows = outcome.measured.get(HIGHER_IS_BETTER)
            directions.add("maximize" if grows else "minimize")
        elif outcome.status != "interrupted" and not outcome.is_killed:
            refused |= {one.trial.number: _reason(outcome) for one in tasks[outcome.task]}
    if request.signum is not None:
        raise Stopped(request.signum)
    if refused and len(refused) == sum(map(len, kinds.values())):
        raise ModelError(refused[min(refused)])
    for reason in dict.fromkeys(refused.values()):
        numbers = [str(number) for number, one in refused.items() if one == reason]
        text = f"trial {', '.join(numbers)} cannot be built and will not be trained: {reason}"
        report(Message(text, level="warning"))
    return [_failed(one, refused) for one in planned], directions


def try_out_task(name: str, planned: Planned, *, measures: bool = False) -> Task:
    """Returns what has a trial's model built, and some steps of it measured."""
    config = planned.config
    if config.has_members:
        config = plan_members(config)[0].config
    threads = config.training.threads
    return Task(
        name,
        Path(name),
        Loaded(config),
        action="measure" if measures else "build",
        weight=int(threads) if measures and threads != "auto" else 1,
    )


def _reason(outcome: Outcome) -> str:
    return " ".join(outcome.error.split())


def _failed(one: Planned, refused: dict[int, str]) -> Planned:
    reason = refused.get(one.trial.number)
    if reason is None:
        return one
    trial: Trial = replace(one.trial, state="failed", reason=reason)
    return replace(one, trial=trial)
