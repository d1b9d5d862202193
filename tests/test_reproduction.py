"""Runs repeated from their folders, in this process and each in one of its own, and the command."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.backend import keras
from dlrun.cli.app import app
from dlrun.cli.reproduce import result_lines
from dlrun.errors import DatasetError, RunError
from dlrun.events import Message
from dlrun.likeness import compare_runs
from dlrun.processes import this_process
from dlrun.reproduction import config_to_repeat, exit_code_of, name_each, reproduce_each
from dlrun.runs import Run, list_runs

SAMPLE = Path(__file__).parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"


CONFIG = """
name: {name}
dataset: {{{dataset}, split: {{train: 0.6, validation: 0.2, test: 0.2}}}}
model: {{layers: [Dense: 8, Dropout: 0.2, Dense: {{units: 3, activation: softmax}}]}}
loss: categorical_crossentropy
optimizer: {{SGD: {{learning_rate: 0.1}}}}
training: {{epochs: 3, batch_size: 16}}
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A run with dropout on iris, and one on arrays of one's own, `own.npz`."""
    folder = tmp_path_factory.mktemp("once")
    rng = np.random.default_rng(0)
    np.savez(folder / "own.npz", x=rng.normal(size=(60, 4)).astype("f4"), y=np.arange(60) % 3)
    runs = []
    for name, dataset in {
        "trained": "name: iris",
        "own": f"name: npz, options: {{path: {folder / 'own.npz'}}}",
    }.items():
        path = folder / f"{name}.yaml"
        path.write_text(CONFIG.format(name=name, dataset=dataset))
        runs.append(dlrun.train(path, runs_dir=folder / "runs"))
    return runs[0], runs[1]


@pytest.fixture
def trained(once: tuple[Run, Run], runs_dir: Path) -> Run:
    """The run on iris, in this test's own runs folder."""
    return Run(Path(shutil.copytree(once[0].path, runs_dir / once[0].id)))


@pytest.fixture
def npz_run(once: tuple[Run, Run], runs_dir: Path, tmp_path: Path) -> Run:
    """The run on `own.npz`, with a copy of that file."""
    run = Run(Path(shutil.copytree(once[1].path, runs_dir / once[1].id)))
    data_path = once[1].config.dataset.options["path"]
    shutil.copyfile(data_path, tmp_path / "own.npz")
    config = run.path / "config.yaml"
    config.write_text(config.read_text().replace(data_path, str(tmp_path / "own.npz")))
    return run


def edit_info(run: Run, **facts: Any) -> Run:
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return Run(run.path)


def change_a_byte(run: Run) -> None:
    path = Path(run.config.dataset.options["path"])
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    x.view(np.uint8)[0, 0] ^= 1
    np.savez(path, x=x, y=y)


def test_a_run_repeated_in_one_process_is_identical_and_stays_as_evidence(trained: Run) -> None:
    before = {path: path.read_bytes() for path in trained.path.rglob("*") if path.is_file()}
    found = dlrun.reproduce(trained)
    assert (found.verdict, found.epochs, found.cause) == ("identical", 3, None)
    assert found.new_path is not None
    new = Run(Path(found.new_path))
    assert new.id == found.new_run != trained.id
    assert new.info["reproduces"] == trained.id
    assert new.config.note == f"reproduces {trained.id}"
    assert new.info["hashes"] == trained.info["hashes"]
    assert set(new.info["hashes"]) == {
        "data", "split", "batch_order", "initial_weights", "final_weights",
    }  # fmt: skip
    assert {path: path.read_bytes() for path in before} == before


def test_callbacks_that_only_write_or_send_are_left_out_and_change_nothing(
    tmp_path: Path, runs_dir: Path
) -> None:
    log, path = tmp_path / "log.csv", tmp_path / "logged.yaml"
    callbacks = (
        f"[CSVLogger: {{filename: {log}}}, EarlyStopping: {{patience: 2}}, "
        f"ModelCheckpoint: {{filepath: {tmp_path / 'kept.keras'}, save_freq: 4}}]"
    )
    text = CONFIG.format(name="logged", dataset="name: iris")
    path.write_text(text.replace("batch_size: 16", f"batch_size: 16, callbacks: {callbacks}"))
    recorded = dlrun.train(path)
    assert recorded.info["engine"] == "stepwise"
    log.write_text("mine")
    (tmp_path / "kept.keras").unlink()
    said: list[str] = []
    found = dlrun.reproduce(recorded, report=lambda event: said.append(str(event)))
    assert (found.verdict, found.remarks) == ("identical", ())
    assert log.read_text() == "mine"
    assert not (tmp_path / "kept.keras").exists()
    told = "left out: CSVLogger, ModelCheckpoint; what only writes or sends changes no number"
    assert any(told in text for text in said)
    new = Run(Path(found.new_path or ""))
    assert told in (new.path / "run.log").read_text()
    assert [one.name for one in new.config.training.callbacks] == ["EarlyStopping"]


@pytest.mark.parametrize("name", ["metrics.json", "environment.json", "history.csv"])
def test_what_cannot_be_compared_is_told_before_the_training(trained: Run, name: str) -> None:
    (trained.path / name).write_bytes(b"{")
    with pytest.raises(RunError, match=rf"{name}: cannot be read, "):
        dlrun.reproduce(trained.path)
    assert [run.id for run in list_runs()] == [trained.id]


def test_a_folder_that_may_not_be_read_is_told(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root may read all, the system's answer is made up."""
    stat, opened = os.stat, trained.path

    def refusing(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if str(path).startswith(f"{opened}{os.sep}"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", refusing)
    done = CliRunner().invoke(app, ["reproduce", trained.id])
    assert done.exit_code == 2
    assert "run.json: cannot be read, permission denied; put the file back" in done.stderr


def test_callbacks_given_in_python_are_named_as_the_cause(
    write_config: Callable[..., Path],
) -> None:
    class Half(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.optimizer.learning_rate = 0.01

    run = dlrun.train(write_config(), callbacks=[Half()])
    assert run.info["callbacks_from_python"] == ["Half"]
    said: list[Any] = []
    found = dlrun.reproduce(run, report=said.append)
    words = "it was given callbacks in Python, which its config does not hold and which `dlrun "
    words += "reproduce` cannot repeat: Half"
    assert (found.verdict, found.cause, found.evidence) == ("different", "callbacks", words)
    (warning,) = [one for one in said if isinstance(one, Message) and one.level == "warning"]
    assert warning.text == f"{run.id}: {words}"
    assert found.new_path is not None
    assert Run(Path(found.new_path)).info["callbacks_from_python"] == []


def test_another_config_in_the_folder_is_found_out(trained: Run) -> None:
    config = trained.path / "config.yaml"
    config.write_text(config.read_text().replace("seed: 0", "seed: 1"))
    found = dlrun.reproduce(trained.path)
    assert (found.verdict, found.first_hash, found.cause) == ("different", "split", "config")
    assert found.evidence == "config.yaml was changed after the run"
    assert (
        "this differs, too: seed: config.yaml was edited; the seed was 0 and is 1" in found.remarks
    )
    assert found.first_beyond is not None
    assert found.first_beyond.epoch == 1


def test_a_history_that_was_changed_is_found_out_by_the_weights(trained: Run) -> None:
    history = trained.path / "history.csv"
    head, row, *rest = history.read_text().splitlines()
    cells = row.split(",")
    history.write_text("\n".join([head, ",".join([cells[0], "0.001", *cells[2:]]), *rest]) + "\n")
    found = dlrun.reproduce(trained)
    assert (found.verdict, found.first_hash, found.cause) == ("different", None, "history")
    changed = "history.csv or metrics.json was changed after the run: the weights are the same"
    assert found.evidence == changed


def test_of_an_interrupted_run_the_finished_epochs_are_repeated(trained: Run) -> None:
    run = edit_info(trained, status="interrupted")
    history = run.path / "history.csv"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:3]))
    found = dlrun.reproduce(run)
    assert (found.verdict, found.epochs) == ("identical", 2)
    assert found.new_path is not None
    assert Run(Path(found.new_path)).config.training.epochs == 2


def test_a_repetition_that_diverges_is_different(trained: Run) -> None:
    config = trained.path / "config.yaml"
    config.write_text(config.read_text().replace("learning_rate: 0.1", "learning_rate: 1.0e+38"))
    found = dlrun.reproduce(trained)
    assert found.verdict == "different"
    assert found.new_path is not None
    assert Run(Path(found.new_path)).status == "diverged"


def test_changed_data_are_told_before_anything_is_trained(npz_run: Run) -> None:
    change_a_byte(npz_run)
    found = dlrun.reproduce(npz_run)
    assert (found.verdict, found.cause, found.new_run) == ("different", "data", None)
    assert list_runs() == [npz_run]


def copy_sample(folder: Path) -> Run:
    shutil.copytree(SAMPLE, folder)
    return Run(folder)


def test_a_folder_that_cannot_be_repeated_is_told_in_words(tmp_path: Path) -> None:
    without_config = copy_sample(tmp_path / "without_config")
    (without_config.path / "config.yaml").unlink()
    with pytest.raises(RunError, match=r"without_config: has no config\.yaml, so that it cannot"):
        dlrun.reproduce(without_config)
    running = edit_info(copy_sample(tmp_path / "running"), status="running", **this_process())
    with pytest.raises(RunError, match=r"it is running; wait for its end, or stop it"):
        compare_runs(Run(running.path), running)
    nothing = edit_info(copy_sample(tmp_path / "nothing"), status="failed")
    (nothing.path / "history.csv").unlink()
    with pytest.raises(RunError, match=r"no epoch was finished; nothing to compare"):
        dlrun.reproduce(nothing)
    with pytest.raises(RunError, match=r"no run 'nowhere'"):
        dlrun.reproduce("nowhere")


def test_data_that_are_gone_are_an_error(npz_run: Run) -> None:
    Path(npz_run.config.dataset.options["path"]).unlink()
    with pytest.raises(DatasetError, match=r"own\.npz"):
        dlrun.reproduce(npz_run)


def test_the_command_tells_the_verdict_and_where_the_new_run_is(trained: Run) -> None:
    done = CliRunner().invoke(app, ["reproduce", str(trained.path)])
    assert done.exit_code == 0, done.output
    first, *rest = done.stdout.splitlines()
    assert first == f"{trained.id}: identical, 3 epochs compared"
    assert [line.split()[:2] for line in rest] == [["new", "run"]]
    assert "epoch 3/3" in done.stderr
    done = CliRunner().invoke(app, ["reproduce", trained.id, "--quiet"])
    assert (done.stdout, done.stderr) == (f"{first}\n", "")


def test_the_command_ends_with_4_where_it_is_different(npz_run: Run) -> None:
    change_a_byte(npz_run)
    done = CliRunner().invoke(app, ["reproduce", str(npz_run.path)])
    assert done.exit_code == 4
    assert done.stdout.startswith(f"{npz_run.id}: different, 0 epochs compared\n")
    assert "cause       data: the content hash of npz was " in done.stdout
    done = CliRunner().invoke(app, ["reproduce", str(npz_run.path), "--json", "-q"])
    assert done.exit_code == 4
    assert json.loads(done.stdout)["cause"] == "data"


def test_the_command_ends_with_2_where_there_is_no_run() -> None:
    done = CliRunner().invoke(app, ["reproduce", "nowhere"])
    assert done.exit_code == 2
    assert "no run 'nowhere'" in done.stderr


def test_result_lines_show_every_digit(tmp_path: Path) -> None:
    then, now = copy_sample(tmp_path / "then"), copy_sample(tmp_path / "now")
    text = (
        (now.path / "history.csv").read_text().replace("0.3779633939266205", "0.3779633939266206")
    )
    (now.path / "history.csv").write_text(text.replace("0.8777777552604675", "0.5"))
    row = compare_runs(then, now).to_dict() | {"first_hash": "batch_order"}
    assert result_lines(row)[:5] == [
        "then: different, 4 epochs compared",
        "  first       epoch 2, val_loss: was 0.3779633939266205, is 0.3779633939266206",
        "  too far     epoch 4, accuracy: was 0.8777777552604675, is 0.5",
        "  hash        batch_order is the first that differs",
        "  cause       unknown: nothing recorded differs; the code has a random source that the "
        "seed does not reach",
    ]


CHILD = """#!{python}
import os, signal, sys
name = os.path.basename(sys.argv[5])
if name == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if name == "babbling":
    print("no JSON")
elif name == "failing":
    sys.exit("dlrun: error: out of memory")
else:
    print(open(sys.argv[5] + "/answer.json").read())
    sys.exit(4 if name == "other" else 0)
"""


@pytest.fixture
def submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Makes run folders by name, and a stand-in for the process that repeats each."""
    child = tmp_path / "python"
    child.write_text(CHILD.format(python=sys.executable))
    child.chmod(0o755)
    monkeypatch.setattr("dlrun.processes.sys.executable", str(child))

    def make(*names: str) -> list[str]:
        paths = []
        for name in names:
            run = copy_sample(tmp_path / "class" / name)
            found = compare_runs(run, run).to_dict()
            if run.id == "other":
                found |= {"verdict": "different", "first_hash": "split", "cause": "threads"}
                found |= {"evidence": "TensorFlow's count was 2 and is 1"}
            (run.path / "answer.json").write_text(json.dumps(found))
            paths.append(str(run.path))
        return paths

    return make


def test_a_crash_is_a_row_and_not_the_end(submissions: Callable[..., list[str]]) -> None:
    names = submissions("good", "killed", "babbling", "failing", "other")
    rows = list(reproduce_each([*names, "nowhere"]))
    assert [row["verdict"] for row in rows] == ["identical", None, None, None, "different", None]
    assert [row["exit_code"] for row in rows] == [None, 1, 1, 1, None, 2]
    assert rows[1]["error"] == "its process was ended by SIGKILL"
    assert rows[2]["error"] == "its process said what is no JSON: 'no JSON'"
    assert rows[3]["error"] == "out of memory"
    assert rows[5]["error"].startswith("no run 'nowhere'")
    assert [exit_code_of(some) for some in (rows, rows[:1], rows[:4], rows[5:])] == [4, 0, 1, 2]


def test_a_run_that_says_it_is_finished_is_reproduced_with_all_it_says(tmp_path: Path) -> None:
    whole = Run(tmp_path / "whole")
    shutil.copytree(SAMPLE.with_name("20261126-055355-flowers-3716"), whole.path)
    members = [str(member.path) for member in whole.members]
    assert name_each([str(whole.path)]) == members
    for member, told in ((None, "name it by --member 0 to"), (7, "no member 7; there are")):
        with pytest.raises(RunError, match=told):
            dlrun.reproduce(whole, member=member)
    metrics = json.loads((whole.path / "metrics.json").read_text())
    metrics["spread"]["best"]["val_loss"]["mean"] /= 2
    (whole.path / "metrics.json").write_text(json.dumps(metrics))
    assert name_each([str(whole.path)]) == [*members, str(whole.path)]
    (row,) = reproduce_each([str(whole.path)])
    assert (row["verdict"], exit_code_of([row])) == ("different", 4)
    assert row["error"] == (
        f"{whole.path / 'metrics.json'}: was changed; it is not what its members come to"
    )
    (whole.path / "run.json").write_text("{")
    assert name_each([str(whole.path)]) == members
    shutil.copy(SAMPLE.with_name("20261126-055355-flowers-3716") / "run.json", whole.path)
    shutil.rmtree(members[1])
    assert members[1] in name_each([str(whole.path)])
    (row,) = reproduce_each([members[1]])
    assert (row["verdict"], row["exit_code"]) == (None, 2)


@pytest.mark.parametrize(
    ("callback", "epochs"),
    [("ReduceLROnPlateau: {factor: 0.5}", 4), ("EarlyStopping: {patience: 3}", 6)],
)
def test_a_trial_that_no_callback_can_have_ended_is_repeated_as_far_as_it_went(
    tmp_path: Path, callback: str, epochs: int
) -> None:
    run = copy_sample(tmp_path / "pruned")
    config = run.path / "config.yaml"
    text = config.read_text().replace("epochs: 4", "epochs: 6")
    text = text.replace("EarlyStopping:\n      monitor: val_loss\n      patience: 3", callback)
    config.write_text(text)
    assert config_to_repeat(Run(run.path)).training.epochs == epochs


def test_many_runs_are_a_table_with_a_row_each(submissions: Callable[..., list[str]]) -> None:
    names = submissions("anna/good", "ben/other")
    done = CliRunner().invoke(app, ["reproduce", *names, "nowhere"])
    assert done.exit_code == 4
    header, *rows, last = done.stdout.splitlines()
    columns = ["run", "verdict", "epochs", "first hash", "first difference", "cause"]
    assert [header.index(column) for column in columns] == sorted(map(header.index, columns))
    assert [row.split()[:2] for row in rows] == [
        [os.path.join("anna", "good"), "identical"],
        [os.path.join("ben", "other"), "different"],
        ["nowhere", "not"],
    ]
    assert "split" in rows[1]
    assert rows[1].rstrip().endswith("threads: TensorFlow's count was 2 and is 1")
    assert "no run 'nowhere'" in rows[2]
    assert last == "1 of 3 runs reproduced"
    assert done.stderr.splitlines()[:2] == [f"1 of 3: {names[0]} …", "1 of 3: identical"]


def test_many_runs_as_json_are_a_list(submissions: Callable[..., list[str]]) -> None:
    names = submissions("good", "killed")
    done = CliRunner().invoke(app, ["reproduce", *names, "--json", "--quiet"])
    assert done.exit_code == 1
    assert [row["verdict"] for row in json.loads(done.stdout)] == ["identical", None]
    assert done.stderr == ""


def test_two_real_runs_are_repeated_each_in_its_own_process(
    trained: Run, npz_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    change_a_byte(npz_run)
    good, changed = reproduce_each([trained.id, "latest"])
    assert good["verdict"] == "identical", good
    assert Path(good["new_path"]).is_dir()
    assert (changed["verdict"], changed["cause"]) == ("different", "data"), changed
