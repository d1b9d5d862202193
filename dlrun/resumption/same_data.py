"""Whether the data, and the parts of it, are those that a run began with."""

from __future__ import annotations

import numpy as np

from dlrun.errors import RunError
from dlrun.files import read_npz
from dlrun.prepare import PreparedData
from dlrun.runs.run import SPLITS, Run


def check_same_data(run: Run, data: PreparedData) -> None:
    """Refuses to go on with other data, or other parts of it, than the run began with.

    Raises:
        RunError: they differ from what the run folder says.
    """
    if not (run.path / SPLITS).is_file():  # it ended before it had any
        return
    recorded = run.dataset.get("content_hash")
    if recorded != data.dataset.content_hash:
        raise RunError(
            f"{run.path}: the data set {data.dataset.name} has changed since the run began "
            f"(hash {data.dataset.content_hash[:12]}, then {str(recorded)[:12]}); "
            "put the old data back, or train anew"
        )
    rows = _recorded_rows(run)
    if rows.keys() != data.rows.keys() or any(
        not np.array_equal(rows[part], data.rows[part]) for part in rows
    ):
        raise RunError(
            f"{run.path}: this dlrun splits the data into other parts than the one that made the "
            "run; use that version with it, or train anew"
        )


def _recorded_rows(run: Run) -> dict[str, np.ndarray]:
    try:
        return read_npz(run.path / SPLITS)
    except (OSError, ValueError) as error:
        raise RunError(f"{run.path / SPLITS}: cannot be read, {error}; train anew") from error
