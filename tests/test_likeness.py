"""The verdict on two run folders: to the last digit, near enough, or not, and where first."""

import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlrun.data import load_dataset
from dlrun.errors import RunError
from dlrun.likeness import Difference, compare_data, compare_runs, finished_epochs
from dlrun.runs import Run

SAMPLE = Path(__file__).parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"
HASHES = {
    "data": "1bb0991ef4ec",
    "split": "a" * 12,
    "batch_order": "b" * 12,
    "initial_weights": "c" * 12,
    "final_weights": "d" * 12,
}


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Run]:
    """Copies the run that is kept; its hashes are `HASHES` less those that are given."""

    def copy(name: str, *, hashes: dict[str, str] | None = None, **info: Any) -> Run:
        folder = tmp_path / name
        shutil.copytree(SAMPLE, folder)
        edit_json(folder / "run.json", hashes=HASHES | (hashes or {}), **info)
        return Run(folder)

    return copy


def edit_json(path: Path, **facts: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def edit_history(run: Run, epoch: int, name: str, value: float | str) -> None:
    header, *rows = [line.split(",") for line in history_lines(run)]
    rows[epoch - 1][header.index(name)] = str(value)
    write_history(run, [",".join(cells) for cells in (header, *rows)])


def history_lines(run: Run) -> list[str]:
    return (run.path / "history.csv").read_text().splitlines()


def write_history(run: Run, lines: list[str]) -> None:
    (run.path / "history.csv").write_text("\n".join(lines) + "\n")


def test_equal_numbers_are_identical_whatever_time_they_took(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now")
    edit_history(now, 2, "epoch_seconds", 12.5)
    found = compare_runs(then, now)
    assert (found.verdict, found.epochs, found.cause, found.remarks) == ("identical", 4, None, ())
    assert (found.run, found.new_run, found.new_path) == ("then", "now", str(now.path))
    assert found.first_difference is found.first_beyond is found.first_hash is None


def test_the_last_digit_is_a_difference_within_tolerance(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now")
    edit_history(now, 3, "loss", 0.30742937326431275)
    edit_history(now, 2, "val_accuracy", 0.8000000119209291)
    found = compare_runs(then, now)
    assert found.verdict == "within tolerance"
    assert found.first_difference == Difference(
        2, "val_accuracy", 0.800000011920929, 0.8000000119209291
    )
    assert found.first_beyond is None
    assert found.cause == "history"  # the weights are the same


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [  # of the losses 0.7574 is the largest, of the accuracies 0.8667
        ("loss", 0.28502508997917175 + 0.0037, "within tolerance"),
        ("loss", 0.28502508997917175 + 0.0039, "different"),
        ("val_accuracy", 0.8666666746139526 - 0.0086, "within tolerance"),
        ("val_accuracy", 0.8666666746139526 - 0.0088, "different"),
        ("learning_rate", 0.01, "different"),
        ("val_loss", "", "different"),
    ],
)
def test_one_percent_or_half_a_percent_of_the_largest_is_tolerated(
    copied: Callable[..., Run], name: str, value: float | str, verdict: str
) -> None:
    then, now = copied("then"), copied("now")
    edit_history(now, 4, name, value)
    assert compare_runs(then, now).verdict == verdict


def test_the_first_difference_and_the_first_that_is_too_large_are_both_told(
    copied: Callable[..., Run],
) -> None:
    then, now = copied("then"), copied("now")
    edit_history(now, 1, "accuracy", 0.6666666865348817)
    edit_history(now, 3, "val_loss", 0.5)
    found = compare_runs(then, now)
    assert found.verdict == "different"
    assert found.first_difference == Difference(
        1, "accuracy", 0.6666666865348816, 0.6666666865348817
    )
    assert found.first_beyond == Difference(3, "val_loss", 0.294388085603714, 0.5)


def test_another_number_of_epochs_is_different(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now")
    write_history(now, history_lines(now)[:-1])
    found = compare_runs(then, now)
    assert found.verdict == "different"
    assert found.first_difference == Difference(4, "epochs", 4, 3)


def test_a_repetition_that_came_to_no_epoch_is_different(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now", status="diverged")
    for name in ("history.csv", "metrics.json"):
        (now.path / name).unlink()
    found = compare_runs(then, now)
    assert found.verdict == "different"
    assert found.first_beyond == Difference(1, "epochs", 4, 0)


def test_a_metric_that_is_gone_is_different_and_a_new_one_is_not(
    copied: Callable[..., Run],
) -> None:
    then, now = copied("then"), copied("now")
    write_history(
        now, [line + (",1" if i else ",top_5") for i, line in enumerate(history_lines(now))]
    )
    assert compare_runs(then, now).verdict == "identical"
    assert compare_runs(now, then).first_beyond == Difference(1, "top_5", 1.0, None)


@pytest.mark.parametrize(
    ("metrics", "verdict", "first"),
    [
        (
            {"test": {"loss": 0.195, "accuracy": 0.9333333373069763}},
            "within tolerance",
            "test loss",
        ),
        ({"test": {"loss": 0.25, "accuracy": 0.9333333373069763}}, "different", "test loss"),
        ({"test": None}, "different", "test loss"),
        ({"kept_epoch": 3}, "within tolerance", "kept_epoch"),
    ],
)
def test_values_after_training_count_too(
    copied: Callable[..., Run], metrics: dict[str, Any], verdict: str, first: str
) -> None:
    then, now = copied("then"), copied("now")
    edit_json(now.path / "metrics.json", **metrics)
    found = compare_runs(then, now)
    assert found.verdict == verdict
    assert found.first_difference is not None
    assert (found.first_difference.epoch, found.first_difference.metric) == (None, first)


def test_where_near_epochs_change_places_the_kept_weights_are_those_of_another(
    copied: Callable[..., Run],
) -> None:
    then, now = copied("then"), copied("now")
    edit_json(then.path / "metrics.json", train={"loss": 0.2}, kept_epoch=4)
    edit_json(now.path / "metrics.json", train={"loss": 0.3}, kept_epoch=3)
    assert compare_runs(Run(then.path), Run(now.path)).verdict == "within tolerance"
    edit_json(now.path / "metrics.json", kept_epoch=4)
    assert compare_runs(Run(then.path), Run(now.path)).verdict == "different"


def test_a_best_value_that_the_history_does_not_have_is_found_out(
    copied: Callable[..., Run],
) -> None:
    then, now = copied("then"), copied("now")
    best = {"loss": 0.28502508997917175, "val_accuracy": 0.9999}
    edit_json(then.path / "metrics.json", best=best)
    found = compare_runs(Run(then.path), now)
    assert (found.verdict, found.cause) == ("different", "history")
    assert found.first_beyond == Difference(None, "best val_accuracy", 0.9999, 0.8666666746139526)
    assert found.evidence == (
        "history.csv or metrics.json was changed after the run: they say 0.9999 and 0.866667 as "
        "best val_accuracy"
    )


def test_a_history_cut_short_after_the_run_is_found_out(copied: Callable[..., Run]) -> None:
    """The repetition has as many epochs as the history, and so another end."""
    then, now = copied("then"), copied("now", hashes={"final_weights": "other"})
    for run in (then, now):
        write_history(run, history_lines(run)[:4])
    edit_json(now.path / "metrics.json", epochs=3)
    found = compare_runs(Run(then.path), Run(now.path))
    assert (found.verdict, found.cause, found.first_hash) == (
        "different",
        "history",
        "final_weights",
    )
    assert found.first_beyond == Difference(None, "epochs", 4, 3)


@pytest.mark.parametrize("name", HASHES)
def test_the_first_hash_that_differs_is_named(copied: Callable[..., Run], name: str) -> None:
    later = list(HASHES)[list(HASHES).index(name) :]
    then, now = copied("then"), copied("now", hashes=dict.fromkeys(later, "f" * 12))
    found = compare_runs(then, now)
    assert found.first_hash == name
    assert found.verdict == ("different" if name == "data" else "within tolerance")


def test_a_run_without_hashes_is_compared_and_says_so(copied: Callable[..., Run]) -> None:
    found = compare_runs(Run(SAMPLE), copied("now"))
    assert found.verdict == "identical"
    assert found.remarks == (
        "the run keeps no hashes, an older dlrun made it; its data alone are checked by one",
    )


@pytest.mark.parametrize("status", ["interrupted", "failed", "diverged", "dead"])
def test_of_an_unfinished_run_its_finished_epochs_are_compared(
    copied: Callable[..., Run], status: str
) -> None:
    recorded = {"status": "running", "host": platform.node(), "pid": -1}  # no such process
    facts = recorded if status == "dead" else {"status": status}
    then = copied("then", **facts, hashes={"final_weights": "f" * 12})
    now = copied("now")
    write_history(then, history_lines(then)[:3])
    write_history(now, history_lines(now)[:3])
    (then.path / "metrics.json").unlink()
    found = compare_runs(then, now)
    assert (found.verdict, found.epochs, found.first_hash) == ("identical", 2, None)
    assert found.remarks == (f"the run is {status}; its 2 finished epochs are compared",)


def test_without_a_finished_epoch_there_is_nothing_to_compare(copied: Callable[..., Run]) -> None:
    run = copied("then", status="failed")
    (run.path / "history.csv").unlink()
    with pytest.raises(RunError, match=r"then: no epoch was finished; nothing to compare"):
        finished_epochs(run)


def test_what_differed_and_did_no_harm_is_a_remark(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now")
    edit_json(now.path / "environment.json", python="3.12.1")
    found = compare_runs(then, now)
    assert (found.verdict, found.cause) == ("identical", None)
    assert found.remarks == ("identical in spite of this: Python: it was 3.11.7 and is 3.12.1",)


def test_other_candidates_follow_the_likeliest_cause(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now", hashes={"final_weights": "e" * 12})
    edit_history(now, 1, "loss", 0.9)
    edit_json(now.path / "environment.json", python="3.12.1", intra_op_threads=2)
    found = compare_runs(then, now)
    assert (found.cause, found.evidence) == ("Python", "it was 3.11.7 and is 3.12.1")
    assert found.remarks[0].startswith("this differs, too: threads")


def test_a_run_resumed_with_other_settings_is_said_not_to_be_its_config(
    copied: Callable[..., Run],
) -> None:
    resumed = [{"epoch": 2, "exact": False, "overrides": ["optimizer.learning_rate=0.01"]}]
    then = copied("then", resumed=resumed)
    now = copied("now", hashes={"final_weights": "e" * 12})
    edit_history(now, 3, "loss", 0.9)
    found = compare_runs(then, now)
    assert found.cause == "resumed"
    assert found.remarks == (
        "its config alone does not give it: the run went on after epoch 2 with "
        "optimizer.learning_rate=0.01",
    )


def test_changed_data_are_told_by_hash_and_number_of_rows(copied: Callable[..., Run]) -> None:
    run = copied("then")
    dataset = load_dataset(run.config.dataset)
    assert compare_data(run, dataset) is None
    changed = compare_data(run, replace(dataset, x=dataset.x[1:], y=dataset.y[1:]))
    assert changed is not None
    assert (changed.verdict, changed.cause, changed.first_hash) == ("different", "data", "data")
    assert changed.evidence is not None
    assert "of iris was 1bb0991ef4ec and is " in changed.evidence
    assert changed.evidence.endswith("; it had 150 rows and has 149")
    edit_json(run.path / "dataset.json", content_hash=None)
    with pytest.raises(RunError, match=r"dataset\.json: has no content_hash of the data"):
        compare_data(Run(run.path), dataset)


def test_as_json_it_is_plain_data(copied: Callable[..., Run]) -> None:
    then, now = copied("then"), copied("now")
    edit_history(now, 1, "loss", 0.9)
    plain = json.loads(json.dumps(compare_runs(then, now).to_dict()))
    assert plain["first_difference"] == {
        "epoch": 1, "metric": "loss", "recorded": 0.7573956847190857, "repeated": 0.9,
    }  # fmt: skip
    assert plain["error"] is None
