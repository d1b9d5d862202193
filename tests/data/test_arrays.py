from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from dlrun.config.schema import DatasetConfig
from dlrun.data import Dataset, load_dataset
from dlrun.errors import DatasetError

X = np.arange(8, dtype=np.float64).reshape(4, 2)
Y = np.array([0, 1, 2, 1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.npz"


def load(path: Path, **options: object) -> Dataset:
    return load_dataset(DatasetConfig("npz", {"path": str(path), **options}))


def test_x_and_y_become_inputs_and_classes(path: Path) -> None:
    np.savez_compressed(path, x=X, y=Y)
    found = load(path)
    assert (found.task, found.class_names) == ("multiclass", ("0", "1", "2"))
    assert found.x.dtype == np.float32
    assert np.array_equal(found.x, X)
    assert (found.y.dtype, found.y.tolist()) == (np.int64, [0, 1, 2, 1])
    assert found.source == f"file {path}"
    assert found.notes == ()


def test_bytes_stay_bytes(path: Path) -> None:
    np.savez(path, x=np.zeros((4, 3, 3), np.uint8), y=Y)
    assert load(path).x.dtype == np.uint8


def test_test_arrays_become_the_official_test_rows(path: Path) -> None:
    np.savez(path, x_train=X, y_train=Y, x_test=X[:2] + 100, y_test=Y[:2])
    found = load(path)
    assert (found.num_rows, found.num_official_test) == (6, 2)
    assert found.x[-1].tolist() == [102, 103]


def test_labels_are_numbered_in_their_order(path: Path) -> None:
    np.savez(path, x=X, y=np.array(["dog", "cat", "dog", "cat"]))
    found = load(path)
    assert (found.task, found.class_names) == ("binary", ("cat", "dog"))
    assert found.y.tolist() == [1, 0, 1, 0]
    assert found.notes == ("labels cat, dog are numbered from 0",)


@pytest.mark.parametrize("y", [np.array([1, 2, 3, 1]), np.array([[1], [2], [3], [1]])])
def test_labels_from_1_are_numbered_from_0(path: Path, y: np.ndarray) -> None:
    np.savez(path, x=X, y=y)
    found = load(path, task="multiclass")
    assert (found.y.tolist(), found.class_names) == ([0, 1, 2, 0], ("1", "2", "3"))


def test_names_in_the_file_are_used(path: Path) -> None:
    np.savez(path, x=X, y=Y % 2, class_names=["no", "yes"], feature_names=["a", "b"])
    found = load(path)
    assert (found.class_names, found.feature_names) == (("no", "yes"), ("a", "b"))


def test_numbers_that_are_not_whole_are_values(path: Path) -> None:
    np.savez(path, x=X, y=Y / 2)
    found = load(path)
    assert (found.task, found.y.dtype, found.y.tolist()) == (
        "regression",
        np.float32,
        [0, 0.5, 1, 0.5],
    )


def test_the_task_decides_what_whole_numbers_mean(path: Path) -> None:
    np.savez(path, x=X, y=Y)
    assert load(path, task="regression").y.dtype == np.float32
    np.savez(path, x=X, y=Y.astype(float))
    assert load(path, task="multiclass").y.tolist() == [0, 1, 2, 1]


def test_one_hot_rows_are_read_as_labels_when_the_task_says_so(path: Path) -> None:
    np.savez(path, x=X, y=np.eye(3)[Y])
    found = load(path, task="multiclass")
    assert found.y.tolist() == [0, 1, 2, 1]
    assert found.notes == ("y of shape (4, 3) holds one-hot rows; read as labels",)
    assert load(path).y.shape == (4, 3)


def test_a_single_feature_needs_no_second_axis(path: Path) -> None:
    np.savez(path, x=X[:, 0], y=Y / 2)
    found = load(path)
    assert found.input_shape == (1,)
    assert found.notes == ("x of shape (4,) is used as 4 rows of one feature",)


def test_a_weight_a_row_is_read(path: Path) -> None:
    np.savez(path, x=X, y=Y, sample_weight=[[1], [0], [2], [3]])
    weight = load(path).sample_weight
    assert weight is not None
    assert (weight.dtype, weight.tolist()) == (np.float32, [1, 0, 2, 3])
    np.savez(path, x=X, y=Y)
    assert load(path).sample_weight is None


def test_weights_of_the_official_test_rows_come_last(path: Path) -> None:
    np.savez(path, x_train=X, y_train=Y, sample_weight_train=[1, 2, 3, 4],
             x_test=X[:2], y_test=Y[:2], sample_weight_test=[0.5, 0.1])  # fmt: skip
    weight = load(path).sample_weight
    np.testing.assert_array_equal(weight, np.array([1, 2, 3, 4, 0.5, 0.1], np.float32))


TEST = {"x_test": X[:2], "y_test": Y[:2]}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"sample_weight": [1, 2]}, r"data\.npz: sample_weight has shape \(2,\) and x has 4 rows"),
        ({"sample_weight": np.ones((4, 2))}, r"has shape \(4, 2\) and x has 4 rows; every row"),
        ({"sample_weight": list("abcd")}, "sample_weight has dtype <U1; it must hold numbers"),
        ({"sample_weight": [1, 1, np.nan, 1]}, "npz: sample_weight has 1 NaN value"),
        ({"sample_weight": [1, 1, -1, 1]}, "npz: sample_weight is -1 in row 2"),
        ({"sample_weight": np.ones(4), "sample_weight_train": np.ones(4)},
         "has both 'sample_weight' and 'sample_weight_train', two names of the same"),
        ({"sample_weight": np.ones(4), **TEST},
         "has sample_weight beside x and x_test; give sample_weight and sample_weight_test, or"),
        ({"sample_weight_test": np.ones(2), **TEST},
         "has sample_weight_test beside x and x_test; give sample_weight and sample_weight_test"),
        ({"sample_weight": np.ones(4), "sample_weight_test": np.ones(2)},
         "has sample_weight and sample_weight_test beside x; give sample_weight, or none"),
        ({"sample_weight": np.ones(4), "sample_weight_test": np.ones(3), **TEST},
         r"sample_weight_test has shape \(3,\) and x_test has 2 rows; every row needs one weight"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused(path: Path, arrays: dict, message: str) -> None:
    np.savez(path, x=X, y=Y, **arrays)
    with pytest.raises(DatasetError, match=message):
        load(path)


NAN = np.where(X == 3, np.nan, X)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X[:3], "y": Y}, "x has 3 rows and y has 4; every row needs its label"),
        ({"x": NAN, "y": Y}, "npz: x has 1 NaN value, the first in row 1"),
        ({"x": X * 1e39, "y": Y}, "npz: x has 7 infinite values"),
        ({"x": X}, r"has no array 'y', only \['x'\]; save one by numpy.savez_compressed"),
        ({"y": Y}, r"has no array 'x', only \['y'\]"),
        ({"x": X.astype(object), "y": Y}, "holds Python objects, which are not read: they could"),
        ({"x": X.astype(str), "y": Y}, "x has dtype <U32; it must hold numbers"),
        ({"x": X, "y": np.float64(3)}, "y is a single value; it must have a row a sample"),
        ({"x": X, "y": Y, "x_test": X}, "has x_test alone; give both x_test and y_test, or none"),
        ({"x": X, "y": Y, "x_test": X[:, :1], "y_test": Y}, "only the number of rows may differ"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y[:1]}, "x_test has 4 rows and y_test has 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(path: Path, arrays: dict, message: str) -> None:
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (Y / 2, "multiclass", "y holds float64 values; classes are whole numbers"),
        (np.ones((4, 2)), "binary", r"y has shape \(4, 2\); classes need one label a row"),
        (np.array(list("abca")), "regression", "y has dtype <U1; for regression it must hold"),
        (Y, "binary", "a binary task with 3 classes; make it 'multiclass'"),
        (Y, "clasification", "npz: task is 'clasification'; it must be one of multiclass, binary"),
        (Y, "multi_class", "npz: task is 'multi_class'; did you mean 'multiclass'"),
    ],
)
def test_labels_that_do_not_fit_the_task_are_refused(path: Path, y, task, message) -> None:
    np.savez(path, x=X, y=y)
    with pytest.raises(DatasetError, match=message):
        load(path, task=task)


@pytest.mark.parametrize("name", ["x", "y"])
def test_an_array_under_both_its_names_is_refused(path: Path, name: str) -> None:
    arrays = {"x": X, "y": Y, f"{name}_train": X}
    np.savez(path, **arrays)
    message = rf"has both '{name}' and '{name}_train', two names of the same; remove '{name}_train'"
    with pytest.raises(DatasetError, match=message):
        load(path)
    np.savez(path, **arrays, x_test=X, y_test=Y)  # then x may be all rows, with those of x_test
    with pytest.raises(DatasetError, match=f"two names of the same; remove '{name}'"):
        load(path)


def test_a_truncated_file_is_refused(path: Path) -> None:
    np.savez_compressed(path, x=X, y=Y)
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        with pytest.raises(
            DatasetError, match=r"data\.npz: is not an \.npz file, or a damaged one"
        ):
            load(path)


def test_damage_inside_the_file_is_found(path: Path) -> None:
    np.savez(path, x=X, y=Y)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(X.tobytes()) + 9] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DatasetError, match="or a damaged one"):
        load(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.filterwarnings("ignore")  # NumPy may doubt a damaged head before it refuses it
def test_two_damaged_bytes_anywhere_never_end_in_another_error(path: Path, save) -> None:
    save(path, x=X, y=Y)
    rng, whole = np.random.default_rng(0), path.read_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=2):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(DatasetError):
            load(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DatasetError, match=r"x\.npy: a single array, not an \.npz file; save one"):
        load(tmp_path / "x.npy")
    with pytest.raises(DatasetError, match="is a folder; save one"):
        load(tmp_path)
    (tmp_path / "evil.npz").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DatasetError, match=r"evil\.npz: holds Python objects, which are not read"):
        load(tmp_path / "evil.npz")


def test_a_missing_file_gets_the_nearest_name(path: Path) -> None:
    np.savez(path, x=X, y=Y)
    with pytest.raises(DatasetError, match=r"dat\.npz: no such file; did you mean 'data\.npz'\?"):
        load(path.with_name("dat.npz"))
    with pytest.raises(DatasetError, match=r"no such file; the folder '.*nowhere' does not exist"):
        load(path.parent / "nowhere" / "data.npz")


def test_a_relative_path_starts_in_the_current_folder_and_is_told_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(path, x=X, y=Y)
    monkeypatch.chdir(path.parent)
    assert load(Path("data.npz")).num_rows == 4
    with pytest.raises(DatasetError) as caught:
        load(Path("dat.npz"))
    assert str(caught.value) == (
        f"dat.npz: no such file, looked for {path.parent / 'dat.npz'}; did you mean 'data.npz'?"
    )


def test_a_tilde_is_the_home_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(path, x=X, y=Y)
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent))
    assert load(Path("~/data.npz")).num_rows == 4


def test_a_home_folder_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", refuse)
    with pytest.raises(DatasetError, match=r"path is '~nobody/d\.npz'; there is no such home"):
        load(Path("~nobody/d.npz"))


@pytest.mark.parametrize("path", [None, "", 3])
def test_a_path_must_be_given(path: object) -> None:
    with pytest.raises(DatasetError, match=f"npz: path is {path!r}; it must name an .npz file"):
        load_dataset(DatasetConfig("npz", {"path": path}))
