"""Diagnoses of real runs, and that every piece of advice can be pasted."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config import load_config
from dlrun.errors import RunError
from dlrun.evaluation.advice import advise
from dlrun.evaluation.diagnose import diagnose
from dlrun.runs import Run

WriteConfig = Callable[..., Path]
CONFIGS = Path(__file__).parents[2] / "configs"
REMEDIES = ("longer", "slower", "larger", "regularize", "begin", "more validation")


@pytest.mark.parametrize(
    ("name", "overrides", "verdict"),
    [
        ("moons_underfit", {"training.epochs": 60}, "underfitting"),
        ("moons_underfit", {"training.epochs": 60, "target": "none"},
         "no overfitting; more capacity may help"),
        ("moons_fit", {}, "looks fine"),
        ("moons_overfit", {}, "overfitting from epoch "),
        ("digits_deep", {"training.epochs": 3}, "no verdict"),
        ("digits_deep", {"training.epochs": 6, "optimizer.learning_rate": 0.02}, "still improving"),
    ],
)  # fmt: skip
def test_the_lectures_experiments_are_what_they_were_made_to_be(
    name: str, overrides: dict[str, Any], verdict: str
) -> None:
    run = dlrun.train(CONFIGS / f"{name}.yaml", overrides)
    found = diagnose(run)
    assert found.finding.verdict.startswith(verdict), found.finding
    if found.advice:
        load_config(run.path / "config.yaml", [found.advice])


NETS = {
    "one layer": "{layers: [Dense: {units: 3, activation: softmax}]}",
    "hidden layers": "{activation: sigmoid, layers: [Dense: 40, Dense: 9, "
    "Dense: {units: 3, activation: softmax}]}",
    "repeated layers": "{layers: [{repeat: 2, layers: [Dense: {units: 64, activation: relu}]}, "
    "Dense: {units: 3, activation: softmax}]}",
    "penalized": "{layers: [Dense: {units: 9, kernel_regularizer: l2}, "
    "Dense: {units: 3, activation: softmax}]}",
    "output in two layers": "{layers: [Dense: 8, Dense: 3, Activation: softmax]}",
}
OPTIMIZERS = [
    "sgd",
    "{SGD: {learning_rate: 0.1}}",
    "adam",
    "{Adam: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 10, "
    "decay_rate: 0.9}}}}",
    "{SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0, decay_steps: 10, "
    "warmup_target: 0.1, warmup_steps: 5}}}}",
    "{SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [10], values: [0.1, 0.01]}}}}",
]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize("num_parameters", [10, 10**6])
def test_every_advice_is_an_override_that_makes_another_valid_config(
    write_config: WriteConfig, net: str, optimizer: str, remedy: str, num_parameters: int
) -> None:
    path = write_config(model=NETS[net], optimizer=optimizer)
    config = load_config(path).config
    advice = advise(remedy, config, num_parameters, 1000)
    if not advice:
        has_several_rates = "PiecewiseConstantDecay" in optimizer
        assert remedy == "regularize" or (remedy in ("slower", "begin") and has_several_rates)
        return
    (pasted,) = shlex.split(shlex.quote(advice))
    changed = load_config(path, [pasted]).config
    assert changed != config


def test_nothing_is_advised_where_nothing_is_to_be_changed(write_config: WriteConfig) -> None:
    config = load_config(write_config()).config
    assert advise(None, config, 10, 10) == ""
    folds = load_config(write_config(dataset="{name: iris, split: {kfold: 5}}")).config
    assert advise("more validation", folds, 10, 10) == ""


def test_a_wide_net_on_few_rows_is_to_shrink_another_to_be_penalized(
    write_config: WriteConfig,
) -> None:
    config = load_config(write_config(model=NETS["hidden layers"])).config
    assert advise("regularize", config, 10**6, 100) == "model.layers.0.units=10"
    assert advise("regularize", config, 10, 100) == (
        "+model.layers.0.kernel_regularizer={L2: {l2: 0.001}}"
    )
    assert advise("begin", config, 10, 100) == "model.activation=relu"


def test_a_larger_nets_run_on_the_same_rows_makes_a_small_one_underfit(
    write_config: WriteConfig,
) -> None:
    many = "{epochs: 30, batch_size: 16}"
    moons = "{name: two_moons, options: {num_samples: 400, noise: 0.1}}"
    small = write_config("line", dataset=moons, loss="binary_crossentropy", training=many,
                         model="{layers: [Dense: {units: 1, activation: sigmoid}]}")  # fmt: skip
    large = write_config("curve", dataset=moons, loss="binary_crossentropy", training=many,
                         model="{activation: relu, layers: [Dense: 32, Dense: 32, "
                         "Dense: {units: 1, activation: sigmoid}]}", optimizer="adam")  # fmt: skip
    first = dlrun.train(small)
    assert diagnose(first).finding.kind in ("capacity", "improving", "plateau")
    other = dlrun.train(large)
    found = diagnose(first).finding
    assert found.verdict == "underfitting"
    assert found.evidence.startswith(f"{other.id} (1,185 parameters) reaches val_loss 0.")
    assert diagnose(other).finding.kind != "underfitting"
    dlrun.train(large, {"seed": 1})  # on other rows: no comparison
    assert diagnose(first).finding.evidence.startswith(other.id)


def test_a_run_without_an_epoch_cannot_be_diagnosed(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    (run.path / "history.csv").unlink()
    with pytest.raises(RunError, match="no epoch was finished; there is nothing to diagnose"):
        diagnose(Run(run.path))


def test_the_command_says_verdict_evidence_and_what_to_paste(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(), {"training.epochs": 8, "optimizer.learning_rate": 0.01})
    done = CliRunner().invoke(app, ["diagnose", run.id])
    assert done.exit_code == 0, done.output
    first, *lines = done.stdout.splitlines()
    assert first == f"{run.id}: still improving"
    assert lines[0].startswith("  because     val_loss fell from ")
    assert lines[1] == "  try         training.epochs=16"
    facts = json.loads(CliRunner().invoke(app, ["diagnose", run.id, "--json"]).stdout)
    assert (facts["kind"], facts["advice"]) == ("improving", "training.epochs=16")
    shown = CliRunner().invoke(app, ["summary", run.id]).stdout
    assert "  diagnosis   still improving" in shown


def test_an_unfinished_run_is_diagnosed_by_what_there_is(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config(), {"training.epochs": 8})
    facts = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(facts | {"status": "interrupted"}))
    assert "the run is interrupted; its 8 epochs are read" in diagnose(Run(run.path)).remarks


def test_in_python_it_is_the_same(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    assert dlrun.diagnose(run) == dlrun.diagnose(run.id) == diagnose(run)


def test_a_member_whose_history_was_cut_off_is_told(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "runs" / "format_1" / "20261126-055355-flowers-3716"
    path = tmp_path / sample.name
    shutil.copytree(sample, path)
    history = path / "repeats" / "0" / "history.csv"
    history.write_text(history.read_text().splitlines()[0] + "\n")
    with pytest.raises(RunError, match=r"repeats/0: no epoch was finished; there is nothing to"):
        diagnose(Run(path))
