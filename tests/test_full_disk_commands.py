"""Every write of every other command may fail: told in words, nothing lost, done again with room.

Members and trials are copied here, not trained: what their workers write is what one training
does, which `test_full_disk.py` has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import dlrun
from dlrun.data import fetch_dataset
from dlrun.data.payloads import Payload
from dlrun.data.source_table import SOURCES
from dlrun.data.sources import Folder
from dlrun.runs import Run, Sweep, cleanup, list_runs, list_sweeps, living
from dlrun.runs.create import copy_run
from dlrun.sweeping import report
from tests.full_disk import (
    CASES,
    REPEATS,
    check_command,
    clear,
    copy_tree,
    let_workers_copy,
    some_writes,
)

SAMPLE = REPEATS.with_name("20261124-001515-flowers-44d8")
KINDS = [*CASES]


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no heartbeat, a write more where the machine is slow."""
    let_workers_copy(monkeypatch)
    monkeypatch.setattr(living, "HEARTBEAT_SECONDS", 1e9)


def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def members_result(run: Run) -> Any:
    names = ("metrics.json", "dataset.json", "parameters.json")
    found = [content(run.path / name) for name in names]
    found += [content(member.path / "evaluation.json") for member in run.members]
    return [found, run.status, run.info["config_hash"], run.info["members"]]


def newest_or(begin: Callable[[], Any], resume: Callable[[Run], Any]) -> Any:
    """Goes on with the run that there is; begins where there is none, or a finished one."""
    runs = list_runs()
    return begin() if not runs or runs[0].status == "finished" else resume(runs[0])


@some_writes(4)
def test_members_are_made_and_added_up(runs_dir: Path, kind: str, stride: int) -> None:
    def train() -> Any:
        return members_result(dlrun.train(REPEATS / "config.yaml"))

    def again() -> Any:
        return newest_or(train, lambda run: members_result(dlrun.resume(run)))

    check_command(runs_dir, kind, do=train, again=again, stride=stride, least=12)


@some_writes(7)
def test_members_of_folds_are_pooled(
    runs_dir: Path, kind: str, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = "dlrun.members.training.check_same_data"  # what is copied was split otherwise
    monkeypatch.setattr(check, lambda *_: None)
    split = {"kfold": 3, "test": 0.1}

    def train() -> Any:
        run = dlrun.train(REPEATS / "config.yaml", {"repeat": 1, "dataset.split": split})
        return [members_result(run), run.evaluation["validation"]]

    def resume(run: Run) -> Any:
        resumed = dlrun.resume(run)
        return [members_result(resumed), resumed.evaluation["validation"]]

    check_command(
        runs_dir, kind, do=train, again=lambda: newest_or(train, resume), stride=stride, least=12
    )


@some_writes(4)
def test_members_are_added(runs_dir: Path, kind: str, stride: int) -> None:
    def begin() -> None:
        copy_tree(REPEATS, runs_dir / REPEATS.name)

    def resume() -> Any:
        return members_result(dlrun.resume(REPEATS.name, {"repeat": 4}))

    def again() -> Any:
        run = Run(runs_dir / REPEATS.name)
        if run.status == "finished" and run.metrics["finished"] == [0, 1, 2, 3]:
            return members_result(run)
        return resume()

    def between() -> None:
        run = Run(runs_dir / REPEATS.name)
        assert [member.status for member in run.members][:3] == ["finished"] * 3

    check_command(
        runs_dir, kind, begin=begin, do=resume, again=again, between=between, stride=stride, least=6
    )


@some_writes(12)
def test_a_run_and_one_with_members_are_copied(runs_dir: Path, kind: str, stride: int) -> None:
    """As `dlrun resume --into` does, before it goes on in the copy."""

    def begin() -> None:
        copy_tree(REPEATS, runs_dir / REPEATS.name)
        (copy_tree(SAMPLE, runs_dir / SAMPLE.name) / "checkpoints").mkdir()
        for name in ("last.npz", "best-3.npz"):
            (runs_dir / SAMPLE.name / "checkpoints" / name).write_bytes(b"x")

    def copy() -> Any:
        found: list[Any] = []
        for source in (SAMPLE, REPEATS):
            path = runs_dir / f"copy-{len(source.name)}-{source.name[-4:]}"
            if not path.exists():
                copy_run(Run(runs_dir / source.name), path, Run(source).config)
            copies = [Run(path), *Run(path).members]
            found += [(one.info["id"], one.info["member_of"], one.metrics) for one in copies]
            found.append(sorted(one.relative_to(path).as_posix() for one in path.rglob("*")))
        return found

    check_command(runs_dir, kind, begin=begin, do=copy, stride=stride, least=8)


def sweep_result(sweep: Sweep) -> Any:
    best = (sweep.path / "best.yaml").read_text(encoding="utf-8").replace(sweep.id, "")
    trials = [trial.to_dict() for trial in sweep.trials]
    names = sorted(path.name for path in sweep.path.iterdir() if path.name != ".lock")
    return [trials, best, names, sweep.status]


@pytest.fixture
def do_sweep(tmp_path: Path) -> Callable[[], Sweep]:
    text = (REPEATS / "config.yaml").read_text(encoding="utf-8")
    path = tmp_path / "flowers.yaml"
    path.write_text(text.replace("repeat: 3", "repeat: 1"), encoding="utf-8")
    space = {"optimizer.learning_rate": [0.1, 0.01], "model.activation": ["relu", "tanh"]}
    return lambda: dlrun.sweep(path, space)


@some_writes(4)
def test_a_sweep_is_planned_and_noted(
    runs_dir: Path, kind: str, stride: int, do_sweep: Callable[[], Sweep]
) -> None:
    def do() -> Any:
        return sweep_result(do_sweep())

    def between() -> None:
        for sweep in list_sweeps():
            assert len(sweep.trials) == 4

    check_command(runs_dir, kind, do=do, between=between, stride=stride, least=8)
    assert len(list_sweeps()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_written(
    runs_dir: Path,
    kind: str,
    tmp_path: Path,
    do_sweep: Callable[[], Sweep],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clear(runs_dir)
    sweep = do_sweep()
    copy_tree(sweep.path, tmp_path / "kept")
    monkeypatch.setattr(report, "_pictures", lambda sweep: [])

    def begin() -> None:
        copy_tree(tmp_path / "kept", runs_dir / sweep.id)

    def do() -> str:
        return report.write_report(Sweep(runs_dir / sweep.id)).read_text(encoding="utf-8")

    check_command(runs_dir, kind, begin=begin, do=do)


@pytest.mark.parametrize("kind", KINDS)
def test_gc_notes_before_it_removes(runs_dir: Path, kind: str) -> None:
    def begin() -> None:
        for name, value in (("1-best", 0.1), ("2-worse", 0.2)):
            path = copy_tree(SAMPLE, runs_dir / name)
            for file_name, changes in (
                ("run.json", {"id": name, "hashes": {"split": "0123456789ab"}}),
                ("metrics.json", {"best": {"val_loss": value}}),
            ):
                known = content(path / file_name)
                (path / file_name).write_text(json.dumps(known | changes), encoding="utf-8")

    def do() -> Any:
        removed, problems = cleanup.remove(cleanup.plan_cleanup())
        if problems:
            raise problems[0]
        run = Run(runs_dir / "2-worse")
        return [len(removed), run.info["weights_removed"]["files"], run.read_history()]

    def between() -> None:
        assert (runs_dir / "2-worse" / "model.keras").is_file()

    check_command(runs_dir, kind, begin=begin, do=do, between=between)


PAYLOAD = b"made up"


@pytest.mark.parametrize("kind", KINDS)
def test_data_are_kept(
    runs_dir: Path, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(PAYLOAD)
    payload = Payload("a.bin", hashlib.sha256(PAYLOAD).hexdigest())
    way = Folder("a package", str(tmp_path))
    source = replace(SOURCES["mnist"], payloads=(payload,), ways=(way,))
    monkeypatch.setitem(SOURCES, "mnist", source)
    monkeypatch.setenv("DLRUN_DATA_DIR", str(runs_dir / "data"))

    def do() -> Any:
        folder = fetch_dataset("mnist")
        assert folder is not None
        return [(path.name, path.read_bytes()) for path in folder.iterdir()]

    check_command(runs_dir, kind, do=do)
