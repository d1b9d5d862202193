"""What an export starts from: an ended run, its own data, rows to check on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import dlrun
from dlrun.errors import ExportError, RunError
from dlrun.events import ignore
from dlrun.exporting.source import check_exportable, load_data, pick_rows
from dlrun.processes import this_process
from dlrun.runs import Run

MEMBERS = "20261126-055355-flowers-3716"


@pytest.fixture
def copy(moons: Run, tmp_path: Path) -> Run:
    """A copy to damage."""
    path = tmp_path / "runs" / moons.id
    shutil.copytree(moons.path, path)
    return Run(path)


def change(run: Run, **facts: object) -> Run:
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return Run(run.path)


def test_a_running_run_is_not_exported(copy: Run) -> None:
    with pytest.raises(RunError, match="it is running; export it when it ends"):
        check_exportable(change(copy, status="running", **this_process()))


def test_a_run_without_a_model_is_told_with_what_to_do(copy: Run) -> None:
    (copy.path / "model.keras").unlink()
    copy = change(copy, status="interrupted")
    with pytest.raises(RunError, match=r"has no model.keras, it is interrupted; `dlrun resume "):
        dlrun.export(copy, "keras")
    removed = {"files": ["model.keras"], "reason": "others are better"}
    with pytest.raises(RunError, match=r"has no model.keras, which `dlrun gc` removed"):
        check_exportable(change(copy, weights_removed=removed))


def test_data_that_are_gone_are_told_with_what_to_do(train: object, tmp_path: Path) -> None:
    run = train("pictures")  # type: ignore[operator]
    path = Path(run.config.dataset.options["path"])
    path.rename(path.with_name("moved.npz"))
    with pytest.raises(ExportError, match=r"cannot be had: .*no such file.*; put them back where"):
        load_data(run, ignore)
    arrays = dict(np.load(path.with_name("moved.npz")))
    np.savez(path, **arrays | {"x": arrays["x"] + 1})
    with pytest.raises(RunError, match="the data set npz has changed since the run began"):
        load_data(run, ignore)


def test_rows_are_from_all_over_the_validation_part(moons: Run) -> None:
    data = load_data(moons, ignore)
    rows = pick_rows(moons.model(), data)
    assert rows.part == "validation"
    np.testing.assert_array_equal(rows.x, data.dataset.x[data.splits.validation])
    recorded = moons.predictions("validation")["outputs"]
    np.testing.assert_allclose(rows.outputs, recorded, rtol=1e-6)


def test_a_run_of_members_wants_one_named() -> None:
    run = dlrun.load_run(Path(__file__).parent.parent / "runs" / "format_1" / MEMBERS)
    with pytest.raises(RunError, match="it is 3 runs, and one is needed; name it by --member 0"):
        dlrun.export(run, "keras")
