"""Commands in a process of their own: streams, exit codes and files, as a user meets them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun import train
from dlrun.runs import list_runs
from dlrun.runs.checkpoints import read_last
from tests.zygote import run_dlrun as dlrun

WriteConfig = Callable[..., Path]


def in_a_new_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlrun", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_training_prints_one_plain_line_an_epoch_and_the_result(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    done = in_a_new_process("train", write_config(), "--note", "first try")
    assert done.returncode == 0, done.stderr
    assert [line.split("  ")[0] for line in done.stderr.splitlines() if "epoch " in line] == [
        "epoch 1/3", "epoch 2/3", "epoch 3/3",
    ]  # fmt: skip
    assert "engine: compiled (the data fit in memory)" in done.stderr.splitlines()
    assert "\x1b" not in done.stdout + done.stderr
    first, *rest = done.stdout.splitlines()
    (folder,) = [path for path in runs_dir.iterdir() if path.is_dir()]
    assert first.startswith(f"{folder.name}: finished after ")
    assert [line.split()[0] for line in rest] == [
        "validation", "final", "test", "its", "baseline", "diagnosis", "because", "gap", "plots",
        "next",
    ]  # fmt: skip
    assert rest[3].strip().startswith("its first look, 20")
    assert json.loads((folder / "run.json").read_text())["note"] == "first try"


def test_quiet_prints_the_folder_alone_and_json_prints_json(write_config: WriteConfig) -> None:
    done = dlrun("train", write_config(), "training.epochs=1", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).is_dir()
    done = dlrun("train", write_config(), "training.epochs=1", "--json", "-q")
    result = json.loads(done.stdout)
    assert result["status"] == "finished"
    assert result["metrics"]["epochs"] == 1


def test_a_reader_that_has_enough_ends_no_training(
    write_config: WriteConfig, runs_dir: Path
) -> None:
    command = [sys.executable, "-m", "dlrun", "train", str(write_config())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.readline()
        process.stderr.close()
        assert "finished after" in process.stdout.read()
    assert process.returncode == 0
    (run,) = list_runs(runs_dir)
    assert (run.status, run.metrics["epochs"]) == ("finished", 3)


@pytest.mark.parametrize(
    ("signum", "exit_code", "name"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_at_a_checkpoint_and_names_what_is_kept(
    write_config: WriteConfig, runs_dir: Path, signum: int, exit_code: int, name: str
) -> None:
    command = [sys.executable, "-m", "dlrun", "train", write_config(), "training.epochs=100000"]
    lines = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if line.startswith("epoch 5/"):
                process.send_signal(signum)
                started = time.monotonic()
    assert process.returncode == exit_code
    assert time.monotonic() - started < 200  # of 100,000 epochs
    (run,) = list_runs(runs_dir)
    (kept,) = [line for line in lines if f"{run.path} keeps" in line]
    assert "and the model of epoch" in kept
    assert f"dlrun resume {run.id} goes on" in kept
    assert f"warning: {name}: writing a checkpoint; a second one quits at once\n" in lines
    assert lines[-1] == f"dlrun: interrupted by {name}\n"
    assert (run.status, run.info["exit_code"]) == ("interrupted", exit_code)
    assert read_last(run) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["training.epoch=5"], "override training.epoch=5"),
        (["--lr", "0.1"], "write optimizer.learning_rate=0.1"),
        (["--qiet"], "no such option '--qiet'; did you mean '--quiet'?"),
        (["dataset.name=two_moon"], "two_moons"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_leaves_nothing(
    write_config: WriteConfig, runs_dir: Path, arguments: list[str], message: str
) -> None:
    done = dlrun("train", write_config(), *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not runs_dir.exists()


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = dlrun("train", tmp_path / "nowhere.yaml", "--debug")
    assert "Traceback" in done.stderr
    assert "no such file" in done.stderr


def test_an_unwritable_runs_folder_is_told_in_words(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(tmp_path / "file"))
    done = dlrun("train", write_config())
    assert done.returncode == 2
    assert "no run can be made there" in done.stderr
    assert "DLRUN_RUNS_DIR" in done.stderr


def test_check_tells_valid_from_wrong_configs(write_config: WriteConfig) -> None:
    good, bad = write_config("good"), write_config("bad", loss="categorical_crossentrop")
    done = dlrun("check", good, bad)
    assert done.returncode == 2
    assert done.stdout == f"{good}: ok\n"
    assert "did you mean 'categorical_crossentropy'" in done.stderr
    assert dlrun("check", good, "seed=4").returncode == 0


def test_check_takes_sweeps_beside_configs(write_config: WriteConfig, tmp_path: Path) -> None:
    base, good, bad = write_config("base"), tmp_path / "good.yaml", tmp_path / "bad.yaml"
    search = "search: {optimizer.learning_rate: [0.1, 0.2], training.batch_size: [16, %s]}"
    for path, size in ((good, "full"), (bad, "none")):
        path.write_text(f"base: base.yaml\n{search % size}\n", encoding="utf-8")
    done = dlrun("check", base, bad, good)
    assert done.returncode == 2
    assert done.stdout == f"{base}: ok\n{good}: ok, 4 trials (grid)\n"
    head, *told = done.stderr.splitlines()
    assert head == f"{bad}: 1 problem"
    assert told == [
        "  2:73  training.batch_size: must be a whole number, 1 or more, or 'full', received 'none'"
    ]
    done = dlrun("check", good, "strategy=random", "trials=1", "training.epochs=2")
    assert (done.returncode, done.stdout) == (0, f"{good}: ok, 1 trial (random)\n")
    done = dlrun("check", good, "strategy=tpe", "trials=3")
    assert done.stdout == f"{good}: ok, 3 trials (tpe), each value checked and not each trial\n"


def test_check_says_what_is_unwise_in_a_sweep_and_in_its_base(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    write_config("base", loss="mse")
    path = tmp_path / "s.yaml"
    path.write_text("base: base.yaml\nsearch: {loss: [mse, mae]}\n", encoding="utf-8")
    done = dlrun("check", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: ok, 2 trials (grid)\n")
    of_base, of_trial = done.stderr.splitlines()
    assert of_base.startswith(f"{tmp_path / 'base.yaml'}: warning: 4:1  loss: MeanSquaredError is")
    assert of_trial.startswith(f"{path}: warning: 2:22  loss: MeanAbsoluteError is for numbers")


@pytest.mark.parametrize("command", ["train", "summary"])
def test_a_sweep_where_a_config_is_needed_is_one_problem(
    write_config: WriteConfig, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"base: {write_config().name}\nsearch: {{seed: [1, 2]}}\n", encoding="utf-8")
    done = dlrun(command, path)
    assert done.returncode == 2
    assert done.stderr == (
        f"{path}: 1 problem\n"
        f"  1:1  it is a sweep, and a config is needed; dlrun sweep {path} trains it\n"
    )


def test_summary_of_a_config_works_out_its_parameters(write_config: WriteConfig) -> None:
    done = dlrun("summary", write_config())
    assert done.returncode == 0, done.stderr
    assert "(4 + 1) × 8" in done.stdout
    assert done.stdout.endswith("total: 67 parameters, all trainable\n")


def test_summary_needs_no_data_where_the_input_shape_is_given(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "name: net\nmodel: {input_shape: [7], layers: [Dense: 4, Dense: 3, Dense: 1]}\n"
    )
    done = dlrun("summary", path, "--json", "--diagram", tmp_path / "net.svg")
    count = json.loads(done.stdout)
    assert [layer["num_parameters"] for layer in count["layers"]] == [32, 15, 4]
    assert "<svg" in (tmp_path / "net.svg").read_text(encoding="utf-8")


def test_runs_can_be_summarised_plotted_and_overlaid(
    write_config: WriteConfig, runs_dir: Path, tmp_path: Path
) -> None:
    assert dlrun("summary").stdout.startswith("no runs in ")
    for seed in (1, 2):
        train(write_config(), {"seed": seed}, command=["dlrun", "train"])
    table = dlrun("summary").stdout
    assert table.splitlines()[-1] == "2 of 2 runs"
    assert "small" in table
    rows = json.loads(dlrun("summary", "--json", "--sort", "best").stdout)
    assert rows[0]["best"] >= rows[1]["best"]
    assert dlrun("summary", "--csv", "--test").stdout.splitlines()[0].endswith("note,test")
    shown = dlrun("summary", "latest").stdout
    assert re.search(r"  engine +compiled, \d+ threads? \(the data fit in memory\)\n", shown)
    assert "command" in shown
    assert "(4 + 1) × 8" in shown

    drawn = dlrun("plot", "latest", "--x", "seconds", "--format", "svg").stdout.splitlines()
    assert [Path(path).name for path in drawn] == ["loss_by_seconds.svg", "accuracy_by_seconds.svg"]
    both = [row["id"] for row in rows]
    done = dlrun("plot", *both, "--metric", "loss", "--output", tmp_path / "both.png", "--log")
    assert done.stdout.strip() == str(tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes()[:4] == b"\x89PNG"
    assert dlrun("plot", "latest", "--size", "wide").returncode == 2
    assert "did you mean 'loss'" in dlrun("plot", "latest", "--metric", "los").stderr


def test_new_copies_a_shipped_config_that_is_valid(tmp_path: Path) -> None:
    assert "mnist_deep" in dlrun("new", cwd=tmp_path).stdout
    done = dlrun("new", "my_net", "--from", "moons_fit", cwd=tmp_path)
    assert done.stdout == "my_net.yaml\n"
    text = (tmp_path / "my_net.yaml").read_text(encoding="utf-8")
    assert "name: my_net\n" in text
    assert "yaml-language-server: $schema=" in text.splitlines()[0]
    assert dlrun("check", "my_net.yaml", cwd=tmp_path).returncode == 0
    again = dlrun("new", "my_net", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already; choose another name" in again.stderr


def test_data_sets_are_listed_and_shown(tmp_path: Path) -> None:
    assert "credit_default" in dlrun("data", "list").stdout
    done = dlrun("data", "show", "digits", "--plot", tmp_path / "digits.png")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (tmp_path / "digits.png").read_bytes()[:4] == b"\x89PNG"
    assert "did you mean 'digits'" in dlrun("data", "show", "digit").stderr


def test_schema_prints_a_json_schema() -> None:
    assert json.loads(dlrun("schema").stdout)["properties"]["training"]
    assert json.loads(dlrun("schema", "--sweep").stdout)["properties"]["strategy"]
