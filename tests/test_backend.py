"""The import of Keras: what it leaves out, that all of it works when used, what is heard of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

# One process for all facts: loading TensorFlow takes seconds.
LOOK = """
import gc, json, sys
import dlrun.backend
from dlrun.backend import keras, tf
OPTIONAL = ["sklearn", "pandas", "matplotlib", "scipy"]
facts = {
    "imported": [name for name in OPTIONAL if name in sys.modules],
    "collects": gc.isenabled(),
    "frozen": gc.get_freeze_count(),
    "finders": [repr(finder) for finder in sys.meta_path if "dlrun" in repr(finder)],
    "noise": dlrun.backend.startup_noise,
}
import numpy as np
from keras.wrappers import SKLearnClassifier
from sklearn.base import BaseEstimator, clone

def build(X, y):
    keras.utils.set_random_seed(1)
    layers = [keras.Input(X.shape[1:]), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile("sgd", "categorical_crossentropy")
    return model

x, y = np.arange(40.0).reshape(20, 2) / 40, np.arange(20) % 2
estimator = SKLearnClassifier(build, fit_kwargs={"verbose": 0})
facts["estimator"] = isinstance(clone(estimator), BaseEstimator)
facts["predicted"] = estimator.fit(x, y).predict(x).shape
facts["same class"] = tf.keras.wrappers.SKLearnClassifier is SKLearnClassifier

import pandas
from keras.src.trainers.data_adapters import array_slicing
facts["pandas known"] = pandas.DataFrame in array_slicing.ARRAY_TYPES
labels = keras.utils.to_categorical(y)
tables = pandas.DataFrame(x), pandas.DataFrame(labels)
facts["losses"] = [
    build(x, y).fit(*data, shuffle=False, verbose=0).history for data in [tables, (x, labels)]
]

import matplotlib
matplotlib.use("Agg")
keras.visualization.plot_image_gallery(np.zeros((2, 4, 4, 3)), rows=1, cols=2, path=sys.argv[1])
print()
print(json.dumps(facts))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    picture = tmp_path_factory.mktemp("gallery") / "gallery.png"
    done = run(LOOK, str(picture))
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "stderr": done.stderr, "picture": picture}


def test_keras_is_imported_without_what_it_only_may_need(facts: dict[str, Any]) -> None:
    assert facts["imported"] == []


def test_the_import_leaves_garbage_collection_and_finders_as_they_were(
    facts: dict[str, Any],
) -> None:
    assert (facts["collects"], facts["frozen"], facts["finders"]) == (True, 0, [])


def test_tensorflow_says_nothing_on_the_screen_while_it_loads(facts: dict[str, Any]) -> None:
    assert "tensorflow" not in facts["stderr"].lower()
    assert "oneDNN" not in facts["stderr"]


def test_scikit_learn_wrappers_work_afterwards(facts: dict[str, Any]) -> None:
    assert facts["estimator"]
    assert facts["predicted"][0] == 20
    assert facts["same class"]


def test_data_frames_work_afterwards_and_train_as_arrays_do(facts: dict[str, Any]) -> None:
    assert facts["pandas known"]
    frames, arrays = facts["losses"]
    assert frames == arrays


def test_keras_draws_afterwards(facts: dict[str, Any]) -> None:
    assert facts["picture"].read_bytes()[:4] == b"\x89PNG"


def test_the_command_line_looks_for_no_garbage_among_what_was_imported() -> None:
    done = run("import dlrun.cli, gc, dlrun.backend; print(gc.get_freeze_count(), gc.isenabled())")
    frozen, collects = done.stdout.split()
    assert int(frozen) > 100_000
    assert collects == "True"


FAIL = """
import os, sys
class Breaks:
    def find_spec(name, path=None, target=None):
        if name == "keras":
            os.write(2, b"illegal instruction ahead. ")
            raise {error}
sys.meta_path.insert(0, Breaks)
import dlrun.backend
"""


@pytest.mark.parametrize(("error", "shown"), [("ImportError", True), ("KeyboardInterrupt", False)])
def test_noise_is_shown_where_the_import_fails_but_not_after_ctrl_c(
    error: str, shown: bool
) -> None:
    done = run(FAIL.format(error=error))
    assert ("illegal instruction ahead" in done.stderr) is shown
    assert error in done.stderr


def test_keras_on_another_backend_is_an_error_that_says_what_to_do() -> None:
    script = """
import sys, types
keras = types.ModuleType("keras")
keras.backend = types.SimpleNamespace(backend=lambda: "jax")
sys.modules["keras"] = keras
sys.modules["tensorflow"] = types.ModuleType("tensorflow")
import dlrun.backend
"""
    done = run(script)
    assert "Keras was imported before dlrun, on the backend 'jax'" in done.stderr
    assert "set KERAS_BACKEND=tensorflow" in done.stderr


NOISY = '''
import os, sys
print("own module", file=sys.stderr)
import keras

@keras.saving.register_keras_serializable("own")
class Noisy(keras.callbacks.Callback):
    """Writes as C++ does, and as Python does."""

    def on_epoch_end(self, epoch, logs=None):
        os.write(2, b"noise of C++\\n")
        heavy = {"sklearn", "pandas", "matplotlib"} & set(sys.modules)
        print("words of Python", sorted(heavy), file=sys.stderr)

    def get_config(self):
        return {}
'''


def test_noise_while_training_goes_to_the_runs_log_and_words_to_the_screen(
    tmp_path: Path, write_config: Any
) -> None:
    (tmp_path / "noisy_module.py").write_text(NOISY, encoding="utf-8")
    config = write_config(
        imports="[noisy_module]",
        training="{epochs: 2, batch_size: 16, jit_compile: true, callbacks: [Noisy]}",
    )
    command = [sys.executable, "-m", "dlrun", "train", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[:2] == ["loading TensorFlow …", "own module"]  # said before the wait
    assert lines.count("loading TensorFlow …") == 1
    words = [line for line in lines if line.startswith("words of Python")]
    assert (len(words), words[0]) == (2, "words of Python []")  # nothing heavy before an epoch
    noise = ["noise of C++", "XLA service"]  # the second is TensorFlow's own
    assert not [line for line in lines if any(words in line for words in noise)]
    log = (Path(json.loads(done.stdout)["path"]) / "run.log").read_text(encoding="utf-8")
    assert [log.count(words) for words in noise] == [2, 1]
    assert "words of Python" not in log
