"""The formats written, each by the library's own converter, into a folder that is nobody's yet."""

from __future__ import annotations

import errno
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlrun.backend import keras, tf
from dlrun.errors import DlrunError, ExportError
from dlrun.exporting.card import as_metadata
from dlrun.exporting.comparison import first_line, other_format
from dlrun.exporting.formats import Format
from dlrun.files import make_folder, storage_error, write_json, write_text

Card = Mapping[str, Any]


def beside(form: Format, path: Path, card: Card) -> tuple[Path, ...]:
    """Returns the paths of the small files that go beside a model, for formats without room."""
    found = []
    if form.name in ("keras", "tflite"):
        found.append(path.with_name(f"{path.name}.json"))
    if form.name == "tflite" and card["class_names"]:
        found.append(path.with_name(f"{path.stem}_labels.txt"))
    return tuple(found)


def write_model(form: Format, model: Any, card: dict[str, Any], path: Path) -> None:
    """Writes a model and what goes beside it.

    Args:
        form: Any format but python.
        model: From `make_serving_model`.
        card: From `make_card`; its shape tells, after, of how many rows the input is.
        path: Of the file or folder; it is not there yet.

    Raises:
        ExportError: the converter refused the model.
        StorageError: a file cannot be written.
    """
    with _quiet():
        try:
            _WRITERS[form.name](model, card, path)
        except (OSError, DlrunError):
            raise
        except Exception as error:  # converters raise whatever they like
            if (refusal := _of_the_disk(error)) is not None:
                raise storage_error(path, refusal) from error
            raise ExportError(
                f"{card['run']}: cannot be written as {form.name}, its converter says: "
                f"{first_line(error)}; {other_format(card['precision'])}"
            ) from error
    for extra in beside(form, path, card):
        if extra.suffix == ".txt":
            lines = (" ".join(name.split()) for name in card["class_names"])
            write_text(extra, "".join(f"{line}\n" for line in lines))
        else:
            write_json(extra, card)


def _of_the_disk(error: Exception) -> OSError | None:
    """What the system said where a converter tells it in an error of its own; else None."""
    told = str(error).lower()
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO):
        if os.strerror(code).lower() in told:
            return OSError(code, os.strerror(code))
    return None


def _write_keras(model: Any, _card: dict[str, Any], path: Path) -> None:
    model.save(path)


def _write_savedmodel(model: Any, card: dict[str, Any], path: Path) -> None:
    model.export(path, format="tf_saved_model", verbose=False)
    extra = path / "assets.extra"  # where TensorFlow Serving leaves alone what it does not know
    make_folder(extra)
    write_json(extra / "model.json", card)


@contextmanager
def _same_environment() -> Iterator[None]:
    """Takes back what tf2onnx sets when it is imported: it silences TensorFlow for good."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _write_onnx(model: Any, card: dict[str, Any], path: Path) -> None:
    import onnx

    with _same_environment():
        model.export(path, format="onnx", verbose=False)
    found = onnx.load(path)
    for key, text in as_metadata(card).items():
        found.metadata_props.add(key=key, value=text)
    found.producer_name, found.graph.name = card["made_by"], card["name"]
    found.doc_string = f"input: {card['input']['meaning']}; output: {card['output']['meaning']}"
    for tensor in (*found.graph.input, *found.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.checker.check_model(found)
    onnx.save(found, path)


def _write_tflite(model: Any, card: dict[str, Any], path: Path) -> None:
    """Writes it for any number of rows, or for one at a time where only that can be written.

    Without TensorFlow's own operations, which LiteRT runs with an extra library alone: recurrent
    layers would need them for any number of rows, and for one at a time do not.
    """
    (taken,) = model.inputs
    for num_rows in (None, 1):
        try:
            model.export(
                path,
                format="litert",
                verbose=False,
                input_signature=[keras.InputSpec(taken.dtype, (num_rows, *taken.shape[1:]))],
                target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
            )
        except Exception:
            if num_rows == 1:
                raise
        else:
            card["input"]["shape"][0] = num_rows
            return


_WRITERS: Mapping[str, Callable[[Any, dict[str, Any], Path], None]] = {
    "keras": _write_keras,
    "savedmodel": _write_savedmodel,
    "onnx": _write_onnx,
    "tflite": _write_tflite,
}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps converters from telling what they are doing, which is nothing to act on."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
