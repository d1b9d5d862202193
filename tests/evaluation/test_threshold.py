"""Two classes at another threshold, from a run's kept predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.errors import RunError
from dlrun.evaluation.threshold import report_at_threshold
from dlrun.runs import Run

WriteConfig = Callable[..., Path]


@pytest.fixture
def run(write_config: WriteConfig) -> Run:
    return dlrun.train(
        write_config(
            dataset="{name: two_moons, options: {num_samples: 300, noise: 0.4}}",
            model="{layers: [Dense: {units: 1, activation: sigmoid}]}",
            loss="binary_crossentropy",
        )
    )


def test_precision_and_recall_are_those_of_scikit_learn(run: Run) -> None:
    found = report_at_threshold(run, 0.3)
    kept = run.predictions("validation")
    predicted = (kept["outputs"][:, 0].astype(np.float64) > 0.3).astype(int)
    assert found["confusion_matrix"] == metrics.confusion_matrix(kept["labels"], predicted).tolist()
    row = found["per_class"][1]
    assert row["precision"] == pytest.approx(metrics.precision_score(kept["labels"], predicted))
    assert row["recall"] == pytest.approx(metrics.recall_score(kept["labels"], predicted))
    assert found["num_rows"] == len(kept["labels"])


def test_at_the_threshold_that_the_loss_gives_it_is_the_evaluation(run: Run) -> None:
    found = report_at_threshold(run, run.evaluation["validation"]["threshold"])
    for name in ("confusion_matrix", "per_class"):
        assert found[name] == run.evaluation["validation"][name]
    for name in ("accuracy", "f1"):
        assert found["metrics"][name] == run.evaluation["validation"]["metrics"][name]


def test_the_command_shows_what_is_taken_for_what(run: Run) -> None:
    done = CliRunner().invoke(app, ["summary", run.id, "--threshold", "0.3"])
    assert done.exit_code == 0, done.output
    first, *lines = done.stdout.splitlines()
    assert first == f"{run.id}: validation, 45 rows, lower where the output is above 0.3"
    (right, wrong), _ = report_at_threshold(run, 0.3)["confusion_matrix"]
    assert any(
        line.split() == ["true", "upper", "taken", "for", "upper", str(right), "for", "lower",
                         str(wrong)] for line in lines
    )  # fmt: skip


def test_of_more_classes_there_is_no_threshold(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    with pytest.raises(RunError, match="a threshold parts two classes, and there are 3; dlrun"):
        report_at_threshold(run, 0.5)
