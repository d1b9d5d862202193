"""What `dataset.json` says must fit together, and `model.keras` must fit it; else words, no bug."""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dlrun.backend import keras
from dlrun.cli.app import app
from dlrun.errors import DlrunError, RunError
from dlrun.files import read_json, write_json
from dlrun.runs import Run
from dlrun.runs.data_facts import contradictions
from dlrun.runs.kept_model import output_shapes
from dlrun.testing import look_at_test
from dlrun.web.served import describe, load_served
from tests.runs.test_damaged_runs import (
    SAMPLE,
    all_of_it,
    command,
    damage_value,
)

FACTS = read_json(SAMPLE / "dataset.json")
IMAGES = {
    "input_shape": [8, 8],
    "feature_names": [],
    "scaling": {"kind": "unit", "offset": 0.0, "divisor": 16.0},
    "looks": {"pixel_min": 0.0, "pixel_max": 16.0, "box": 8, "ground": 0.0},
}


@pytest.fixture
def run(runs_dir: Path) -> Run:
    shutil.copytree(SAMPLE, runs_dir / SAMPLE.name)
    return Run(runs_dir / SAMPLE.name)


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text("5.1,3.5,1.4,0.2\n")
    return str(path)


def changed(facts: Any, path: str, value: Any) -> Any:
    """The facts with another value; `path` is dotted."""
    facts = json.loads(json.dumps(facts))
    *outer, last = path.split(".")
    around = facts
    for key in outer:
        around = around[key]
    around[last] = value
    return facts


def test_the_facts_of_real_runs_fit_together() -> None:
    for path in SAMPLE.parent.rglob("dataset.json"):
        assert list(contradictions(read_json(path))) == []
    assert list(contradictions(FACTS | IMAGES)) == []
    assert list(contradictions({})) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("input_shape", [], "input_shape has 0 sides and holds 1 numbers"),
        ("input_shape", [0], "input_shape has 1 sides and holds 0 numbers"),
        ("input_shape", [10**14], "input_shape has 1 sides and holds 100,000,000,000,000 numbers"),
        ("input_shape", [5], r"feature_names has 4, and a sample has shape \(5,\)"),
        ("input_shape", 4, "input_shape is 4, not a list"),
        ("feature_names", None, "feature_names is null, not a list"),
        ("feature_names", ["x"], r"feature_names has 1, and a sample has shape \(4,\)"),
        ("scaling", None, "scaling is null, not an object"),
        ("scaling.offset", [], "scaling.offset is a list, not a number or a list of them"),
        ("scaling.offset", [1], r"scaling.offset has 1 numbers, and a sample has shape \(4,\)"),
        ("scaling.divisor", [0, 0, 0, 0], "scaling.divisor is nothing to scale by"),
        ("scaling.divisor", [1, 1, 1, 0], "scaling.divisor is nothing to scale by"),
        ("scaling.offset", [1e39] * 4, "scaling.offset is nothing to scale by"),
        ("scaling.offset", 0.5, "scaling.offset and scaling.divisor are of unequal lengths"),
        ("num_classes", 4, "num_classes is 4, and class_names has 3"),
        ("class_names", ["x"], "class_names has a single name"),
        ("class_names", ["x", "y"], "num_classes is 3, and class_names has 2"),
        ("task", None, "task is null, not text"),
        ("parts.train.num_rows", 0, "parts.train.num_rows is 0"),
        ("parts.train.class_counts", "x", "parts.train.class_counts is text, not a list"),
        ("parts.train.class_counts", [90], "parts.train.class_counts has 1, and class_names 3"),
        (
            "parts.test.class_counts",
            [0, 0, 0],
            "parts.test.class_counts come to 0, and num_rows is 30",
        ),
        ("parts.odd", {"num_rows": 0}, "parts.of another name.num_rows is 0"),
    ],
)
def test_facts_that_contradict_each_other_are_told(
    run: Run, path: str, value: Any, told: str
) -> None:
    write_json(run.path / "dataset.json", changed(FACTS, path, value))
    # kinds name the place of a part by its number
    told = told.replace("parts.train.class_counts is text", r"parts.\d.class_counts is text")
    with pytest.raises(RunError, match=rf"dataset\.json: cannot be read, {told}; put the file"):
        _ = run.dataset


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("looks.pixel_max", 0, "looks.pixel_max is not above looks.pixel_min"),
        ("looks.box", 9, "looks.box is 9, and a sample has shape (8, 8)"),
        ("looks.box", 0, "looks.box is 0, and a sample has shape (8, 8)"),
        ("looks.ground", 16, "looks.ground is not below looks.pixel_max"),
        (
            "scaling.offset",
            [0.0] * 64,
            "scaling.offset has 64 numbers, and a sample has shape (8, 8)",
        ),
    ],
)
def test_facts_of_images_that_contradict_each_other_are_told(
    path: str, value: Any, told: str
) -> None:
    assert told in list(contradictions(changed(FACTS | IMAGES, path, value)))


def test_outputs_are_shaped_as_the_labels_are() -> None:
    assert output_shapes(FACTS) == output_shapes(FACTS | {"label_encoding": "index"}) == [(3,)]
    assert output_shapes(FACTS | {"label_encoding": "column"}) == [(1,)]
    assert output_shapes(FACTS | {"label_encoding": None}) == [(3,), (1,)]
    numbers = {"class_names": [], "parts": {"train": {"label_mean": [1.0, 2.0]}}}
    assert output_shapes(numbers) == [(2,)]
    assert output_shapes({"class_names": [], "parts": {"train": {"label_mean": 1.0}}}) == [(1,)]


LOADING: list[Callable[[Path, str], list[str]]] = [
    lambda run, rows: ["predict", run.name, rows, "--quiet"],
    lambda run, _: ["diagnose", run.name],
    lambda run, _: ["compare", run.name, run.name, "--no-plot"],
]


@pytest.mark.parametrize("num_examples", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_commands_that_load_the_model_tell_what_is_wrong_with_the_facts(
    runs_dir: Path, rows: str, run: Run, num_examples: int
) -> None:
    @all_of_it(num_examples)
    @given(data=st.data())
    def damage_and_load(data: Any) -> None:
        for name in ("exports", "predictions"):
            shutil.rmtree(run.path / name, ignore_errors=True)
        shutil.copy(SAMPLE / "dataset.json", run.path)
        damage_value(data.draw, run.path / "dataset.json")
        for words in LOADING if num_examples > 5 else LOADING[:1]:
            command(runs_dir, *words(run.path, rows))
        with contextlib.suppress(DlrunError):
            describe(load_served(Run(run.path)))

    damage_and_load()


def two_outputs(x: Any) -> Any:
    return [keras.layers.Dense(3)(x), keras.layers.Dense(2)(x)]


MODELS: list[tuple[Any, Callable[[Any], Any], str]] = [
    ((4,), two_outputs, "it gives several arrays a sample, and the run's data need (3,)"),
    (
        (4,),
        lambda x: {"a": keras.layers.Dense(3)(x)},
        "it gives several arrays a sample, and the run's data need (3,)",
    ),
    (
        (5,),
        keras.layers.Dense(3),
        "it takes shape (5,) a sample, and the run's data need (4,)",
    ),
    (
        (4,),
        keras.layers.Dense(7),
        "it gives shape (7,) a sample, and the run's data need (3,)",
    ),
    (
        (4,),
        lambda x: keras.layers.Reshape((3, 1, 1))(keras.layers.Dense(3)(x)),
        "it gives shape (3, 1, 1) a sample, and the run's data need (3,)",
    ),
]


@pytest.mark.parametrize(("shape", "layers", "told"), MODELS)
def test_a_model_of_another_run_is_told(
    run: Run, runs_dir: Path, rows: str, shape: Any, layers: Callable[[Any], Any], told: str
) -> None:
    taken = keras.Input(shape)
    keras.Model(taken, layers(taken)).save(run.path / "model.keras")
    for words in (["predict", run.id, rows], ["export", run.id, "--to", "keras"]):
        done = command(runs_dir, *words)
        assert done.exit_code == 2
        assert f"model.keras: cannot be read, {told}; put the file back" in done.stderr


def test_a_model_with_two_inputs_is_told(run: Run) -> None:
    one, two = keras.Input((4,)), keras.Input((4,))
    keras.Model([one, two], keras.layers.Dense(3)(one + two)).save(run.path / "model.keras")
    with pytest.raises(RunError, match="it takes several arrays a sample, and the run's data"):
        run.model()
    named = keras.Input((4,), name="a")
    keras.Model({"a": named}, keras.layers.Dense(3)(named)).save(run.path / "model.keras")
    with pytest.raises(RunError, match="it takes several arrays a sample, and the run's data"):
        run.model()


def test_a_model_of_another_build_is_told(run: Run, runs_dir: Path) -> None:
    taken = keras.Input((4,))
    keras.Model(taken, keras.layers.Dense(3)(taken)).save(run.path / "model.keras")
    assert run.model().output_shape == (None, 3)  # it predicts
    done = CliRunner().invoke(app, ["export", run.id, "--to", "keras"])
    text = (run.path / "config.yaml").read_text()
    (run.path / "config.yaml").write_text(text.replace("threads: 1", "threads: auto"))
    assert "the model is a Functional, and dlrun builds each as a Sequential; put" in done.stderr
    with pytest.raises(
        RunError, match=r"its weights are not those of the net in config\.yaml; put"
    ):
        look_at_test(Run(run.path))


@pytest.mark.parametrize(
    ("layer", "config", "told"),
    [
        (
            "StringLookup",
            {"vocabulary": "/etc/passwd"},
            "it holds a vocabulary that lies in a file elsewhere, which is not read; give the",
        ),
        (
            "TFSMLayer",
            {"filepath": "/tmp", "call_endpoint": "serve"},
            "it holds a TFSMLayer: a SavedModel elsewhere, which is not loaded; build the net",
        ),
    ],
)
def test_what_a_model_must_not_hold_is_called_by_its_name(
    run: Run, layer: str, config: dict[str, Any], told: str
) -> None:
    path = run.path / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    plain = json.loads(members["config.json"])
    entry = {"module": "keras.layers", "class_name": layer, "config": {"name": "l", **config}}
    plain["config"]["layers"].insert(1, {**entry, "registered_name": None})
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in (members | {"config.json": json.dumps(plain)}).items():
            archive.writestr(member, content)
    with pytest.raises(RunError, match=rf"model\.keras: cannot be read, {told}"):
        run.model()
