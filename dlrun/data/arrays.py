"""`npz`: the user's own arrays in a NumPy file.

Files are read without pickle, so that opening one runs no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlrun.catalog.datasets import Task
from dlrun.data.dataset import Array, Dataset
from dlrun.data.registry import register_dataset
from dlrun.errors import DatasetError, did_you_mean
from dlrun.files import open_file

TASKS: tuple[Task, ...] = ("multiclass", "binary", "regression")

LARGEST_LABEL = 2**53
"""Up to here floats tell all whole numbers apart."""

_HOW_TO_SAVE = "save one by numpy.savez_compressed('data.npz', x=x, y=y)"


@register_dataset("npz")
def npz(path: str, task: Task | None = None) -> Dataset:
    """Loads the arrays of an .npz file.

    `x` is (num_rows, …): uint8 stays (images), other numbers become float32. `y` of whole
    numbers, booleans or words holds classes, numbered in their order; of other numbers, values
    to predict. `x_test` and `y_test` become the official test rows; `x_train` and `y_train` are
    other names of x and y. `sample_weight` (and `sample_weight_test` beside `x_test`), a number
    a row, `class_names` and `feature_names` (words) may be there.

    Args:
        path: Of the file; a relative one starts where dlrun is run, `~` at the home folder.
        task: Needed where y does not say it: whole numbers that are values, or one-hot rows.

    Raises:
        DatasetError: no such file, damaged, no x or y, or one of them under both its names,
            objects in it, lengths that differ, NaN, weights that are no numbers.
    """
    if task is not None and task not in TASKS:
        raise DatasetError(
            f"npz: task is {task!r}{did_you_mean(str(task), TASKS)}; "
            f"it must be one of {', '.join(TASKS)}"
        )
    if not isinstance(path, str) or not path:
        raise DatasetError(f"npz: path is {path!r}; it must name an .npz file")
    arrays = _named(path, _read_arrays(_expanded(path)))
    notes: list[str] = []
    x = _as_inputs(path, _joined(path, arrays, "x"), notes)
    y = _joined(path, arrays, "y")
    class_names: tuple[str, ...] = ()
    if task == "regression" or (task is None and (y.dtype.kind not in "biuU" or y.ndim != 1)):
        task, y = "regression", _as_values(path, y)
    else:
        y, class_names = _as_labels(path, y, _names(arrays, "class_names"), notes)
        task = task or ("binary" if len(class_names) == 2 else "multiclass")
    return Dataset(
        name="npz",
        task=task,
        x=x,
        y=y,
        num_official_test=_num_official_test(path, arrays),
        class_names=class_names,
        feature_names=_names(arrays, "feature_names") if x.ndim == 2 else (),
        title=f"arrays of {Path(path).name}",
        source=f"file {path}",
        licence="the file's own",
        notes=tuple(notes),
        sample_weight=_sample_weight(path, arrays),
    )


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise DatasetError(f"npz: path is {path!r}; there is no such home folder") from None


def _read_arrays(path: Path) -> dict[str, Array]:
    """Reads every array of the file."""
    try:
        with open_file(path) as stream:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DatasetError(f"{path}: a single array, not an .npz file; {_HOW_TO_SAVE}")
            with archive:
                arrays = {name: archive[name] for name in archive.files}
    except DatasetError:
        raise
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file{_whereabouts(path)}") from None
    except Exception as error:  # NumPy and zipfile promise no closed list of what damage raises
        raise DatasetError(f"{path}: {_reason(path, error)}; {_HOW_TO_SAVE}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy returns the bytes of what it does not know
            raise DatasetError(f"{path}: {name} is no array of NumPy's; {_HOW_TO_SAVE}")
    return arrays


def _named(path: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """Returns the arrays under the names this module uses: x_train is x, y_train is y."""
    for name in ("x", "y", "sample_weight"):
        other = f"{name}_train"
        if name in arrays and other in arrays:
            surplus = name if f"{name}_test" in arrays else other
            raise DatasetError(
                f"{path}: has both {name!r} and {other!r}, two names of the same; "
                f"remove {surplus!r}"
            )
        if other in arrays:
            arrays[name] = arrays.pop(other)
        if name not in arrays and name != "sample_weight":
            raise DatasetError(
                f"{path}: has no array {name!r}, only {sorted(arrays)}; {_HOW_TO_SAVE}"
            )
    return arrays


def _reason(path: Path, error: Exception) -> str:
    if path.is_dir():
        return "is a folder"
    if "allow_pickle" in str(error) or "Object arrays" in str(error):
        return "holds Python objects, which are not read: they could run code"
    return f"is not an .npz file, or a damaged one ({error})"


def _whereabouts(path: Path) -> str:
    """Says where a relative path was looked for, and what there is instead."""
    where = "" if path.is_absolute() else f", looked for {path.absolute()}"
    if not path.parent.is_dir():
        return f"{where}; the folder {str(path.parent)!r} does not exist"
    return where + did_you_mean(path.name, [file.name for file in path.parent.glob("*.npz")])


def _joined(path: str, arrays: Mapping[str, Array], name: str) -> Array:
    """Returns an array with its official test rows at the end."""
    main, test = arrays[name], arrays.get(f"{name}_test")
    if main.ndim == 0:
        raise DatasetError(f"{path}: {name} is a single value; it must have a row a sample")
    if main.dtype.kind not in "biufU":
        words = " or words" if name == "y" else ""
        raise DatasetError(f"{path}: {name} has dtype {main.dtype}; it must hold numbers{words}")
    if test is None:
        return main
    if main.shape[1:] != test.shape[1:] or main.dtype.kind != test.dtype.kind:
        raise DatasetError(
            f"{path}: {name} is {main.dtype} of shape {main.shape} and {name}_test {test.dtype} "
            f"of shape {test.shape}; only the number of rows may differ"
        )
    return np.concatenate([main, test])


def _num_official_test(path: str, arrays: Mapping[str, Array]) -> int:
    has = [name for name in ("x_test", "y_test") if name in arrays]
    if len(has) == 1:
        raise DatasetError(f"{path}: has {has[0]} alone; give both x_test and y_test, or none")
    for x_name, y_name in (("x", "y"), ("x_test", "y_test")):
        if x_name in arrays and len(arrays[x_name]) != len(arrays[y_name]):
            raise DatasetError(
                f"{path}: {x_name} has {len(arrays[x_name])} rows and {y_name} has "
                f"{len(arrays[y_name])}; every row needs its label"
            )
    return len(arrays["x_test"]) if has else 0


def _sample_weight(path: str, arrays: Mapping[str, Array]) -> Array | None:
    """Returns the weights of all rows, the official test rows last; None where there are none."""
    names = [f"sample_weight{part}" for part in ("", "_test") if f"x{part}" in arrays]
    given = [name for name in ("sample_weight", "sample_weight_test") if name in arrays]
    if given and given != names:
        beside = " and ".join(name.replace("sample_weight", "x") for name in names)
        raise DatasetError(
            f"{path}: has {' and '.join(given)} beside {beside}; "
            f"give {' and '.join(names)}, or none"
        )
    found = [_as_weights(path, name, arrays) for name in given]
    return np.concatenate(found) if found else None


def _as_weights(path: str, name: str, arrays: Mapping[str, Array]) -> Array:
    weight, x_name = arrays[name], name.replace("sample_weight", "x")
    if weight.dtype.kind not in "biuf":
        raise DatasetError(f"{path}: {name} has dtype {weight.dtype}; it must hold numbers")
    num_rows = len(arrays[x_name])
    if weight.shape not in ((num_rows,), (num_rows, 1)):
        raise DatasetError(
            f"{path}: {name} has shape {weight.shape} and {x_name} has {num_rows} rows; "
            "every row needs one weight"
        )
    return _narrow(weight.reshape(-1))


def _as_inputs(path: str, x: Array, notes: list[str]) -> Array:
    if x.dtype.kind not in "biuf":
        raise DatasetError(f"{path}: x has dtype {x.dtype}; it must hold numbers")
    if x.ndim == 1:
        notes.append(f"x of shape {x.shape} is used as {len(x)} rows of one feature")
        x = x.reshape(-1, 1)
    return x if x.dtype == np.uint8 else _narrow(x)


def _as_values(path: str, y: Array) -> Array:
    if y.dtype.kind not in "biuf":
        raise DatasetError(f"{path}: y has dtype {y.dtype}; for regression it must hold numbers")
    return _narrow(y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y)


def _narrow(array: Array) -> Array:
    """Returns float32; a number too large becomes infinite, which the data set's check finds."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _as_labels(
    path: str, y: Array, class_names: tuple[str, ...], notes: list[str]
) -> tuple[Array, tuple[str, ...]]:
    """Returns labels 0 … num_classes - 1 and the classes' names."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "biuf" and _is_one_hot(y):
        notes.append(f"y of shape {y.shape} holds one-hot rows; read as labels")
        names = class_names or tuple(str(label) for label in range(y.shape[1]))
        return np.argmax(y, axis=1).astype(np.int64), names
    if y.ndim != 1:
        raise DatasetError(f"{path}: y has shape {y.shape}; classes need one label a row")
    if y.dtype.kind == "f":
        if not np.array_equal(y, np.round(y)):
            raise DatasetError(f"{path}: y holds {y.dtype} values; classes are whole numbers")
        if not np.all(np.abs(y) < LARGEST_LABEL):
            raise DatasetError(
                f"{path}: y holds numbers beyond {LARGEST_LABEL:,}; number the classes from 0"
            )
        y = y.astype(np.int64)
    if not len(y):
        raise DatasetError(f"{path}: y has no rows; give it one a sample")
    found, labels = np.unique(y, return_inverse=True)
    if class_names and y.dtype.kind in "iu" and 0 <= found[0] <= found[-1] < len(class_names):
        return y.astype(np.int64), class_names
    if y.dtype.kind == "U" or not np.array_equal(found, np.arange(len(found))):
        shown = ", ".join(str(label) for label in found[:5].tolist())
        notes.append(f"labels {shown}{' …' if len(found) > 5 else ''} are numbered from 0")
    return labels.astype(np.int64), tuple(str(label) for label in found.tolist())


def _is_one_hot(y: Array) -> bool:
    return bool(np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1))


def _names(arrays: Mapping[str, Array], key: str) -> tuple[str, ...]:
    names = arrays.get(key)
    return () if names is None else tuple(str(name) for name in names.ravel().tolist())
