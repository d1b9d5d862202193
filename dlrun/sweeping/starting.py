"""How a sweep starts: whether there is one of its plan, its trials, what its folder says of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlrun.data.store import DataStore
from dlrun.errors import ConfigError, RunError
from dlrun.events import Message, Report
from dlrun.runs import Sweep, list_sweeps
from dlrun.runs.ids import is_id, name_in
from dlrun.sweeping.checking import check_assignments
from dlrun.sweeping.definition import SweepDefinition, known_direction, objective_metric, plan_key
from dlrun.sweeping.planning import count_planned, plan_assignments
from dlrun.sweeping.settling import Planned, settle_trials
from dlrun.sweeping.trial_config import make_trial_config


def same_plan(definition: SweepDefinition, runs_dir: Path | None, report: Report) -> Sweep | None:
    """Returns the newest sweep of this plan; of one with its name and another plan, says so."""
    key, name = plan_key(definition), definition.config.name
    others = []
    for sweep in list_sweeps(runs_dir):
        if is_id(sweep.id) and name_in(sweep.id) != name:
            continue  # without reading it
        with suppress(RunError):  # a damaged one is no reason not to begin
            if sweep.info["name"] != name:
                continue
            if sweep.info.get("plan_key") == key:
                return sweep
            others.append(sweep)
    if others:
        report(Message(f"another plan than that of {others[0].id}: a new sweep begins"))
    return None


def plan_trials(definition: SweepDefinition, store: DataStore, report: Report) -> list[Planned]:
    """Returns the trials, checked with their data; of a search that learns, the base alone.

    Raises:
        DlrunError: a config cannot work, or not with its data.
    """
    if definition.config.strategy == "tpe":
        return settle_trials([({}, make_trial_config(definition, {}))], store, _once(report))
    assignments = plan_assignments(definition)
    checked = check_assignments(definition, assignments)
    for source, problems in (
        (definition.base.config.source, definition.base.warnings),
        (definition.source, checked.warnings),
    ):
        for problem in problems:
            report(Message(f"{source}: {problem}", level="warning"))
    configs = list(zip(assignments, checked.trials, strict=True))
    return settle_trials(configs, store, _once(report))


def settle_objective(
    definition: SweepDefinition, planned: Sequence[Planned], found: Collection[str]
) -> dict[str, str]:
    """Returns the objective's metric, and whether it is to "maximize" or to "minimize".

    Args:
        definition: Of the sweep.
        planned: Its trials; what the first monitors is the metric that is left to the data.
        found: What the trials' models say of the direction.

    Raises:
        ConfigError: the file wants it the other way than Keras takes the metric, the models
            disagree, or nothing tells.
    """
    asked, metric = definition.config.objective.direction, objective_metric(definition)
    if metric == "auto":
        metric = planned[0].config.training.monitor
    known = known_direction(definition.base.config, metric)
    if len(found) > 1:
        message = f"more of {metric} is better in some trials and less in others; name another"
        raise _refused(definition, "objective.metric", message)
    direction = next(iter(found), known or asked)
    if direction == "auto":
        message = f"no model was built to tell whether more of {metric} is better; "
        message += "write maximize or minimize"
        raise _refused(definition, "objective.direction", message)
    if asked not in ("auto", direction):
        message = f"must be {direction}, as {metric} is, received {asked!r}; or leave it out"
        raise _refused(definition, "objective.direction", message)
    return {"metric": metric, "direction": direction}


def _refused(definition: SweepDefinition, key: str, message: str) -> ConfigError:
    return ConfigError(definition.source, [definition.config.problem(key, message)])


def _once(report: Report) -> Report:
    """Passes each message on once: what is said of data is the same for every trial."""
    told: set[str] = set()

    def listen(event: Any) -> None:
        if isinstance(event, Message):
            if event.text in told:
                return
            told.add(event.text)
        report(event)

    return listen


def sweep_facts(
    definition: SweepDefinition,
    planned: Sequence[Planned],
    objective: Mapping[str, str],
    room: int,
    command: Sequence[str],
) -> dict[str, Any]:
    """Returns what `sweep.json` says beside its trials.

    Args:
        definition: What is searched.
        planned: The trials; none where each is chosen by the ones before.
        objective: As settled.
        room: How much may run at a time.
        command: What was typed.
    """
    config = definition.config
    return {
        "name": config.name,
        "note": config.note,
        "source": definition.source,
        "command": list(command),
        "plan_key": plan_key(definition),
        "strategy": config.strategy,
        "objective": dict(objective),
        "pruning": config.pruning,
        "repeat": definition.base.config.repeat if config.repeat is None else config.repeat,
        "dataset": definition.base.config.dataset.name,
        "planned": len(planned) or count_planned(definition),
        "workers": room,
        "parameters": [
            {
                "key": one.key,
                "is_log": bool(getattr(one.domain, "log", False)),
                "is_constant": one.domain.size == 1,
            }
            for one in definition.parameters
        ],
    }
