"""Repeating a recorded run from what its folder keeps, and saying whether it came out alike.

One run is repeated in this process, several each in a process of its own, since TensorFlow takes
its thread count once a process. The new runs stay, as evidence.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from dlrun.catalog import WRITERS
from dlrun.causes import words_on_callbacks
from dlrun.config import Config, load_config
from dlrun.errors import DivergedError, DlrunError, RunError
from dlrun.events import Message, Report, ignore
from dlrun.likeness import Reproduction, compare_data, compare_runs, finished_epochs
from dlrun.members.aggregation import are_results_true
from dlrun.members.resumption import pruned_trial
from dlrun.prepare import prepare_data
from dlrun.processes import module_command, module_environment
from dlrun.runs import Run, find_run, list_runs, resolve_runs_dir
from dlrun.runs.run import CONFIG, METRICS

DIFFERENT = 4
"""Exit code of the command where a run came out different."""

_PATIENCE_SECONDS = 20.0

_END_NOTHING = WRITERS | {"LearningRateScheduler", "ReduceLROnPlateau", "SwapEMAWeights"}
"""Callbacks that end no training before its last epoch; a trial with these alone was pruned."""


def reproduce(
    recorded: Run,
    *,
    report: Report = ignore,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
) -> Reproduction:
    """Trains a recorded run's config anew, in a new run folder, and compares the two.

    Callbacks that only write or send are left out, so that a run from someone else does neither.

    Args:
        recorded: Without members; it is only read.
        report: Told whatever is worth knowing.
        runs_dir: Where the new run's folder is made; None: the usual one.
        command: What was typed, for the new run's record.

    Raises:
        DlrunError: as `dlrun.reproduce`.
        dlrun.stopping.Stopped: Ctrl-C or SIGTERM; a KeyboardInterrupt.
    """
    config = config_to_repeat(recorded)
    _refuse_unreadable(recorded)  # a training takes long
    config, said = _without_writers(config, recorded)
    for message in said:
        report(message)
    data = prepare_data(config, report, said=said)
    changed = compare_data(recorded, data.dataset)
    if changed is not None:
        return changed
    if given := words_on_callbacks(recorded):
        report(Message(f"{recorded.id}: {given}", level="warning"))
    report(Message("loading TensorFlow …"))
    from dlrun.experiment import run_experiment

    try:
        repeated = run_experiment(
            data,
            report=report,
            runs_dir=runs_dir,
            command=command,
            reproduces=recorded.id,
            member_of=recorded.info.get("member_of"),  # then its test rows stay unseen here, too
        )
    except DivergedError:  # the recorded run's epochs did not
        repeated = _newest_repetition(recorded, runs_dir)
    return compare_runs(recorded, repeated)


def config_to_repeat(recorded: Run) -> Config:
    """Returns the recorded config, with as many epochs as the run had that nothing in it ended.

    Raises:
        RunError: it has none that can be read, runs still, or has finished no epoch.
    """
    _ = recorded.info  # says why nothing there can be read
    if not os.path.isfile(recorded.path / CONFIG):
        raise RunError(
            f"{recorded.path}: has no {CONFIG}, so that it cannot be repeated; "
            "take the run folder whole"
        )
    epochs = finished_epochs(recorded)
    config = load_config(recorded.path / CONFIG).config
    may_end = any(one.name not in _END_NOTHING for one in config.training.callbacks)
    is_cut = recorded.status != "finished" or not may_end or _is_pruned(recorded)
    if is_cut and epochs < config.training.epochs:
        config = load_config(recorded.path / CONFIG, [f"training.epochs={epochs}"]).config
    return replace(config, note=f"reproduces {recorded.id}")


def _is_pruned(recorded: Run) -> bool:
    with suppress(RunError):  # its sweep is damaged, and its own folder need not be
        return pruned_trial(recorded) is not None
    return False


def _refuse_unreadable(recorded: Run) -> None:
    """Reads what the two runs will be compared by."""
    _ = recorded.environment, recorded.read_history()
    if recorded.status == "finished":
        _ = recorded.metrics


def _without_writers(config: Config, recorded: Run) -> tuple[Config, list[Message]]:
    """Leaves out what only writes or sends: a config from someone else says where to."""
    training = config.training
    left_out = [one.name for one in training.callbacks if one.name in WRITERS]
    if not left_out:
        return config, []
    kept = tuple(one for one in training.callbacks if one.name not in WRITERS)
    training = replace(training, callbacks=kept)
    if training.engine == "auto" and recorded.info.get("engine") == "stepwise":
        training = replace(training, engine="stepwise")  # the callback may have been why
    names = ", ".join(dict.fromkeys(left_out))
    text = f"left out: {names}; what only writes or sends changes no number"
    return replace(config, training=training), [Message(text)]


def _newest_repetition(recorded: Run, runs_dir: Path | None) -> Run:
    """The run that was just made, whose training raised instead of returning it."""
    for run in list_runs(runs_dir):
        with suppress(RunError):  # another one's folder may be damaged
            if run.info.get("reproduces") == recorded.id:
                return run
    raise RunError(f"no run that reproduces {recorded.id} in {resolve_runs_dir(runs_dir)}")


def reproduce_each(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Repeats runs one after another, each in a process of its own.

    Args:
        names: Of runs, as `dlrun.reproduce` takes them; all are looked up before the first begins.

    Yields:
        `Reproduction.to_dict()` of each, in order. Of a run that could not be repeated all of it
        is None but `run`, `path`, `error` (in words) and `exit_code`.
    """
    found = [_find(name) for name in names]
    for name, run in zip(names, found, strict=True):
        if isinstance(run, DlrunError):
            yield _failed_row(name, None, str(run), run.exit_code)
        elif run.members:
            error = f"{run.path / METRICS}: was changed; it is not what its members come to"
            yield _failed_row(run.id, run.path, error, 1) | {"verdict": "different"}
        else:
            yield _reproduce_in_a_process(run)


def name_each(names: Sequence[str]) -> list[str]:
    """Returns the runs to repeat: in the place of one with repeats or folds, each of those.

    Of one that says it is finished also those that are not there, and itself where what it says of
    them all is not what they come to; `reproduce_each` then tells.
    """
    each = []
    for name in names:
        run = _find(name)
        whole = [] if isinstance(run, DlrunError) else _parts_of(run, name)
        each += whole or [name]
    return each


def _parts_of(run: Run, name: str) -> list[str]:
    whole = [str(one.path) for one in run.members]
    with suppress(RunError):  # what it says of itself is damaged: its members are not
        if run.status == "finished":
            listed = [str(run.path / part) for part in run.info.get("members") or ()]
            whole += [path for path in listed if path not in whole]
            whole += [name] if whole and not are_results_true(run) else []
    return whole


def _find(name: str) -> Run | DlrunError:
    try:
        return find_run(name)
    except DlrunError as error:
        return error


def _reproduce_in_a_process(run: Run) -> dict[str, Any]:
    with subprocess.Popen(
        [*module_command("dlrun"), "reproduce", str(run.path), "--json", "--quiet"],
        env=module_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt as stop:
            _let_it_end(process, getattr(stop, "signum", signal.SIGINT))
            raise
    if process.returncode in (0, DIFFERENT):
        try:
            row = dict(json.loads(output))
        except ValueError:
            errors = f"its process said what is no JSON: {output.strip()[:200]!r}"
        else:
            return row
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return _failed_row(run.id, run.path, f"its process was ended by {name}", 1)
    words = errors.strip().removeprefix("dlrun: error: ") or "its process gave no reason"
    return _failed_row(run.id, run.path, words, 2 if process.returncode == 2 else 1)


def _let_it_end(process: subprocess.Popen[str], signum: int) -> None:
    """Waits for a process to keep what it has; the terminal told it of Ctrl-C, not of SIGTERM."""
    if signum != signal.SIGINT:
        process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _failed_row(name: str, path: Path | None, error: str, exit_code: int) -> dict[str, Any]:
    row: dict[str, Any] = {field.name: None for field in fields(Reproduction)}
    row |= {"run": name, "path": None if path is None else str(path), "remarks": []}
    return row | {"error": error, "exit_code": exit_code}


def exit_code_of(rows: Sequence[Mapping[str, Any]]) -> int:
    """Returns the exit code that `reproduce_each`'s rows come to.

    4 where a run came out different, else 1 where one failed, else 2 where one could not be read.
    """
    if any(row["verdict"] == "different" for row in rows):
        return DIFFERENT
    failed = {int(row["exit_code"]) for row in rows if row["error"] is not None}
    return min(failed, default=0)
