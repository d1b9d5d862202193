"""The kept model judged on held-out rows: against Keras, and against its own history."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlrun
from dlrun.backend import keras
from dlrun.evaluate import evaluate_run
from dlrun.events import Message, ignore
from dlrun.prepare import prepare_data
from dlrun.runs import Run

WriteConfig = Callable[..., Path]
L2 = (
    "{layers: [{Dense: {units: 8, kernel_regularizer: {L2: {l2: 0.05}}}}, "
    "Dense: {units: 3, activation: softmax}]}"
)


@pytest.mark.parametrize("lines", [{}, {"model": L2}], ids=["plain", "regularized"])
def test_the_report_has_the_loss_and_the_accuracy_of_the_history(
    write_config: WriteConfig, lines: dict[str, str]
) -> None:
    run = dlrun.train(write_config(**lines))
    kept = run.history.loc[run.metrics["kept_epoch"]]
    validation, test = (run.evaluation[part]["metrics"] for part in ("validation", "test"))
    assert validation["loss"]["value"] == pytest.approx(kept["val_loss"], rel=1e-5)
    assert validation["accuracy"]["value"] == pytest.approx(kept["val_accuracy"], rel=1e-6)
    assert test["loss"]["value"] == pytest.approx(run.metrics["test"]["loss"], rel=1e-5)
    assert test["accuracy"]["value"] == pytest.approx(run.metrics["test"]["accuracy"], rel=1e-6)


def test_the_loss_of_each_row_is_keras_own(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    found = run.predictions("validation")
    one_hot = np.eye(3, dtype=np.float32)[found["labels"]]
    expected = keras.losses.CategoricalCrossentropy(reduction=None)(one_hot, found["outputs"])
    np.testing.assert_allclose(found["losses"], expected.numpy(), rtol=1e-4)


def test_a_loss_that_is_no_mean_over_rows_gets_no_interval(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(loss="{CategoricalCrossentropy: {reduction: sum}}"))
    assert "loss" not in run.evaluation["validation"]["metrics"]
    assert "losses" not in run.predictions("validation")


def test_the_rows_own_weights_count_in_the_loss(tmp_path: Path, write_config: WriteConfig) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    np.savez(tmp_path / "own.npz", x=x, y=y, sample_weight=rng.uniform(0.1, 5, 80))
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path / 'own.npz'}}}}}",
        model="{layers: [Dense: {units: 1, activation: sigmoid}]}",
        loss="binary_crossentropy",
    )
    run = dlrun.train(path)
    kept = run.history.loc[run.metrics["kept_epoch"]]
    assert run.evaluation["validation"]["metrics"]["loss"]["value"] == pytest.approx(
        kept["val_loss"], rel=1e-5
    )


@pytest.mark.pictures
def test_a_regression_is_judged_by_its_errors(write_config: WriteConfig) -> None:
    run = dlrun.train(
        write_config(dataset="linear", model="{layers: [Dense: 1]}", loss="mean_squared_error")
    )
    report = run.evaluation["validation"]
    assert list(report["metrics"]) == [
        "loss", "mean_absolute_error", "root_mean_squared_error", "r2",
    ]  # fmt: skip
    found, data = run.predictions("validation"), prepare_data(run.config)
    mean = data.dataset.y[data.splits.train].mean(dtype=np.float64)
    assert report["baseline"]["metrics"]["mean_absolute_error"] == pytest.approx(
        np.abs(found["labels"] - mean).mean()
    )
    assert (run.plots_dir / "predicted.png").is_file()


@pytest.mark.pictures
def test_a_run_that_holds_nothing_back_is_judged_by_nothing(write_config: WriteConfig) -> None:
    none = "{name: iris, split: {train: 1.0, validation: none, test: none}}"
    run = dlrun.train(write_config(dataset=none))
    assert run.evaluation == {}
    assert not (run.plots_dir / "confusion_matrix.png").exists()


def test_outputs_that_are_nan_are_told_and_not_judged(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    kept = dict(np.load(run.path / "predictions.npz"))
    kept["validation_outputs"][0, 0] = np.nan
    np.savez(run.path / "predictions.npz", **kept)
    told: list[Any] = []
    evaluate_run(run, told.append)
    assert list(Run(run.path).evaluation) == ["test"]
    assert told == [
        Message("validation: outputs are NaN or infinite; there is no report on them", "warning")
    ]


@pytest.mark.pictures
def test_a_run_is_judged_from_its_folder_alone(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    before = run.evaluation
    (run.path / "evaluation.json").unlink()
    (run.plots_dir / "loss.png").unlink()
    evaluate_run(run, ignore)
    assert Run(run.path).evaluation == before
    assert (run.plots_dir / "loss.png").is_file()


def test_evaluation_json_is_strict_json_with_the_baseline_beside_it(
    write_config: WriteConfig,
) -> None:
    run = dlrun.train(write_config())
    plain = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))
    assert plain == run.evaluation
    assert "always" in plain["validation"]["baseline"]["says"]
