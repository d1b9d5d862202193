"""Run folders that dlrun 0.1.0 wrote stay readable by every command that reads runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.likeness import compare_runs
from dlrun.resumption import plan_resume
from dlrun.runs import Run
from dlrun.runs.checkpoints import read_last
from dlrun.runs.cleanup import plan_cleanup
from dlrun.runs.table import run_row

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"
REPEATS = SAMPLE.with_name("20261126-055355-flowers-3716")
"""Of three repeats, without their models and pictures."""
MEAN, SD = 0.7777777711550394, 0.019245025032274456


@pytest.fixture
def run(runs_dir: Path) -> Run:
    """The run beside others, in a copy: nothing may touch the one that is kept."""
    shutil.copytree(SAMPLE, runs_dir / SAMPLE.name)
    return dlrun.load_run(SAMPLE.name)


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_its_row_in_the_table(run: Run) -> None:
    assert run_row(run, with_test=True) == {
        "id": "20261124-001515-flowers-44d8",
        "config": "flowers",
        "dataset": "iris",
        "num_parameters": 67,
        "epochs": 4,
        "best_epoch": 4,
        "metric": "val_accuracy",
        "best": 0.8666666746139526,
        "sd": None,
        "members": None,
        "duration_seconds": 1.45,
        "status": "finished",
        "note": "kept to be readable by every later dlrun",
        "test": 0.9333333373069763,
    }
    assert "67       4  0.8667 accuracy  1.4 s  finished" in output("summary")


def test_its_own_screen(run: Run) -> None:
    first, *lines = output("summary", run.id).splitlines()
    assert first == f"{run.id}: finished after 1.4 s"
    assert "  engine      compiled, 1 thread (the data fit in memory)" in lines
    assert "  Dense softmax  3                     27  (8 + 1) × 3" in lines
    facts = json.loads(output("summary", run.id, "--json"))
    assert facts["info"]["format"] == 1
    assert facts["dataset"]["parts"]["train"]["num_rows"] == 90
    assert facts["metrics"]["kept_epoch"] == 4
    assert facts["parameters"]["total"] == 67


def test_its_history(run: Run) -> None:
    assert list(run.history.index) == [1, 2, 3, 4]
    assert list(run.history.columns) == [
        "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "epoch_seconds",
    ]  # fmt: skip
    assert run.history.loc[3, "val_loss"] == 0.294388085603714
    kept = json.loads((run.path / "history.json").read_text())
    assert kept == {name: list(values) for name, values in run.history.items()}


def test_its_predictions(run: Run) -> None:
    for part in ("validation", "test"):
        found = run.predictions(part)
        assert {name: (array.shape, array.dtype) for name, array in found.items()} == {
            "rows": ((30,), np.int64),
            "outputs": ((30, 3), np.float32),
            "labels": ((30,), np.int64),
        }
    right = np.argmax(found["outputs"], axis=1) == found["labels"]
    assert right.mean() == pytest.approx(run.metrics["test"]["accuracy"])


def test_its_small_files(run: Run) -> None:
    assert run.metrics["best"]["val_loss"] == 0.23119749128818512
    assert run.environment["packages"]["keras"] == "3.15.1"
    assert [layer.kind for layer in run.parameters.layers] == ["Dense", "Dropout", "Dense"]
    assert run.parameters.layers[0].output_shape == (8,)
    assert (run.config.name, run.config.training.epochs) == ("flowers", 4)
    assert run.config.note == run.info["note"]


def test_its_curves(run: Run, tmp_path: Path) -> None:
    said = output("plot", run.id, "--dpi", "20", "--x", "updates", "--output", str(tmp_path))
    assert [Path(line).name for line in said.splitlines()] == [
        "loss_by_updates.png", "accuracy_by_updates.png",
    ]  # fmt: skip
    assert all(Path(line).is_file() for line in said.splitlines())


def test_what_clears_up_compares_and_goes_on_reads_it_too(run: Run, runs_dir: Path) -> None:
    assert plan_cleanup(runs_dir) == []
    assert compare_runs(run, run).verdict == "identical"
    assert read_last(run) is None
    with pytest.raises(dlrun.DlrunError, match="finished, and without a checkpoint to go on from"):
        plan_resume(run, [], 3)


def test_keys_that_came_later_are_passed_over(run: Run) -> None:
    for name in ("run", "metrics", "dataset", "parameters", "environment"):
        path = run.path / f"{name}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "later": [{"a": None}]}))
    counted = json.loads((run.path / "parameters.json").read_text())
    counted["layers"][0]["later"] = 3
    (run.path / "parameters.json").write_text(json.dumps(counted))
    assert run_row(Run(run.path)) == run_row(Run(SAMPLE))
    assert Run(run.path).parameters == Run(SAMPLE).parameters


def test_its_model_predicts_what_it_did(run: Run) -> None:
    from dlrun.config.schema import DatasetConfig
    from dlrun.data import load_dataset

    scaling, data = run.dataset["scaling"], load_dataset(DatasetConfig("iris"))
    assert data.content_hash == run.dataset["content_hash"]
    x = (data.x - np.float32(scaling["offset"])) / np.float32(scaling["divisor"])
    kept = run.predictions("test")
    outputs = run.model().predict(x[kept["rows"]], verbose=0)
    np.testing.assert_allclose(outputs, kept["outputs"], rtol=1e-4)


@pytest.fixture
def repeats(runs_dir: Path) -> Run:
    shutil.copytree(REPEATS, runs_dir / REPEATS.name)
    return dlrun.load_run(REPEATS.name)


def test_repeats_are_one_row_with_their_spread(repeats: Run) -> None:
    row = run_row(repeats)
    assert (row["members"], row["metric"], row["status"]) == (3, "val_accuracy", "finished")
    assert (row["best"], row["sd"]) == pytest.approx((MEAN, SD))
    assert "flowers × 3" in output("summary")
    rows = json.loads(output("summary", "--members", "--json"))
    assert [one["id"] for one in rows[1:]] == [f"{repeats.id}/repeats/{i}" for i in range(3)]


def test_repeats_are_shown_diagnosed_and_compared(repeats: Run) -> None:
    assert "3 members (3 repeats)" in output("summary", repeats.id)
    assert "still improving" in output("diagnose", repeats.id)
    said = output("compare", repeats.id, repeats.id, "--no-plot")
    assert "paired over 3 seeds: all are equal" in said
    assert "validation, 30 rows" in output("summary", f"{repeats.id}/repeats/1")
    assert len(repeats.history) == 18


def test_repeats_are_drawn(repeats: Run, tmp_path: Path) -> None:
    output("plot", repeats.id, "--dpi", "20", "--output", str(tmp_path))
    assert {path.name for path in tmp_path.glob("*.png")} == {"loss.png", "accuracy.png"}
