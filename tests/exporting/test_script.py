"""The exported script, run without dlrun, gives the run's history to the last digit."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlrun
from dlrun.errors import CheckError, ExportError
from dlrun.events import ignore
from dlrun.exporting import script
from dlrun.exporting.script import OwnComponents, values_printed
from dlrun.exporting.script_data import data_source
from dlrun.exporting.script_limits import what_a_script_leaves_out
from dlrun.exporting.script_text import script_text
from dlrun.exporting.source import load_data
from dlrun.runs import Run

Train = Callable[..., Run]
Exported = tuple[dict[str, list[float]], dict[str, dict[str, float]]]

HALF = {"train": 0.5, "validation": 0.3, "test": 0.2}
DENSE = {"Dense": {"units": 8, "activation": "relu"}}
NET = [
    DENSE,
    {"Dropout": 0.3},
    "BatchNormalization",
    {"Dense": {"units": 3, "activation": "softmax"}},
]
DIGITS = [DENSE, {"Dense": {"units": 10, "activation": "softmax"}}]
STOPPING: Any = [
    {"EarlyStopping": {"monitor": "val_loss", "patience": 2, "restore_best_weights": True}},
    {"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 1, "factor": 0.3}},
]


def run_script(path: Path, folder: Path) -> str:
    """Runs it all, in a folder where no dlrun is to be had."""
    (folder / "dlrun.py").write_text("raise ImportError('no dlrun here')\n")
    env = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, cwd=folder, env=env
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def table_of(output: str) -> dict[str, list[float]]:
    lines = output[output.index("epoch,") :].splitlines()
    rows = [line.split(",") for line in lines if re.match(r"(epoch|\d+),", line)]
    return {name: list(map(float, column)) for name, *column in zip(*rows, strict=True)}


def assert_same_numbers(run: Run, output: str) -> None:
    """Each epoch's values, and those of the kept model on held-out rows."""
    found, history = table_of(output), run.read_history()
    assert {"loss", "val_loss"} <= set(found)
    for name, values in found.items():
        assert list(history[name]) == values, name
    for part in ("validation", "test"):
        if run.metrics.get(part):
            printed = ast.literal_eval(re.search(rf"^{part} (.+)$", output, re.M)[1])
            for name, value in printed.items():
                assert run.metrics[part][name] == value, (part, name)


def assert_formatted(folder: Path) -> None:
    """What ruff would leave alone, in its own setting and in ours."""
    ruff = [sys.executable, "-m", "ruff"]
    for length in ("88", "100"):
        command = ["format", "--isolated", "--diff", "--line-length", length, folder]
        done = subprocess.run([*ruff, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    command = ["check", "--isolated", "--select", "E,F,I,W", "--line-length", "88", folder]
    done = subprocess.run([*ruff, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def export_unchecked(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Exports, and leaves the check to the test, which runs every epoch."""
    first = {name: values[0] for name, values in run.read_history().items()}
    monkeypatch.setattr(script, "run_first_epoch", lambda _path: first)
    return dlrun.export(run, "python", folder).path


@pytest.mark.slow
def test_a_net_with_dropout_and_early_stopping(
    train: Train, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(
        "flowers",
        dataset={"name": "iris", "split": HALF},
        model={"layers": NET},
        loss="categorical_crossentropy",
        optimizer={"Adam": {"learning_rate": 0.1}},
        training={"epochs": 30, "batch_size": 16, "callbacks": STOPPING},
    )
    assert len(run.read_history()["loss"]) < 30
    path = export_unchecked(run, exports, monkeypatch)
    text = path.read_text()
    assert "dlrun" not in re.sub(r'""".*?"""', "", text, count=1, flags=re.S)
    assert "loaded = load_iris()" in text
    assert_formatted(exports)
    assert_same_numbers(run, run_script(path, tmp_path))


SLOW: dict[str, dict[str, Any]] = {
    "weights of classes": {
        "base": "moons",
        "training": {"epochs": 3, "batch_size": 16, "class_weight": {"0": 0.5, "1": 3}},
    },
    "balanced classes": {
        "base": "pictures",
        "training": {"epochs": 3, "batch_size": 16, "class_weight": "balanced"},
    },
    "pictures in batches that divide their number": {
        "base": "pictures",
        "training": {"epochs": 3, "batch_size": 12, "keep": "last"},
    },
    "all rows at once": {
        "base": "patients",
        "dataset": {"name": "diabetes", "split": HALF, "scale": "minmax"},
        "training": {"epochs": 3, "batch_size": "full"},
    },
    "classes by number, pictures of floats": {
        "base": "pictures",
        "dataset": {"name": "digits", "split": HALF},
        "model": {"layers": DIGITS},
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy", {"SparseTopKCategoricalAccuracy": {"k": 2}}],
    },
    "float64 and a schedule": {
        "base": "moons",
        "optimizer": {"SGD": {"learning_rate": {"CosineDecay": {
            "initial_learning_rate": 0.1, "decay_steps": 20}}}},
        "training": {"epochs": 3, "batch_size": 16, "precision": "float64"},
    },
    "weights averaged": {
        "base": "moons",
        "optimizer": {"SGD": {"learning_rate": 0.1, "use_ema": True}},
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("changes", SLOW.values(), ids=SLOW)
def test_all_kinds_of_runs(
    train: Train,
    changes: dict[str, Any],
    exports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = dict(changes)
    run = train(changes.pop("base"), **changes)
    assert_same_numbers(run, run_script(export_unchecked(run, exports, monkeypatch), tmp_path))


@pytest.mark.slow
def test_a_fold_leaves_the_test_rows_alone(
    train: Train, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = {"kfold": 3, "test": 0.1}
    dataset = {"name": "two_moons", "options": {"num_samples": 90}, "split": split}
    parent = train("moons", dataset=dataset)
    exported = dlrun.export(parent, "keras", member=1)
    assert exported.path == parent.path / "folds" / "1" / "exports" / "moons.keras"
    run = parent.members[1]
    output = run_script(export_unchecked(run, exports, monkeypatch), tmp_path)
    assert_same_numbers(run, output)
    assert not re.search("^test ", output, re.M)


@pytest.mark.slow
def test_weights_of_rows(
    train: Train, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 4)).astype(np.float32)
    arrays = {"x": x, "y": (x[:, 0] > 0).astype(np.int64)}
    arrays["sample_weight"] = rng.uniform(0.2, 3, 90)
    run = train("moons", arrays, dataset={"name": "npz", "split": HALF})
    assert_same_numbers(run, run_script(export_unchecked(run, exports, monkeypatch), tmp_path))


def test_the_first_epoch_is_run_and_compared(moons: Run, exports: Path) -> None:
    exported = dlrun.export(moons, "python", exports)
    assert exported.largest_difference == 0
    assert exported.files == (exports / "moons_data.npz",)
    assert str(exported.agreement).startswith("epoch 1 of the script, loss, accuracy, val_loss")
    assert sorted(path.name for path in exports.iterdir()) == ["moons.py", "moons_data.npz"]


@pytest.mark.slow
def test_every_script_is_formatted(
    runs: dict[str, Run], exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in runs.values():
        export_unchecked(run, exports, monkeypatch)
    assert_formatted(exports)


def test_an_epoch_that_comes_out_otherwise_is_an_error(
    moons: Run, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "run_first_epoch", lambda _path: {"loss": 99.0})
    with pytest.raises(
        CheckError, match=r"moons.py: gives something else .* epoch 1 of the script"
    ):
        dlrun.export(moons, "python", exports)
    assert (exports / "moons.py").is_file()


def test_a_script_that_fails_is_told_with_its_last_words(exports: Path) -> None:
    path = exports / "net.py"
    path.write_text("raise KeyError('lost')\n")
    with pytest.raises(CheckError, match=r"net.py: fails in its first epoch, KeyError: 'lost'; it"):
        script.run_first_epoch(path)
    assert values_printed("nothing of use\n") == {}


def edited(run: Run, tmp_path: Path, **facts: Any) -> Run:
    """The run, as if its `run.json` said more."""
    (tmp_path / "edited").mkdir()
    for path in run.path.iterdir():
        if path.is_file():
            (tmp_path / "edited" / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "edited" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return Run(path.parent)


def test_a_run_that_was_changed_on_the_way_is_refused(moons: Run, tmp_path: Path) -> None:
    entry = {"epoch": 1, "overrides": ["optimizer.learning_rate=0.5"], "remarks": []}
    run = edited(moons, tmp_path, resumed=[entry])
    with pytest.raises(
        ExportError, match=r"went on with optimizer.learning_rate=0.5 after epoch 1"
    ):
        dlrun.export(run, "python")


def test_what_only_dlrun_measures_is_refused(train: Train) -> None:
    training = {"epochs": 2, "batch_size": 16, "monitor": "train_eval_loss"}
    run = train("moons", training=training)
    message = r"training.monitor is train_eval_loss, which dlrun measures .*; train with loss"
    with pytest.raises(ExportError, match=message):
        dlrun.export(run, "python")


def test_no_text_of_a_run_folder_becomes_code(moons: Run, tmp_path: Path) -> None:
    evil = '"""\nraise SystemExit\n"""'
    entry = {"epoch": 1, "overrides": [], "remarks": [evil, "\\"]}
    run = edited(moons, tmp_path, resumed=[entry])
    path = run.path / "environment.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"packages": {"keras": evil, "numpy": "\\"}}))
    data = load_data(run, ignore)
    source = data_source(data, "moons_data.npz", with_test=True)
    tree = ast.parse(script_text(run, data, source, "moons_data.npz", OwnComponents()))
    assert not any(isinstance(node, ast.Raise) for node in ast.walk(tree))


def test_what_changes_last_digits_is_said(moons: Run, tmp_path: Path) -> None:
    entry = {"epoch": 1, "overrides": [], "remarks": ["the processor was A and is B"]}
    said = {"engine": "compiled+xla", "resumed": [entry], "status": "interrupted"}
    run = edited(moons, tmp_path, **said, epochs_done=1)
    assert what_a_script_leaves_out(run) == [
        "the run was compiled by XLA, which has other last digits than Keras's fit",
        "the run was resumed: the processor was A and is B",
        "the run ended after 1 of 2 epochs, and it trains them all",
    ]


@pytest.mark.slow
def test_a_run_compiled_by_xla_is_near_enough(train: Train, exports: Path) -> None:
    run = train("moons", training={"epochs": 2, "batch_size": 16, "jit_compile": True})
    exported = dlrun.export(run, "python", exports)
    assert len(exported.remarks) == 1
    assert "But the run was compiled by XLA" in exported.path.read_text()
