"""What may go from the runs folder: leftovers, runs of no epoch, weights of worse runs and trials.

Never a history nor any other small file of a run that has one, never a run that is being
trained nor anything of a sweep that is, never what no dlrun wrote, and nothing that a link
points to.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlrun.columns import metric_of
from dlrun.config import Config
from dlrun.config.penalties import has_penalty
from dlrun.errors import ConfigError, RunError, StorageError
from dlrun.monitor import is_better
from dlrun.runs import run as layout
from dlrun.runs.cleanup_sweeps import is_due_in_sweep, removals_in_sweep
from dlrun.runs.create import amend_info, now
from dlrun.runs.endings import can_go_on, is_ended, says_ended, why_whole
from dlrun.runs.find import list_all, resolve_runs_dir
from dlrun.runs.folders import UNFINISHED
from dlrun.runs.leftovers import (
    Removal,
    leftovers_beside,
    leftovers_in,
    removal_of,
    weights_of,
    why_unfinished,
)
from dlrun.runs.links import LinkError, is_link
from dlrun.runs.lock import all_held
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep, is_sweep_folder


@dataclass(frozen=True)
class _Kind:
    """What finished runs must share to be compared.

    Their nets may differ: then one of them is the better one. Their validation rows may not,
    nor what a monitored loss measures.
    """

    name: str
    content_hash: str
    split_hash: str
    monitor: str
    mode: str
    loss: str

    def is_better(self, value: float, other: float) -> bool:
        """Returns whether a value of the monitored metric is strictly better than another."""
        return is_better(value, other, higher_is_better=self.mode == "max")


def plan_cleanup(runs_dir: Path | None = None) -> list[Removal]:
    """Returns what may go, as far as can be told now; nothing is changed.

    Raises:
        RunError: the folder cannot be listed.
    """
    folder = resolve_runs_dir(runs_dir)
    found = list(leftovers_beside(folder))
    staying = []
    for one in filter(is_ended, list_all(folder)):
        if isinstance(one, Sweep):
            found += removals_in_sweep(one)
            continue
        reason = why_whole(one)
        if reason is not None:
            found.append(removal_of(one.path, "run", reason, one))
        else:
            staying.append(one)
            found += leftovers_in(one)
    return [*found, *_superseded(staying), *_losers(staying)]


def resumable_runs(runs_dir: Path | None = None) -> list[Run | Sweep]:
    """Returns the runs and sweeps whose process died and that can go on, newest first.

    These are kept: of such a sweep only leftovers go.
    """
    ended = list(filter(is_ended, list_all(runs_dir)))
    runs = [one for one in ended if isinstance(one, Run)]
    return [
        one
        for one in ended
        if one.status == "dead"
        and (isinstance(one, Sweep) or (_twin(one, runs) is None and can_go_on(one)))
    ]


def remove(
    removals: Iterable[Removal],
) -> tuple[list[Removal], list[StorageError | LinkError]]:
    """Removes what `plan_cleanup` returned, except what has been taken up again by now.

    A run that loses its weights says so in `run.json`, as `weights_removed`, before it does. No
    other process can take up a run or sweep while something in it is removed.

    Returns:
        What was removed, and why some of the rest could not be.
    """
    removed: list[Removal] = []
    problems: list[StorageError | LinkError] = []
    for removal in removals:
        try:
            with all_held(_folders_to_hold(removal)) as let_go:
                if _is_still_due(removal):
                    _remove(removal, let_go)
                    removed.append(removal)
        except LinkError as error:
            problems.append(error)
        except (FileNotFoundError, RunError):
            continue  # someone else was faster: it is gone, or taken up again
        except OSError as error:
            problems.append(_cannot_be_removed(removal.path, error))
        except StorageError as error:
            problems.append(error)
    return removed, problems


def _superseded(runs: Sequence[Run]) -> Iterator[Removal]:
    """Checkpoints of dead runs that nobody needs: another run of the config got to the end."""
    for run in runs:
        twin = _twin(run, runs) if run.status == "dead" else None
        if twin is not None:
            yield from weights_of(run, f"dead, and {twin.id} finished this config", "checkpoints")


def _twin(run: Run, runs: Sequence[Run]) -> Run | None:
    """The newest finished run of the same config, its note aside."""
    name = run.info.get("name")
    for other in runs:
        if other.status == "finished" and other.info.get("name") == name:
            try:
                if replace(other.config, note="") == replace(run.config, note=""):
                    return other
            except (ConfigError, RunError):
                continue
    return None


def _losers(runs: Sequence[Run]) -> Iterator[Removal]:
    """Weights of finished runs than which another one, that has its model, is better."""
    groups: dict[_Kind, list[tuple[float, Run]]] = {}
    for run in reversed(runs):  # the oldest first: of equal runs, it keeps its weights
        compared = _kind_and_value(run)
        if compared is not None:
            groups.setdefault(compared[0], []).append((compared[1], run))
    for kind, group in groups.items():
        with_model = [one for one in group if (one[1].path / layout.MODEL).is_file()]
        if not with_model:
            continue
        best_value, best = with_model[0]
        for value, run in with_model:
            if kind.is_better(value, best_value):
                best_value, best = value, run
        for value, run in group:
            if run is not best and not kind.is_better(value, best_value):
                reason = f"{kind.monitor} {value:.4g}; {best.id} has {best_value:.4g}"
                yield from weights_of(run, reason, "model", "checkpoints")


def _kind_and_value(run: Run) -> tuple[_Kind, float] | None:
    """What a finished run is compared with, and by which value; None where it cannot be."""
    if run.status != "finished" or run.members:
        return None
    try:
        metrics = run.metrics
        monitor, mode = metrics["monitor"], metrics["monitor_mode"]
        value, content_hash = _kept_value(run, monitor), run.dataset["content_hash"]
        split_hash = (run.info.get("hashes") or {}).get("split")  # older runs do not say
        loss = _what_loss_measures(run.config) if metric_of(str(monitor)) == "loss" else ""
    except (ConfigError, RunError, LookupError, TypeError):
        return None
    if not (mode in ("min", "max") and isinstance(content_hash, str) and split_hash):
        return None
    if value is None or math.isnan(value):
        return None
    name = str(run.info.get("name"))
    return _Kind(name, content_hash, split_hash, str(monitor), mode, loss), value


def _kept_value(run: Run, monitor: str) -> float | None:
    """What the kept weights reach, which with `keep: last` are not those of the best epoch."""
    if run.config.optimizer.arguments.get("use_ema"):
        return None  # of their average the history says nothing
    epoch = run.metrics["kept_epoch"]
    if epoch == run.metrics["best_epoch"]:
        best: float | None = run.metrics["best"][monitor]
        return best
    return None if epoch is None else run.read_history()[monitor][epoch - 1]


def _what_loss_measures(config: Config) -> str:
    """The loss, the classes' weights, and the net where something in it adds to the loss."""
    values = config.to_dict()
    net = values["model"] if has_penalty(config) else None
    return json.dumps([values["loss"], values["training"]["class_weight"], net], default=str)


def _folders_to_hold(removal: Removal) -> Iterator[Path]:
    """The runs and sweeps that it lies in; a run that goes whole, and all of its members."""
    if removal.kind == "run":
        run = Run(removal.path)
        yield from (part.path for part in (run, *run.members) if _is_run_folder(part.path))
    for folder in removal.path.parents:
        if _is_run_folder(folder):
            yield folder
        elif not (folder.name in layout.FOLDERS or folder.name.isdecimal()):
            return


def _is_run_folder(path: Path) -> bool:
    return (path / layout.RUN).is_file() or is_sweep_folder(path)


def _is_still_due(removal: Removal) -> bool:
    """Whether no process has taken up, since the plan, what is to go."""
    if not is_due_in_sweep(removal):
        return False
    if removal.kind == "unfinished folder":
        return why_unfinished(Run(removal.path)) is not None
    if removal.run_dir is None or is_sweep_folder(removal.run_dir):
        return True
    run = Run(removal.run_dir)  # read anew
    return says_ended(run) and (removal.kind != "run" or why_whole(run) is not None)


def _remove(removal: Removal, let_go: Callable[[], None]) -> None:
    path = removal.path
    if removal.kind == "run":
        if os.name == "nt":  # where no folder is renamed while a file in it is open
            let_go()
        path = path.with_name(UNFINISHED + path.name)
        os.rename(removal.path, path)  # at once: cut off halfway, it would look like a run
    elif removal.kind in ("model", "checkpoints") and removal.run_dir is not None:
        _note_removed(Run(removal.run_dir), removal)
    if is_link(path) or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


def _note_removed(run: Run, removal: Removal) -> None:
    before = run.info.get("weights_removed")
    files = list(before["files"]) if isinstance(before, dict) else []
    files = list(dict.fromkeys([*files, removal.path.name]))
    note = {"time": now(), "files": files, "reason": removal.reason}
    amend_info(run, weights_removed=note)


def _cannot_be_removed(path: Path, error: OSError) -> StorageError:
    reason = (error.strerror or str(error)).lower()
    return StorageError(f"{path}: cannot be removed, {reason}; remove it by hand")
