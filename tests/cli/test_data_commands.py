"""`dlrun data` in a process of its own; what must be fetched lies ready in a prepared cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlrun.catalog.datasets import CARDS
from tests.zygote import run_dlrun

WriteConfig = Callable[..., Path]

PNG = b"\x89PNG"

# Puts a tiny file in the place of the genuine ones, as far as their checksums go.
TOY_SOURCES = """
import hashlib, sys
from dataclasses import replace
from dlrun.data.source_table import SOURCES

for name, source in list(SOURCES.items()):
    digest = hashlib.sha256(b"kept").hexdigest()
    payloads = tuple(replace(payload, sha256=digest, convert=bytes) for payload in source.payloads)
    SOURCES[name] = replace(source, payloads=payloads, ways=())
from dlrun.cli import main
sys.argv[0] = "dlrun"
main()
"""


def dlrun(
    *arguments: object, program: tuple[str, ...] = ("-m", "dlrun"), cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    if program == ("-m", "dlrun"):
        return run_dlrun(*arguments, cwd=cwd)
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=os.environ | {"COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_the_list_names_every_data_set_and_what_must_be_fetched() -> None:
    done = dlrun("data", "list")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(lines) == list(CARDS)
    assert "70,000 rows" in lines["mnist"]
    assert {name for name, line in lines.items() if " download " in line} == {
        name for name, card in CARDS.items() if card.download
    }


def test_the_list_as_json_holds_every_card() -> None:
    cards = json.loads(dlrun("data", "list", "--json").stdout)
    assert list(cards) == list(CARDS)
    assert cards["iris"]["class_names"] == ["setosa", "versicolor", "virginica"]
    assert cards["npz"]["options"] == {"path": "required", "task": None}
    assert cards["mnist"]["download"] is True


def test_fetching_what_comes_with_dlrun_says_that_it_needs_none() -> None:
    done = dlrun("data", "fetch", "iris", "two_moons")
    assert done.returncode == 0
    assert done.stdout == "iris: needs no download\ntwo_moons: needs no download\n"


def prepared(data_dir: Path, content: bytes) -> Path:
    """Puts files by the names of Fashion-MNIST's into the cache."""
    from dlrun.data.source_table import SOURCES

    folder = data_dir / "fashion_mnist"
    folder.mkdir(parents=True)
    for payload in SOURCES["fashion_mnist"].payloads:
        (folder / payload.file_name).write_bytes(content)
    return folder


def test_fetching_what_is_in_the_cache_names_its_folder(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "data", b"kept")
    done = dlrun("data", "fetch", "fashion_mnist", program=("-c", TOY_SOURCES))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"fashion_mnist: {folder}\n"


def test_a_damaged_cache_that_cannot_be_mended_ends_with_2_in_words(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "data", b"damaged")
    done = dlrun("data", "fetch", "fashion_mnist", program=("-c", TOY_SOURCES))
    assert (done.returncode, done.stdout) == (2, "")
    assert "dlrun: error: fashion_mnist: cannot be had; tried" in done.stderr
    assert f"cache {folder}: " in done.stderr
    assert "is damaged or not the genuine file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fetch", "mnits"), "dlrun: error: unknown data set 'mnits'; did you mean 'mnist'?"),
        (("show", "iriss"), "dlrun: error: unknown data set 'iriss'; did you mean 'iris'?"),
        (("show", "npz"), "dlrun: error: npz: the option 'path' is missing; add it to dataset.opt"),
        (("show", "nowhere.yaml"), "nowhere.yaml: 1 problem\n  no such file\n"),
    ],
)
def test_what_is_not_there_ends_with_2_and_the_nearest_name(
    runs_dir: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = dlrun("data", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not runs_dir.exists()


def test_a_data_set_is_shown_and_drawn_under_the_runs_folder(runs_dir: Path) -> None:
    done = dlrun("data", "show", "iris")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("iris: three species of iris, 4 lengths in cm\n")
    assert "rows            150\n" in done.stdout
    assert "split " not in done.stdout
    path = runs_dir / "data" / "iris.png"
    assert done.stderr.splitlines()[-1] == f"drawn: {path}"
    assert path.read_bytes()[:4] == PNG


def test_a_config_shows_the_sizes_of_its_split_and_its_scaling(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    done = dlrun("data", "show", write_config())
    assert done.returncode == 0, done.stderr
    assert "split           train 90, validation 30, test 30\n" in done.stdout
    assert "scale           standard: (x - offset) / divisor, each feature its own" in done.stdout
    assert (runs_dir / "data" / "iris.png").is_file()


def test_a_config_shows_its_own_data_with_its_options(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    np.savez(tmp_path / "mine.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    config = write_config(
        dataset="{name: npz, options: {path: mine.npz}, scale: minmax, "
        "split: {train: 0.8, validation: 0.2, test: none}}",
        loss="binary_crossentropy",
        model="{layers: [Dense: {units: 1, activation: sigmoid}]}",
    )
    done = dlrun("data", "show", config, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("npz: arrays of mine.npz\n")
    assert "split           train 16, validation 4, no test\n" in done.stdout
    assert "scale           minmax: " in done.stdout


def test_the_picture_is_drawn_where_it_is_wanted(tmp_path: Path, runs_dir: Path) -> None:
    path = tmp_path / "pictures" / "moons.svg"
    done = dlrun("data", "show", "two_moons", "--plot", path)
    assert done.returncode == 0, done.stderr
    assert "<svg" in path.read_text(encoding="utf-8")
    assert not (runs_dir / "data").exists()


def test_facts_as_json_are_alone_on_stdout(write_config: WriteConfig) -> None:
    done = dlrun("data", "show", write_config(), "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["parts"] == {"train": 90, "validation": 30, "test": 30}
    assert facts["scaling"]["kind"] == "standard"
    assert [entry["counts"]["train"] for entry in facts["classes"]] == [30, 30, 30]
    assert "parts" not in json.loads(dlrun("data", "show", "iris", "--json").stdout)
