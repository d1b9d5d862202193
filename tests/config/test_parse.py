from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.config import ModelConfig, is_model_only, load_config, load_model, load_recorded
from dlrun.errors import ConfigError
from dlrun.files import parse_yaml, to_yaml

MODEL = "name: small\nmodel: {input_shape: [7], layers: [Dense: 4, Dense: 3, Dense: 1]}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_loaded_with_its_path_as_source(write_config):
    config = load_config(write_config()).config
    assert config.name == "small"
    assert config.place("name").endswith("small.yaml:1:1")


def test_a_missing_file_is_a_config_error(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "a.yaml")


def test_a_model_needs_no_data(tmp_path: Path):
    loaded = load_model(write(tmp_path, MODEL), ["model.layers.0.units=5"])
    assert loaded.name == "small"
    assert isinstance(loaded.model, ModelConfig)
    assert loaded.model.input_shape == (7,)
    assert loaded.model.layers[0].arguments == {"units": 5}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MODEL, True),
        (MODEL + "imports: [json]\n", True),
        (MODEL + "lay: 3\n", True),
        (MODEL + "seed: 3\n", False),
        ("name: small\n", False),
        ("- model\n", False),
        ("", False),
    ],
)
def test_a_model_without_an_experiment_is_told_by_its_keys(text: str, expected: bool):
    assert is_model_only(parse_yaml(text, "c.yaml")) is expected


@pytest.mark.parametrize("read", [load_config, load_model])
@pytest.mark.parametrize("text", ["base: a.yaml\nsearch: {seed: [1, 2]}\n", MODEL + "search: 3\n"])
def test_a_sweep_is_told_in_one_problem_that_says_what_trains_it(tmp_path: Path, read, text: str):
    path = write(tmp_path, text)
    told = f"it is a sweep, and a config is needed; dlrun sweep {re.escape(str(path))} trains it"
    with pytest.raises(ConfigError, match=told) as caught:
        read(path, ["training.epochs=3"])
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (3 if "name" in text else 1, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_may_come_from_any_editor(write_config, encoding: str, newline: str):
    path = write_config()
    expected = load_config(path).config
    text = path.read_text(encoding="utf-8").replace("\n", newline)
    path.write_bytes(text.encode(encoding))
    assert load_config(path).config == expected


def test_a_model_without_data_needs_its_input_shape(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"model.input_shape: is missing; without a data set"):
        load_model(write(tmp_path, MODEL.replace("input_shape: [7], ", "")))


def test_a_model_with_a_key_of_training_is_a_whole_config(tmp_path: Path):
    with pytest.raises(ConfigError, match="dataset: is missing"):
        load_model(write(tmp_path, MODEL + "loss: mse\n"))


def test_an_unknown_key_beside_a_model_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="3:1  lay: unknown key"):
        load_model(write(tmp_path, MODEL + "lay: 3\n"))


def test_a_recorded_config_is_read_where_its_modules_are_missing(tmp_path: Path, write_config):
    plain = load_config(write_config()).config.to_dict()
    plain["imports"] = ["no_such_module_here"]
    plain["model"]["layers"].insert(0, {"MyLayer": {"width": 3}})
    path = write(tmp_path, to_yaml(plain))
    with pytest.raises(ConfigError, match="no module 'no_such_module_here'"):
        load_config(path)
    assert load_recorded(path).to_dict() == plain


def test_a_broken_recorded_config_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="dataset: is missing"):
        load_recorded(write(tmp_path, MODEL))


def test_loading_imports_nothing_heavy(write_config):
    code = (
        "import sys; from dlrun.config import load_config; load_config(sys.argv[1]);"
        "heavy = {'keras', 'tensorflow', 'numpy', 'pandas', 'sklearn', 'matplotlib'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(write_config())], check=True, timeout=60)
