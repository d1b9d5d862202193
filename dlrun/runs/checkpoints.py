"""Checkpoints: all that decides how a training goes on, in one small file without pickle.

`checkpoints/last.npz` holds the newest state, `checkpoints/best-<epoch>.npz` the weights of the
best epoch before it. Each is written whole or not at all, and the newest state says which best
one is its own; so there is no instant at which the two do not fit together.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.config import Config
from dlrun.errors import RunError
from dlrun.files import read_npz, storage_error, write_bytes
from dlrun.runs.run import CHECKPOINTS, Run

LAST = "last.npz"
BEST = "best-{epoch}.npz"
FORMAT = 1

_ARRAY = "__array__"  # stands in the JSON for an array of the file


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands.

    Attributes:
        epoch: Finished epochs.
        step: Steps done of the epoch after them; its callbacks then know that it has begun.
        history: A row an epoch, as in `history.csv`.
        epoch_seconds: How long the unfinished epoch has taken so far.
        variables: Of model, optimizer and metrics, random states of layers among them.
        callbacks: Class name and state of each callback; None where it keeps none that is known.
        random: States of Python's, NumPy's and Keras's global generators.
        stopped: Whether a callback ended the training here.
        best_epoch: Whose weights lie beside it as the best ones, counted from 1; 0 for none.
        config: With which it came to be, as `plain_config` has it.
        machine: Where, as `machine_facts` has it; empty where it does not say.
        best: Those weights, where it was taken from a training; a file of its own keeps them.
    """

    epoch: int
    step: int
    history: Sequence[Mapping[str, float]]
    variables: Sequence[np.ndarray]
    epoch_seconds: float = 0.0
    callbacks: Sequence[tuple[str, Mapping[str, Any] | None]] = ()
    random: Mapping[str, Any] = field(default_factory=dict)
    stopped: bool = False
    best_epoch: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    best: BestState | None = field(default=None, compare=False)


@dataclass(frozen=True)
class BestState:
    """The best epoch so far.

    Attributes:
        epoch: Which, counted from 1.
        value: Of the monitored metric.
        weights: Of the model, in Keras's order.
    """

    epoch: int
    value: float
    weights: Sequence[np.ndarray]


def plain_config(config: Config) -> dict[str, Any]:
    """Returns a config's normal form as JSON holds it, so that two of them can be compared."""
    plain: dict[str, Any] = json.loads(json.dumps(config.to_dict(), default=str))
    return plain


def write_last(run: Run, state: TrainingState) -> None:
    """Writes the newest state, and removes the best weights of states before it.

    Raises:
        StorageError: it cannot be written; the one before stays.
        TypeError: a callback's state holds something else than numbers, text, lists, mappings
            with text keys and NumPy arrays.
    """
    columns = list(dict.fromkeys(name for row in state.history for name in row))
    rows = [[row.get(name, np.nan) for name in columns] for row in state.history]
    there = [[name in row for name in columns] for row in state.history]
    shape = (len(state.history), len(columns))
    content = {
        "epoch": state.epoch,
        "step": state.step,
        "epoch_seconds": state.epoch_seconds,
        "stopped": state.stopped,
        "best_epoch": state.best_epoch,
        "columns": columns,
        "history": np.asarray(rows, np.float64).reshape(shape),
        "history_there": np.asarray(there, bool).reshape(shape),
        "variables": list(state.variables),
        "callbacks": [[name, values] for name, values in state.callbacks],
        "random": state.random,
        "config": state.config,
        "machine": state.machine,
    }
    _write(run, LAST, content)
    own = BEST.format(epoch=state.best_epoch)
    for path in (run.path / CHECKPOINTS).glob(BEST.format(epoch="*")):
        if path.name != own:
            path.unlink(missing_ok=True)


def write_best(run: Run, best: BestState) -> None:
    """Writes the best weights, to which the next state may point.

    Raises:
        StorageError: they cannot be written; those before stay.
    """
    content = {"epoch": best.epoch, "value": best.value, "weights": list(best.weights)}
    _write(run, BEST.format(epoch=best.epoch), content)


def read_last(run: Run) -> TrainingState | None:
    """Returns the newest state; None where none was written.

    Raises:
        RunError: the file is damaged, or a newer dlrun wrote it.
    """
    content = _read(run, LAST)
    if content is None:
        return None
    try:
        columns = content["columns"]
        rows = zip(content["history"].tolist(), content["history_there"].tolist(), strict=True)
        if len(content["history"]) != content["epoch"]:
            raise ValueError(f"it has {len(content['history'])} rows of {content['epoch']} epochs")
        return TrainingState(
            epoch=int(content["epoch"]),
            step=int(content["step"]),
            history=[
                {n: v for n, v, is_there in zip(columns, *row, strict=True) if is_there}
                for row in rows
            ],
            variables=content["variables"],
            epoch_seconds=float(content["epoch_seconds"]),
            callbacks=[(name, values) for name, values in content["callbacks"]],
            random=content["random"],
            stopped=bool(content["stopped"]),
            best_epoch=int(content["best_epoch"]),
            config=dict(content.get("config") or {}),  # checkpoints of November 2026 lack it
            machine=_machine(content.get("machine") or {}),  # likewise
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(run, LAST, error) from error


def _machine(facts: Mapping[str, Any]) -> dict[str, Any]:
    if not all(isinstance(one, Mapping) for one in facts.values()):
        raise ValueError("what it says of the machine are no facts")
    return dict(facts)


def read_best(run: Run, epoch: int) -> BestState | None:
    """Returns the best weights that a state points to; None where it points to none.

    Raises:
        RunError: the file is missing or damaged, or a newer dlrun wrote it.
    """
    if not epoch:
        return None
    name = BEST.format(epoch=epoch)
    content = _read(run, name)
    try:
        if content is None:
            raise ValueError("there is no such file")
        return BestState(int(content["epoch"]), float(content["value"]), list(content["weights"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(run, name, error) from error


def _write(run: Run, name: str, content: Mapping[str, Any]) -> None:
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps({"format": FORMAT, **_without_arrays(content, arrays)})
    stream = io.BytesIO()
    np.savez(stream, content=np.frombuffer(text.encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    try:
        (run.path / CHECKPOINTS).mkdir(exist_ok=True)  # not its parents: a removed run stays away
    except OSError as error:
        raise storage_error(run.path / CHECKPOINTS, error) from error
    write_bytes(run.path / CHECKPOINTS / name, stream.getvalue())


def _read(run: Run, name: str) -> dict[str, Any] | None:
    path = run.path / CHECKPOINTS / name
    try:
        arrays = read_npz(path)
        content = json.loads(arrays["content"].tobytes())
        if content["format"] != FORMAT:
            raise RunError(
                f"{path}: format {content['format']!r}, and this dlrun reads {FORMAT}; "
                "resume with the dlrun that wrote it"
            )
        found: dict[str, Any] = _with_arrays(content, arrays)
        return found
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(run, name, error) from error


def _damaged(run: Run, name: str, error: Exception) -> RunError:
    path = run.path / CHECKPOINTS / name
    return RunError(
        f"{path}: cannot be read, {str(error) or type(error).__name__}; without the folder "
        f"{CHECKPOINTS}, `dlrun resume` begins again at the first epoch"
    )


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Returns `value` as JSON holds it; its arrays go into `arrays`, by number."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name], dtype = _storable(value)
        return {_ARRAY: name, "dtype": dtype}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys must be text, received {list(value)[:3]!r}")
        return {key: _without_arrays(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"received a {type(value).__name__}")


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            array = arrays[value[_ARRAY]]
            return array if value["dtype"] is None else array.view(_later_dtype(value["dtype"]))
        return {key: _with_arrays(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_arrays(item, arrays) for item in value]
    return value


def _storable(array: np.ndarray) -> tuple[np.ndarray, str | None]:
    """An array as NumPy can store it, and its type's name where that is one of ml_dtypes.

    NumPy stores bfloat16 as bytes without a type; here it becomes the integers of its bits.
    """
    if array.dtype.kind == "O":
        raise TypeError("received an array of objects")
    if array.dtype.isbuiltin != 2:
        return array, None
    return array.view(f"u{array.dtype.itemsize}"), array.dtype.name


def _later_dtype(name: str) -> Any:
    import ml_dtypes  # comes with Keras; only low precisions need it

    return getattr(ml_dtypes, name)
