import re
from pathlib import Path

import pytest

from dlrun.errors import RunError
from dlrun.files import write_json
from dlrun.runs import find_run, list_runs
from tests.sweeping.made_up import make_sweep


def make(runs_dir: Path, *names: str) -> None:
    for name in names:
        (runs_dir / name).mkdir(parents=True)
        write_json(runs_dir / name / "run.json", {"id": name})


def test_runs_are_listed_newest_first_and_other_folders_are_passed_over(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-a-0001", "20260102-000000-b-0002")
    (runs_dir / "data").mkdir()
    (runs_dir / "latest").write_text("x")
    assert [run.id for run in list_runs()] == ["20260102-000000-b-0002", "20260101-000000-a-0001"]


def test_no_runs_folder_is_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []


def test_a_run_is_found_by_id_prefix_path_and_latest(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-a-0001", "20260102-000000-b-0002")
    (runs_dir / "latest").write_text("20260101-000000-a-0001\n", encoding="utf-8")
    for name in ("20260101-000000-a-0001", "20260101", str(runs_dir / "20260101-000000-a-0001")):
        assert find_run(name).id == "20260101-000000-a-0001"
    assert (
        find_run("latest").id == find_run(str(runs_dir / "latest")).id == "20260101-000000-a-0001"
    )


def test_latest_survives_the_deletion_of_the_newest_run(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-a-0001")
    (runs_dir / "latest").write_text("20260102-000000-gone-0002\n")
    assert find_run("latest").id == "20260101-000000-a-0001"


def test_an_ambiguous_prefix_lists_the_runs_it_could_mean(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-a-0001", "20260101-000000-a-0002")
    with pytest.raises(RunError, match=r"'2026' is the start of 2 runs: 2026.*0002, 2026.*0001"):
        find_run("2026")


def test_an_unknown_run_gets_the_nearest_id(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-moons-0001")
    with pytest.raises(RunError, match="did you mean '20260101-000000-moons-0001'"):
        find_run("20260101-000000-moon-0001")
    with pytest.raises(RunError, match="`dlrun summary` lists the runs"):
        find_run("zzz")


def test_a_single_run_has_no_parts(runs_dir: Path) -> None:
    make(runs_dir, "20260101-000000-moons-0001")
    message = r"no run 'latest/folds/0'; 20260101-000000-moons-0001 has no members$"
    with pytest.raises(RunError, match=message):
        find_run("latest/folds/0")


def test_a_sweep_that_has_no_trials_yet_says_so(runs_dir: Path) -> None:
    sweep = make_sweep(runs_dir, [])
    with pytest.raises(RunError, match="a sweep, which has no trials yet, and a run is needed"):
        find_run(sweep.id)
    with pytest.raises(RunError, match=f"no run '\\S+'; {sweep.id} has no trials yet$"):
        find_run(f"{sweep.id}/trials/0")


def test_a_sweep_elsewhere_where_a_run_is_needed_is_named_by_its_path(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "other place", [0.1])
    message = f"name one by '{sweep.path}'/trials/0 to 1; the best trial is '{sweep.path}'/best"
    with pytest.raises(RunError, match=re.escape(message)):
        find_run(str(sweep.path))
    assert find_run(f"{sweep.path}/best").id == f"{sweep.id}/trials/0"


def test_latest_without_any_run_says_how_to_make_one(runs_dir: Path) -> None:
    with pytest.raises(RunError, match=r"no runs in .*; `dlrun train CONFIG` makes one"):
        find_run("latest")


def test_a_folder_that_is_no_run_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"not a run folder, it has no run\.json"):
        find_run(str(tmp_path))
