"""Repeats and folds: which runs they are, that they add up, that nothing of them is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config import Config, load_config
from dlrun.errors import ConfigError, MembersError, ModelError, RunError
from dlrun.events import EpochEnded, FromTask, Message, TaskEnded
from dlrun.executors import Outcome
from dlrun.likeness import compare_runs
from dlrun.members import plan_members
from dlrun.members.aggregation import are_results_true, record_aggregate
from dlrun.members.resumption import plan_members_resume, refuse_change_of_part
from dlrun.prepare import prepare_data
from dlrun.processes import this_process
from dlrun.runs import Run, find_run
from dlrun.runs.checkpoints import plain_config, read_last, write_last
from dlrun.runs.cleanup import plan_cleanup, resumable_runs
from dlrun.runs.create import amend_info
from dlrun.runs.lock import only_process
from dlrun.runs.record import Recorder
from dlrun.runs.table import run_row
from dlrun.stopping import Stopped, StopRequest
from tests.zygote import run_dlrun

WriteConfig = Callable[..., Path]
FOLDS = "{name: iris, split: {kfold: 3, test: 0.1}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("members")


@pytest.fixture(scope="module")
def config_path(folder: Path) -> Path:
    path = folder / "small.yaml"
    path.write_text(
        "name: small\ndataset: {name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}\n"
        "model: {activation: relu, layers: [Dense: 8, Dropout: 0.1, "
        "Dense: {units: 3, activation: softmax}]}\n"
        "loss: categorical_crossentropy\noptimizer: {SGD: {learning_rate: 0.1}}\n"
        "training: {epochs: 3, batch_size: 16, threads: 1}\n"
    )
    return path


@pytest.fixture(scope="module")
def repeats(folder: Path, config_path: Path) -> Run:
    """Three repeats, trained once; tests that change them take a copy."""
    return dlrun.train(config_path, {"repeat": 3}, runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def folds(folder: Path, config_path: Path) -> Run:
    overrides = {"dataset.split": {"kfold": 3, "test": 0.1}}
    return dlrun.train(config_path, overrides, runs_dir=folder / "runs")


def dlrun_in_a_process(folder: Path, *arguments: object) -> str:
    """Runs a command in a process of its own: TensorFlow takes its threads once a process."""
    done = run_dlrun(*arguments, environment={"DLRUN_RUNS_DIR": str(folder)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def train_alone(folder: Path, *arguments: object) -> Run:
    return Run(Path(dlrun_in_a_process(folder, "train", *arguments, "-q").strip()))


@pytest.fixture
def copied(repeats: Run, runs_dir: Path) -> Run:
    shutil.copytree(repeats.path, runs_dir / repeats.id)
    return Run(runs_dir / repeats.id)


def plan(path: Path, overrides: dict[str, Any] | None = None) -> dict[str, Config]:
    config = load_config(path, overrides or {}).config
    return {member.name: member.config for member in plan_members(config)}


def test_repeats_take_the_next_seeds_and_keep_the_first_ones_test_rows(
    write_config: WriteConfig,
) -> None:
    members = plan(write_config(), {"repeat": 3, "seed": 7})
    assert list(members) == ["repeats/0", "repeats/1", "repeats/2"]
    assert [config.seed for config in members.values()] == [7, 8, 9]
    seeds = [config.dataset.split.test_seed for config in members.values()]
    assert seeds == ["auto", 7, 7]
    tests = [prepare_data(config).splits.test for config in members.values()]
    for rows in tests[1:]:
        np.testing.assert_array_equal(rows, tests[0])


def test_no_member_trains_or_validates_on_test_rows(write_config: WriteConfig) -> None:
    for overrides in ({"repeat": 4}, {"dataset.split": {"kfold": 4, "test": 0.1}, "repeat": 2}):
        members = [prepare_data(config) for config in plan(write_config(), overrides).values()]
        test = set(members[0].splits.test)
        assert test
        for data in members:
            assert not test & {*data.splits.train, *data.splits.validation}


def test_folds_of_a_repeat_are_disjoint_and_complete(write_config: WriteConfig) -> None:
    members = plan(write_config(dataset=FOLDS), {"repeat": 2})
    assert list(members) == [
        "repeats/0/folds/0", "repeats/0/folds/1", "repeats/0/folds/2",
        "repeats/1/folds/0", "repeats/1/folds/1", "repeats/1/folds/2",
    ]  # fmt: skip
    data = [prepare_data(config) for config in members.values()]
    for first in (0, 3):
        validated = np.concatenate([one.splits.validation for one in data[first : first + 3]])
        rows = np.concatenate([validated, data[0].splits.test])
        np.testing.assert_array_equal(np.sort(rows), np.arange(150))
    assert set(data[0].splits.validation) != set(data[3].splits.validation)


def test_preprocessing_is_fitted_to_each_folds_training_rows(write_config: WriteConfig) -> None:
    members = plan(write_config(dataset=FOLDS)).values()
    for data in map(prepare_data, members):
        rows = data.dataset.x[data.splits.train].astype(np.float64)
        np.testing.assert_allclose(data.scaling.offset, rows.mean(axis=0), rtol=1e-6)
    offsets = [tuple(prepare_data(config).scaling.offset) for config in members]
    assert len(set(offsets)) == 3


def test_a_member_is_the_run_that_its_config_gives_alone(repeats: Run, runs_dir: Path) -> None:
    member = repeats.members[2]
    alone = train_alone(runs_dir, member.path / "config.yaml")
    assert compare_runs(member, alone).verdict == "identical"
    assert alone.info["hashes"] == member.info["hashes"]


def test_the_parent_adds_its_members_up(repeats: Run) -> None:
    assert repeats.status == "finished"
    assert [member.id for member in repeats.members] == [
        f"{repeats.id}/repeats/{i}" for i in range(3)
    ]
    metrics = repeats.metrics
    for which in ("best", "final"):
        for name, row in metrics["spread"][which].items():
            values = [member.metrics[which][name] for member in repeats.members]
            assert row["values"] == values
            assert row["mean"] == pytest.approx(np.mean(values))
            assert row["sd"] == pytest.approx(np.std(values, ddof=1))
            assert metrics[which][name] == row["mean"]
    losses = metrics["spread"]["best"]["val_loss"]["values"]
    assert metrics["best_member"] == int(np.argmin(losses))
    assert metrics["overlap"] == pytest.approx(30 / 90)
    assert (repeats.plots_dir / "loss.png").is_file()
    for member in repeats.members:
        assert (member.plots_dir / "confusion_matrix.png").is_file()
        assert member.evaluation["validation"]["num_rows"] == 30


def test_no_member_has_looked_at_test_rows(repeats: Run, folds: Run) -> None:
    for member in (*repeats.members, *folds.members):
        assert member.metrics["test"] is None
        assert list(member.evaluation) == ["validation"]
        assert not member.info["test_looks"]
        with pytest.raises(RunError, match="no predictions for 'test'"):
            member.predictions("test")


def test_folds_are_pooled_so_that_every_row_is_predicted_once(folds: Run) -> None:
    pooled = folds.predictions("validation")
    assert len(np.unique(pooled["rows"])) == len(pooled["rows"]) == 135
    report = folds.evaluation["validation"]
    right = pooled["outputs"].argmax(axis=1) == pooled["labels"]
    assert report["num_rows"] == 135
    assert report["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert (folds.plots_dir / "confusion_matrix.png").is_file()


@pytest.mark.slow
def test_repeated_folds_are_not_pooled_since_rows_that_come_twice_are_no_more_rows(
    config_path: Path, runs_dir: Path
) -> None:
    overrides = {"dataset.split": {"kfold": 2}, "repeat": 2, "training.epochs": 1}
    run = dlrun.train(config_path, overrides)
    assert [member.id.removeprefix(run.id) for member in run.members] == [
        "/repeats/0/folds/0", "/repeats/0/folds/1", "/repeats/1/folds/0", "/repeats/1/folds/1",
    ]  # fmt: skip
    assert not run.has_evaluation
    with pytest.raises(RunError, match="it is 4 runs, each of which has predictions of its own"):
        run.predictions("validation")
    with pytest.raises(RunError, match=r"has a model of its own; ask one of run\.members"):
        run.model()
    assert run.metrics["overlap"] == pytest.approx(1.0)


def test_a_member_is_named_by_its_parent_and_is_no_run_of_the_table(
    copied: Run, runs_dir: Path
) -> None:
    from dlrun.runs import list_runs

    assert [run.id for run in list_runs()] == [copied.id]
    assert find_run(f"{copied.id}/repeats/1").path == copied.path / "repeats" / "1"
    assert find_run("latest/repeats/1").path == copied.path / "repeats" / "1"
    message = rf"no run 'latest/repeats/9'; {copied.id} has repeats/0 to repeats/2$"
    with pytest.raises(RunError, match=message):
        find_run("latest/repeats/9")


def test_one_row_stands_for_all_and_members_follow_on_request(copied: Run) -> None:
    row = run_row(copied)
    assert (row["members"], row["metric"]) == (3, "val_accuracy")
    assert row["sd"] == copied.metrics["spread"]["best"]["val_accuracy"]["sd"]
    shown = CliRunner().invoke(app, ["summary"]).stdout
    assert "small × 3" in shown
    assert " ± " in shown
    rows = json.loads(CliRunner().invoke(app, ["summary", "--members", "--json"]).stdout)
    assert [one["id"] for one in rows] == [copied.id, *[member.id for member in copied.members]]


def test_the_screen_of_a_parent_lists_its_members(copied: Run) -> None:
    done = CliRunner().invoke(app, ["summary", copied.id])
    assert done.exit_code == 0, done.output
    first, *lines = done.stdout.splitlines()
    assert first.startswith(f"{copied.id}: finished after ")
    assert first.endswith("3 members (3 repeats)")
    row = copied.metrics["spread"]["best"]["val_accuracy"]
    assert any(f"{row['mean']:.4f} ± {row['sd']:.4f}" in line for line in lines)
    assert any("repeats/2" in line for line in lines)
    assert "interval after Nadeau, Bengio" in done.stdout
    assert f"dlrun test {copied.id} --member {copied.metrics['best_member']} does" in done.stdout


def test_what_needs_a_model_asks_which_member(copied: Run, runs_dir: Path) -> None:
    done = CliRunner().invoke(app, ["test", copied.id])
    assert done.exit_code == 2
    best = copied.metrics["best_member"]
    assert f"name it by --member 0 to 2; the best by val_loss is --member {best}" in done.output
    done = CliRunner().invoke(app, ["test", copied.id, "--member", "7"])
    assert "no member 7; there are --member 0 to 2" in done.output
    shown = dlrun_in_a_process(runs_dir, "test", copied.id, "--member", "1", "-q")
    assert shown.startswith(f"{copied.id}/repeats/1: 30 test rows of iris")


def test_everything_is_told_once_and_the_end_of_each_member(
    config_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlrun.executors.local.count_cpus", lambda: 2)
    told: list[Any] = []
    dlrun.train(config_path, {"dataset.split": {"kfold": 2}}, report=told.append)
    texts = [event.text for event in told if isinstance(event, Message)]
    assert len(texts) == len(set(texts))
    assert "2 folds: 2 to train, 2 at a time, 1 thread each" in texts
    assert sum("iris: 1 " in text and "repeat" in text for text in texts) == 1
    ends = [event for event in told if isinstance(event, TaskEnded)]
    assert {(end.task, end.status) for end in ends} == {
        ("folds/0", "finished"), ("folds/1", "finished"),
    }  # fmt: skip
    assert [end.done for end in ends] == [1, 2]
    assert any(isinstance(event, FromTask) for event in told)


@pytest.mark.slow
def test_more_epochs_are_those_of_a_longer_run(
    copied: Run, config_path: Path, runs_dir: Path
) -> None:
    longer = dlrun.resume(copied, more_epochs=2)
    assert [member.metrics["epochs"] for member in longer.members] == [5, 5, 5]
    single = train_alone(runs_dir, config_path, "training.epochs=5")  # the first repeat's seed
    first = longer.members[0]
    assert compare_runs(first, single).verdict == "identical"
    assert first.metrics["test"] is None
    assert longer.metrics["epochs"] == 5
    assert longer.config.training.epochs == 5


def test_repeats_can_be_added(copied: Run, config_path: Path) -> None:
    before = [member.info["hashes"]["final_weights"] for member in copied.members]
    more = dlrun.resume(copied, {"repeat": 5})
    assert len(more.members) == len(more.metrics["finished"]) == 5
    after = [member.info["hashes"]["final_weights"] for member in more.members]
    assert after[:3] == before
    assert [member.config.seed for member in more.members] == [0, 1, 2, 3, 4]


def test_into_leaves_the_old_run_as_it_was(copied: Run) -> None:
    before = {path: path.read_bytes() for path in copied.path.rglob("*") if path.is_file()}
    longer = dlrun.resume(copied, more_epochs=1, into="longer")
    assert longer.id == "longer"
    assert [member.info["member_of"] for member in longer.members] == ["longer"] * 3
    assert [member.metrics["epochs"] for member in longer.members] == [4, 4, 4]
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({}, r"finished, all 3 members; to go on: dlrun resume .* repeat=6"),
        ({"repeat": 2}, "repeat was 3 and can only become larger, received 2"),
        ({"seed": 5}, "seed cannot change in a run that has begun"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(
    copied: Run, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunError, match=message):
        dlrun.resume(copied, overrides)


def test_a_single_run_does_not_become_several(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    with pytest.raises(RunError, match="repeat cannot change in a run that has begun"):
        dlrun.resume(run, {"repeat": 5})


def test_a_model_that_keras_refuses_leaves_no_folder(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    path = write_config(model="{layers: [{Dense: {units: 3, dtype: float31}}]}")
    with pytest.raises(ModelError, match="float31"):
        dlrun.train(path, {"repeat": 3})
    assert [entry.name for entry in runs_dir.iterdir() if entry.is_dir()] == []


def test_a_member_that_fails_is_named_and_the_others_are_kept(
    tmp_path: Path, config_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which member it is, NumPy's random state tells, which begins with the seed.
    (tmp_path / "own_luck.py").write_text(
        "import keras, numpy as np\n"
        "@keras.saving.register_keras_serializable('own')\n"
        "class Unlucky(keras.callbacks.Callback):\n"
        "    def get_config(self):\n        return {}\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        if np.random.get_state()[1][0] == 1:\n"
        "            kernel = self.model.layers[0].kernel\n"
        "            kernel.assign(kernel * float('nan'))\n"
    )
    monkeypatch.chdir(tmp_path)
    overrides = {"repeat": 3, "imports": ["own_luck"], "training.callbacks": ["Unlucky"]}
    with pytest.raises(MembersError, match=r"1 of 3 members did not finish: repeats/1 diverged"):
        dlrun.train(config_path, overrides)
    run = dlrun.load_run()
    assert run.status == "failed"
    assert run.metrics["finished"] == [0, 2]
    assert [member.status for member in run.members] == ["finished", "diverged", "finished"]
    done = CliRunner().invoke(app, ["summary", run.id])
    assert "2 of 3 members (3 repeats)" in done.stdout
    log = (run.members[1].path / "run.log").read_text(encoding="utf-8")
    assert re.search(rf"; to go on with a change: dlrun resume {run.id} optimizer\S+=\S+\n", log)


NEVER = """
import keras

@keras.saving.register_keras_serializable("own")
class Never(keras.metrics.Metric):
    higher_is_better = True

    def __init__(self, name="never", **options):
        super().__init__(name=name, **options)
        self.seen = self.add_weight(name="seen", initializer="zeros")

    def update_state(self, y, predicted, sample_weight=None):
        self.seen.assign_add(1.0)

    def result(self):
        return self.seen * float("nan")

    def reset_state(self):
        self.seen.assign(0.0)
"""


def test_members_without_a_best_epoch_are_finished_and_say_why(
    config_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_never.py").write_text(NEVER)
    monkeypatch.chdir(tmp_path)
    monitor = {"metrics": ["accuracy", "Never"], "training.monitor": "val_never"}
    told: list[Any] = []
    overrides = {"repeat": 2, "imports": ["own_never"], "training.epochs": 2, **monitor}
    run = dlrun.train(config_path, overrides, report=told.append)
    ends = {event.text for event in told if isinstance(event, TaskEnded)}
    assert ends == {"val_never is NaN in every epoch"}
    assert (run.metrics["finished"], run.metrics["best"], run.metrics["best_member"]) == (
        [0, 1], {}, None,
    )  # fmt: skip
    losses = [member.metrics["final"]["val_loss"] for member in run.members]
    assert run.metrics["final"]["val_loss"] == pytest.approx(np.mean(losses))
    assert [member.metrics["kept_epoch"] for member in run.members] == [2, 2]
    shown = summary_of(run)
    assert "each member at its last epoch: val_never is NaN in every one" in shown
    assert f"dlrun test {run.id} --member 0 does" in shown
    first = summary_of(run.members[0])
    assert "best none (val_never is NaN in every epoch)" in first
    assert_refused(run, "finished, all 2 members; to go on")


def test_means_are_over_the_members_that_have_a_best_epoch(copied: Run) -> None:
    path = copied.members[1].path / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best": None, "best_epoch": None}))
    with Recorder(copied) as recorder:
        record_aggregate(recorder, copied.config, evaluates=False)
    found = Run(copied.path).metrics
    assert found["finished"] == [0, 2]
    assert len(found["spread"]["best"]["val_loss"]["values"]) == 2


def test_callbacks_from_python_do_not_reach_members(config_path: Path) -> None:
    with pytest.raises(ConfigError, match="which callbacks from Python do not reach"):
        dlrun.train(config_path, {"repeat": 2}, callbacks=[object()])


def test_data_registered_in_this_process_do_not_reach_members(write_config: WriteConfig) -> None:
    from dlrun.config import DatasetConfig
    from dlrun.data import load_dataset, register_dataset

    register_dataset("mine")(lambda: load_dataset(DatasetConfig("iris")))
    with pytest.raises(ConfigError, match="registered in this process alone, and members are"):
        dlrun.train(write_config(dataset="mine"), {"repeat": 2})


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dlrun", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_members(runs_dir: Path, number: int) -> Run:
    """Waits until so many members have a checkpoint; returns their parent."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(runs_dir.glob("2*/repeats/*/checkpoints/last.npz"))
        if len(found) >= number:
            return Run(found[0].parents[3])
        time.sleep(0.02)
    raise AssertionError("no member began")


LONG = ["repeat=3", "training.epochs=150", "training.batch_size=4"]


@pytest.fixture(scope="module")
def whole(folder: Path, config_path: Path) -> Run:
    return dlrun.train(config_path, LONG, runs_dir=folder / "long")


@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=pytest.mark.slow) for how in (signal.SIGKILL, signal.SIGINT)]
)
def test_stopped_anyhow_it_goes_on_to_the_same_bits(
    whole: Run, config_path: Path, runs_dir: Path, how: signal.Signals
) -> None:
    process = start("train", config_path, *LONG)
    run = wait_for_members(runs_dir, 2)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    expected = -how if how == signal.SIGKILL else 128 + how
    assert process.returncode == expected, errors
    if how == signal.SIGINT:
        assert f"{run.path} keeps 0 of 3 members whole, and checkpoints of those that" in errors
    deadline = time.monotonic() + 30  # of workers that were left alone
    while any(member.status == "running" for member in run.members):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run = Run(run.path)
    assert run.status == ("dead" if how == signal.SIGKILL else "interrupted")
    assert [one.id for one in resumable_runs()] == ([run.id] if how == signal.SIGKILL else [])
    shown = CliRunner().invoke(app, ["summary", run.id])
    assert shown.exit_code == 0, shown.output
    assert f"dlrun resume {run.id}" in shown.stdout
    resumed = dlrun.resume(run)
    assert resumed.status == "finished"
    for member, other in zip(resumed.members, whole.members, strict=True):
        assert compare_runs(other, member).verdict == "identical"
    assert resumed.metrics["spread"] == whole.metrics["spread"]


def bytes_of(run: Run) -> dict[Path, bytes]:
    """What lies in a run's folder, the lock aside."""
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path: path.read_bytes() for path in files}


def assert_refused(run: Run, message: str, *overrides: str, more_epochs: int | None = None) -> None:
    """That a change is refused in words, with exit code 2, and leaves the folder as it was."""
    before = bytes_of(run)
    with pytest.raises(RunError, match=message) as refused:
        dlrun.resume(run, overrides, more_epochs=more_epochs)
    assert refused.value.exit_code == 2
    assert bytes_of(run) == before


def change_config(run: Run, old: str, new: str) -> None:
    path = run.path / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    state = read_last(run)
    if state is not None:  # as if it had been trained so
        write_last(run, replace(state, config=plain_config(Run(run.path).config)))


def change_info(run: Run, **facts: Any) -> Run:
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return Run(run.path)


def end_by_callback(member: Run) -> None:
    """Makes a finished member one that a callback ended after its last epoch."""
    state = read_last(member)
    assert state is not None
    write_last(member, replace(state, stopped=True))


def going_on(run: Run, *overrides: str, more_epochs: int | None = None) -> dict[str, Any]:
    """The members that would be trained, and by which changes to their own configs."""
    found = plan_members_resume(Run(run.path), overrides, more_epochs)
    return {one.name: one.overrides for one in found.going_on}


def test_a_stopped_extension_is_completed_to_the_bits_of_one_that_was_not(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One at a time, and Ctrl-C as the first ends: the others then never began.
    changes = {"training.epochs": 5, "optimizer.learning_rate": 0.01}
    whole = dlrun.resume(copied, changes, into="whole")

    def interrupt(event: Any) -> None:
        if isinstance(event, TaskEnded):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("dlrun.members.training.count_at_a_time", lambda *_: 1)
    with pytest.raises(Stopped):
        dlrun.resume(copied, changes, report=interrupt)
    stopped = Run(copied.path)
    assert stopped.status == "interrupted"
    assert [member.metrics["epochs"] for member in stopped.members] == [5, 3, 3]
    assert stopped.metrics["finished"] == [0]
    told: list[Any] = []
    resumed = dlrun.resume(stopped, report=told.append)
    texts = [event.text for event in told if isinstance(event, Message)]
    assert "3 repeats: 2 to train, 1 at a time, 1 thread each" in texts
    assert resumed.config == whole.config
    for member, other in zip(resumed.members, whole.members, strict=True):
        assert compare_runs(other, member).verdict == "identical"
        assert member.info["hashes"] == other.info["hashes"]
        assert member.config == other.config
    assert resumed.metrics == whole.metrics
    remark = "optimizer.learning_rate was changed after epoch 3"
    for run in (whole, resumed):
        assert (run.info["resumed"][-1]["exact"], run.info["resumed"][-1]["remarks"]) == (
            False, [remark],
        )  # fmt: skip


RESULTS = ("metrics.json", "evaluation.json", "predictions.npz")


def results_of(run: Run) -> dict[str, bytes]:
    return {name: (run.path / name).read_bytes() for name in RESULTS if (run.path / name).exists()}


def dies_at(number: int) -> Callable[[Any], None]:
    """A report that ends the process' work with the so manyeth epoch, or before any: 0."""
    seen: list[str] = []

    def report(event: Any) -> None:
        if isinstance(event, Message) and "to train" in event.text and not number:
            raise SystemExit
        if isinstance(event, FromTask) and isinstance(event.event, EpochEnded):
            seen.append(event.task)
            if len(seen) == number:
                raise SystemExit

    return report


def dies_at_the_end_of_a_member(event: Any) -> None:
    if isinstance(event, TaskEnded):
        raise SystemExit


def summary_of(run: Run) -> str:
    done = CliRunner().invoke(app, ["summary", run.id])
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def test_an_extension_that_comes_to_no_epoch_leaves_the_results_of_all(
    folds: Run, runs_dir: Path
) -> None:
    shutil.copytree(folds.path, runs_dir / folds.id)
    run = Run(runs_dir / folds.id)
    before = results_of(run)
    assert set(before) == set(RESULTS)
    for _ in range(2):
        with pytest.raises(SystemExit):
            dlrun.resume(run, more_epochs=2, report=dies_at(0))
        assert results_of(run) == before
    assert "3 members (3 folds) mean ± sd" in summary_of(run)
    assert dlrun.resume(run).metrics["epochs"] == 7
    assert results_of(run) != before


def test_results_that_a_member_goes_beyond_are_gone_and_what_is_there_is_told(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlrun.members.training.count_at_a_time", lambda *_: 1)
    with pytest.raises(SystemExit):  # so many epochs that it is heard of before the last of them
        dlrun.resume(copied, more_epochs=100, report=dies_at(1))
    assert results_of(copied) == {}
    shown = summary_of(copied)
    assert "0 of 3 members finished with 103 epochs planned" in shown
    assert "repeats/2 finished, 3 of 103 epochs" in shown
    for member in copied.members[1:]:
        assert member.metrics["epochs"] == 3
    with pytest.raises(SystemExit):
        dlrun.resume(copied, report=dies_at_the_end_of_a_member)
    shown = summary_of(copied)
    assert "1 of 3 members finished with 103 epochs planned repeats/0 finished, 103 of 103" in shown
    assert dlrun.resume(copied).metrics["finished"] == [0, 1, 2]


def test_ctrl_c_before_a_new_epoch_of_any_member_leaves_the_results(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = results_of(copied)
    end_by_callback(copied.members[0])  # which is done then, and alone would be no result of all

    def interrupted(tasks: Any, _: int, __: Any, request: StopRequest) -> Any:
        request.signum = signal.SIGINT
        yield from (Outcome(task.name, "interrupted", "") for task in tasks)

    monkeypatch.setattr("dlrun.members.training.run_tasks", interrupted)
    with pytest.raises(Stopped):
        dlrun.resume(copied, more_epochs=2)
    assert Run(copied.path).status == "interrupted"
    assert results_of(copied) == before


def test_what_another_process_wrote_before_the_lock_was_had_is_not_lost(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"time": "2026-11-26T10:00:00", "from": "interrupted", "remarks": []}

    @contextmanager
    def held_late(run: Run) -> Iterator[None]:
        amend_info(run, resumed=[other])
        change_config(run, "epochs: 3", "epochs: 4")
        with only_process(run):
            yield

    monkeypatch.setattr("dlrun.members.training.only_process", held_late)
    with pytest.raises(SystemExit):
        dlrun.resume(copied, more_epochs=2, report=dies_at(0))
    there = Run(copied.path)
    assert [entry["from"] for entry in there.info["resumed"]] == ["interrupted", "finished"]
    assert there.config.training.epochs == 6


def test_added_repeats_leave_those_that_are_there_as_the_result(copied: Run) -> None:
    before = copied.metrics
    with pytest.raises(SystemExit):
        dlrun.resume(copied, {"repeat": 4}, report=dies_at(1))
    there = Run(copied.path).metrics
    assert (there["finished"], there["members"]) == ([0, 1, 2], 4)
    assert there["spread"] == before["spread"]
    assert "3 of 4 members (4 repeats)" in summary_of(copied)


def test_results_that_a_member_has_left_behind_are_not_kept(copied: Run) -> None:
    """A process may have been killed when a member had its new epoch and they were there still."""
    assert are_results_true(copied)
    for facts in ({"epochs": 4}, {"final": {"loss": 9.0}}, {"best": None}):
        path = copied.members[1].path / "metrics.json"
        text = path.read_text()
        path.write_text(json.dumps(json.loads(text) | facts))
        assert not are_results_true(Run(copied.path))
        path.write_text(text)
    path.unlink()
    assert not are_results_true(Run(copied.path))
    with pytest.raises(SystemExit):
        dlrun.resume(copied, more_epochs=2, report=dies_at(0))
    assert results_of(copied) == {}


@pytest.mark.slow
def test_an_extension_that_is_stopped_anywhere_is_completed_exactly(config_path: Path) -> None:
    short = dlrun.train(config_path, {"repeat": 5})
    whole = dlrun.resume(short, more_epochs=60, into="whole")
    seen: list[str] = []

    def interrupt(event: Any) -> None:
        if isinstance(event, FromTask) and isinstance(event.event, EpochEnded) and not seen:
            seen.append(event.task)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Stopped):
        dlrun.resume(short, more_epochs=60, report=interrupt)
    resumed = dlrun.resume(Run(short.path))
    for member, other in zip(resumed.members, whole.members, strict=True):
        assert compare_runs(other, member).verdict == "identical"
    assert resumed.metrics == whole.metrics
    assert [entry["exact"] for entry in resumed.info["resumed"]] == [True, True]


def test_members_that_lag_behind_their_parents_config_go_on(copied: Run) -> None:
    assert going_on(copied, more_epochs=4) == dict.fromkeys(
        ("repeats/0", "repeats/1", "repeats/2"), ("training.epochs=7",)
    )
    change_config(copied, "epochs: 3", "epochs: 7")
    change_config(copied, "learning_rate: 0.1", "learning_rate: 1.0e-05")
    change_config(copied.members[0], "epochs: 3", "epochs: 7")
    copied = change_info(copied, status="interrupted")
    rate = "optimizer.learning_rate=1e-05"
    assert going_on(copied)["repeats/1"] == (rate, "training.epochs=7")
    for member in copied.members[:2]:
        change_config(member, "learning_rate: 0.1", "learning_rate: 1.0e-05")
    change_config(copied.members[1], "epochs: 3", "epochs: 7")
    assert list(going_on(change_info(copied, status="finished"), "repeat=4")) == [
        "repeats/2", "repeats/3",
    ]  # fmt: skip


def test_members_that_a_callback_ended_stay_where_others_go_on(copied: Run) -> None:
    for member in copied.members[:2]:
        end_by_callback(member)
    longer = dlrun.resume(copied, more_epochs=2)
    assert [member.metrics["epochs"] for member in longer.members] == [3, 3, 5]
    assert longer.metrics["finished"] == [0, 1, 2]
    assert longer.info["resumed"][-1]["exact"]
    assert_refused(longer, "finished, all 3 members; to go on")


def test_what_no_member_can_take_is_refused_and_changes_nothing(copied: Run) -> None:
    message = r"3 of 3 members cannot go on so, nothing was changed; .+/repeats/0: "
    short = message + r"training\.epochs=2, and epoch 3 has begun; write 3 or more"
    assert_refused(copied, short, "training.epochs=2")
    engine = r"has finished its 3 epochs already, without the new training\.engine; train all "
    engine += rf"members longer with it: dlrun resume {copied.id} --more-epochs 3 training\.engine="
    assert_refused(copied, message + engine, "training.engine=stepwise")
    for member in copied.members:
        end_by_callback(member)
    message = r"callbacks ended all 3 members, and would end longer ones there, too; to go on, ch"
    assert_refused(copied, message, more_epochs=4)
    with_rate = (
        r"repeats/0: finished; a callback that its config does not name ended it after epoch 3"
    )
    assert_refused(copied, with_rate, "optimizer.learning_rate=0.05", more_epochs=4)


def test_what_only_some_members_can_take_is_refused_and_both_ways_on_are_named(
    copied: Run,
) -> None:
    change_info(copied.members[2], status="interrupted")
    run = change_info(copied, status="interrupted")
    assert_refused(
        run,
        r"2 of 3 members cannot go on so, nothing was changed; .+/repeats/0: has finished its "
        r"3 epochs already, without the new optimizer\.learning_rate; train all members longer "
        rf"with it: dlrun resume {run.id} --more-epochs 3 optimizer\.learning_rate=0\.05; or train "
        rf"the others as this one was: dlrun resume {run.id} optimizer\.learning_rate=0\.1$",
        "optimizer.learning_rate=0.05",
    )
    assert len(going_on(run, "optimizer.learning_rate=0.05", more_epochs=3)) == 3
    assert going_on(run, "optimizer.learning_rate=0.1") == {"repeats/2": ()}
    assert going_on(run, "note=later") == {"repeats/2": ("note=later",)}


def test_what_has_other_data_runs_or_is_damaged_is_refused_before_anything_is_written(
    copied: Run,
) -> None:
    first, second = copied.members[:2]
    facts = json.loads((first.path / "dataset.json").read_text())
    (first.path / "dataset.json").write_text(json.dumps(facts | {"content_hash": "0" * 64}))
    assert_refused(copied, "repeats/0: the data set iris has changed since", more_epochs=2)
    change_config(second, "seed: 1", "seed: 9")
    message = r"1 of 3 members cannot go on so.+repeats/1: seed cannot change in a run"
    assert_refused(copied, message, more_epochs=2)
    change_info(second, status="running", **this_process())
    change_config(second, "seed: 9", "seed: 1")
    assert_refused(copied, "repeats/1: it is running, process", more_epochs=2)
    (second.path / "run.json").write_text("{")
    assert_refused(copied, r"repeats/1/run\.json: cannot be read, not JSON", more_epochs=2)


@pytest.mark.parametrize("facts", [{"spread": None}, {"finished": None}, {"finished": [7]}])
def test_results_that_say_too_little_are_not_true(copied: Run, facts: dict[str, Any]) -> None:
    assert are_results_true(copied)
    path = copied.path / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))
    assert not are_results_true(Run(copied.path))


def test_members_that_are_all_done_are_only_added_up(copied: Run) -> None:
    assert going_on(change_info(copied, status="failed")) == {}
    end_by_callback(copied.members[0])
    assert going_on(Run(copied.path)) == {}


def test_a_parent_goes_on_exactly_only_if_each_of_its_members_does(copied: Run) -> None:
    def entry() -> dict[str, Any]:
        plan = plan_members_resume(copied, more_epochs=2)
        (found,) = plan.record(copied)["resumed"]
        assert plan.with_remarks(copied, [found]) == [found]
        return found

    assert (entry()["exact"], entry()["remarks"]) == (True, [])
    for member in copied.members[1:]:
        state = read_last(member)
        assert state is not None
        write_last(member, replace(state, machine={**state.machine, "cpu": {"name": "Abacus"}}))
    found = entry()
    assert not found["exact"]
    assert len(found["remarks"]) == 1
    assert found["remarks"][0].startswith("the processor was Abacus and is ")


def test_a_parent_takes_over_what_members_remark_once_they_are_built(copied: Run) -> None:
    plan = plan_members_resume(copied, more_epochs=2)
    entries = plan.record(copied)["resumed"]
    for member in copied.members[:2]:
        change_info(member, resumed=[{"exact": False, "remarks": ["a callback has forgotten"]}])
    (found,) = plan.with_remarks(copied, entries)
    assert found == entries[0] | {"exact": False, "remarks": ["a callback has forgotten"]}


def test_a_member_is_not_changed_without_the_others(copied: Run) -> None:
    member = copied.members[0]
    whole = rf"repeats/0: it is one of the members of {copied.id}, which share a config; change all"
    command = f"dlrun resume {copied.id} --more-epochs 2, or this one in a folder of its own, by --"
    assert_refused(member, f"{whole}: {command}", more_epochs=2)
    assert_refused(member, f"{whole}: dlrun resume {copied.id} note=mine", "note=mine")
    done = CliRunner().invoke(app, ["resume", f"{copied.id}/repeats/0", "--more-epochs", "2"])
    assert done.exit_code == 2
    assert f"change all: dlrun resume {copied.id} --more-epochs 2" in done.output
    refuse_change_of_part(member, (), None)
    refuse_change_of_part(copied, ("note=mine",), 2)
    shutil.copytree(member.path, member.path / "folds" / "1")
    assert_refused(Run(member.path / "folds" / "1"), f"members of {copied.id}, ", more_epochs=2)


@pytest.mark.slow
def test_a_member_is_completed_alone_and_changed_in_a_folder_of_its_own(
    copied: Run, runs_dir: Path
) -> None:
    change_info(copied.members[1], status="interrupted")
    dlrun_in_a_process(runs_dir, "resume", f"{copied.id}/repeats/1")
    assert copied.members[1].status == "finished"
    before = bytes_of(copied)
    name = f"{copied.id}/repeats/1"
    dlrun_in_a_process(runs_dir, "resume", name, "--more-epochs", "1", "--into", "own")
    assert Run(runs_dir / "own").metrics["epochs"] == 4
    assert bytes_of(copied) == before


@pytest.mark.slow
def test_threads_left_to_the_net_again_are_settled_once_for_all(copied: Run) -> None:
    change_config(copied, "threads: 1", "threads: 2")
    longer = dlrun.resume(copied, ["training.threads=auto", "repeat=4"], more_epochs=1)
    assert [one.config.training.threads for one in (longer, *longer.members)] == [1] * 5
    assert longer.status == "finished"


def test_a_parent_that_never_got_to_an_epoch_may_go(copied: Run) -> None:
    shutil.rmtree(copied.path / "repeats")
    for name in ("metrics.json", "parameters.json"):
        (copied.path / name).unlink()
    facts = json.loads((copied.path / "run.json").read_text())
    (copied.path / "run.json").write_text(json.dumps(facts | {"status": "interrupted"}))
    (removal,) = plan_cleanup()
    assert (removal.kind, removal.path) == ("run", copied.path)


def test_each_member_is_reproduced(copied: Run, runs_dir: Path) -> None:
    from dlrun.reproduction import name_each

    assert name_each([copied.id, "nothing"]) == [
        *[str(member.path) for member in copied.members], "nothing",
    ]  # fmt: skip
    shown = dlrun_in_a_process(runs_dir, "reproduce", copied.members[1].path, "-q")
    assert shown.startswith(f"{copied.id}/repeats/1: identical, 3 epochs compared")


def test_damaged_members_are_passed_over(copied: Run, runs_dir: Path) -> None:
    (copied.path / "repeats" / "1" / "run.json").write_text("{")
    (copied.path / "repeats" / "not_a_number").mkdir()
    (copied.path / "repeats" / "7").symlink_to(runs_dir)
    assert len(copied.members) == 3
    for arguments in (["summary"], ["summary", "--members"], ["summary", copied.id],
                      ["plot", copied.id], ["gc", "--dry-run"]):  # fmt: skip
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code in (0, 2), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)


def write_losses(member: Run, losses: list[float]) -> None:
    rows = "".join(f"{i},{v},{v},{v}\n" for i, v in enumerate(losses, 1))
    head = "epoch,loss,train_eval_loss,val_loss\n"
    (member.path / "history.csv").write_text(head + rows)


FALLING = [2.0 * 0.8**epoch for epoch in range(12)]
RESTING = [*[2.0 * 0.5**epoch + 0.5 for epoch in range(8)], *[0.5] * 32]


def test_members_are_diagnosed_by_the_mean_of_their_curves(copied: Run) -> None:
    for number, member in enumerate(copied.members):
        write_losses(member, [value + 0.01 * number for value in RESTING])
    found = dlrun.diagnose(copied)
    assert found.finding.kind == "capacity"
    assert "val_loss 0.51 and that of training rows 0.51" in found.finding.evidence
    assert found.remarks[0] == "curves and values are means over 3 members"
    assert dlrun.diagnose(copied, member=2).run == f"{copied.id}/repeats/2"


def test_members_of_unequal_length_are_diagnosed_each(copied: Run) -> None:
    for member, losses in zip(copied.members, (RESTING, FALLING, RESTING), strict=True):
        write_losses(member, losses)
    found = dlrun.diagnose(copied)
    assert found.finding.kind == "capacity"
    assert found.finding.evidence.startswith("repeats/0: val_loss 0.5 and that of")
    assert found.remarks[0] == (
        "2 of 3 members, of unequal length, say so; the others: 1 improving"
    )


def test_members_that_did_not_finish_are_not_diagnosed_with_the_others(copied: Run) -> None:
    path = copied.members[1].path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "failed"}))
    write_losses(copied.members[1], [1.0])
    for number in (0, 2):
        write_losses(copied.members[number], RESTING)
    found = dlrun.diagnose(copied)
    assert found.finding.kind == "capacity"
    assert found.remarks[0] == "curves and values are means over 2 of 3 members"


def test_a_target_is_judged_with_the_spread_of_the_members(copied: Run) -> None:
    for member, loss in zip(copied.members, (0.4, 0.5, 0.6), strict=True):
        write_losses(member, [*RESTING[:-1], loss])
        path = member.path / "metrics.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"kept_epoch": 40, "train": {}}))
    text = (copied.path / "config.yaml").read_text()
    (copied.path / "config.yaml").write_text(
        text.replace("target: none", "target: {val_loss: 0.45}")
    )
    found = dlrun.diagnose(copied)
    assert found.finding.verdict == "no verdict"
    assert "cannot be told apart from the target 0.45" in found.finding.evidence


def test_without_an_epoch_there_is_nothing_to_diagnose_or_draw(copied: Run) -> None:
    for member in copied.members:
        (member.path / "history.csv").unlink()
        (member.path / "metrics.json").unlink()
    with pytest.raises(RunError, match="no member has finished an epoch; there is nothing to diag"):
        dlrun.diagnose(copied)
    done = CliRunner().invoke(app, ["plot", copied.id])
    assert done.exit_code == 2
    assert "no member has finished an epoch; there is nothing to draw" in done.output


def test_the_table_of_members_in_python(repeats: Run) -> None:
    table = repeats.history
    assert list(table.index.names) == ["member", "epoch"]
    assert len(table) == 9
    assert table.loc[(1, 2), "val_loss"] == repeats.members[1].history.loc[2, "val_loss"]
