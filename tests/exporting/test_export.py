"""Every format takes rows as the data set has them, and gives what the run's model gives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dlrun
from dlrun.backend import keras, tf
from dlrun.errors import CheckError, ExportError, StorageError
from dlrun.events import Message
from dlrun.exporting import FORMATS, runtimes
from dlrun.prepare import prepare_data
from dlrun.runs import Run

Train = Callable[..., Run]

NAMES = ["pictures", "moons", "patients"]
MODELS = [name for name in FORMATS if name != "python"]


def expected(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Rows as they came, and what the run's model gives for them as NumPy scales them."""
    data = prepare_data(run.config)
    x = data.dataset.x[::3]
    return x, np.asarray(run.model()(data.scaling.apply(x), training=False))


def outputs_of(form: str, path: Path, x: np.ndarray) -> np.ndarray:
    """Written anew for the tests, from each runtime's own documentation."""
    if form == "keras":
        return keras.models.load_model(path).predict(x, verbose=0)
    if form == "savedmodel":
        loaded = tf.saved_model.load(str(path))
        return loaded.serve(x).numpy()
    if form == "onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(str(path)).run(None, {"input": x})[0]
    from ai_edge_litert.interpreter import Interpreter

    interpreter, found = Interpreter(str(path)), []
    interpreter.allocate_tensors()
    for row in x:  # one by one, as a telephone does
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.stack(found)


@pytest.mark.parametrize("form", MODELS)
@pytest.mark.parametrize("name", NAMES)
def test_an_export_takes_rows_as_they_came(
    runs: dict[str, Run], name: str, form: str, exports: Path
) -> None:
    exported = dlrun.export(runs[name], form, exports / f"{name}{FORMATS[form].suffix}")
    assert exported.agreement.is_good
    assert not exported.agreement.num_other_classes
    x, ours = expected(runs[name])
    np.testing.assert_allclose(outputs_of(form, exported.path, x), ours, rtol=1e-4, atol=1e-5)


def test_an_export_says_what_it_takes_and_what_it_was_checked_on(
    runs: dict[str, Run], exports: Path
) -> None:
    told: list[str] = []

    def listen(event: object) -> None:
        assert isinstance(event, Message)
        told.append(event.text)

    exported = dlrun.export(runs["pictures"], "keras", exports, report=listen)
    assert exported.path == exports / "pictures.keras"
    assert exported.input == "(n, 6, 6) uint8, rows as npz has them, not scaled"
    assert exported.class_names == ("dark", "grey", "bright")
    assert exported.agreement.compared == "24 validation rows"
    assert exported.largest_difference == 0
    assert told[-1].endswith("running it in keras.models.load_model …")
    card = json.loads((exports / "pictures.keras.json").read_text())
    assert card["class_names"] == ["dark", "grey", "bright"]
    assert card["scaling"]["divisor"] == 255
    assert card["output"]["meaning"].startswith("a score a class, in the order of class_names")


def test_without_validation_rows_training_rows_are_taken_and_that_is_said(
    runs: dict[str, Run], exports: Path
) -> None:
    exported = dlrun.export(runs["patients"], "keras", exports)
    assert exported.agreement.compared == "100 training rows"
    assert exported.remarks == (
        "the run has no validation rows: checked on rows that it was trained on",
    )
    assert exported.agreement.num_other_classes is None


def test_onnx_carries_its_classes_and_what_it_takes(runs: dict[str, Run], exports: Path) -> None:
    import onnxruntime

    exported = dlrun.export(runs["pictures"], "onnx", exports)
    session = onnxruntime.InferenceSession(str(exported.path))
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type, taken.shape) == ("input", "tensor(uint8)", ["n", 6, 6])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["class_names"]) == ["dark", "grey", "bright"]
    assert json.loads(metadata["input"])["meaning"] == exported.input
    assert metadata["run"] == runs["pictures"].id


def test_lite_rt_has_its_classes_beside_it_a_line_each(runs: dict[str, Run], exports: Path) -> None:
    dlrun.export(runs["pictures"], "tflite", exports)
    assert (exports / "pictures_labels.txt").read_text() == "dark\ngrey\nbright\n"
    assert {path.name for path in exports.iterdir()} == {
        "pictures.tflite", "pictures.tflite.json", "pictures_labels.txt",
    }  # fmt: skip


def test_a_saved_model_has_its_card_inside(runs: dict[str, Run]) -> None:
    exported = dlrun.export(runs["moons"], "savedmodel")
    assert exported.path == runs["moons"].path / "exports" / "moons_savedmodel"
    card = json.loads((exported.path / "assets.extra" / "model.json").read_text())
    assert card["output"]["meaning"] == "a score of 'lower'; above 0.5 it is taken for that class"


ALONE = """
import sys
sys.modules["dlrun"] = None
import keras, numpy as np
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    print(*model(np.zeros((1, 6, 6), model.inputs[0].dtype)).shape)
"""


def test_models_load_in_plain_keras_where_no_dlrun_is(runs: dict[str, Run], exports: Path) -> None:
    run = runs["pictures"]
    exported = dlrun.export(run, "keras", exports)
    done = subprocess.run(
        [sys.executable, "-c", ALONE, run.path / "model.keras", exported.path],
        capture_output=True,
        text=True,
        cwd=exports,
    )
    assert done.stdout.split("\n")[:2] == ["1 3", "1 3"], done.stderr


def test_a_difference_is_an_error_and_the_file_stays(
    runs: dict[str, Run], exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = runtimes.run_exported
    monkeypatch.setattr(runtimes, "run_exported", lambda *args: right(*args) + 0.01)
    with pytest.raises(
        CheckError, match=r"something else than the run, 24 .* off by 0\.01"
    ) as told:
        dlrun.export(runs["moons"], "keras", exports)
    assert told.value.exit_code == 4
    assert (exports / "moons.keras").is_file()


def test_a_converter_that_refuses_is_told_and_leaves_nothing(
    runs: dict[str, Run], exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no such op\nand more")

    monkeypatch.setattr(keras.Model, "export", refuse)
    with pytest.raises(
        ExportError, match=r"cannot be written as onnx, its converter says: no such op; "
    ):
        dlrun.export(runs["moons"], "onnx", exports)
    assert list(exports.iterdir()) == []


@pytest.mark.parametrize(
    "told", ["; No space left on device", "[Errno 28] no space left on device"]
)
def test_a_full_disk_is_told_as_one_whatever_the_converter_makes_of_it(
    runs: dict[str, Run], exports: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, f"variables/part-0{told}")

    monkeypatch.setattr(keras.Model, "export", refuse)
    message = "moons_savedmodel: cannot be written, no space left on device; free some space"
    with pytest.raises(StorageError, match=message):
        dlrun.export(runs["moons"], "savedmodel", exports / "moons_savedmodel")
    assert list(exports.iterdir()) == []


RECURRENT = [{"LSTM": 4}, {"Dense": {"units": 3, "activation": "softmax"}}]


@pytest.mark.slow
@pytest.mark.parametrize("form", MODELS)
def test_recurrent_layers_in_every_format(train: Train, form: str, exports: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 5, 3)).astype(np.float32)
    run = train("pictures", {"x": x, "y": np.arange(60) % 3}, model={"layers": RECURRENT})
    exported = dlrun.export(run, form, exports / f"net{FORMATS[form].suffix}")
    x, ours = expected(run)
    np.testing.assert_allclose(outputs_of(form, exported.path, x), ours, atol=1e-5)
    is_lite = form == "tflite"
    assert any("one row at a time" in remark for remark in exported.remarks) == is_lite


@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "form", "message"),
    [
        ("float64", "onnx", r"was written, and ONNX Runtime cannot run it: .* trained in float64"),
        ("float64", "tflite", r"cannot be written as tflite, .* trained in float64: --to keras"),
    ],
)
def test_a_precision_that_a_format_does_not_hold_is_told(
    train: Train, precision: str, form: str, message: str, exports: Path
) -> None:
    run = train("pictures", training={"epochs": 1, "precision": precision})
    with pytest.raises(ExportError, match=message):
        dlrun.export(run, form, exports / f"net{FORMATS[form].suffix}")


OWN = """
import keras

@keras.saving.register_keras_serializable()
class Double(keras.layers.Layer):
    def call(self, x):
        return 2 * x

@keras.saving.register_keras_serializable()
def cubed_error(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 3, axis=-1)
"""


@pytest.mark.slow
def test_components_of_ones_own(
    train: Train, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "export_own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    layers = [{"Dense": {"units": 4}}, {"Double": {}}, {"Dense": {"units": 1}}]
    run = train("patients", imports=["export_own"], model={"layers": layers}, loss="cubed_error",
                training={"epochs": 2, "monitor": "loss"})  # fmt: skip
    exported = dlrun.export(run, "keras", exports)
    assert (
        exported.remarks[-1] == "import export_own before loading it, where its layers are your own"
    )
    exported = dlrun.export(run, "python", exports)
    assert exported.largest_difference == 0
    assert "it imports export_own: put that beside it" in exported.remarks[0]
    text = exported.path.read_text()
    assert "from export_own import Double, cubed_error\n" in text
    assert "        Double(),\n" in text
    assert "    loss=cubed_error,\n" in text
