"""Which engine trains, what it says, and that every engine trains the same net."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.errors import ModelError
from dlrun.events import EngineChosen
from dlrun.model import build_model
from dlrun.prepare import prepare_data
from dlrun.training import Engine, TensorData, choose_engine, fit_model
from dlrun.training.callbacks import callbacks_needing_batches

WriteConfig = Callable[..., Path]


class WatchesTest(keras.callbacks.Callback):
    """Writes down which batches of validation it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_test_batch_begin(self, batch, logs=None):
        self.seen.append(batch)

    def on_test_batch_end(self, batch, logs=None):
        self.seen.append(sorted(logs))


def train(path: Path, overrides: dict[str, Any], *callbacks: Any):
    data = prepare_data(load_config(path, {"training.keep": "last", **overrides}).config)
    built = replace(build_model(data), callbacks=callbacks)
    said: list[Any] = []
    tensors = TensorData.from_prepared(data)
    fitted = fit_model(built, data, tensors, report=said.append)
    return built.model, fitted, [event for event in said if isinstance(event, EngineChosen)]


def engine_of(path: Path, overrides: dict[str, Any], *callbacks: Any) -> Engine:
    data = prepare_data(load_config(path, overrides).config)
    return choose_engine(data.config, replace(build_model(data), callbacks=callbacks))


def test_the_compiled_engine_is_chosen_and_xla_only_where_it_is_asked_for(
    write_config: WriteConfig,
) -> None:
    path = write_config()
    assert engine_of(path, {}) == Engine("compiled", "the data fit in memory")
    for key, value in (("jit_compile", True), ("engine", "compiled+xla")):
        chosen = engine_of(path, {f"training.{key}": value})
        assert chosen == Engine("compiled+xla", f"training.{key} asks for it")
    for engine in ("compiled", "stepwise"):
        chosen = engine_of(path, {"training.engine": engine})
        assert chosen == Engine(engine, "training.engine asks for it")


def test_a_callback_that_must_see_every_batch_makes_the_engine_stepwise(
    write_config: WriteConfig,
) -> None:
    chosen = engine_of(write_config(), {}, keras.callbacks.EarlyStopping(), WatchesTest())
    assert chosen == Engine("stepwise", "WatchesTest must see every batch", every_batch=True)
    with_xla = engine_of(write_config(), {"training.jit_compile": True}, WatchesTest())
    assert with_xla.name == "stepwise"
    assert with_xla.reason.endswith("must see every batch; it is not compiled by XLA")


def test_a_compiled_engine_that_is_forced_is_refused_beside_such_a_callback(
    write_config: WriteConfig,
) -> None:
    words = r"small.yaml: engine 'compiled' does not call the batch methods of WatchesTest; write "
    path = write_config(training="{epochs: 1, engine: compiled}")
    with pytest.raises(ModelError, match=words.replace("yaml:", r"yaml:6:\d+:")):
        engine_of(path, {}, WatchesTest())


def test_silu_trains_step_by_step_since_a_loop_changes_its_last_digits(
    write_config: WriteConfig,
) -> None:
    stepwise = Engine("stepwise", "silu has other last digits in a compiled loop than in fit")
    softmax = "Dense: {units: 3, activation: softmax}"
    for layer in ("Dense: {units: 8, activation: swish}", "Activation: silu"):
        path = write_config(model=f"{{layers: [{layer}, {softmax}]}}")
        assert engine_of(path, {}) == stepwise
        forced = engine_of(path, {"training.engine": "compiled"})
        assert forced.name == "compiled"
        assert forced.reason.endswith("; silu has other last digits in a compiled loop than in fit")


def test_the_stepwise_engine_gives_the_same_weights_and_history(write_config: WriteConfig) -> None:
    whole, by_epoch, _ = train(write_config(), {})
    single, by_step, _ = train(write_config(), {"training.engine": "stepwise"})
    for one, other in zip(whole.get_weights(), single.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    seconds = {"epoch_seconds": 0}
    assert [logs | seconds for logs in by_epoch.history] == [
        logs | seconds for logs in by_step.history
    ]


def test_callbacks_are_shown_every_batch_of_validation(write_config: WriteConfig) -> None:
    watcher = WatchesTest()
    train(write_config(), {"training.epochs": 2}, watcher)
    assert watcher.seen == [0, ["accuracy", "loss"]] * 2  # 30 rows are one batch


@pytest.mark.parametrize(
    ("callback", "needs"),
    [
        (lambda folder: keras.callbacks.ModelCheckpoint(folder / "a.keras"), False),
        (lambda folder: keras.callbacks.ModelCheckpoint(folder / "a.keras", save_freq=5), True),
        (lambda folder: keras.callbacks.TensorBoard(folder), False),
        (lambda folder: keras.callbacks.TensorBoard(folder, update_freq="batch"), True),
        (lambda folder: keras.callbacks.TensorBoard(folder, write_steps_per_second=True), True),
        (lambda folder: keras.callbacks.TensorBoard(folder, profile_batch=2), True),
        (lambda folder: keras.callbacks.TerminateOnNaN(), True),
        (lambda folder: keras.callbacks.ReduceLROnPlateau(), False),
        (lambda folder: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 0), False),
        (lambda folder: keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: 0), True),
    ],
)
def test_which_callbacks_must_see_every_batch(
    tmp_path: Path, callback: Callable[..., Any], needs: bool
) -> None:
    assert bool(callbacks_needing_batches([callback(tmp_path)])) is needs


def test_a_callback_of_ones_own_is_known_by_what_it_does_not_by_its_name() -> None:
    class ModelCheckpoint(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    class EveryBatch(keras.callbacks.ModelCheckpoint):
        def on_train_batch_begin(self, batch, logs=None):
            pass

    mine = [ModelCheckpoint(), EveryBatch("a.keras")]
    assert callbacks_needing_batches(mine) == ["ModelCheckpoint", "EveryBatch"]


def test_callbacks_are_given_the_last_epochs_logs_at_the_end(write_config: WriteConfig) -> None:
    ended: list[Any] = []
    watcher = keras.callbacks.LambdaCallback(on_train_end=ended.append)
    _, fitted, _ = train(write_config(), {}, watcher)
    assert ended == [fitted.history[-1]]


def test_a_callback_may_stop_in_the_middle_of_an_epoch(write_config: WriteConfig) -> None:
    class StopsAtTheSecondBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model, fitted, _ = train(write_config(), {}, StopsAtTheSecondBatch())
    assert len(fitted.history) == 1
    assert int(model.optimizer.iterations) == 2


@pytest.mark.parametrize("batch_size", [16, 15, 1000, "full"])
def test_xla_trains_the_same_net_but_for_the_last_digits(
    write_config: WriteConfig, batch_size: int | str
) -> None:
    overrides = {"training.batch_size": batch_size}
    plain, _, _ = train(write_config(), overrides)
    fast, fitted, said = train(write_config(), {**overrides, "training.jit_compile": True})
    assert not said
    assert len(fitted.history) == 3
    for one, other in zip(plain.get_weights(), fast.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_what_xla_cannot_compile_trains_without_it_and_is_told_once(
    write_config: WriteConfig,
) -> None:
    path = write_config(
        dataset="digits",
        model="{layers: [RandomRotation: 0.1, Flatten, Dense: 8, BatchNormalization, "
        "Dense: {units: 10, activation: softmax}]}",
        training="{epochs: 2, batch_size: 300}",  # does not divide the rows
    )
    plain, _, _ = train(path, {})
    fast, _, said = train(path, {"training.jit_compile": True})
    (told,) = said
    assert told.engine == "compiled"
    assert told.level == "warning"
    assert told.reason == "XLA cannot compile this net: ImageProjectiveTransformV3"
    for one, other in zip(plain.get_weights(), fast.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
