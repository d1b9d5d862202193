"""TensorFlow's threads: chosen by the size of a step, set once a process, kept in the config."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun import threads
from dlrun.config import load_config
from dlrun.errors import BackendError
from dlrun.events import Message
from dlrun.prepare import prepare_data
from dlrun.threads import best_threads, settle_threads

WriteConfig = Callable[..., Path]
CONFIGS = Path(__file__).parent.parent / "configs"
MNIST = ((28, 28), 60_000)


@pytest.fixture(autouse=True)
def _eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "count_cpus", lambda: 8)


@pytest.mark.parametrize(
    ("name", "overrides", "expected"),
    [
        ("mnist_softmax", [], 1),
        ("mnist_deep", [], 1),
        ("mnist_deep", ["training.batch_size=full"], 8),
        ("mnist_deep", ["training.batch_size=1024"], 8),
        ("mnist_deep", ["training.jit_compile=true"], 8),
        ("mnist_deep", ["training.engine=compiled+xla"], 8),
        ("mnist_softmax", ["training.jit_compile=true"], 1),
        ("mnist_deep", ["model.layers=[{Dense: 1000}, {Dense: 10}]"], 8),
        ("mnist_deep", ["model.layers=[{Dropout: 0.2}, {Dense: {units: 10}}]"], 1),
        ("fashion_conv", [], 8),
    ],
)
def test_small_steps_get_one_thread_and_large_ones_every_processor(
    name: str, overrides: list[str], expected: int
) -> None:
    config = load_config(CONFIGS / f"{name}.yaml", overrides).config
    assert best_threads(config, *MNIST) == expected


def settled(path: Path, overrides: dict[str, Any], running: int) -> tuple[Any, list[Any], list]:
    """What `settle_threads` gives where TensorFlow has so many threads already."""
    asked, said = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlrun.backend.use_threads", lambda wanted: asked.append(wanted) or running)
        data = prepare_data(load_config(path, overrides).config)
        settled = settle_threads(data, said.append)
    return settled.config.training.threads, asked, said


def test_the_count_is_written_into_the_config(write_config: WriteConfig) -> None:
    count, asked, said = settled(write_config(), {}, running=1)
    assert (count, asked) == (1, [1])
    assert said == [Message("threads: 1 of 8 (faster for a step this small)")]
    count, asked, said = settled(write_config(), {"training.threads": 3}, running=3)
    assert (count, asked) == (3, [3])
    assert said == [Message("threads: 3 (set by training.threads)")]


def test_auto_takes_what_tensorflow_runs_on_and_says_what_would_be_better(
    write_config: WriteConfig,
) -> None:
    told = Message("threads: 4, as TensorFlow runs already; 1 would suit this net better")
    assert settled(write_config(), {}, running=4) == (4, [1], [told])


def test_a_second_count_in_one_process_is_refused(write_config: WriteConfig) -> None:
    words = (
        r"override training.threads=2: 2 threads, and TensorFlow runs on 8 in this process since "
        r"its first use; start a new process, or write 8"
    )
    with pytest.raises(BackendError, match=words):
        settled(write_config(), {"training.threads": 2}, running=0)  # 0: every processor


def test_a_new_process_trains_on_the_count_asked_for_and_refuses_another(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    script = f"""
import json, dlrun
run = dlrun.train({str(write_config())!r}, {{"training.threads": 3, "training.epochs": 1}})
import tensorflow as tf
told = []
try:
    dlrun.train({str(write_config())!r}, {{"training.threads": 2}})
except dlrun.DlrunError as error:
    told.append(str(error))
print(json.dumps([tf.config.threading.get_intra_op_parallelism_threads(), told]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    count, (told,) = json.loads(done.stdout)
    assert count == 3
    assert "2 threads, and TensorFlow runs on 3 in this process" in told
    (run,) = [path for path in runs_dir.iterdir() if path.is_dir()]
    facts = json.loads((run / "environment.json").read_text())
    assert (facts["intra_op_threads"], facts["inter_op_threads"]) == (3, 3)
    assert "threads: 3" in (run / "config.yaml").read_text()
    assert json.loads((run / "run.json").read_text())["engine"] == "compiled"


def test_one_processor_gets_one_thread(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "count_cpus", lambda: 1)
    count, _, said = settled(write_config(), {}, running=1)
    assert (count, said) == (1, [Message("threads: 1 (there is one processor)")])


@pytest.mark.slow
def test_threads_are_set_before_a_module_of_ones_own_uses_tensorflow(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    (tmp_path / "early.py").write_text("import keras\nkeras.random.SeedGenerator(1)\n", "utf-8")
    path = write_config(imports="[early]", training="{epochs: 1, threads: 3}")
    script = f"import dlrun; dlrun.train({str(path)!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(CONFIGS.parent)])},
    )
    assert done.returncode == 0, done.stderr
