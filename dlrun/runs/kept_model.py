"""`model.keras` as it is read: the model that belongs to the run, or refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlrun.runs.facts import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

_OWN_LAYER = "write it as a layer of your own, in a module that the config imports"

_REFUSED = {
    "Lambda": ("a Lambda layer: Python code, which is not run", _OWN_LAYER),
    "Python lambda": ("a Python lambda: code, which is not run", _OWN_LAYER),
    "TFSMLayer": (
        "a TFSMLayer: a SavedModel elsewhere, which is not loaded",
        "build the net of Keras's own layers",
    ),
    "vocabulary file": (
        "a vocabulary that lies in a file elsewhere, which is not read",
        "give the layer its words themselves",
    ),
    "torch": ("a module of PyTorch: pickled code, which is not run", _OWN_LAYER),
}
"""What Keras refuses in its safe mode, by a word of what it says."""


def load_kept_model(path: Path, facts: Mapping[str, Any]) -> Any:
    """Loads a run's model; what it is made of must be known by now.

    Args:
        path: Of `model.keras`.
        facts: What the run's `dataset.json` holds, which the model must fit.

    Raises:
        UnreadableError: it is damaged, holds code, or belongs to another run.
    """
    from dlrun.backend import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras, zipfile and HDF5 promise no closed list for damage
        raise _refusal(path, str(error) or type(error).__name__) from error
    shape = tuple(facts["input_shape"])
    _check_shape(path, "takes", _input_shape(model), [shape])
    _check_shape(path, "gives", _output_shape(model, shape), output_shapes(facts))
    return model


def output_shapes(facts: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Returns what a model's outputs for a row may be shaped like, given the labels.

    Args:
        facts: What the run's `dataset.json` holds.
    """
    num_classes, encoding = len(facts["class_names"] or ()), facts.get("label_encoding")
    if not num_classes:
        means = facts["parts"]["train"]["label_mean"]
        return [(len(means),) if isinstance(means, list) else (1,)]
    if encoding in ("index", "one_hot"):
        return [(num_classes,)]
    return [(1,)] if encoding in ("column", "value") else [(num_classes,), (1,)]


def _refusal(path: Path, said: str) -> UnreadableError:
    """What is wrong with a model that Keras does not load."""
    if "safe_mode" not in said:
        return UnreadableError(path, said.split("\n")[0][:300])
    found = next((words for word, words in _REFUSED.items() if word in said), None)
    reason, remedy = found or ("something that could run code, which is not loaded", _OWN_LAYER)
    return UnreadableError(path, f"it holds {reason}", remedy)


def _input_shape(model: Any) -> tuple[Any, ...] | None:
    """Without the batch; None of several inputs, or of inputs by name."""
    # A loaded Sequential has `inputs` alone; of others, only `input` tells names.
    given: Any = getattr(model, "input", getattr(model, "inputs", None))
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    shape = getattr(given, "shape", None)
    return None if shape is None else tuple(shape[1:])


def _output_shape(model: Any, taken: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Without the batch; None of several outputs, or of outputs by name."""
    found = model.compute_output_shape((None, *taken))
    is_single = isinstance(found, tuple) and not any(isinstance(side, tuple) for side in found)
    return tuple(found[1:]) if is_single else None


def _check_shape(path: Path, verb: str, found: Any, wanted: list[tuple[int, ...]]) -> None:
    if found in wanted:
        return
    shown = "several arrays" if found is None else f"shape {found}"
    fits = " or ".join(map(str, wanted))
    raise UnreadableError(path, f"it {verb} {shown} a sample, and the run's data need {fits}")
