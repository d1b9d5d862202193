"""Fixtures: stand-ins for the data sets that must be fetched, and a runs folder of one's own."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from dlrun.catalog.datasets import CARDS
from dlrun.catalog.own import OWN_DATASETS
from dlrun.data import LOADERS, Dataset
from dlrun.executors import local
from dlrun.plots import run_plots
from tests import zygote

ROOT = Path(__file__).parent.parent

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a script:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it to their processes

LEFT_BEHIND = (
    *("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("COLUMNS", "LINES", "DLRUN_DEBUG"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"),  # of a hook that runs the tests
    *("GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
)
for name in LEFT_BEHIND:  # what commands show, and where, is not for who starts the tests to say
    os.environ.pop(name, None)
os.environ["TERM"] = "xterm"
without_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
os.environ["no_proxy"] = ",".join(filter(None, [without_proxy, "127.0.0.1", "localhost"]))

# The same examples every time, however slow the machine is and whatever else goes on.
settings.register_profile(
    "dlrun",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("dlrun")
with suppress(ImportError, AttributeError):  # other versions draw none of them, or otherwise
    from hypothesis.internal.conjecture import providers

    # Else numbers and words are drawn from whatever modules a worker happens to have loaded.
    _none = providers._local_constants
    providers._get_local_constants = lambda: _none


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runs folder that ends with the test; nothing is ever written into the checkout's."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(folder))
    monkeypatch.setenv("DLRUN_DATA_DIR", str(tmp_path / "data"))
    return folder


@pytest.fixture(autouse=True)
def _quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes do not import TensorFlow anew; `test_local` starts some that do."""
    monkeypatch.setattr(local, "subprocess", zygote)


@pytest.fixture(autouse=True)
def _no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end without their pictures, a third of a tiny training, where no test looks at them."""
    if request.node.get_closest_marker("pictures") is None:
        for name in ("draw_run", "draw_members"):
            monkeypatch.setattr(run_plots, name, lambda run: [])


@pytest.fixture(autouse=True, scope="module")
def _frozen_garbage() -> Iterator[None]:
    """Keras looks for garbage before each model: only among what the test file has made."""
    gc.freeze()
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _own_registrations() -> Iterator[None]:
    """Forgets the data sets that a test registered."""
    loaders, own = dict(LOADERS), set(OWN_DATASETS)
    yield
    for registry, before in ((LOADERS, loaders), (OWN_DATASETS, own)):
        registry.clear()
        registry.update(before)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts 300 made-up rows in the place of each data set that must be fetched."""
    for name, card in CARDS.items():
        if card.download:
            monkeypatch.setitem(LOADERS, name, _stand_in(name))


def _stand_in(name: str) -> Callable[[], Dataset]:
    card = CARDS[name]
    assert card.input_shape is not None

    def load() -> Dataset:
        rng = np.random.default_rng(7)
        y = np.arange(300) % len(card.class_names)
        images = len(card.input_shape) > 1
        noise = rng.integers(0, 128, (300, *card.input_shape))
        x = (noise + y.reshape(-1, *[1] * len(card.input_shape)) * 12).astype(
            np.uint8 if images else np.float32
        )
        return Dataset(
            name=name,
            task=card.task,
            x=x,
            y=y.astype(np.int64),
            num_official_test=60 if card.num_official_test else 0,
            class_names=card.class_names,
            source="stand-in",
        )

    return load


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small valid config; keyword arguments replace whole lines of it."""

    def write(name: str = "small", **lines: str) -> Path:
        parts = {
            "dataset": "{name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}",
            "model": "{activation: relu, "
            "layers: [Dense: 8, Dense: {units: 3, activation: softmax}]}",
            "loss": "categorical_crossentropy",
            "optimizer": "{SGD: {learning_rate: 0.1}}",
            "training": "{epochs: 3, batch_size: 16}",
        }
        parts |= lines
        path = tmp_path / f"{name}.yaml"
        text = f"name: {name}\n" + "".join(f"{key}: {value}\n" for key, value in parts.items())
        path.write_text(text, encoding="utf-8")
        return path

    return write
