"""Looks at test rows: once at the end of a run, later by `dlrun test`, each dated and counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config import DatasetConfig
from dlrun.data import load_dataset
from dlrun.errors import RunError
from dlrun.prepare import prepare_data
from dlrun.runs import Run
from dlrun.runs.looks import count_looks
from dlrun.testing import look_at_test

WriteConfig = Callable[..., Path]


def forget_test(run: Run) -> Run:
    """Makes of a finished run one that never looked at its test rows."""
    for name in ("metrics", "evaluation", "run"):
        path = run.path / f"{name}.json"
        facts = json.loads(path.read_text())
        facts.pop("test", None)
        facts.pop("test_looks", None)
        path.write_text(json.dumps(facts))
    kept = dict(np.load(run.path / "predictions.npz"))
    kept = {name: array for name, array in kept.items() if not name.startswith("test")}
    np.savez(run.path / "predictions.npz", **kept)
    return Run(run.path)


@pytest.fixture
def run(write_config: WriteConfig) -> Run:
    return dlrun.train(write_config())


def test_the_look_at_the_end_is_dated_and_counted(run: Run, write_config: WriteConfig) -> None:
    (look,) = run.info["test_looks"]
    assert (look["by"], look["dataset"], look["num_rows"]) == ("train", "iris", 30)
    looks = count_looks(look["test_set"], run)
    assert (looks.number, looks.num_runs, looks.first) == (1, 1, look["time"])
    assert str(looks) == f"its first look, {look['time'][:10]}"
    dlrun.train(write_config(optimizer="adam"))
    looks = count_looks(look["test_set"], run)
    assert str(looks) == f"look 2 at these rows, by 2 runs since {look['time'][:10]}"


def test_a_run_that_goes_on_in_another_folder_has_not_looked_yet(run: Run) -> None:
    test_set = run.info["test_looks"][0]["test_set"]
    longer = dlrun.resume(run, more_epochs=1, into="longer")
    assert [look["by"] for look in longer.info["test_looks"]] == ["train"]
    assert count_looks(test_set, longer).number == 2


def test_looks_are_counted_in_the_folder_that_the_run_is_in(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / run.id
    shutil.copytree(run.path, elsewhere)
    found = dlrun.test(elsewhere)
    assert (found.looks.number, found.is_new) == (1, False)
    assert str(found.looks).startswith("its first look")


def test_outputs_that_are_no_numbers_are_told(run: Run) -> None:
    forget_test(run)
    model = run.model()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    model.save(run.path / "model.keras")
    with pytest.raises(RunError, match="the model gives NaN or infinity for test rows; train anew"):
        dlrun.test(Run(run.path))


def test_other_rows_are_another_test_set(run: Run, write_config: WriteConfig) -> None:
    other = dlrun.train(write_config(), {"seed": 1})
    first, second = (one.info["test_looks"][0]["test_set"] for one in (run, other))
    assert first != second
    assert count_looks(first, run).number == 1
    assert str(count_looks("0" * 12, run)) == "never looked at before"


def test_the_test_set_is_known_by_its_rows_whatever_the_rest_of_the_data(
    run: Run, tmp_path: Path
) -> None:
    data = prepare_data(run.config)
    rows = data.splits.test
    x, y = data.dataset.x, data.dataset.y
    np.savez(tmp_path / "own.npz", x=x[rows], y=y[rows])
    own = load_dataset(DatasetConfig("npz", {"path": str(tmp_path / "own.npz")}))
    assert own.hash_rows(np.arange(30)) == data.dataset.hash_rows(rows)
    assert own.content_hash != data.dataset.content_hash


def test_a_look_later_gives_what_a_look_at_the_end_gave(run: Run) -> None:
    before = (run.metrics["test"], run.evaluation["test"], run.predictions("test"))
    found = look_at_test(forget_test(run))
    assert found.is_new
    again = Run(run.path)
    assert again.metrics["test"] == pytest.approx(before[0])
    assert again.evaluation["test"] == before[1] == found.evaluation
    for name, array in before[2].items():
        np.testing.assert_array_equal(array, again.predictions("test")[name])
    assert again.predictions("validation")["outputs"].shape == (30, 3)
    assert [look["by"] for look in again.info["test_looks"]] == ["test"]


def test_what_was_looked_at_is_not_looked_at_again(run: Run) -> None:
    found = look_at_test(run)
    assert not found.is_new
    assert found.evaluation == run.evaluation["test"]
    assert len(Run(run.path).info["test_looks"]) == 1


def test_other_data_are_scaled_as_the_runs_own(run: Run, tmp_path: Path) -> None:
    data = prepare_data(run.config)
    rows = data.splits.validation
    np.savez(tmp_path / "own.npz", x=data.dataset.x[rows], y=data.dataset.y[rows],
             class_names=list(data.dataset.class_names))  # fmt: skip
    found = look_at_test(run, str(tmp_path / "own.npz"))
    assert found.evaluation["metrics"] == run.evaluation["validation"]["metrics"]
    again = Run(run.path)
    assert again.evaluation["other_tests"]["npz"] == found.evaluation
    assert again.evaluation["test"] == run.evaluation["test"]
    assert [look["by"] for look in again.info["test_looks"]] == ["train", "test --dataset"]


def test_official_test_rows_are_those_of_another_set(run: Run, tmp_path: Path) -> None:
    data = load_dataset(DatasetConfig("iris"))
    np.savez(tmp_path / "own.npz", x=data.x[:100], y=data.y[:100], x_test=data.x[100:],
             y_test=data.y[100:], class_names=list(data.class_names))  # fmt: skip
    assert look_at_test(run, str(tmp_path / "own.npz")).evaluation["num_rows"] == 50


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits", r"digits: a sample has shape \(8, 8\), and 2.* was trained on \(4,\)"),
        ("two_moons", r"two_moons: a sample has shape \(2,\)"),
    ],
)
def test_data_of_another_shape_are_refused(run: Run, name: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        look_at_test(run, name)


def test_data_of_other_classes_are_refused(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", x=np.eye(4, dtype=np.float32), y=np.array([0, 1, 0, 1]))
    with pytest.raises(RunError, match=r"npz: has 0, 1 to predict, and 2.* was trained on setosa"):
        look_at_test(run, str(tmp_path / "own.npz"))


def test_without_test_rows_there_is_a_way_out(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(dataset="{name: iris, split: {train: 0.7, validation: 0.3}}"))
    with pytest.raises(RunError, match=r"no test rows were held back .* test it on other rows by"):
        look_at_test(run)


def test_a_running_run_is_not_tested(run: Run) -> None:
    from dlrun.processes import this_process

    path = run.path / "run.json"
    facts = json.loads(path.read_text()) | this_process() | {"status": "running"}
    path.write_text(json.dumps(facts))
    with pytest.raises(RunError, match="it is running; its test rows are looked at when it ends"):
        look_at_test(Run(run.path))


def test_the_command_shows_metrics_beside_the_baseline_and_the_looks(run: Run) -> None:
    done = CliRunner().invoke(app, ["test", run.id])
    assert done.exit_code == 0, done.output
    first, *rest = done.stdout.splitlines()
    assert first == f"{run.id}: 30 test rows of iris, looked at before"
    assert [line.split()[0] for line in rest] == [
        "loss", "accuracy", "f1_macro", "baseline", "looks",
    ]  # fmt: skip
    done = CliRunner().invoke(app, ["test", run.id, "--json"])
    facts = json.loads(done.stdout)
    assert (facts["looks"], facts["is_new"], facts["num_rows"]) == (1, False, 30)


def test_a_member_that_is_not_there_is_told(run: Run) -> None:
    done = CliRunner().invoke(app, ["test", run.id, "--member", "0"])
    assert done.exit_code == 2
    assert "has no members; leave --member out" in done.output


def test_looks_of_damaged_runs_are_passed_over(run: Run, runs_dir: Path) -> None:
    shutil.copytree(run.path, runs_dir / "20260101-000000-copy-0000")
    (runs_dir / "20260101-000000-copy-0000" / "run.json").write_text("{")
    assert count_looks(run.info["test_looks"][0]["test_set"], run).number == 1


def test_early_stopping_and_the_best_epoch_never_see_test_rows(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    """Garbage in the test rows changes nothing but the test values."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    runs = []
    for garbage in (0, 1e3):
        path = tmp_path / f"own{garbage}.npz"
        np.savez(path, x=x, y=y, x_test=x[:30] + garbage, y_test=1 - y[:30])
        stop = "[{EarlyStopping: {monitor: val_loss, patience: 2}}]"
        config = write_config(
            dataset=f"{{name: npz, options: {{path: {path}}}}}",
            model="{layers: [Dense: 8, Dense: {units: 1, activation: sigmoid}]}",
            loss="binary_crossentropy",
            training=f"{{epochs: 12, batch_size: 16, callbacks: {stop}}}",
        )
        runs.append(dlrun.train(config))
    columns = [run.history.drop(columns="epoch_seconds") for run in runs]
    assert columns[0].equals(columns[1])
    assert runs[0].info["hashes"]["final_weights"] == runs[1].info["hashes"]["final_weights"]
    differing: Any = [run.metrics["test"]["loss"] for run in runs]
    assert differing[0] != differing[1]
