"""Looks at test sets: each is dated in the run that looked, and they are counted over all runs.

A test set says how good a model is on new rows only as long as nobody chose the model by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunError
from dlrun.runs.find import list_parts
from dlrun.runs.run import Run

if TYPE_CHECKING:
    from dlrun.prepare import PreparedData  # NumPy, and all of the data code

TRAIN = "train"
TEST = "test"
OTHER_TEST = "test --dataset"
"""Commands that look: at the run's own test rows, and at others."""


@dataclass(frozen=True)
class TestSet:
    """The rows that are looked at.

    Attributes:
        hash: The first 12 hexadecimal digits of the SHA-256 of their content.
        dataset: The data set that they are from.
        num_rows: How many they are.
    """

    __test__ = False  # no tests in it, whatever pytest makes of its name

    hash: str
    dataset: str
    num_rows: int


@dataclass(frozen=True)
class Looks:
    """How often a test set was looked at.

    Attributes:
        number: How often, over all runs.
        num_runs: By how many runs.
        first: When first, as ISO 8601; empty where never.
    """

    number: int
    num_runs: int
    first: str

    def __str__(self) -> str:
        if not self.number:
            return "never looked at before"
        if self.number == 1:
            return f"its first look, {self.first[:10]}"
        runs = f"{self.num_runs} run{'s' if self.num_runs != 1 else ''}"
        return f"look {self.number:,} at these rows, by {runs} since {self.first[:10]}"


def test_set_of(data: PreparedData) -> TestSet:
    """Returns the test rows of prepared data."""
    rows = data.splits.test
    return TestSet(data.dataset.hash_rows(rows)[:12], data.dataset.name, len(rows))


def new_look(test_set: TestSet, time: str, by: str) -> dict[str, Any]:
    """Returns a look as `run.json` keeps it, among its `test_looks`.

    Args:
        test_set: What is looked at.
        time: When, as ISO 8601.
        by: `TRAIN`, `TEST` or `OTHER_TEST`.
    """
    return {
        "time": time,
        "test_set": test_set.hash,
        "dataset": test_set.dataset,
        "num_rows": test_set.num_rows,
        "by": by,
    }


def own_test_set(run: Run) -> str:
    """Returns the hash of the run's own test rows, if it has looked at them; else nothing."""
    own = [look for look in _looks(run) if look["by"] in (TRAIN, TEST)]
    return str(own[-1]["test_set"]) if own else ""


def count_looks(test_set_hash: str, run: Run) -> Looks:
    """Counts the looks at a test set over all runs, and members, of the folder that a run is in.

    Args:
        test_set_hash: Of the rows.
        run: A run, or a member of one; unreadable ones beside it have no looks.
    """
    times: list[str] = []
    num_runs = 0
    for one in list_parts(run.runs_dir):
        dated = [str(look["time"]) for look in _looks(one) if look["test_set"] == test_set_hash]
        times += dated
        num_runs += bool(dated)
    return Looks(len(times), num_runs, min(times, default=""))


def _looks(run: Run) -> list[Mapping[str, Any]]:
    try:
        return list(run.info.get("test_looks") or [])
    except RunError:
        return []
