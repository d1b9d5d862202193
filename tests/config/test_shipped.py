from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.config import load_config, shipped
from dlrun.config.shipped import configs_dir, copy_config, find_shipped, shipped_configs
from dlrun.errors import ConfigError
from dlrun.files import read_json

CONFIGS = shipped_configs()


def test_there_are_shipped_configs_each_with_a_headline():
    assert "digits_deep" in [config.name for config in CONFIGS]
    assert all(config.headline for config in CONFIGS)
    assert configs_dir().is_dir()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_every_shipped_config_is_valid_and_bears_its_files_name(config):
    assert load_config(config.path).config.name == config.name


def test_a_shipped_config_is_copied_under_a_new_name(tmp_path: Path):
    path = copy_config("mnist_deep", "my_net", tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=dlrun.schema.json\n")
    assert read_json(tmp_path / "dlrun.schema.json")["title"] == "dlrun config"
    copied = load_config(path).config
    original = load_config(configs_dir() / "mnist_deep.yaml").config
    assert copied.name == "my_net"
    assert copied.model == original.model


def test_a_file_is_never_overwritten_by_a_copy(tmp_path: Path):
    (tmp_path / "my_net.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is there already; choose another name"):
        copy_config("mnist_deep", "my_net", tmp_path)


def test_a_copy_needs_a_good_name(tmp_path: Path):
    with pytest.raises(
        ConfigError, match=r"name: must be letters, digits, _ and - .*, received 'a b'"
    ):
        copy_config("mnist_deep", "a b", tmp_path)


def test_an_unknown_shipped_config_is_told_with_the_nearest():
    with pytest.raises(
        ConfigError, match="no shipped config of this name; did you mean 'mnist_dee"
    ):
        find_shipped("mnist_dep")


def test_ones_own_configs_beside_the_shipped_ones_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "base.yaml").write_text("# What it shows.\nname: base\n", encoding="utf-8")
    monkeypatch.setattr(shipped, "configs_dir", lambda: tmp_path)
    shipped.copy_config("base", "mine", tmp_path)
    assert [config.name for config in shipped.shipped_configs()] == ["base"]


def test_shipped_sweeps_are_found_by_their_folder_and_are_no_configs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sweeps").mkdir()
    for name in ("base", "sweeps/learning_rates"):
        (tmp_path / f"{name}.yaml").write_text(f"# About {name}.\nx: 1\n", encoding="utf-8")
    monkeypatch.setattr(shipped, "configs_dir", lambda: tmp_path)
    assert [config.name for config in shipped.shipped_configs()] == ["base"]
    (sweep,) = shipped.shipped_sweeps()
    assert (sweep.name, sweep.headline) == ("sweeps/learning_rates", "About sweeps/learning_rates.")
    assert shipped.find_shipped("sweeps/learning_rates") == sweep
    with pytest.raises(ConfigError, match="name; did you mean 'sweeps/learning_rates'"):
        shipped.find_shipped("learning_rates")
    with pytest.raises(ConfigError, match=r"name; there are base, sweeps/learning_rates$"):
        shipped.find_shipped("zzz")
