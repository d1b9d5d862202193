"""Whether a run that repeats another came out alike: epoch by epoch, hash by hash.

Reads two run folders; trains nothing and needs no TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dlrun.causes import (
    HASHES,
    changed_surroundings,
    contradicted_by_history,
    find_causes,
    recorded_hashes,
    resumed_otherwise,
)
from dlrun.data import Dataset
from dlrun.errors import RunError
from dlrun.runs import Run
from dlrun.runs.run import DATASET, HISTORY_CSV, History

Verdict = Literal["identical", "within tolerance", "different"]

RELATIVE_TOLERANCE = 0.01
TOLERANCE_OF_LARGEST = 0.005
"""Of a metric's value, and of the largest value that the metric has in the recorded run.

One of the two is enough. Numbers added in another order differ in the last digit, and training
makes that grow: a convolutional net on digits parts by 1e-6 of its loss in the first epoch on 2
and on 4 threads, by 7e-5 in the fifth, and by 1e-4 from then on up to the 60th. Another seed makes
1e-2 in the first epoch, and ten times that of the validation loss later; a hundredth lies between.
The largest value, such as the first epoch's loss, lets a loss near 0 differ by what is little
beside where it came from.
"""


@dataclass(frozen=True)
class Difference:
    """A number that came out otherwise.

    Attributes:
        epoch: Counted from 1; None for what is measured after training.
        metric: As in the history, "test accuracy", or "epochs" for their number.
        recorded: The recorded value; None where there is none, or it is not finite.
        repeated: The new one.
    """

    epoch: int | None
    metric: str
    recorded: float | None
    repeated: float | None


@dataclass(frozen=True)
class Reproduction:
    """What came of repeating a run.

    Attributes:
        run: Id of the recorded run.
        path: Its folder.
        new_run: Id of the run that repeats it; None where nothing was trained.
        new_path: Its folder.
        verdict: Whether every number is the same, near enough, or not.
        epochs: So many were compared.
        first_difference: The first epoch and metric that differ, in whatever digit.
        first_beyond: The first that differ by more than is tolerated.
        first_hash: The first of the hashes that differs.
        cause: The likeliest cause, a word or two; None where nothing differs.
        evidence: What the two run folders say of it.
        remarks: What is good to know otherwise, a sentence each.
    """

    run: str
    path: str
    new_run: str | None
    new_path: str | None
    verdict: Verdict
    epochs: int
    first_difference: Difference | None = None
    first_beyond: Difference | None = None
    first_hash: str | None = None
    cause: str | None = None
    evidence: str | None = None
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return asdict(self) | {"remarks": list(self.remarks), "error": None, "exit_code": None}


def compare_runs(recorded: Run, repeated: Run) -> Reproduction:
    """Compares a run with one that repeats it.

    Identical: every value of every finished epoch is the same to the last digit, their number,
    the test values, and every hash that both keep; `epoch_seconds` aside. Within tolerance: the
    data are the same and every value is near, see `RELATIVE_TOLERANCE`. Of a recorded run that
    did not finish, the finished epochs are compared, and nothing that comes after them.

    Raises:
        RunError: a run cannot be read, or the recorded one finished no epoch.
    """
    epochs = finished_epochs(recorded)
    first_hash = _first_hash(recorded, repeated)
    differences = list(_history_differences(recorded, repeated, epochs))
    if recorded.status == "finished":
        differences += _end_differences(recorded, repeated)
    beyond = [found for found, is_near in differences if not is_near]
    verdict: Verdict = "within tolerance" if differences or first_hash else "identical"
    if beyond or first_hash == "data":
        verdict = "different"
    if verdict == "identical":
        causes, others = [], changed_surroundings(recorded, repeated)
    else:
        causes = find_causes(recorded, repeated, first_hash)
        others = causes[1:]
    also = "identical in spite of this" if verdict == "identical" else "this differs, too"
    return Reproduction(
        run=recorded.id,
        path=str(recorded.path),
        new_run=repeated.id,
        new_path=str(repeated.path),
        verdict=verdict,
        epochs=epochs,
        first_difference=differences[0][0] if differences else None,
        first_beyond=beyond[0] if beyond else None,
        first_hash=first_hash,
        cause=causes[0].kind if causes else None,
        evidence=causes[0].evidence if causes else None,
        remarks=(*_remarks(recorded, epochs), *(f"{also}: {other}" for other in others)),
    )


def compare_data(recorded: Run, dataset: Dataset) -> Reproduction | None:
    """Returns that a run cannot be repeated since its data have changed; None where they have not.

    Raises:
        RunError: the run does not say which data it had, or finished no epoch.
    """
    then = recorded.dataset.get("content_hash")
    if then is None:
        raise RunError(f"{recorded.path / DATASET}: has no content_hash of the data")
    if then == dataset.content_hash:
        return None
    rows = [recorded.dataset.get("num_rows"), dataset.num_rows]
    sizes = f"; it had {rows[0]:,} rows and has {rows[1]:,}" if rows[0] != rows[1] else ""
    return Reproduction(
        run=recorded.id,
        path=str(recorded.path),
        new_run=None,
        new_path=None,
        verdict="different",
        epochs=0,
        first_hash="data",
        cause="data",
        evidence=f"the content hash of {dataset.name} was {str(then)[:12]} and is "
        f"{dataset.content_hash[:12]}{sizes}",
        remarks=("nothing was trained: put the recorded data back to repeat the run",),
    )


def finished_epochs(run: Run) -> int:
    """Returns how many epochs a run has finished.

    Raises:
        RunError: it runs still, or has finished none.
    """
    if run.status == "running":
        raise RunError(f"{run.path}: it is running; wait for its end, or stop it, to compare it")
    epochs = len(_history(run)["epoch"])
    if not epochs:
        raise RunError(f"{run.path}: no epoch was finished; nothing to compare")
    return epochs


def _history(run: Run) -> History:
    return run.read_history() if (run.path / HISTORY_CSV).is_file() else {"epoch": []}


def _first_hash(recorded: Run, repeated: Run) -> str | None:
    then, now = recorded_hashes(recorded), recorded_hashes(repeated)
    names = HASHES if recorded.status == "finished" else HASHES[:-1]
    both = [name for name in names if name in then and name in now]
    return next((name for name in both if then[name] != now[name]), None)


def _history_differences(
    recorded: Run, repeated: Run, epochs: int
) -> Iterator[tuple[Difference, bool]]:
    """Every value that differs, in the order of epochs, and whether it is near enough."""
    then, now = _history(recorded), _history(repeated)
    num_both = min(epochs, len(now["epoch"]))
    names = [name for name in then if name not in ("epoch", "epoch_seconds")]
    largest = {name: _largest(then[name]) for name in names}
    for epoch in range(num_both):
        for name in names:
            old = then[name][epoch]
            new = now[name][epoch] if name in now else None
            if old != new:
                is_near = _is_near(old, new, largest[name])
                yield Difference(epoch + 1, name, old, new), is_near
    if len(now["epoch"]) != epochs:
        yield Difference(num_both + 1, "epochs", epochs, len(now["epoch"])), False


def _end_differences(recorded: Run, repeated: Run) -> Iterator[tuple[Difference, bool]]:
    """What differs of the values that are measured after training, and of the choice of epochs."""
    then, history = recorded.metrics, _history(recorded)
    now = repeated.metrics if repeated.has_metrics else {}
    for what, old, in_history in contradicted_by_history(recorded):
        yield Difference(None, what, old, in_history), False
    for name in ("best_epoch", "kept_epoch"):
        if name in then and then[name] != now.get(name):  # near epochs may change places
            yield Difference(None, name, then[name], now.get(name)), True
    are_of_one_epoch = then.get("kept_epoch") == now.get("kept_epoch")
    for part in ("train", "validation", "test"):
        values, new_values = then.get(part) or {}, now.get(part) or {}
        if not new_values and (part != "test" or repeated.info.get("member_of") is not None):
            continue  # a member or trial that was tested later; its repetition has not looked
        for name, old in values.items():
            new = new_values.get(name)
            if old != new:
                largest = _largest([*history.get(name, []), old])
                is_near = _is_near(old, new, largest)
                if part != "test":  # where near epochs have changed places, it is another's
                    is_near |= not are_of_one_epoch
                yield Difference(None, f"{part} {name}", old, new), is_near


def _largest(values: Sequence[float | None]) -> float:
    return max((abs(value) for value in values if value is not None), default=0.0)


def _is_near(old: float | None, new: float | None, largest: float) -> bool:
    if old is None or new is None or not math.isfinite(new):
        return False
    return abs(old - new) <= max(RELATIVE_TOLERANCE * abs(old), TOLERANCE_OF_LARGEST * largest)


def _remarks(recorded: Run, epochs: int) -> Iterator[str]:
    if recorded.status != "finished":
        yield f"the run is {recorded.status}; its {epochs} finished epochs are compared"
    if not recorded.info.get("hashes"):
        yield "the run keeps no hashes, an older dlrun made it; its data alone are checked by one"
    for cause in resumed_otherwise(recorded):
        yield f"its config alone does not give it: {cause.evidence}"
