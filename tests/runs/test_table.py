from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunError
from dlrun.files import write_json, write_text
from dlrun.runs import Run
from dlrun.runs.table import filter_rows, run_row, sort_rows


def make(folder: Path, best: dict[str, float], **info: Any) -> Run:
    folder.mkdir(parents=True)
    write_json(folder / "run.json", {"name": "net", "status": "finished", "note": "", **info})
    write_json(folder / "dataset.json", {"name": "iris"})
    counted = {"input_shape": [4], "layers": [], "total": 51, "trainable": 51, "non_trainable": 0}
    write_json(folder / "parameters.json", counted)
    metrics = {"epochs": 9, "best_epoch": 7, "best": best, "test": {"loss": 1.0, "accuracy": 0.5}}
    write_json(folder / "metrics.json", metrics)
    return Run(folder)


def test_a_row_holds_what_the_table_shows(tmp_path: Path) -> None:
    best = {"loss": 0.2, "accuracy": 0.8, "val_loss": 0.3, "val_accuracy": 0.7}
    run = make(tmp_path / "r1", best, duration_seconds=2.5, note="first")
    assert run_row(run) == {
        "id": "r1",
        "config": "net",
        "dataset": "iris",
        "num_parameters": 51,
        "epochs": 9,
        "best_epoch": 7,
        "metric": "val_accuracy",
        "best": 0.7,
        "sd": None,
        "members": None,
        "duration_seconds": 2.5,
        "status": "finished",
        "note": "first",
    }
    assert run_row(run, with_test=True)["test"] == 0.5


def test_without_validation_the_training_value_stands_and_says_so(tmp_path: Path) -> None:
    assert run_row(make(tmp_path / "r", {"loss": 0.2}))["metric"] == "loss"


@pytest.mark.parametrize(
    ("mode", "best", "epoch"), [("min", 0.6, 1), ("max", 0.9, 3), (None, None, None)]
)
def test_a_run_that_runs_or_died_has_its_best_from_its_history(
    tmp_path: Path, mode: str | None, best: float | None, epoch: int | None
) -> None:
    said = {"monitor": "val_accuracy", "monitor_mode": mode}
    run = make(tmp_path / "r", {"val_accuracy": 0.1}, **said, status="running")
    (run.path / "metrics.json").unlink()
    lines = ["epoch,loss,val_accuracy,epoch_seconds", "1,2.0,0.6,1", "2,1.0,,1", "3,0.5,0.9,1"]
    write_text(run.path / "history.csv", "\n".join([*lines, ""]))
    row = run_row(run)
    assert (row["status"], row["epochs"]) == ("dead", 3)
    assert (row["best"], row["best_epoch"]) == (best, epoch)
    assert row["metric"] == ("val_accuracy" if mode else None)


def test_without_what_best_means_it_only_has_its_epochs(tmp_path: Path) -> None:
    run = make(tmp_path / "r", {}, status="running")
    (run.path / "metrics.json").unlink()
    write_text(run.path / "history.csv", "epoch,loss\n1,2.0\n2,1.0\n")
    row = run_row(run)
    assert (row["epochs"], row["best_epoch"], row["best"]) == (2, None, None)


def test_damaged_folders_give_a_marked_row(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    write_text(tmp_path / "r" / "run.json", '{"name": ')
    assert run_row(Run(tmp_path / "r"))["status"] == "unreadable"
    write_text(tmp_path / "r" / "run.json", '{"name": "net", "status": "running"}')
    write_text(tmp_path / "r" / "metrics.json", "[1, 2]")
    row = run_row(Run(tmp_path / "r"))
    assert (row["status"], row["best"], row["dataset"]) == ("dead", None, None)


def test_rows_sort_by_best_in_the_direction_of_their_metric() -> None:
    rows = [
        {"id": "a", "metric": "val_accuracy", "best": 0.7},
        {"id": "b", "metric": "val_accuracy", "best": 0.9},
        {"id": "c", "metric": None, "best": None},
        {"id": "d", "metric": "val_loss", "best": 0.5},
        {"id": "e", "metric": "val_loss", "best": 0.1},
    ]
    assert [row["id"] for row in sort_rows(rows, "best")] == ["b", "a", "e", "d", "c"]


def test_numbers_sort_largest_first_words_alphabetically_ids_newest_first() -> None:
    rows = [
        {"id": "1", "config": "b", "epochs": 5},
        {"id": "2", "config": "a", "epochs": 9},
        {"id": "3", "config": "c", "epochs": None},
    ]
    assert [row["id"] for row in sort_rows(rows, "epochs")] == ["2", "1", "3"]
    assert [row["id"] for row in sort_rows(rows, "config")] == ["2", "1", "3"]
    assert [row["id"] for row in sort_rows(rows, "id")] == ["3", "2", "1"]
    assert sort_rows([], "epochs") == []


def test_columns_may_be_named_as_the_table_has_them() -> None:
    rows = [
        {"id": "1", "duration_seconds": 3.0, "dataset": "iris"},
        {"id": "2", "duration_seconds": 9.0, "dataset": "wine"},
    ]
    assert [row["id"] for row in sort_rows(rows, "time")] == ["2", "1"]
    assert sort_rows(rows, "duration_seconds") == sort_rows(rows, "time")
    assert [row["id"] for row in filter_rows(rows, ["data set=iris"])] == ["1"]
    with pytest.raises(RunError, match=r"no column 'parameter'; did you mean 'parameters'\?"):
        sort_rows(rows, "parameter")


def test_runs_are_never_ranked_by_the_test_set() -> None:
    with pytest.raises(RunError, match="not ranked by their test values"):
        sort_rows([], "test")


def test_an_unknown_column_gets_the_nearest() -> None:
    with pytest.raises(RunError, match="no column 'epoch'; did you mean 'epochs'"):
        sort_rows([], "epoch")
    with pytest.raises(RunError, match="no column 'stauts'; did you mean 'status'"):
        filter_rows([{"status": "x"}], ["stauts=x"])


def test_filters_take_words_and_columns() -> None:
    rows = [
        {"id": "1-mnist", "status": "finished", "note": "wide"},
        {"id": "2-moons", "status": "failed", "note": ""},
    ]
    assert [row["id"] for row in filter_rows(rows, ["mnist"])] == ["1-mnist"]
    assert [row["id"] for row in filter_rows(rows, ["status=failed"])] == ["2-moons"]
    assert filter_rows(rows, ["mnist", "status=failed"]) == []
