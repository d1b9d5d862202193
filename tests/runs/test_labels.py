"""What runs are called side by side: what tells them apart, and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.config import load_config
from dlrun.files import to_yaml, write_json, write_text
from dlrun.runs import Run
from dlrun.runs.labels import label_of

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(runs_dir: Path, write_config: Callable[..., Path]) -> MakeRun:
    def make(run_id: str, name: str = "small", **info: object) -> Run:
        folder = runs_dir / run_id
        folder.mkdir(parents=True)
        write_text(
            folder / "config.yaml", to_yaml(load_config(write_config(name)).config.to_dict())
        )
        write_json(folder / "run.json", {"status": "finished", "note": "", "overrides": [], **info})
        return Run(folder)

    return make


def labels(runs: list[Run]) -> list[str]:
    return [label_of(run, runs) for run in runs]


def test_runs_are_told_apart_by_config_note_overrides_or_id(make_run: MakeRun) -> None:
    assert labels([make_run("a1", name="wide"), make_run("a2", name="deep")]) == ["wide", "deep"]
    noted = [make_run("b1", note="first"), make_run("b2", note="second")]
    assert labels(noted) == ["small, first", "small, second"]
    changed = [make_run("c1"), make_run("c2", overrides=["seed=1", "repeat=5"])]
    assert labels(changed) == ["small, as it is", "small, seed=1"]
    assert labels([make_run("d-0001"), make_run("d-0002")]) == ["small 0001", "small 0002"]
