"""Every write of going on with a run, of a look at its test rows and of predictions may fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dlrun
from dlrun.events import EpochEnded
from dlrun.predicting import writing
from dlrun.runs import Run, living
from dlrun.training import keeping
from tests.full_disk import FULL, LOCKED, Killed, check_command, clear, copy_tree, some_writes

CONFIG = """
name: small
dataset: {name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}
model: {layers: [Dense: {units: 3, activation: softmax}]}
loss: categorical_crossentropy
optimizer: {SGD: {learning_rate: 0.1}}
training: {epochs: 2, batch_size: 45}
"""


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a checkpoint after each epoch."""
    monkeypatch.setattr(keeping, "SHARE", 1e9)
    monkeypatch.setattr(keeping, "SECONDS", 1e9)
    monkeypatch.setattr(living, "HEARTBEAT_SECONDS", 1e9)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A run that was killed as its second epoch ended, and one that has finished."""

    def kill(event: object) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise Killed

    folder = tmp_path_factory.mktemp("trained")
    path = folder / "small.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "SHARE", 1e9)
        with pytest.raises(Killed):
            dlrun.train(path, report=kill, runs_dir=folder / "killed")
        finished = dlrun.train(path, runs_dir=folder / "finished")
    (killed,) = [one for one in (folder / "killed").iterdir() if one.is_dir()]
    return Run(killed), finished


def put(run: Run, runs_dir: Path) -> Callable[[], object]:
    return lambda: copy_tree(run.path, runs_dir / "small")


def result(run: Run) -> Any:
    run = Run(run.path)
    history = {name: v for name, v in run.read_history().items() if name != "epoch_seconds"}
    weights = run.info["hashes"].get("final_weights")
    found = run.evaluation, run.predictions("validation")["outputs"].tolist()
    return [history, run.metrics, weights, run.status, *found]


@some_writes(20, "make")
def test_a_run_is_gone_on_with(
    trained: tuple[Run, Run], runs_dir: Path, kind: str, stride: int
) -> None:
    def resume() -> Any:
        run = Run(runs_dir / "small")
        return result(run if run.status == "finished" else dlrun.resume(run))

    def between() -> None:
        assert Run(runs_dir / "small").read_history()["epoch"][0] == 1

    begin = put(trained[0], runs_dir)
    check_command(runs_dir, kind, begin=begin, do=resume, between=between, stride=stride, least=10)


@some_writes(20, "move")
def test_a_finished_run_is_extended(
    trained: tuple[Run, Run], runs_dir: Path, kind: str, stride: int
) -> None:
    """What it had stays its result until there is a new epoch."""
    before = result(trained[1])

    def extend() -> Any:
        run = Run(runs_dir / "small")
        planned = run.config.training.epochs
        if planned == 3 and run.status == "finished" and len(run.history) == 3:
            return result(run)
        return result(dlrun.resume(run, more_epochs=3 - planned))

    def between() -> None:
        run = Run(runs_dir / "small")
        assert run.path.joinpath("model.keras").is_file()
        if len(run.read_history()["epoch"]) == 2:
            assert [*result(run)[:3], *result(run)[4:]] == [*before[:3], *before[4:]]

    begin = put(trained[1], runs_dir)
    check_command(runs_dir, kind, begin=begin, do=extend, between=between, stride=stride, least=10)


@some_writes(2, "move")
def test_a_look_at_the_test_rows_is_kept(
    trained: tuple[Run, Run], runs_dir: Path, kind: str, stride: int
) -> None:
    """It is counted first: a value that was seen and not kept counts, too."""

    def begin() -> None:
        run = Run(copy_tree(trained[1].path, runs_dir / "small"))
        for name in ("metrics.json", "evaluation.json", "predictions.npz"):
            assert (run.path / name).is_file()
        forget_the_test(run)

    def look() -> Any:
        found = dlrun.test(runs_dir / "small")
        run = Run(runs_dir / "small")
        return [found.evaluation, run.metrics, run.evaluation, [*run.predictions("test")]]

    check_command(runs_dir, kind, begin=begin, do=look, stride=stride, least=4)
    assert 1 <= len(Run(runs_dir / "small").info["test_looks"]) <= 2


def forget_the_test(run: Run) -> None:
    """As if its rows had not been looked at when it was trained."""
    from dlrun.files import write_json

    write_json(run.path / "run.json", {**run.info, "test_looks": []})
    write_json(run.path / "metrics.json", {**run.metrics, "test": None})
    kept = {name: value for name, value in run.evaluation.items() if name != "test"}
    write_json(run.path / "evaluation.json", kept)


@pytest.mark.parametrize("kind", ["make", "move"])
def test_predictions_are_kept(
    trained: tuple[Run, Run], runs_dir: Path, tmp_path: Path, kind: str
) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n", encoding="utf-8")

    def predict() -> Any:
        found = dlrun.predict(runs_dir / "small", table)
        return [str(sample.answer) for sample in found.samples], found.num_samples

    def between() -> None:
        folder = runs_dir / "small" / "predictions"
        assert not folder.is_dir() or [*folder.rglob("*.csv")] == []

    begin = put(trained[1], runs_dir)
    check_command(runs_dir, kind, begin=begin, do=predict, between=between, least=1)


def test_a_disk_that_fills_while_predictions_are_written_is_told_and_nothing_stays(
    trained: tuple[Run, Run], runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(runs_dir)
    put(trained[1], runs_dir)()
    (tmp_path / "rows.csv").write_text("5.1,3.5,1.4,0.2\n", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(writing.SampleWriter, "write", refuse)
    message = r"predictions\.csv: cannot be written, no space left on device; free some space"
    with pytest.raises(dlrun.DlrunError, match=message):
        dlrun.predict(runs_dir / "small", tmp_path / "rows.csv")
    assert [*(runs_dir / "small" / "predictions").iterdir()] == []


def test_a_folder_without_permission_is_told_likewise(
    trained: tuple[Run, Run], runs_dir: Path
) -> None:
    def resume() -> Any:
        run = Run(runs_dir / "small")
        return result(run if run.status == "finished" else dlrun.resume(run))

    begin = put(trained[0], runs_dir)
    check_command(runs_dir, "make", begin=begin, do=resume, error=LOCKED, stride=99)
