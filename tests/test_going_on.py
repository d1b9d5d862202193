"""A resume forgets no change that it was given, and loses nothing that the run had before."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.backend import keras
from dlrun.cli.app import app
from dlrun.errors import DivergedError, RunError
from dlrun.events import EngineChosen, EpochEnded, Event, Message, StepsDone
from dlrun.files import read_npz
from dlrun.runs import Run, find_run, list_runs
from dlrun.runs.checkpoints import read_last
from dlrun.runs.create import amend_info
from dlrun.runs.environment import machine_facts
from dlrun.runs.lock import only_process
from dlrun.training import evaluation, keeping, steps

WriteConfig = Callable[..., Path]

TOO_FAST = "{SGD: {learning_rate: 1.0e+20}}"
PATIENT = "{EarlyStopping: {monitor: val_loss, patience: 2, min_delta: 10}}"


def die_at_once(event: Event) -> None:
    """An end without a word, before the first step."""
    if isinstance(event, EngineChosen):
        raise KeyboardInterrupt


def resume_and_die(run: Run, changes: list[str] | None = None, **options: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        dlrun.resume(run, changes or [], report=die_at_once, **options)


def contents(run: Run) -> dict[str, bytes]:
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(run.path)): path.read_bytes() for path in files}


def numbers(run: Run) -> dict[str, Any]:
    history = {name: v for name, v in run.read_history().items() if name != "epoch_seconds"}
    return {"history": history, "weights": run.info["hashes"]["final_weights"]}


def test_a_change_that_no_checkpoint_holds_yet_is_not_forgotten(write_config: WriteConfig) -> None:
    changes = ["optimizer.learning_rate=0.02", "training.epochs=6"]
    at_once = dlrun.resume(dlrun.train(write_config()), changes)
    run = dlrun.train(write_config())
    resume_and_die(run, changes)
    resumed = dlrun.resume(run)
    assert resumed.read_history()["learning_rate"][3:] == [np.float32(0.02)] * 3
    assert numbers(resumed) == numbers(at_once)
    remark = "optimizer.learning_rate was changed after epoch 3"
    assert [entry["remarks"] for entry in resumed.info["resumed"]] == [[remark], [remark]]


@pytest.mark.slow
def test_nor_is_another_patience(write_config: WriteConfig) -> None:
    path = write_config(training=f"{{epochs: 9, batch_size: 16, callbacks: [{PATIENT}]}}")
    run = dlrun.train(path)
    assert run.metrics["epochs"] == 3
    resume_and_die(run, ["training.callbacks.0.patience=4"])
    assert dlrun.resume(run).metrics["epochs"] == 5


def test_a_config_that_was_edited_since_is_refused(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    path = run.path / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("batch_size: 16", "batch_size: 10"))
    with pytest.raises(RunError, match=r"training\.batch_size cannot change in a run that has"):
        dlrun.resume(Run(run.path), more_epochs=2)


def test_an_extension_that_comes_to_no_epoch_leaves_the_results(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    before = contents(run)
    resume_and_die(run, more_epochs=3)
    after = contents(run)
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed <= {"config.yaml", "run.json", "run.log", "environment.json", "dataset.json"}
    assert Run(run.path).status == "interrupted"
    assert dlrun.resume(run).metrics["epochs"] == 6


@pytest.mark.pictures
@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_belongs_to_an_end_goes_with_the_first_new_epoch(
    write_config: WriteConfig, keep: str
) -> None:
    run = dlrun.train(write_config(), {"training.keep": keep})
    picture, model = run.plots_dir / "confusion_matrix.png", run.path / "model.keras"
    assert picture.is_file()
    before = model.read_bytes()

    def stop(event: Event) -> None:
        if isinstance(event, EpochEnded):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        dlrun.resume(run, more_epochs=3, report=stop)
    stopped = Run(run.path)
    assert stopped.metrics["epochs"] == 4
    assert not picture.exists()
    if keep == "last":  # that of epoch 3 is not this run's
        assert not model.exists()
    else:
        assert model.read_bytes() != before
        assert stopped.metrics["kept_epoch"] == 4
    finished = dlrun.resume(stopped)
    assert picture.is_file()
    assert finished.metrics["kept_epoch"] == 6


def test_a_run_in_another_folder_is_named_by_its_path(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    said: list[str] = []

    def stop(event: Event) -> None:
        if isinstance(event, Message):
            said.append(event.text)
        if isinstance(event, EpochEnded):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dlrun.train(write_config(), runs_dir=tmp_path / "elsewhere", report=stop)
    (run,) = list_runs(tmp_path / "elsewhere")
    assert said[-1].endswith(f"keeps 1 epoch and the model of epoch 1; dlrun resume {run.path} "
                             "goes on")  # fmt: skip
    finished = dlrun.resume(str(run.path))
    assert isinstance(finished, Run)
    with pytest.raises(RunError, match=rf"; to go on: dlrun resume {run.path} --more-epochs 3$"):
        dlrun.resume(finished)


def after_another(monkeypatch: pytest.MonkeyPatch, module: str, amended: dict[str, Any]) -> None:
    """Has another process end its work on a run just before this one gets the lock."""

    @contextmanager
    def held_late(run: Run) -> Iterator[None]:
        amend_info(run, **amended)
        with only_process(run):
            yield

    monkeypatch.setattr(f"{module}.only_process", held_late)


LOOK = {"time": "2026-11-26T10:00:00", "test_set": "0" * 64, "by": "test"}
OTHER = {"time": "2026-11-26T10:00:00", "from": "interrupted", "epoch": 2, "remarks": []}


def test_what_another_process_wrote_before_the_lock_was_had_is_not_lost(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dlrun.train(write_config())
    after_another(monkeypatch, "dlrun.going_on", {"resumed": [OTHER], "test_looks": [LOOK]})
    info = dlrun.resume(run, more_epochs=1).info
    assert info["resumed"][0] == OTHER
    assert info["test_looks"][0] == LOOK
    assert (len(info["resumed"]), len(info["test_looks"])) == (2, 2)


def test_nor_are_looks_by_a_look_at_the_test_rows(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dlrun.train(write_config())
    (run.path / "evaluation.json").unlink()
    looks = run.info["test_looks"]
    after_another(monkeypatch, "dlrun.testing", {"test_looks": [*looks, LOOK]})
    dlrun.test(run)
    assert Run(run.path).info["test_looks"][:-1] == [*looks, LOOK]


def test_a_checkpoint_of_another_model_is_refused_and_nothing_changes(
    write_config: WriteConfig,
) -> None:
    run = dlrun.train(write_config())
    path = run.path / "checkpoints" / "last.npz"
    arrays = read_npz(path)
    name = next(name for name in arrays if arrays[name].shape == (4, 8))
    np.savez(path, **(arrays | {name: np.ones((4, 9), np.float32)}))  # type: ignore[arg-type]
    before = contents(run)
    message = rf"{run.id}: its checkpoint does not fit the model, which another Keras, or changed"
    with pytest.raises(RunError, match=message):
        dlrun.resume(run, more_epochs=3)
    assert contents(run) == before


def test_an_error_between_a_best_epoch_and_its_checkpoint_loses_no_best_weights(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state that is remembered is older than the newest best weights, and has its own."""
    whole = dlrun.train(write_config(), {"training.epochs": 6})
    assert whole.metrics["kept_epoch"] == 6

    def fail(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 4:
            raise BrokenPipeError

    monkeypatch.setattr(keeping, "SECONDS", 1e9)
    monkeypatch.setattr(keeping, "SHARE", 1e-12)  # states are remembered, and seldom written
    with pytest.raises(BrokenPipeError):
        dlrun.train(write_config(), {"training.epochs": 6}, report=fail)
    run = find_run("latest")
    state = read_last(run)
    assert state is not None
    assert state.epoch == state.best_epoch == 3
    assert state.machine == machine_facts()
    assert [path.name for path in sorted((run.path / "checkpoints").iterdir())] == [
        "best-3.npz",
        "last.npz",
    ]
    resumed = dlrun.resume(run)
    assert resumed.info["resumed"][0]["exact"]
    assert numbers(resumed) == numbers(whole)


def test_without_its_best_weights_a_run_goes_on_and_says_so(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    (run.path / "checkpoints" / "best-3.npz").write_bytes(b"PK")
    resumed = dlrun.resume(run, more_epochs=2)
    (entry,) = resumed.info["resumed"]
    assert entry["remarks"] == [
        "the weights of epoch 3, the best one, cannot be read; the best of the epochs from here on "
        "will be kept"
    ]
    assert resumed.metrics["kept_epoch"] > 3


@pytest.mark.slow
def test_a_run_that_a_callback_ended_is_not_made_longer_by_a_detour(
    write_config: WriteConfig,
) -> None:
    path = write_config(training=f"{{epochs: 9, batch_size: 16, callbacks: [{PATIENT}]}}")
    run = dlrun.train(path)
    resume_and_die(run, ["note=again", "training.callbacks.0.min_delta=9"])
    with pytest.raises(RunError, match="interrupted; a callback ended it after epoch 3, and would"):
        dlrun.resume(run, ["training.callbacks.0.min_delta=10"], more_epochs=2)


def test_a_diverged_run_goes_on_with_a_change_and_not_without(write_config: WriteConfig) -> None:
    said: list[str] = []
    with pytest.raises(DivergedError):
        dlrun.train(write_config(optimizer=TOO_FAST), report=lambda event: said.append(str(event)))
    run = find_run("latest")
    command = f"dlrun resume {run.id} optimizer.learning_rate=1e+19"
    assert f"to go on with a change: {command}" in "".join(said)
    shown = CliRunner().invoke(app, ["summary", run.id])
    assert command in shown.stdout
    message = r"loss became nan in epoch 1, and would again; with a change: dlrun resume "
    with pytest.raises(DivergedError, match=message) as error:
        dlrun.resume(run)
    assert str(error.value).endswith(command)
    with pytest.raises(DivergedError, match="epoch 1"):  # still far too fast
        dlrun.resume(run, ["optimizer.learning_rate=1.0e+19"])
    resumed = dlrun.resume(run, ["optimizer.learning_rate=0.1"])
    assert (resumed.status, resumed.metrics["epochs"]) == ("finished", 3)
    assert resumed.info["suggestion"] is None


class Explodes(keras.callbacks.Callback):
    """Makes the weights infinite, or only huge, in the middle of an epoch."""

    def __init__(self, epoch: int, factor: float) -> None:
        super().__init__()
        self.epoch, self.factor = epoch, factor

    def get_state(self) -> dict[str, Any]:
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        pass

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            kernel = self.model.trainable_variables[0]
            kernel.assign(kernel * self.factor)


@pytest.mark.parametrize("is_dear", [True, False])
def test_divergence_goes_back_to_the_last_whole_epoch(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, is_dear: bool
) -> None:
    """Though checkpoints are too dear for every epoch, or there is one of the way down."""
    if is_dear:
        monkeypatch.setattr(keeping.Keeping, "_is_time", lambda _: False)
        cost = property(lambda _: 1e9, lambda _, value: None)
        monkeypatch.setattr(keeping.Keeping, "_cost_seconds", cost)
    else:
        monkeypatch.setattr(keeping.Keeping, "_is_time", lambda _: True)
        monkeypatch.setattr(steps, "CHUNK_SECONDS", 1e-9)
    path = write_config(training="{epochs: 9, batch_size: 16}")
    with pytest.raises(DivergedError, match="epoch 6"):
        dlrun.train(path, callbacks=[Explodes(5, 1e38)])
    run = find_run("latest")
    state = read_last(run)
    assert state is not None
    assert (state.epoch, state.step) == (5, 0)
    best = run.metrics["best"]["val_loss"]
    resumed = dlrun.resume(run, ["optimizer.learning_rate=1.0e-9"])
    assert (resumed.metrics["epochs"], resumed.metrics["kept_epoch"]) == (9, 5)
    assert resumed.metrics["best"]["val_loss"] == best


def test_an_epoch_that_ends_with_infinite_weights_is_none(write_config: WriteConfig) -> None:
    class Overflows(Explodes):
        on_epoch_begin = keras.callbacks.Callback.on_epoch_begin
        on_epoch_end = Explodes.on_epoch_begin

    data = "{name: iris, split: {train: 1.0, validation: none, test: none}}"
    seen: list[Event] = []
    with pytest.raises(
        DivergedError, match=r"the weight .+kernel became NaN or infinite in epoch 2"
    ):
        dlrun.train(
            write_config(dataset=data), report=seen.append, callbacks=[Overflows(1, np.inf)]
        )
    assert [event.epoch for event in seen if isinstance(event, EpochEnded)] == [1]
    run = find_run("latest")
    assert run.metrics["kept_epoch"] == 1
    assert all(np.isfinite(array).all() for array in run.model().get_weights())


def test_a_folder_to_go_on_in_is_whole_from_its_first_moment(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    resume_and_die(run, more_epochs=3, into="longer")
    new = Run(run.path.with_name("longer"))
    assert (new.status, new.metrics) == ("interrupted", run.metrics)
    shown = CliRunner().invoke(app, ["summary", "longer"])
    assert shown.exit_code == 0
    assert "dlrun resume longer" in shown.stdout
    resumed = dlrun.resume(new)
    assert (resumed.metrics["epochs"], resumed.info["resumed"][-1]["exact"]) == (6, True)


@pytest.mark.slow
def test_what_is_refused_makes_no_folder(write_config: WriteConfig, tmp_path: Path) -> None:
    x = np.linspace(0, 1, 60, dtype=np.float32).reshape(-1, 2)
    path = tmp_path / "own.npz"
    np.savez(path, x=x, y=np.arange(30) % 3)
    data = f"{{name: npz, options: {{path: '{path.as_posix()}'}}}}"
    run = dlrun.train(write_config(dataset=data))
    np.savez(path, x=1 - x, y=np.arange(30) % 3)
    with pytest.raises(RunError, match="the data set npz has changed since the run began"):
        dlrun.resume(run, more_epochs=3, into="longer")
    assert list_runs() == [run]


@pytest.mark.parametrize("engine", ["compiled", pytest.param("stepwise", marks=pytest.mark.slow)])
def test_validation_is_left_when_someone_asks_to_stop_and_begun_again(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setattr(steps, "CHUNK_SECONDS", 1e-9)
    data = "{name: two_moons, options: {num_samples: 4000}, split: {train: 0.1, validation: 0.9}}"
    path = write_config(
        dataset=data,
        model="{layers: [Dense: 4, Dense: {units: 2, activation: softmax}]}",
        metrics="[accuracy, AUC]",
        training=f"{{epochs: 3, batch_size: 64, engine: {engine}}}",
    )
    uninterrupted = dlrun.train(path)
    run_chunk, last = evaluation.run_chunk, [0, 0]

    def chunk(pace: Any, run: Any, done: int, stop: int) -> Any:
        if done == 2 and last == [2, 7]:
            last[:] = [0, 0]
            os.kill(os.getpid(), signal.SIGTERM)
        return run_chunk(pace, run, done, stop)

    def listen(event: Event) -> None:
        if isinstance(event, StepsDone):
            last[:] = [event.epoch, event.step]

    monkeypatch.setattr(evaluation, "run_chunk", chunk)
    with pytest.raises(KeyboardInterrupt):
        dlrun.train(path, report=listen)
    run = find_run("latest")
    state = read_last(run)
    assert state is not None
    assert (state.epoch, state.step) == (1, 7)
    resumed = dlrun.resume(run)
    assert numbers(resumed) == numbers(uninterrupted)
    assert resumed.metrics == uninterrupted.metrics
