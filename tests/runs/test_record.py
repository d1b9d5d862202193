"""What the recorder writes down: status, history and log, whichever way a run ends."""

import csv
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.config import load_config
from dlrun.errors import DivergedError, StorageError
from dlrun.files import read_json, write_json
from dlrun.processes import this_process
from dlrun.runs import Run, living
from dlrun.runs.create import create_run
from dlrun.runs.record import Recorder
from dlrun.stopping import Stopped

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"


@pytest.fixture
def run(runs_dir: Path) -> Run:
    return create_run(load_config(SAMPLE / "config.yaml").config)


def info(run: Run) -> dict[str, Any]:
    return dict(read_json(run.path / "run.json"))


def test_a_run_that_ends_well_is_finished(run: Run) -> None:
    with Recorder(run) as recorder:
        assert info(run)["status"] == "running"
        recorder.epoch(1, {"loss": 0.5, "learning_rate": 0.1})
        recorder.epoch(2, {"loss": 0.1 + 0.2, "learning_rate": float("nan")})
    facts = info(run)
    assert (facts["status"], facts["exit_code"], facts["error"]) == ("finished", 0, None)
    assert (facts["epochs_done"], facts["stopped"][:2]) == (2, "20")
    text = (run.path / "history.csv").read_text(encoding="utf-8")
    assert text == "epoch,loss,learning_rate\n1,0.5,0.1\n2,0.30000000000000004,\n"
    assert read_json(run.path / "history.json") == {
        "loss": [0.5, 0.30000000000000004],
        "learning_rate": [0.1, None],
    }


def record_until(run: Run, error: BaseException) -> None:
    with Recorder(run) as recorder:
        recorder.epoch(1, {"loss": 0.5})
        recorder.metrics({"epochs": 1})
        recorder.predictions({})
        raise error


@pytest.mark.parametrize(
    ("error", "status", "exit_code", "text"),
    [
        (KeyboardInterrupt(), "interrupted", 130, "interrupted by Ctrl-C"),
        (Stopped(signal.SIGINT), "interrupted", 130, "interrupted by Ctrl-C"),
        (Stopped(signal.SIGTERM), "interrupted", 143, "interrupted by SIGTERM"),
        (DivergedError("loss became nan"), "diverged", 1, "loss became nan"),
        (StorageError("full"), "failed", 1, "full"),
        (ValueError("odd"), "failed", 1, "odd"),
        (KeyError(), "failed", 1, "KeyError()"),
    ],
)
def test_every_end_has_its_status(
    run: Run, error: BaseException, status: str, exit_code: int, text: str
) -> None:
    with pytest.raises(type(error)):
        record_until(run, error)
    facts = info(run)
    assert (facts["status"], facts["exit_code"], facts["error"]) == (status, exit_code, text)
    assert read_json(run.path / "history.json") == {"loss": [0.5]}
    log = (run.path / "run.log").read_text(encoding="utf-8")
    assert ("Traceback" in log) is (status != "interrupted")


@pytest.mark.parametrize("error", [None, ValueError("odd")])
def test_a_history_that_cannot_be_read_does_not_take_the_place_of_the_end(
    run: Run, error: Exception | None
) -> None:
    def record() -> None:
        with Recorder(run) as recorder:
            recorder.epoch(1, {"loss": 0.5})
            (run.path / "history.csv").write_text("epoch,,loss\n", encoding="utf-8")
            if error is not None:
                raise error

    if error is None:
        record()
    else:
        with pytest.raises(ValueError, match="odd"):
            record()
    expected = ("finished", None) if error is None else ("failed", "odd")
    assert (info(run)["status"], info(run)["error"]) == expected
    assert not (run.path / "history.json").exists()


def test_a_metric_that_comes_later_gets_its_column(run: Run) -> None:
    with Recorder(run) as recorder:
        recorder.epoch(1, {"loss": 0.5, "epoch_seconds": 1.0})
        recorder.epoch(2, {"loss": 0.4, "added": 7.0, "epoch_seconds": 1.0})
        recorder.epoch(3, {"loss": 0.3, "epoch_seconds": 1.0})
    with (run.path / "history.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["added"] for row in rows] == ["", "7.0", ""]
    assert [row["loss"] for row in rows] == ["0.5", "0.4", "0.3"]
    assert Run(run.path).read_history()["added"] == [None, 7.0, None]


def test_signs_of_life_come_while_nothing_else_happens(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "HEARTBEAT_SECONDS", 0.01)
    others = set(threading.enumerate())  # some of which may end meanwhile
    write_json(run.path / "run.json", run.info | {"heartbeat": None})
    with Recorder(Run(run.path)):
        (beating,) = set(threading.enumerate()) - others
        wait_until(lambda: info(run)["heartbeat"] is not None)
        assert info(run)["heartbeat"][:2] == "20"
        assert info(run)["status"] == "running"
    beating.join(60)
    assert not beating.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_run_taken_up_again_has_the_history_of_its_checkpoint_and_no_end(run: Run) -> None:
    rows = [{"loss": 0.5, "val_loss": 0.6}, {"loss": 0.4, "val_loss": 0.5}]
    with pytest.raises(KeyboardInterrupt):
        record_until(run, KeyboardInterrupt())
    write_json(run.path / "run.json", info(run) | {"duration_seconds": 100.0})
    with Recorder(Run(run.path)) as recorder:
        recorder.go_on({"resumed": [{"epoch": 2}], **this_process()}, rows)
        facts = info(run)
        assert (facts["status"], facts["error"], facts["stopped"]) == ("running", None, None)
        assert (facts["epochs_done"], facts["resumed"]) == (2, [{"epoch": 2}])
        there = {path.name for path in run.path.iterdir()}
        assert not there & {"metrics.json", "history.json", "predictions.npz"}
        assert Run(run.path).read_history()["loss"] == [0.5, 0.4]
        recorder.epoch(3, {"loss": 0.25, "val_loss": 0.35})
    assert Run(run.path).read_history()["loss"] == [0.5, 0.4, 0.25]
    assert 100 <= info(run)["duration_seconds"] < 130
    with Recorder(Run(run.path)) as recorder:
        recorder.go_on({}, [])
        assert not (run.path / "history.csv").exists()


@pytest.fixture
def finished(run: Run) -> Run:
    with Recorder(run) as recorder:
        recorder.epoch(1, {"loss": 0.5})
        recorder.metrics({"epochs": 1})
    return Run(run.path)


def test_results_go_when_there_is_a_new_epoch_and_not_before(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder(finished) as recorder:
        recorder.go_on({}, [{"loss": 0.5}])
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", _refuse)
            with pytest.raises(StorageError, match="no space left"):
                recorder.epoch(2, {"loss": 0.4})
        assert (finished.path / "metrics.json").is_file()
        recorder.epoch(2, {"loss": 0.4})
        assert not (finished.path / "metrics.json").exists()


def _refuse(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("rest", ["2,0.4\n", "2,0.", ""])
@pytest.mark.parametrize("of_epochs", [1, 2])
def test_results_stay_with_the_epochs_that_they_are_of(
    finished: Run, rest: str, of_epochs: int
) -> None:
    """A process may have been killed when the new epoch was there and they were, too."""
    write_json(finished.path / "metrics.json", {"epochs": of_epochs})
    whole = "epoch,loss\n1,0.5\n"
    (finished.path / "history.csv").write_text(whole + rest, encoding="utf-8")
    with Recorder(finished) as recorder:
        recorder.go_on({}, [{"loss": 0.5}])
    assert (finished.path / "metrics.json").exists() == (of_epochs == 1)
    assert (finished.path / "history.csv").read_text(encoding="utf-8") == whole


def test_facts_that_are_noted_add_up(run: Run) -> None:
    with Recorder(run) as recorder:
        recorder.note(hashes={"data": "a"}, engine="compiled")
        recorder.note(hashes={"split": "b"})
    assert info(run)["hashes"] == {"data": "a", "split": "b"}
    assert info(run)["engine"] == "compiled"
