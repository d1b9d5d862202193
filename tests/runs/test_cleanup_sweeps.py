"""What goes from inside of sweeps and what stays, on a sweep's folder made by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.errors import RunError
from dlrun.files import read_json, write_json
from dlrun.processes import this_process
from dlrun.runs import Run, Sweep, Trial
from dlrun.runs.checkpoints import TrainingState, write_last
from dlrun.runs.cleanup import plan_cleanup, remove, resumable_runs
from dlrun.runs.lock import only_process
from dlrun.runs.record_sweep import create_sweep

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"
REPEATS = SAMPLE.with_name("20261126-055355-flowers-3716")
LARGE = ("model.keras", "checkpoints")
LATER = ("history.csv", "history.json", "metrics.json", "model.keras", "predictions.npz")
FACTS = {
    "name": "rates", "source": "rates.yaml", "strategy": "grid", "planned": 6,
    "objective": {"metric": "val_loss", "direction": "minimize"},
    "parameters": [{"key": "optimizer.learning_rate", "is_log": False}],
}  # fmt: skip
ENDED = [("finished", 0.4), ("finished", 0.1), ("pruned", 0.9), ("finished", 0.3)]
ENDED += [("finished", 0.5), ("failed", None)]


@pytest.fixture(scope="module")
def dead() -> dict[str, Any]:
    """What `sweep.json` says of a process of this machine that is gone."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
        process.wait()
    return {**this_process(), "pid": process.pid, "status": "running"}


def make(
    runs_dir: Path,
    states: Sequence[tuple[str, float | None]] = ENDED,
    status: str = "finished",
    sample: Path = SAMPLE,
    **facts: Any,
) -> Sweep:
    """A sweep with these trials, those that began with large files."""
    trials = [
        Trial(number, {"optimizer.learning_rate": number}, str(number), {}, state, value=value)
        for number, (state, value) in enumerate(states)
    ]
    more = {**FACTS, "planned": len(trials), **facts}
    sweep = create_sweep(more, trials, definition={}, base={}, runs_dir=runs_dir)
    amend(sweep, status=status)
    for trial in trials:
        if trial.state not in ("planned", "duplicate"):
            make_trial(sweep, trial, sample)
    return Sweep(sweep.path)


def make_trial(sweep: Sweep, trial: Trial, sample: Path = SAMPLE) -> Run:
    run = Run(sweep.path / trial.name)
    shutil.copytree(sample, run.path)
    status = trial.state if trial.state in ("failed", "interrupted") else "finished"
    change = {"status": status, "member_of": sweep.id}
    for part in (run, *run.members):
        write_json(part.path / "run.json", {**part.info, **change, "id": part.id})
        if not part.members:
            (part.path / "model.keras").write_bytes(b"m" * 50)
            (part.path / "checkpoints").mkdir()
            (part.path / "checkpoints" / "last.npz").write_bytes(b"x" * 100)
    return Run(run.path)


def amend(sweep: Sweep, **changes: Any) -> None:
    info = read_json(sweep.path / "sweep.json")
    write_json(sweep.path / "sweep.json", {**info, **changes})


def amend_trial(sweep: Sweep, index: int, **changes: Any) -> None:
    trials = read_json(sweep.path / "sweep.json")["trials"]
    trials[index] |= changes
    amend(sweep, trials=trials)


def without_epoch(run: Run, **info: Any) -> None:
    for name in LATER:
        (run.path / name).unlink(missing_ok=True)
    shutil.rmtree(run.path / "checkpoints")
    write_json(run.path / "run.json", {**run.info, "epochs_done": 0, **info})


def planned(sweep: Sweep) -> set[tuple[str, str]]:
    plan = plan_cleanup(sweep.runs_dir)
    return {(one.path.relative_to(sweep.path).as_posix(), one.kind) for one in plan}


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def set_age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)


def weights(*numbers: int, inside: str = "") -> set[tuple[str, str]]:
    return {
        (f"trials/{number}/{inside}{name}", kind)
        for number in numbers
        for name, kind in zip(LARGE, ("model", "checkpoints"), strict=True)
    }


def test_all_trials_but_the_best_three_lose_their_weights_and_nothing_else(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    assert planned(sweep) == weights(2, 4, 5)
    plan = plan_cleanup(tmp_path)
    assert {one.run_id: one.reason for one in plan} == {
        f"{sweep.id}/trials/2": "pruned; trials/1 has val_loss 0.1",
        f"{sweep.id}/trials/4": "val_loss 0.5; trials/1 has 0.1",
        f"{sweep.id}/trials/5": "failed; trials/1 has val_loss 0.1",
    }
    before = files_of(sweep.path)
    assert remove(plan) == (plan, [])
    gone = {f"trials/{n}/{name}" for n in (2, 4, 5) for name in ("model.keras",
            "checkpoints/last.npz")}  # fmt: skip
    assert before - files_of(sweep.path) == gone
    note = Run(sweep.path / "trials" / "4").info["weights_removed"]
    assert note["files"] == ["model.keras", "checkpoints"]
    assert note["reason"] == "val_loss 0.5; trials/1 has 0.1"
    assert "weights_removed" not in Run(sweep.path / "trials" / "0").info
    assert planned(sweep) == set()


def test_more_is_better_where_the_objective_says_so(tmp_path: Path) -> None:
    objective = {"metric": "val_accuracy", "direction": "maximize"}
    sweep = make(tmp_path, objective=objective)
    assert planned(sweep) == weights(1, 2, 5)
    reasons = {one.reason for one in plan_cleanup(tmp_path)}
    assert "val_accuracy 0.1; trials/4 has 0.5" in reasons


def test_members_of_trials_lose_their_weights(tmp_path: Path) -> None:
    sweep = make(tmp_path, sample=REPEATS)
    expected = {one for inner in range(3) for one in weights(2, 4, 5, inside=f"repeats/{inner}/")}
    assert planned(sweep) == expected
    remove(plan_cleanup(tmp_path))
    member = Run(sweep.path / "trials" / "4" / "repeats" / "2")
    assert member.info["weights_removed"]["files"] == ["model.keras", "checkpoints"]
    assert (member.path / "history.csv").is_file()
    assert planned(sweep) == set()


@pytest.mark.parametrize("state", ["planned", "running", "interrupted"])
def test_what_a_resume_would_go_on_with_stays(tmp_path: Path, state: str) -> None:
    sweep = make(tmp_path, [*ENDED, ("interrupted", 0.8)], "interrupted")
    amend_trial(sweep, 6, state=state)
    assert planned(sweep) == weights(2, 4, 5)
    assert resumable_runs(tmp_path) == []


def test_nothing_goes_while_no_trial_is_better(tmp_path: Path) -> None:
    sweep = make(tmp_path, [("pruned", 0.3), ("failed", None), ("finished", None)])
    assert planned(sweep) == set()


def test_the_best_that_still_have_their_model_stay(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    (sweep.path / "trials" / "1" / "model.keras").unlink()
    assert planned(sweep) == weights(2, 5) | {("trials/1/checkpoints", "checkpoints")}
    assert {one.reason for one in plan_cleanup(tmp_path)} >= {"val_loss 0.1; trials/3 has 0.3"}


def test_a_sweep_that_runs_is_never_touched(tmp_path: Path) -> None:
    sweep = make(tmp_path, status="running")
    for name in (".sweep.json.abcdefgh", "trials/.new-9/x", "trials/0/.run.json.abcdefgh"):
        path = sweep.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
        set_age(path, 9000)
        set_age(path.parent, 9000)
    assert plan_cleanup(tmp_path) == []
    amend(sweep, status="finished")
    with FileLock(sweep.path / ".lock"):
        assert plan_cleanup(tmp_path) == []
    assert {kind for _, kind in planned(sweep)} >= {"temporary file", "unfinished folder", "model"}


def test_a_sweep_taken_up_since_the_plan_stays(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    plan = plan_cleanup(tmp_path)
    amend(sweep, status="running")
    assert remove(plan) == ([], [])
    amend(sweep, status="finished")
    amend_trial(sweep, 5, state="finished", value=0.01)
    assert {one.run_id for one in remove(plan)[0]} == {
        f"{sweep.id}/trials/2", f"{sweep.id}/trials/4",
    }  # fmt: skip


def test_nobody_takes_up_a_sweep_while_a_trial_loses_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make(tmp_path)
    unlink, tried = Path.unlink, []

    def take_up(path: Path, missing_ok: bool = False) -> None:
        if path.name == "model.keras":
            for one in (sweep, Run(path.parent)):
                with (
                    pytest.raises(RunError, match="another process works on it"),
                    only_process(one),
                ):
                    pass
            tried.append(path.parent.name)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", take_up)
    plan = plan_cleanup(tmp_path)
    assert remove(plan) == (plan, [])
    assert tried == ["2", "4", "5"]
    assert list(sweep.path.rglob(".lock")) == []


def test_a_trial_or_a_sweep_that_another_process_holds_is_passed_over(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    plan = plan_cleanup(tmp_path)
    with FileLock(sweep.path / ".lock"):
        assert remove(plan) == ([], [])
    with FileLock(sweep.path / "trials" / "4" / ".lock"):
        removed, problems = remove(plan)
    assert problems == []
    assert {one.run_id for one in removed} == {f"{sweep.id}/trials/2", f"{sweep.id}/trials/5"}


def test_a_dead_sweep_is_kept_and_loses_only_leftovers(
    tmp_path: Path, dead: Mapping[str, Any]
) -> None:
    sweep = make(tmp_path, [*ENDED, ("running", None)])
    run = Run(sweep.path / "trials" / "6")
    without_epoch(run, **dead)
    amend(sweep, **dead)
    half = {".sweep.json.abcdefgh", "trials/4/.run.json.abcdefgh", ".best.yaml.abcdefgh"}
    for name in half:
        (sweep.path / name).write_text("half")
        set_age(sweep.path / name, 4000)
    (sweep.path / "trials" / ".new-7").mkdir()
    set_age(sweep.path / "trials" / ".new-7", 4000)
    assert planned(sweep) == {
        *((name, "temporary file") for name in half),
        ("trials/.new-7", "unfinished folder"),
        ("trials/6", "run"),
    }
    assert [kept.id for kept in resumable_runs(tmp_path)] == [sweep.id]
    plan = plan_cleanup(tmp_path)
    assert {one.run_id for one in plan} == {
        sweep.id, *(f"{sweep.id}/trials/{number}" for number in (4, 6, 7)),
    }  # fmt: skip
    assert remove(plan) == (plan, [])
    assert not run.path.exists()
    assert Sweep(sweep.path).trials[6].state == "running"
    assert planned(sweep) == set()


def test_a_young_unfinished_folder_stays(tmp_path: Path) -> None:
    sweep = make(tmp_path, [("finished", 0.1)])
    (sweep.path / "trials" / ".new-1").mkdir()
    assert planned(sweep) == set()


def test_an_unfinished_member_of_a_trial_goes(tmp_path: Path) -> None:
    sweep = make(tmp_path, [("finished", 0.1)], sample=REPEATS)
    folder = sweep.path / "trials" / "0" / "repeats" / ".new-3"
    folder.mkdir()
    set_age(folder, 4000)
    assert planned(sweep) == {("trials/0/repeats/.new-3", "unfinished folder")}
    (one,) = plan = plan_cleanup(tmp_path)
    assert one.run_id == f"{sweep.id}/trials/0/repeats/3"
    assert remove(plan) == (plan, [])


def test_a_trial_of_no_epoch_goes_if_it_is_open_and_cannot_go_on(tmp_path: Path) -> None:
    sweep = make(tmp_path, [("interrupted", None)] * 2 + [("failed", None)], "interrupted")
    for number in range(3):
        without_epoch(Run(sweep.path / "trials" / str(number)))
    write_last(Run(sweep.path / "trials" / "1"), TrainingState(0, 7, [], [np.zeros(3)]))
    assert planned(sweep) == {("trials/0", "run")}
    (one,) = plan_cleanup(tmp_path)
    assert one.reason == "interrupted before its first epoch"


def test_a_trial_that_a_process_still_trains_is_left_alone(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    run = Run(sweep.path / "trials" / "4")
    write_json(run.path / "run.json", {**run.info, **this_process(), "status": "running"})
    assert planned(sweep) == weights(2, 5)


def test_a_damaged_sweep_and_one_of_a_newer_dlrun_are_left_alone(tmp_path: Path) -> None:
    sweep = make(tmp_path)
    amend(sweep, format=2)
    assert plan_cleanup(tmp_path) == []
    amend(sweep, format=1)
    amend_trial(sweep, 3, number=7)
    assert plan_cleanup(tmp_path) == []
    (sweep.path / "sweep.json").write_text("{")
    assert plan_cleanup(tmp_path) == []
    assert resumable_runs(tmp_path) == []


def test_links_in_a_sweep_are_not_followed(tmp_path: Path) -> None:
    sweep = make(tmp_path / "runs")
    (sweep.path / "trials").rename(tmp_path / "elsewhere")
    (sweep.path / "trials").symlink_to(tmp_path / "elsewhere")
    assert plan_cleanup(tmp_path / "runs") == []


def test_folders_that_never_became_sweeps_go_with_their_process(
    tmp_path: Path, dead: Mapping[str, Any]
) -> None:
    for name in ("dead", "alive"):
        sweep = make(tmp_path, [])
        amend(sweep, **(dead if name == "dead" else this_process() | {"status": "running"}))
        sweep.path.rename(tmp_path / f".new-{name}")
    (one,) = plan = plan_cleanup(tmp_path)
    assert (one.path.name, one.run_id) == (".new-dead", "dead")
    assert one.reason == "never became a sweep; its process is gone"
    assert remove(plan) == (plan, [])


def test_the_command_lists_what_goes_and_what_is_kept(
    runs_dir: Path, dead: Mapping[str, Any]
) -> None:
    sweep = make(runs_dir)
    done = CliRunner().invoke(app, ["gc", "--yes"])
    assert f"{sweep.id}/trials/4/model.keras" in done.stdout
    assert done.stdout.splitlines()[-1] == "removed 6 of 6, 450 bytes are free again"
    amend(sweep, **dead)
    done = CliRunner().invoke(app, ["gc", "--dry-run"])
    assert f"kept: {sweep.id} goes on by `dlrun resume {sweep.id}`\n" in done.stdout
