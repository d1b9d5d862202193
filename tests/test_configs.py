"""Shipped configs are valid, train an epoch, and say what they are for; sweeps can work."""

from pathlib import Path

import pytest

import dlrun
from dlrun.config import load_config, load_model
from dlrun.config.shipped import shipped_configs, shipped_sweeps
from dlrun.model import count_model
from dlrun.prepare import data_shape
from dlrun.sweeping import check_plan, load_sweep

ROOT = Path(__file__).parent.parent
CONFIGS = [config.path for config in shipped_configs()]
SWEEPS = [sweep.path for sweep in shipped_sweeps()]

LECTURE = {
    "mnist_softmax", "mnist_deep", "fashion_softmax", "fashion_deep", "fashion_conv",
    "credit_logistic", "credit_deep", "credit_logistic_mse", "digits_deep", "dense_7_4_3_1",
    "linear_regression", "mnist_batch_1", "mnist_batch_64", "mnist_batch_full",
    "activation_identity", "activation_sigmoid", "activation_tanh", "activation_relu",
    "activation_leaky_relu", "moons_underfit", "moons_fit", "moons_overfit",
}  # fmt: skip

TOTALS = {
    "dense_7_4_3_1": [32, 15, 4],
    "mnist_softmax": [0, 7_850],
    "mnist_deep": [0, 78_500, 5_050, 2_550, 1_275, 650, 260],
    "fashion_deep": [0, 78_500, 5_050, 2_550, 1_275, 650, 260],
    "credit_logistic": [24],
    "linear_regression": [2],
}


def test_every_experiment_of_the_lecture_is_shipped() -> None:
    assert {path.stem for path in CONFIGS} >= LECTURE


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_trains_an_epoch(path: Path, stand_ins: None) -> None:
    run = dlrun.train(path, {"training.epochs": 1})
    assert run.status == "finished"
    assert run.config.name == path.stem


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_header_says_what_it_shows_the_command_time_and_result(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[: lines.index(f"name: {path.stem}")]
    assert all(line.startswith("# ") for line in header)
    text = "\n".join(header)
    assert f"dlrun train configs/{path.stem}.yaml" in text
    assert " s on two CPU cores" in text
    assert any(word in text for word in ("accuracy", "loss", "error"))
    assert len(lines[0]) <= 102


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_shipped_sweep_can_work_and_searches_a_shipped_config(path: Path) -> None:
    definition = load_sweep(path)
    assert definition.config.name == path.stem
    assert check_plan(definition).num_trials > 1
    assert (path.parent / definition.config.base).resolve() in CONFIGS


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_sweeps_header_says_what_it_asks_the_command_time_and_result(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[: lines.index(f"name: {path.stem}")]
    assert all(line.startswith("# ") and len(line) <= 102 for line in header)
    text = "\n".join(header)
    assert f"dlrun sweep configs/sweeps/{path.stem}.yaml" in text
    assert " s on two CPU cores; best validation accuracy " in text


@pytest.mark.parametrize(("name", "numbers"), TOTALS.items())
def test_parameter_counts_are_those_of_the_lecture(name: str, numbers: list[int]) -> None:
    config = load_config(ROOT / "configs" / f"{name}.yaml").config
    count = count_model(config, data_shape(config))
    assert [layer.num_parameters for layer in count.layers] == numbers
    assert count.total == sum(numbers)


def test_logistic_regression_on_24_inputs_has_25_parameters(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    layers = "[Dense: {units: 1, activation: sigmoid}]"
    path.write_text(f"name: net\nmodel: {{input_shape: [24], layers: {layers}}}\n")
    assert count_model(load_model(path), (24,)).total == 25
