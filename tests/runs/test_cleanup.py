"""What goes from a runs folder and what stays, on folders made by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from dlrun.errors import RunError, StorageError
from dlrun.files import read_json, read_npz, write_json
from dlrun.plots.run_plots import PlotStyle, draw_runs
from dlrun.processes import this_process
from dlrun.runs import Run, checkpoints
from dlrun.runs.checkpoints import TrainingState, write_last
from dlrun.runs.cleanup import plan_cleanup, remove, resumable_runs
from dlrun.runs.lock import only_process
from dlrun.runs.table import run_row

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"
LATER = ("history.csv", "history.json", "metrics.json", "model.keras", "predictions.npz")
PRECIOUS = {
    "config.yaml", "run.json", "history.csv", "history.json", "metrics.json", "splits.npz",
    "predictions.npz", "run.log", "parameters.json", "dataset.json", "environment.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def dead() -> dict[str, Any]:
    """What `run.json` says of a process of this machine that is gone."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
        process.wait()
    return {**this_process(), "pid": process.pid, "status": "running"}


def make(runs_dir: Path, run_id: str, val_loss: float = 0.5, **info: Any) -> Run:
    """A finished run with large files, its best val_loss and `run.json` changed."""
    run = Run(runs_dir / run_id)
    shutil.copytree(SAMPLE, run.path)
    (run.path / "checkpoints").mkdir()
    for checkpoint in ("last.npz", "best-3.npz"):
        (run.path / "checkpoints" / checkpoint).write_bytes(b"x" * 100)
    known = {"id": run_id, "hashes": {"split": "0123456789ab"}}
    write_json(run.path / "run.json", read_json(run.path / "run.json") | known | info)
    metrics = read_json(run.path / "metrics.json")
    metrics["best"]["val_loss"] = val_loss
    write_json(run.path / "metrics.json", metrics)
    return Run(run.path)


def make_without_epoch(runs_dir: Path, run_id: str, **info: Any) -> Run:
    run = make(runs_dir, run_id, **{"epochs_done": 0, **info})
    for file_name in LATER:
        (run.path / file_name).unlink()
    shutil.rmtree(run.path / "checkpoints")
    return run


def planned(runs_dir: Path) -> set[tuple[str, str]]:
    return {(str(one.path.relative_to(runs_dir)), one.kind) for one in plan_cleanup(runs_dir)}


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def set_age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)


def test_a_folder_that_is_not_there_or_empty_has_nothing_to_remove(tmp_path: Path) -> None:
    assert plan_cleanup(tmp_path / "nowhere") == []
    assert plan_cleanup(tmp_path) == []


def test_all_but_the_best_lose_their_weights_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path, "1-worse", 0.4)
    best = make(tmp_path, "2-best", 0.1)
    make(tmp_path, "3-worst", 0.9)
    plan = plan_cleanup(tmp_path)
    assert {(one.run_id, one.kind) for one in plan} == {
        ("1-worse", "model"), ("1-worse", "checkpoints"),
        ("3-worst", "model"), ("3-worst", "checkpoints"),
    }  # fmt: skip
    assert {one.reason for one in plan if one.run_id == "3-worst"} == {
        "val_loss 0.9; 2-best has 0.1"
    }
    assert {one.size_bytes for one in plan if one.kind == "checkpoints"} == {200}
    before = files_of(best.path)
    removed, problems = remove(plan)
    assert (removed, problems) == (plan, [])
    assert files_of(best.path) == before
    for name in ("1-worse", "3-worst"):
        assert files_of(tmp_path / name) == PRECIOUS | {"summary.txt"}
        history = (tmp_path / name / "history.csv").read_bytes()
        assert history == (SAMPLE / "history.csv").read_bytes()
    assert plan_cleanup(tmp_path) == []


def test_a_run_without_its_weights_says_so_and_can_still_be_read(tmp_path: Path) -> None:
    make(tmp_path, "1-best", 0.1)
    make(tmp_path, "2-worse", 0.2)
    before = Run(tmp_path / "2-worse").info
    remove(plan_cleanup(tmp_path))
    run = Run(tmp_path / "2-worse")
    note = run.info["weights_removed"]
    assert note["files"] == ["model.keras", "checkpoints"]
    assert note["reason"] == "val_loss 0.2; 1-best has 0.1"
    assert note["time"][:2] == "20"
    assert {key: value for key, value in run.info.items() if key != "weights_removed"} == before
    assert (run.status, run_row(run)["best"]) == ("finished", run.metrics["best"]["val_accuracy"])
    (drawn,) = draw_runs([run], PlotStyle(), metrics=["loss"])
    assert drawn.is_file()


def test_higher_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    for name, value in (("1-low", 0.5), ("2-high", 0.9)):
        run = make(tmp_path, name)
        metrics: dict[str, Any] = {"monitor": "val_accuracy", "monitor_mode": "max"}
        metrics |= {"best": {"val_accuracy": value}, "best_epoch": 4, "kept_epoch": 4}
        write_json(run.path / "metrics.json", metrics)
    assert planned(tmp_path) == {
        ("1-low/model.keras", "model"),
        ("1-low/checkpoints", "checkpoints"),
    }


def test_of_equal_runs_the_first_keeps_its_weights(tmp_path: Path) -> None:
    make(tmp_path, "1-original")
    make(tmp_path, "2-repeated", reproduces="1-original")
    assert {one.run_id for one in plan_cleanup(tmp_path)} == {"2-repeated"}


def test_only_runs_that_can_be_compared_are(tmp_path: Path) -> None:
    make(tmp_path, "1-best", 0.1)
    make(tmp_path, "2-other-config", 0.2, name="other")
    data = make(tmp_path, "3-other-data", 0.2)
    write_json(data.path / "dataset.json", data.dataset | {"content_hash": "0" * 64})
    monitor = make(tmp_path, "4-other-monitor", 0.2)
    write_json(monitor.path / "metrics.json", monitor.metrics | {"monitor": "loss"})
    make(tmp_path, "4-other-split", 0.2, hashes={"split": "other"})
    make(tmp_path, "4-split-not-known", 0.2, hashes={})
    loss = make(tmp_path, "4-other-loss", 0.2)
    edit_config(loss, "CategoricalCrossentropy", "MeanSquaredError")
    weights = make(tmp_path, "4-other-class-weights", 0.2)
    edit_config(weights, "  class_weight: ", "  class_weight: balanced # ")
    penalty = make(tmp_path, "4-with-a-penalty", 0.2)
    edit_config(penalty, "  - Dense:\n", "  - Dense:\n      kernel_regularizer: {L2: {}}\n")
    edit_config(make(tmp_path, "4-damaged-config", 0.2), "loss:", "loss: [")
    diverged = make(tmp_path, "5-no-value", 0.2)
    write_json(diverged.path / "metrics.json", diverged.metrics | {"best": None})
    (make(tmp_path, "6-damaged", 0.2).path / "metrics.json").write_text("{")
    for status in ("interrupted", "failed", "diverged"):
        make(tmp_path, f"7-{status}", 0.2, status=status)
    assert planned(tmp_path) == set()


def test_another_net_is_compared_and_another_loss_where_it_is_not_what_is_monitored(
    tmp_path: Path,
) -> None:
    make(tmp_path, "1-best", 0.1)
    edit_config(make(tmp_path, "2-larger", 0.2), "units: 8", "units: 9")
    assert {one.run_id for one in plan_cleanup(tmp_path)} == {"2-larger"}
    for name, value in (("1-best", 0.9), ("2-larger", 0.8)):
        metrics: dict[str, Any] = {"monitor": "val_accuracy", "monitor_mode": "max"}
        metrics |= {"best": {"val_accuracy": value}, "best_epoch": 4, "kept_epoch": 4}
        write_json(tmp_path / name / "metrics.json", metrics)
    edit_config(Run(tmp_path / "2-larger"), "CategoricalCrossentropy", "MeanSquaredError")
    assert {one.run_id for one in plan_cleanup(tmp_path)} == {"2-larger"}


def test_weights_count_by_what_they_reach_and_not_by_the_best_epoch_of_their_run(
    tmp_path: Path,
) -> None:
    """With `keep: last` those of the best epoch are nowhere; of an average nothing is known."""
    kept_last = make(tmp_path, "1-last", 0.1)
    write_json(kept_last.path / "metrics.json", kept_last.metrics | {"best_epoch": 3})
    make(tmp_path, "2-best", 0.2)  # the last epoch of the other one has 0.23
    assert {(one.run_id, one.reason) for one in plan_cleanup(tmp_path)} == {
        ("1-last", "val_loss 0.2312; 2-best has 0.2")
    }
    edit_config(make(tmp_path, "3-average", 0.1), "momentum: 0.9", "use_ema: true")
    assert {one.run_id for one in plan_cleanup(tmp_path)} == {"1-last"}


def edit_config(run: Run, old: str, new: str) -> None:
    path = run.path / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_best_that_still_has_its_model_is_what_others_are_measured_by(tmp_path: Path) -> None:
    (make(tmp_path, "1-model-deleted-by-hand", 0.1).path / "model.keras").unlink()
    make(tmp_path, "2-second", 0.2)
    make(tmp_path, "3-third", 0.3)
    assert {one.run_id for one in plan_cleanup(tmp_path)} == {"3-third"}


@pytest.mark.parametrize("status", ["running", "failed", "diverged", "interrupted"])
def test_a_run_that_ended_before_its_first_epoch_goes_whole(
    tmp_path: Path, dead: dict[str, Any], status: str
) -> None:
    info = dead if status == "running" else {"status": status}
    run = make_without_epoch(tmp_path, "1-short", **info)
    (one,) = plan = plan_cleanup(tmp_path)
    word = "dead" if status == "running" else status
    assert (one.path, one.kind, one.reason) == (run.path, "run", f"{word} before its first epoch")
    assert remove(plan) == (plan, [])
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_being_trained_is_never_touched(tmp_path: Path) -> None:
    run = make_without_epoch(tmp_path, "1-new", **{**this_process(), "status": "running"})
    (run.path / ".run.json.abcdefgh").write_text("")
    assert plan_cleanup(tmp_path) == []


def test_a_run_whose_lock_is_held_is_never_touched(tmp_path: Path, dead: dict[str, Any]) -> None:
    run = make_without_epoch(tmp_path, "1-resumed", **dead)
    with FileLock(run.path / ".lock"):
        assert plan_cleanup(tmp_path) == []
    plan = plan_cleanup(tmp_path)
    assert len(plan) == 1
    with FileLock(run.path / ".lock"):
        assert remove(plan) == ([], [])
    assert run.path.is_dir()
    assert remove(plan) == (plan, [])


@pytest.mark.parametrize("trace", ["history.csv", "history.json", "metrics.json", "model.keras"])
def test_any_sign_of_an_epoch_keeps_the_run(
    tmp_path: Path, dead: dict[str, Any], trace: str
) -> None:
    run = make_without_epoch(tmp_path, "1-some", **dead)
    shutil.copyfile(SAMPLE / trace, run.path / trace)
    assert plan_cleanup(tmp_path) == []


def test_a_history_of_a_head_alone_is_no_epoch(tmp_path: Path, dead: dict[str, Any]) -> None:
    run = make_without_epoch(tmp_path, "1-head", **dead)
    (run.path / "history.csv").write_text("epoch,loss\n")
    assert planned(tmp_path) == {("1-head", "run")}


@pytest.mark.parametrize(("step", "is_kept"), [(0, False), (7, True)])
def test_steps_of_a_first_epoch_to_go_on_from_keep_the_run(
    tmp_path: Path, dead: dict[str, Any], step: int, is_kept: bool
) -> None:
    run = make_without_epoch(tmp_path, "1-long-epoch", **dead)
    write_last(run, TrainingState(0, step, [], [np.zeros(3)]))
    assert (planned(tmp_path) == set()) is is_kept
    assert [kept.id for kept in resumable_runs(tmp_path)] == (["1-long-epoch"] if is_kept else [])


def test_a_checkpoint_that_cannot_be_read_now_keeps_the_run(
    tmp_path: Path, dead: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = make_without_epoch(tmp_path, "1-newer", **dead)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "FORMAT", checkpoints.FORMAT + 1)
        write_last(newer, TrainingState(0, 7, [], [np.zeros(3)]))
    damaged = make_without_epoch(tmp_path, "2-damaged", status="failed")
    write_last(damaged, TrainingState(0, 7, [], [np.zeros(3)]))
    (damaged.path / "checkpoints" / "last.npz").write_bytes(b"PK half")
    locked = make_without_epoch(tmp_path, "3-no-permission", status="failed")
    write_last(locked, TrainingState(0, 7, [], [np.zeros(3)]))

    def refuse(path: Path) -> dict[str, np.ndarray]:
        if "3-no-permission" in path.parts:
            raise PermissionError(13, "Permission denied")
        return read_npz(path)

    monkeypatch.setattr(checkpoints, "read_npz", refuse)
    assert plan_cleanup(tmp_path) == []
    assert resumable_runs(tmp_path) == []  # nothing is promised


def test_a_member_that_is_trained_or_cannot_be_read_keeps_the_whole(
    tmp_path: Path, dead: dict[str, Any]
) -> None:
    run = make_without_epoch(tmp_path, "1-parent", **dead, members=["repeats/0"])
    member = Run(run.path / "repeats" / "0")
    member.path.mkdir(parents=True)
    of_it = {"id": member.id, "epochs_done": 0}
    write_json(member.path / "run.json", {**run.info, **of_it, **this_process()})
    assert plan_cleanup(tmp_path) == []
    (member.path / "run.json").write_text("{")
    assert plan_cleanup(tmp_path) == []
    write_json(member.path / "run.json", {**run.info, **of_it})
    plan = plan_cleanup(tmp_path)
    assert planned(tmp_path) == {("1-parent", "run")}
    with FileLock(member.path / ".lock"):
        assert remove(plan) == ([], [])
    assert remove(plan) == (plan, [])


def test_a_dead_run_with_epochs_is_kept_until_its_config_was_finished(
    tmp_path: Path, dead: dict[str, Any]
) -> None:
    run = make(tmp_path, "1-dead", **dead)
    write_last(run, TrainingState(4, 0, [{"loss": 0.5}] * 4, [np.zeros(3)]))
    (run.path / "model.keras").unlink()
    other = make(tmp_path, "2-other-config")
    text = (other.path / "config.yaml").read_text()
    (other.path / "config.yaml").write_text(text.replace("seed: 0", "seed: 1"))
    assert planned(tmp_path) == set()
    assert [kept.id for kept in resumable_runs(tmp_path)] == ["1-dead"]
    (other.path / "config.yaml").write_text(text.replace("note: kept", "note: other, kept"))
    (one,) = plan = plan_cleanup(tmp_path)
    assert (one.path, one.kind) == (run.path / "checkpoints", "checkpoints")
    assert one.reason == "dead, and 2-other-config finished this config"
    assert resumable_runs(tmp_path) == []
    remove(plan)
    assert files_of(run.path) == PRECIOUS | {"summary.txt"}
    assert Run(run.path).info["weights_removed"]["files"] == ["checkpoints"]


def test_half_written_files_of_an_ended_run_go(tmp_path: Path, dead: dict[str, Any]) -> None:
    run = make(tmp_path, "1-dead", **dead)
    (run.path / "plots").mkdir()
    names = {".run.json.ab_d3f9h", ".model.tmp.keras", "plots/.loss.png.abcdefgh"}
    names |= {"checkpoints/.last.npz.12345678", "checkpoints/.best-3.npz.12345678"}
    stay = {".lock", ".gitignore", ".notes.txt", "checkpoints/.my.data.12345678", "my.keras"}
    for name in names | stay:
        (run.path / name).write_text("half")
    assert planned(tmp_path) == {(f"1-dead/{name}", "temporary file") for name in names}
    before = files_of(run.path)
    removed, _ = remove(plan_cleanup(tmp_path))
    assert before - files_of(run.path) == names
    assert sum(one.size_bytes for one in removed) == 4 * len(names)


def test_a_file_that_a_plot_is_just_writing_stays(tmp_path: Path) -> None:
    path = make(tmp_path, "1-finished").path / ".metrics.json.abcdefgh"
    path.write_text("half")
    assert plan_cleanup(tmp_path) == []
    set_age(path, 120)
    assert planned(tmp_path) == {("1-finished/.metrics.json.abcdefgh", "temporary file")}


def test_half_an_export_goes_when_it_is_an_hour_old(tmp_path: Path) -> None:
    folder = make(tmp_path, "1-finished").path / "exports"
    for name in ("net_savedmodel", ".export.abcdefgh", ".export.12345678", ".export.mine"):
        (folder / name).mkdir(parents=True)
        if name != ".export.12345678":
            set_age(folder / name, 4000)
    assert planned(tmp_path) == {("1-finished/exports/.export.abcdefgh", "unfinished export")}
    assert remove(plan_cleanup(tmp_path))[1] == []
    assert not (folder / ".export.abcdefgh").exists()


def test_folders_that_never_became_runs_go_with_their_process(
    tmp_path: Path, dead: dict[str, Any]
) -> None:
    make_without_epoch(tmp_path, ".new-1-dead", **dead)
    make_without_epoch(tmp_path, ".new-2-alive", **{**this_process(), "status": "running"})
    young, old = ".new-20261126-101530-a_b-3f2a", ".new-20261126-101530-a_b-3f2b"
    for name in (young, old, ".other-old"):
        (tmp_path / name).mkdir()
    (tmp_path / ".latest.abcdefgh").write_text("")
    for name in (old, ".other-old", ".latest.abcdefgh"):
        set_age(tmp_path / name, 4000)
    assert planned(tmp_path) == {
        (".latest.abcdefgh", "temporary file"),
        (".new-1-dead", "unfinished folder"),
        (old, "unfinished folder"),
    }
    plan = plan_cleanup(tmp_path)
    assert "1-dead" in {one.run_id for one in plan}
    assert remove(plan) == (plan, [])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".new-2-alive", young, ".other-old"}


def test_what_no_dlrun_wrote_is_left_alone(tmp_path: Path, dead: dict[str, Any]) -> None:
    for name, text in (
        ("damaged", '{"status": "fai'),
        ("list", "[]"),
        ("foreign", '{"status": "failed"}'),
        ("other-status", '{"id": "other-status", "status": "done"}'),
        ("newer", '{"id": "newer", "status": "failed", "format": 2}'),
        ("odd", '{"id": "odd", "status": "failed", "format": "x"}'),
        ("renamed", '{"id": "as-it-was", "status": "failed", "format": 1}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(text)
    (tmp_path / "data").mkdir()
    (tmp_path / "latest").write_text("x")
    assert plan_cleanup(tmp_path) == []


def test_files_and_folders_of_other_names_are_left_alone_however_old(
    tmp_path: Path, dead: dict[str, Any]
) -> None:
    run = make(tmp_path, "1-dead", **dead)
    names = (
        ".thesis.txt.original", ".run.json.abcdefgh", ".new-ideas/essay.txt", ".new-7/essay.txt",
        ".new-plan/run.json/essay.txt", "1-dead/.thesis.txt.original", "1-dead/.latest.abcdefgh",
        "1-dead/checkpoints/.best-of.npz.original", "1-dead/plots/.essay.txt.original",
    )  # fmt: skip
    (tmp_path / ".new-empty").mkdir()
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    for path in tmp_path.rglob("*"):
        set_age(path, 9000)
    assert plan_cleanup(tmp_path) == []
    assert run.path.is_dir()


def test_half_a_copy_by_another_name_goes_where_all_in_it_is_a_runs(tmp_path: Path) -> None:
    for name in (".new-other", ".new-ideas"):
        for inner in ("plots", "checkpoints"):
            (tmp_path / name / inner).mkdir(parents=True)
        (tmp_path / name / ".config.yaml.abcdefgh").write_text("half")
    (tmp_path / ".new-ideas" / "essay.txt").write_text("mine")
    for name in (".new-other", ".new-ideas"):
        set_age(tmp_path / name, 9000)
    assert planned(tmp_path) == {(".new-other", "unfinished folder")}


def test_a_half_drawn_comparison_beside_the_runs_goes(tmp_path: Path) -> None:
    for name in (".compare_val_loss.png.abcdefgh", ".portrait.png.abcdefgh"):
        (tmp_path / name).write_text("half")
        set_age(tmp_path / name, 4000)
    assert planned(tmp_path) == {(".compare_val_loss.png.abcdefgh", "temporary file")}


def test_links_are_not_followed(tmp_path: Path, dead: dict[str, Any]) -> None:
    runs_dir, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    make(runs_dir, "1-best", 0.1)
    outside = make_without_epoch(elsewhere, "2-dead", **dead)
    (runs_dir / "2-dead").symlink_to(outside.path)
    (runs_dir / ".new-3").symlink_to(outside.path)
    linked = make(runs_dir, "4-worse", 0.2)
    for name in ("model.keras", "checkpoints"):
        (linked.path / name).rename(elsewhere / name)
        (linked.path / name).symlink_to(elsewhere / name)
    (linked.path / "plots").symlink_to(elsewhere)
    (elsewhere / ".loss.png.abcdefgh").write_text("")
    set_age(elsewhere / ".loss.png.abcdefgh", 4000)
    assert planned(runs_dir) == set()
    gone = make_without_epoch(runs_dir, "5-dead", **dead)
    (gone.path / "data").symlink_to(elsewhere)
    before = files_of(elsewhere)
    removed, problems = remove(plan_cleanup(runs_dir))
    assert ([one.run_id for one in removed], problems) == (["5-dead"], [])
    assert removed[0].size_bytes < 20_000
    assert files_of(elsewhere) == before


def test_a_run_taken_up_since_the_plan_stays(tmp_path: Path, dead: dict[str, Any]) -> None:
    run = make_without_epoch(tmp_path, "1-dead", **dead)
    plan = plan_cleanup(tmp_path)
    write_json(run.path / "run.json", run.info | this_process())
    assert remove(plan) == ([], [])
    assert run.path.is_dir()
    write_json(run.path / "run.json", run.info | dead)
    (run.path / "history.csv").write_text("epoch,loss\n1,0.5\n")
    assert remove(plan) == ([], [])


def test_nobody_takes_up_a_run_while_it_loses_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "1-best", 0.1)
    worse = make(tmp_path, "2-worse", 0.2)
    rmtree, tried = shutil.rmtree, []

    def take_up(path: Path) -> None:
        with pytest.raises(RunError, match="another process works on it"), only_process(worse):
            pass
        tried.append(path.name)
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", take_up)
    remove(plan_cleanup(tmp_path))
    assert tried == ["checkpoints"]
    assert not (worse.path / ".lock").exists()  # as there was none before
    with only_process(worse):
        pass
    assert (worse.path / ".lock").exists()


def test_a_lock_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    make(tmp_path, "1-best", 0.1)
    worse = make(tmp_path, "2-worse", 0.2)
    plan = plan_cleanup(tmp_path)
    (worse.path / ".lock").mkdir()
    removed, problems = remove(plan)
    assert (removed, len(problems)) == ([], 2)
    with pytest.raises(StorageError, match=r"2-worse/\.lock: cannot be written, is a directory"):
        raise problems[0]


def test_what_is_gone_already_is_no_problem(tmp_path: Path, dead: dict[str, Any]) -> None:
    run = make_without_epoch(tmp_path, "1-dead", **dead)
    plan = plan_cleanup(tmp_path)
    shutil.rmtree(run.path)
    assert remove(plan) == ([], [])


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "1-best", 0.1)
    make(tmp_path, "2-worse", 0.2)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name == "model.keras":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    plan = plan_cleanup(tmp_path)
    monkeypatch.setattr(Path, "unlink", refuse)
    removed, (problem,) = remove(plan)
    assert [one.kind for one in removed] == ["checkpoints"]
    path = tmp_path / "2-worse" / "model.keras"
    assert str(problem) == f"{path}: cannot be removed, permission denied; remove it by hand"


def test_a_run_cut_off_halfway_by_a_second_kill_is_gone_next_time(
    tmp_path: Path, dead: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_without_epoch(tmp_path, "1-dead", **dead)

    def die(path: Path) -> None:
        (path / "config.yaml").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        remove(plan_cleanup(tmp_path))
    assert not run.path.exists()
    monkeypatch.undo()
    assert planned(tmp_path) == {(".new-1-dead", "unfinished folder")}
    assert json.loads((tmp_path / ".new-1-dead" / "run.json").read_text())["id"] == "1-dead"
