"""How a run with members goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlrun.config import Loaded, Overrides
from dlrun.errors import RunError
from dlrun.processes import this_process
from dlrun.resumption import (
    changed_keys,
    load_changed,
    public_key,
    refuse_other_runs,
    running_error,
)
from dlrun.runs import Run
from dlrun.runs.create import now


@dataclass(frozen=True)
class MembersResumePlan:
    """How a run with members goes on.

    Attributes:
        loaded: The config that it goes on with.
        overrides: What each member goes on with, as typed.
        goes_on: Whether members that have finished go on, too.
        status: Of the run as it was found.
    """

    loaded: Loaded
    overrides: tuple[str, ...]
    goes_on: bool
    status: str

    def record(self, run: Run) -> dict[str, Any]:
        """Returns what `run.json` says from now on: who runs it, and that it was resumed."""
        entry = {"time": now(), "run": run.id, "from": self.status, "epoch": None, "step": None,
                 "overrides": list(self.overrides), "exact": True, "remarks": []}  # fmt: skip
        resumed = [*(run.info.get("resumed") or []), entry]
        return {"note": self.loaded.config.note, "resumed": resumed, **this_process()}


def plan_members_resume(
    run: Run, overrides: Overrides = (), more_epochs: int | None = None
) -> MembersResumePlan:
    """Finds out how a run with members goes on.

    Args:
        run: Not one that runs.
        overrides: Changes as `plan_resume` takes them, and a larger `repeat`.
        more_epochs: Added to the epochs that were planned.

    Raises:
        RunError: it runs, there is nothing to do, or the changes would make another run.
        ConfigError: the changed config cannot work.
    """
    before = run.config
    loaded, texts = load_changed(run, overrides, more_epochs)
    changed = list(changed_keys(before.to_dict(), loaded.config.to_dict()))
    of_members = [key for key in changed if key != "repeat"]
    refuse_other_runs(run, before.to_dict(), loaded.config, of_members)
    if loaded.config.repeat < before.repeat or (before.repeat == 1 and "repeat" in changed):
        raise RunError(
            f"{run.path}: repeat can only grow, from {before.repeat} if that is more than 1, "
            f"received {loaded.config.repeat}; train a new run for the rest"
        )
    if run.status == "running":
        raise running_error(run)
    goes_on = bool({public_key(key) for key in changed} - {"repeat", "note"})
    if run.status == "finished" and not goes_on and "repeat" not in changed:
        more = f"repeat={2 * before.repeat}" if before.repeat > 1 else "--more-epochs 10"
        raise RunError(
            f"{run.path}: finished, all {len(run.members)} members; to go on: "
            f"dlrun resume {run.id} {more}"
        )
    own = tuple(text for text in texts if text.split("=")[0].lstrip("+~") != "repeat")
    return MembersResumePlan(loaded, own, goes_on, run.status)
