"""How far a run or sweep has come that no process trains any more: what its folder still is for."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress

from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.errors import RunError
from dlrun.files import open_file
from dlrun.runs import run as layout
from dlrun.runs.find import typed_name
from dlrun.runs.history import MAX_BYTES as HISTORY_BYTES
from dlrun.runs.leftovers import ENDED
from dlrun.runs.links import is_link
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep, is_sweep_folder


def is_ended(one: Run | Sweep) -> bool:
    """Whether a folder is a run or sweep that this dlrun can read and no process trains."""
    return says_ended(one) and not _is_held(one)


def says_ended(one: Run | Sweep) -> bool:
    """As `is_ended`, by what the folder says alone: for who holds its lock himself."""
    try:
        is_known = one.info.get("format", layout.FORMAT) <= layout.FORMAT and one.status in ENDED
        if isinstance(one, Sweep):
            is_known = is_known and one.trials is not None  # they can be read
    except (RunError, TypeError):
        return False
    return is_known and not one.id.startswith(".") and not is_link(one.path)


def _is_held(one: Run | Sweep) -> bool:
    """Whether a process holds the lock of a run or sweep; asking makes no file."""
    from filelock import FileLock, Timeout

    path = one.path / layout.LOCK
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # no lock to be had here: the status must do
        return False


def command_to_go_on(run: Run) -> str | None:
    """Returns what to type for a run that did not finish; with a change where it diverged."""
    if run.status in ("running", "finished"):
        return None
    if run.status != "diverged":
        return command_after_stop(run)
    losses: list[float | None] = []
    with suppress(RunError):
        history = run.read_history()
        ends = [history.get(f"{part}loss") or [] for part in ("", TRAIN_EVAL, VALIDATION)]
        losses = [*ends[0][:1], *(values[-1] for values in ends if values)]
    return command_after_divergence(run, run.info.get("suggestion"), losses)


def command_after_stop(run: Run) -> str:
    """Returns what to type after a stop, which need not be written down yet; of a part, its whole.

    Args:
        run: With a checkpoint, or to begin again.
    """
    return f"dlrun resume {typed_name(run if run.whole is None else Run(run.whole))}"


_GROWN = 2.0
"""A loss that is so many times the first epoch's: noise and harder rows make less."""


def command_after_divergence(
    run: Run, suggestion: str | None, losses: Sequence[float | None]
) -> str | None:
    """Returns what to type after a divergence, which need not be written down yet.

    Where a loss had grown, the weights are no good to go on from, and it is to begin anew. A
    member changes with the whole; the trials of a sweep do not, and there is nothing to type.

    Args:
        run: It, or a part.
        suggestion: An override that may help.
        losses: Of the first epoch, and those of the last, however they were measured.
    """
    change = suggestion or "optimizer.learning_rate=…"
    known = [loss for loss in losses if loss is not None]
    if run.whole is not None:
        return None if is_sweep_folder(run.whole) else f"{command_after_stop(run)} {change}"
    if known and max(known) > _GROWN * known[0]:
        return f"dlrun train {shlex.quote(str(run.path / layout.CONFIG))} {change}"
    return f"{command_after_stop(run)} {change}"


def why_whole(run: Run) -> str | None:
    """Returns why a run goes as a whole; None where it has an epoch, or steps to go on from."""
    if run.status == "finished" or run.info.get("id") != run.id:
        return None
    if not all(map(says_ended, run.members)):
        return None  # one is trained by itself, or who knows
    is_of_use = _has_epoch(run) or _may_go_on(run)
    return None if is_of_use else f"{run.status} before its first epoch"


def _has_epoch(run: Run) -> bool:
    """Whether anything at all says that an epoch was finished, of the run or of a member."""
    if any(map(_has_epoch, run.members)):
        return True
    names = (layout.HISTORY_JSON, layout.METRICS, layout.MODEL)
    info = run.info if (run.path / layout.RUN).is_file() else {}
    if info.get("epochs_done") or any(os.path.lexists(run.path / name) for name in names):
        return True
    try:
        with open_file(run.path / layout.HISTORY_CSV) as stream:
            lines = stream.read(HISTORY_BYTES).splitlines()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # who knows
    return any(line.strip() for line in lines[1:])


def can_go_on(run: Run) -> bool:
    """Whether it, or a member, has a checkpoint with anything done that can be read."""
    return _has_progress(run, if_unreadable=False)


def _may_go_on(run: Run) -> bool:
    """As `can_go_on`; also with a checkpoint that cannot be read here and now, or by this dlrun."""
    return _has_progress(run, if_unreadable=True)


def _has_progress(run: Run, *, if_unreadable: bool) -> bool:
    if run.members:
        return any(_has_progress(one, if_unreadable=if_unreadable) for one in run.members)
    from dlrun.runs.checkpoints import read_last  # NumPy, which the table of runs does without

    try:
        state = read_last(run)
    except RunError:
        return if_unreadable
    return state is not None and (state.epoch > 0 or state.step > 0)
