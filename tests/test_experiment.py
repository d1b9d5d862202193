"""The whole path: what lies in a run folder after a run, and that it is true."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dlrun
from dlrun import recording
from dlrun.backend import keras
from dlrun.cli.display import result_lines
from dlrun.config import load_config
from dlrun.errors import DivergedError, ModelError, StorageError
from dlrun.events import EpochEnded
from dlrun.files import atomic
from dlrun.prepare import prepare_data
from dlrun.runs import Run, list_runs
from dlrun.runs.table import run_row

WriteConfig = Callable[..., Path]


@pytest.mark.pictures
def test_a_run_folder_holds_everything(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    assert sorted(path.name for path in run.path.iterdir()) == [
        ".lock",
        "checkpoints",
        "config.yaml",
        "dataset.json",
        "environment.json",
        "evaluation.json",
        "history.csv",
        "history.json",
        "metrics.json",
        "model.keras",
        "parameters.json",
        "plots",
        "predictions.npz",
        "run.json",
        "run.log",
        "splits.npz",
        "summary.txt",
    ]
    names = sorted(path.name for path in run.plots_dir.iterdir())
    assert names == ["accuracy.png", "confusion_matrix.png", "loss.png", "model.png"]
    assert all((run.plots_dir / name).read_bytes()[:4] == b"\x89PNG" for name in names)
    assert (run.status, run.info["exit_code"], run.info["format"]) == ("finished", 0, 1)
    assert (run.path.parent / "latest").read_text(encoding="utf-8").strip() == run.id


def test_the_recorded_config_repeats_the_run(write_config: WriteConfig) -> None:
    first = dlrun.train(write_config())
    again = dlrun.train(first.path / "config.yaml")
    assert again.config == first.config
    for one, other in zip(first.model().get_weights(), again.model().get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_gives_another_run(write_config: WriteConfig) -> None:
    first = dlrun.train(write_config(), {"training.epochs": 1})
    other = dlrun.train(write_config(), {"training.epochs": 1, "seed": 1})
    assert not np.array_equal(first.model().get_weights()[0], other.model().get_weights()[0])
    with np.load(first.path / "splits.npz") as a, np.load(other.path / "splits.npz") as b:
        assert not np.array_equal(a["train"], b["train"])


def test_history_csv_and_json_agree_with_what_was_told(write_config: WriteConfig) -> None:
    told: list[EpochEnded] = []
    run = dlrun.train(
        write_config(), report=lambda e: told.append(e) if isinstance(e, EpochEnded) else None
    )
    columns = json.loads((run.path / "history.json").read_text(encoding="utf-8"))
    with (run.path / "history.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["epoch", *columns] == [
        "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "train_eval_loss",
        "train_eval_accuracy", "learning_rate", "epoch_seconds",
    ]  # fmt: skip
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    for index, event in enumerate(told):
        for name, value in event.logs.items():
            assert columns[name][index] == float(rows[index][name]) == value
    assert run.history["val_loss"].tolist() == columns["val_loss"]
    assert run.history.index.tolist() == [1, 2, 3]


def test_the_kept_model_and_its_predictions_give_the_recorded_metrics(
    write_config: WriteConfig,
) -> None:
    run = dlrun.train(write_config())
    data = prepare_data(run.config)
    for part, accuracy in (
        ("validation", run.metrics["best"]["val_accuracy"]),
        ("test", run.metrics["test"]["accuracy"]),
    ):
        kept = run.predictions(part)
        x = data.scaling.apply(data.dataset.x[kept["rows"]])
        np.testing.assert_allclose(
            kept["outputs"], run.model().predict(x, verbose=0), rtol=1e-5, atol=1e-6
        )
        by_hand = np.mean(kept["outputs"].argmax(axis=1) == kept["labels"])
        assert accuracy == pytest.approx(by_hand)
        np.testing.assert_array_equal(kept["labels"], data.dataset.y[kept["rows"]])


def test_the_model_loads_in_plain_keras(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    model = keras.models.load_model(run.path / "model.keras")
    assert model.count_params() == run.parameters.total == 4 * 8 + 8 + 8 * 3 + 3


def test_metrics_name_the_best_epoch_of_the_monitored_metric(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    losses = run.read_history()["val_loss"]
    best = int(np.argmin(losses))
    assert run.metrics["best_epoch"] == run.metrics["kept_epoch"] == best + 1
    assert run.metrics["best"]["val_loss"] == losses[best]
    assert run.metrics["final"]["val_loss"] == losses[-1]


def test_without_a_test_part_nothing_pretends(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(dataset="{name: iris, split: {train: 0.7, validation: 0.3}}"))
    assert run.metrics["test"] is None
    assert set(run.dataset["parts"]) == {"train", "validation"}


def test_a_run_without_validation_is_judged_by_its_training_loss(write_config: WriteConfig) -> None:
    split = "{train: 1.0, validation: none, test: none}"
    run = dlrun.train(write_config(dataset=f"{{name: iris, split: {split}}}"))
    assert run.metrics["monitor"] == "loss"
    assert not any(name.startswith("val_") for name in run.metrics["final"])


def test_the_environment_names_packages_seed_and_threads(write_config: WriteConfig) -> None:
    facts = dlrun.train(write_config(), {"seed": 5}).environment
    assert facts["packages"]["keras"] == keras.__version__
    assert facts["seed"] == 5
    assert {"python", "platform", "cpu", "gpus", "git", "intra_op_threads"} <= set(facts)


def test_the_environment_holds_hashes_of_ones_own_modules_and_variables_that_are_set(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    (tmp_path / "own_nothing.py").write_text("", encoding="utf-8")
    facts = dlrun.train(write_config(imports="[own_nothing, sys]")).environment
    assert facts["imports"] == {"own_nothing": "e3b0c44298fc", "sys": None}  # of no bytes
    assert facts["variables"]["OMP_NUM_THREADS"] == "2"
    assert "XLA_FLAGS" not in facts["variables"]


def test_dataset_json_holds_hash_scaling_and_class_counts(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    facts = run.dataset
    assert facts["content_hash"] == prepare_data(run.config).dataset.content_hash
    assert facts["parts"]["train"] == {"num_rows": 90, "class_counts": [30, 30, 30]}
    assert facts["scaling"]["kind"] == "standard"
    assert len(facts["scaling"]["divisor"]) == 4


def test_a_diverged_run_keeps_its_history_and_says_so(write_config: WriteConfig) -> None:
    path = write_config(
        dataset="{name: linear, scale: none}", model="{layers: [Dense: 4, Dense: 1]}", loss="mse"
    )
    diverge = keras.callbacks.LearningRateScheduler(lambda epoch: 1e6 if epoch == 3 else 0.01)
    with pytest.raises(DivergedError, match=r"in epoch 4; likely causes"):
        dlrun.train(path, {"training.epochs": 99}, callbacks=[diverge])
    (run,) = list_runs()
    assert (run.status, run.info["exit_code"]) == ("diverged", 1)
    losses = run.read_history()["loss"]
    assert len(losses) == 3
    assert all(loss is not None and math.isfinite(loss) for loss in losses)
    assert json.loads((run.path / "history.json").read_text())["loss"] == losses


def test_a_machine_that_adds_in_no_fixed_order_is_said_and_recorded(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    assert dlrun.train(write_config()).info["not_repeatable"] == []
    monkeypatch.setattr(recording, "not_repeatable", lambda gpus: ["no order"])
    run = dlrun.train(write_config(), report=lambda event: said.append(str(event)))
    assert run.info["not_repeatable"] == ["no order"]
    assert "another run of this config may differ: no order" in "".join(said)


def test_a_diverged_run_goes_on_with_a_smaller_learning_rate(write_config: WriteConfig) -> None:
    def spoil(epoch: int, logs: object) -> None:
        layer = spoiler.model.layers[0]
        if epoch == 2:
            layer.set_weights([np.full_like(array, np.nan) for array in layer.get_weights()])

    spoiler = keras.callbacks.LambdaCallback(on_epoch_end=spoil)
    message = r"the weight .+ became NaN or infinite in epoch 3; .+optimizer\.learning_rate=0\.01"
    with pytest.raises(DivergedError, match=message):
        dlrun.train(write_config(), callbacks=[spoiler])
    (run,) = list_runs()
    assert (run.status, run.info["exit_code"]) == ("diverged", 1)
    resumed = dlrun.resume(run, ["optimizer.learning_rate=0.01"])
    assert resumed.status == "finished"
    assert resumed.read_history()["learning_rate"][-1] == pytest.approx(0.01)
    assert all(np.isfinite(array).all() for array in resumed.model().get_weights())


@pytest.mark.pictures
def test_ctrl_c_leaves_a_labelled_run_with_its_epochs(write_config: WriteConfig) -> None:
    def interrupt(event: object) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dlrun.train(write_config(), {"training.epochs": 50}, report=interrupt)
    (run,) = list_runs()
    assert (run.status, run.info["exit_code"], run.metrics["epochs"]) == ("interrupted", 130, 2)
    assert (run.plots_dir / "loss.png").is_file()
    assert run.model().count_params() == run.parameters.total
    assert run.metrics["kept_epoch"] in (1, 2)
    assert "  test        not looked at: the run did not finish" in result_lines(run)
    assert len(json.loads((run.path / "history.json").read_text())["loss"]) == 2


def test_a_running_run_shows_how_far_it_is(write_config: WriteConfig) -> None:
    seen: list[tuple[str, int]] = []

    def look(event: object) -> None:
        if isinstance(event, EpochEnded):
            (run,) = list_runs()
            seen.append((run.status, run_row(run)["epochs"]))

    run = dlrun.train(write_config(), report=look)
    assert seen == [("running", 1), ("running", 2), ("running", 3)]
    assert run.info["duration_seconds"] >= sum(run.history["epoch_seconds"])


def test_a_full_disk_at_the_start_leaves_no_folder(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StorageError, match="no space left on device; free some space"):
        dlrun.train(write_config())
    assert list_runs() == []


def test_a_disk_that_fills_up_keeps_the_epochs_and_the_true_status(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = atomic.write_bytes

    def full(path: Path, content: bytes) -> None:
        if path.name in ("metrics.json", "history.json"):
            raise StorageError(f"{path}: cannot be written, no space left on device")
        write(path, content)

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(StorageError, match=r"metrics\.json: cannot be written"):
        dlrun.train(write_config())
    (run,) = list_runs()
    assert (run.status, run.info["exit_code"]) == ("failed", 1)
    assert len(run.read_history()["loss"]) == 3
    assert "StorageError" in (run.path / "run.log").read_text(encoding="utf-8")


def test_the_log_holds_warnings_and_the_end(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(loss="mse"), {"training.batch_size": 500})
    log = (run.path / "run.log").read_text(encoding="utf-8")
    assert "MeanSquaredError is for numbers" in log
    assert "more than the 90 training rows" in log
    assert "epoch 3/3  loss" in log


def test_the_order_of_batches_follows_the_configs_seed(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlrun.training import batches, loop

    seen: list[tuple[int, int]] = []

    def order(seed: int, epoch: int, num_rows: int) -> np.ndarray:
        seen.append((seed, epoch))
        return batches.batch_order(seed, epoch, num_rows)

    monkeypatch.setattr(loop, "batch_order", order)
    dlrun.train(write_config(), {"seed": 5})
    assert seen == [(5, 0), (5, 1), (5, 2)]


def test_overrides_and_note_are_recorded_as_they_can_be_typed(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(), {"training.epochs": 1, "metrics": ["acc"]}, note="a try")
    assert run.info["overrides"] == ["training.epochs=1", 'metrics=["acc"]']
    assert (run.info["note"], run.config.note) == ("a try", "a try")


def test_data_without_validation_rows_is_judged_by_its_training_loss(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).random((40, 2)), y=np.arange(40) % 2)
    split = "{train: 0.7, test: 0.3}"
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}, split: {split}}}",
        model="{layers: [Dense: {units: 1, activation: sigmoid}]}",
        loss="mse",
    )
    run = dlrun.train(path)
    assert run.metrics["monitor"] == "loss"
    assert set(run.metrics["test"]) == {"loss", "accuracy"}
    assert run.config.training.monitor == "loss"


def test_a_model_that_cannot_be_built_leaves_no_run_folder(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    model = "{layers: [Dense: 8, Conv2D: {filters: 2, kernel_size: 3}, Dense: 3]}"
    with pytest.raises(
        ModelError, match=r"small\.yaml:3:\d+: model\.layers\.1: Conv2D cannot take"
    ):
        dlrun.train(write_config(model=model))
    assert not runs_dir.exists()


def test_a_run_from_python_can_be_loaded_again(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(), ["training.epochs=1"])
    assert isinstance(dlrun.load_run(), Run)
    assert dlrun.load_run(run.id[:15]).metrics == run.metrics
    assert dlrun.load_run("latest").config == load_config(run.path / "config.yaml").config


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_each_precision_trains_and_leaves_float32_outputs_and_the_users_policy(
    write_config: WriteConfig, precision: str
) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        run = dlrun.train(write_config(), {"training.precision": precision, "training.epochs": 1})
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = run.predictions("test")["outputs"]
    assert outputs.dtype == np.float32
    assert 0 < outputs.argmax(axis=1).max() < 3
    assert run.model().layers[0].dtype_policy.name == precision


def test_the_engine_and_the_batch_size_of_evaluation_are_recorded(
    write_config: WriteConfig,
) -> None:
    class Counts(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            assert logs["loss"] > 0
            Counts.steps += 1

    run = dlrun.train(write_config(), callbacks=[Counts()])
    assert Counts.steps == 3 * 6
    assert run.info["engine"] == "stepwise"
    assert run.info["engine_reason"] == "Counts must see every batch"
    assert run.metrics["evaluation_batch_size"] == 1024
    assert "engine: stepwise (Counts must see" in (run.path / "run.log").read_text("utf-8")
