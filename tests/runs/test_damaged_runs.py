"""Whatever lies in runs/, a reading command answers: with what there is, or with what is wrong.

Random damage to a run folder that an older dlrun wrote, the same every time, then single kinds of
damage, each with the words that it is told in.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.cli.text import json_text, shown
from dlrun.errors import DlrunError, RunError
from dlrun.evaluation.threshold import report_at_threshold
from dlrun.files import read_json, read_npz, write_json
from dlrun.likeness import compare_runs
from dlrun.resumption import plan_resume
from dlrun.runs import Run, Sweep, Trial, find_run, list_runs
from dlrun.runs.checkpoints import TrainingState, read_last, write_last
from dlrun.runs.cleanup import plan_cleanup, resumable_runs
from dlrun.runs.create import config_hash
from dlrun.runs.endings import why_whole
from dlrun.runs.environment import machine_facts
from dlrun.runs.facts import read_facts
from dlrun.runs.find import list_parts
from dlrun.runs.looks import count_looks
from dlrun.runs.record_sweep import create_sweep
from dlrun.runs.sweep import rank_trials
from dlrun.runs.table import parts_of, run_row

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"
OTHER = "20261125-101530-healthy-0001"

FILES = sorted(path.name for path in SAMPLE.iterdir() if path.name != "model.keras")
JSON_FILES = [name for name in FILES if name.endswith(".json")]
DEEP = b"[" * 100_000
GARBAGE = [
    b"", b" \n", b"\0" * 50, b"\xff\xfe\x00", b"{", b"null", b"3", b"[]", b"{}", b'"text"', b"NaN",
    b"[1e400, -1e400]", b'{"a": 1e400}', b"9" * 5000, DEEP, b'{"a":' * 5000, b"\x1b[31mred\x07",
    b"[" * 60 + b"]" * 60, b"epoch\n1\n", b"epoch,loss\n1,0.5\n3,0.4\n", b"epoch,epoch\n1,1\n",
    b"epoch,loss\n1,nan\n2,inf\n", b'epoch,"lo\nss"\n1,2\n', b"x" * 200_000,
    b'a,"' + b"x" * 200_000, b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"a: &a [*a]\n",
    b"name: \x1b[31m\n", b"\xef\xbb\xbf{}",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3, 10**15, 10**400, -(10**400), 1.5, -0.0, float("nan"),
    float("inf"), -float("inf"), 1e308, "", "x", "\x1b[2J", "\ud800", "a\nb\0c", "../../etc",
    "é" * 500, [], [1], ["x"], [None], [[]], {}, {"a": 1}, {"epoch": "x"}, {"": None}, [{}],
    {"val_a": 0.5},
    [{"epoch": -1}], {"train": []}, {"train": {"num_rows": "many"}}, "running",
    "finished", "dead", "2026-99-99",
]  # fmt: skip


def all_of_it(num_examples: int) -> Any:
    """The same examples on every machine."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=num_examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=slow,
    )


def write_strictly(path: Path, value: Any) -> None:
    """Writes JSON as no dlrun does: with NaN, infinities and lone surrogates."""
    path.write_text(json.dumps(value), encoding="utf-8")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def damage_value(draw: Any, path: Path) -> None:
    """Changes a value of a JSON file to another type, drops a key, or nests it deeply."""
    try:
        data = json.loads(path.read_bytes())
        found = list(places(data))
    except (ValueError, OSError, TypeError, AttributeError, RecursionError):
        return
    if not found:
        return
    *outer, key = draw(st.sampled_from(found))
    around = data
    for step in outer:
        around = around[step]
    match draw(st.sampled_from(["value", "value", "value", "drop", "nest"])):
        case "value":
            around[key] = draw(st.sampled_from(VALUES))
        case "drop":
            del around[key]
        case "nest":
            for _ in range(draw(st.sampled_from([1, 30, 300]))):
                around[key] = [around[key]]
    write_strictly(path, data)


def damage_file(draw: Any, path: Path) -> None:
    """Makes one change to a file that is there, as disks, editors and people do."""
    whole = path.read_bytes()
    at = draw(st.integers(0, max(len(whole) - 1, 0)))
    match draw(st.sampled_from(["cut", "flip", "flip", "garbage", "insert", "double"])):
        case "cut":
            path.write_bytes(whole[:at])
        case "flip":
            changed = bytearray(whole)
            for _ in range(min(draw(st.integers(1, 5)), len(whole))):
                changed[draw(st.integers(0, len(whole) - 1))] ^= 1 << draw(st.integers(0, 7))
            path.write_bytes(changed)
        case "garbage":
            path.write_bytes(draw(st.sampled_from(GARBAGE)))
        case "insert":
            path.write_bytes(whole[:at] + draw(st.binary(max_size=8)) + whole[at:])
        case "double":
            path.write_bytes(whole + whole)


def damage_folder(draw: Any, run: Path) -> None:
    """Makes one change to a run folder."""
    name = draw(st.sampled_from([*FILES, "checkpoints/last.npz", "run.json", "run.json"]))
    path = run / name
    kind = draw(st.sampled_from(["value"] * 5 + ["file"] * 5 + ["gone", "folder", "link", "swap"]))
    if kind == "value":
        return damage_value(draw, run / draw(st.sampled_from(JSON_FILES)))
    if kind == "file":
        return damage_file(draw, path) if path.is_file() else None
    if kind == "swap":
        other = run / draw(st.sampled_from(FILES))
        if path.is_file() and other.is_file() and path != other:
            content = path.read_bytes()
            path.write_bytes(other.read_bytes())
            other.write_bytes(content)
        return None
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "folder" and path.parent.is_dir():
        path.mkdir()
    elif kind == "link" and path.parent.is_dir():
        path.symlink_to(draw(st.sampled_from(["nowhere", ".", path.name, "config.yaml"])))
    return None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample with a checkpoint, and without its model, which is large."""
    path = tmp_path_factory.mktemp("whole") / SAMPLE.name
    shutil.copytree(SAMPLE, path, ignore=shutil.ignore_patterns("model.keras"))
    state = TrainingState(1, 0, [{"loss": 0.5}], [np.ones(3)], callbacks=[("A", {"n": 1})])
    write_last(Run(path), state)
    return path


@pytest.fixture(scope="module")
def folder(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a healthy one in it, beside which the others are damaged."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(whole, folder / OTHER)
    write_json(folder / OTHER / "run.json", read_json(whole / "run.json") | {"id": OTHER})
    return folder


def make_run(whole: Path, folder: Path) -> Path:
    """A copy of the sample, new from the press."""
    path = folder / SAMPLE.name
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    return path


@pytest.fixture
def sample(whole: Path, runs_dir: Path) -> Path:
    return make_run(whole, runs_dir)


@pytest.fixture
def quick_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs here is asked once: versions are looked up among all packages."""
    facts = machine_facts()
    monkeypatch.setattr("dlrun.resumption.exactness.machine_facts", lambda imports: facts)


def command(folder: Path, *arguments: str) -> Any:
    """Runs a command; whatever happens, it is no traceback, and its output is clean."""
    done = CliRunner().invoke(app, [*arguments], env={"DLRUN_RUNS_DIR": str(folder)})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 2), done.output
    assert "Traceback" not in done.output
    assert all(character.isprintable() or character == "\n" for character in done.output)
    return done


READINGS: list[Callable[[Path, Path], Any]] = [
    lambda run, _: Run(run).info,
    lambda run, _: Run(run).status,
    lambda run, _: Run(run).config,
    lambda run, _: Run(run).dataset,
    lambda run, _: Run(run).environment,
    lambda run, _: Run(run).metrics,
    lambda run, _: Run(run).parameters.to_dict(),
    lambda run, _: Run(run).read_history(),
    lambda run, _: Run(run).history,
    lambda run, _: Run(run).predictions("validation"),
    lambda run, _: Run(run).predictions("test"),
    lambda run, _: Run(run).evaluation,
    lambda run, _: dlrun.diagnose(Run(run)),
    lambda run, runs: dlrun.compare([Run(run), Run(runs / OTHER)]),
    lambda run, runs: dlrun.compare([Run(runs / OTHER), Run(run)], metric="loss"),
    lambda run, _: report_at_threshold(Run(run), 0.3),
    lambda run, _: count_looks("0" * 12, Run(run)),
    lambda run, _: plan_resume(Run(run), [], 3),
    lambda run, _: read_last(Run(run)),
    lambda run, runs: compare_runs(Run(run), Run(runs / OTHER)),
    lambda run, runs: compare_runs(Run(runs / OTHER), Run(run)),
    lambda _, runs: plan_cleanup(runs),
    lambda run, runs: dlrun.load_run(run, runs_dir=runs),
]


@pytest.mark.usefixtures("quick_environment")
@all_of_it(200)
@given(data=st.data())
def test_reading_a_damaged_run_returns_or_says_what_is_wrong(
    whole: Path, folder: Path, data: Any
) -> None:
    run = make_run(whole, folder)
    for _ in range(data.draw(st.integers(1, 3))):
        damage_folder(data.draw, run)
    for read in READINGS:
        with contextlib.suppress(DlrunError):
            read(run, folder)


@all_of_it(50)
@given(data=st.data())
def test_the_table_has_every_run_whatever_lies_in_one(whole: Path, folder: Path, data: Any) -> None:
    run = make_run(whole, folder)
    for _ in range(data.draw(st.integers(1, 3))):
        damage_folder(data.draw, run)
    sort = data.draw(st.sampled_from(["id", "best", "num_parameters", "duration_seconds", "note"]))
    done = command(folder, "summary", "--json", "--test", "--sort", sort)
    rows = json.loads(done.stdout, parse_constant=pytest.fail)
    assert sorted(row["id"] for row in rows) == [SAMPLE.name, OTHER]
    assert next(row["status"] for row in rows if row["id"] == OTHER) == "finished"
    lines = command(folder, "summary", "--csv").stdout.splitlines()
    assert sum(line.startswith("2026") for line in lines) == 2
    assert OTHER in command(folder, "summary").stdout


@all_of_it(50)
@given(data=st.data())
def test_one_damaged_run_is_shown_or_refused_in_words(whole: Path, folder: Path, data: Any) -> None:
    run = make_run(whole, folder)
    for _ in range(data.draw(st.integers(1, 2))):
        damage_folder(data.draw, run)
    one = command(folder, "summary", run.name, "--json")
    if one.exit_code == 0:
        assert json.loads(one.stdout, parse_constant=pytest.fail)["row"]["id"] == run.name
    two = command(folder, "summary", run.name)
    assert two.exit_code == 0 or two.stderr.startswith(("dlrun: error: ", str(run)))


@all_of_it(8)
@given(data=st.data())
def test_a_damaged_run_is_drawn_or_refused_in_words(
    whole: Path, folder: Path, tmp_path: Path, data: Any
) -> None:
    run = make_run(whole, folder)
    damage_folder(data.draw, run)
    options = ["--dpi", "20", "--metric", "loss", "--output", str(tmp_path), "--x", "updates"]
    command(folder, "plot", run.name, *options)
    command(folder, "plot", run.name, OTHER, *options)


REPEATS = SAMPLE.with_name("20261126-055355-flowers-3716")
MEMBER_FILES = sorted(path.name for path in (REPEATS / "repeats" / "0").iterdir())


@pytest.mark.usefixtures("quick_environment")
@all_of_it(25)
@given(data=st.data())
def test_damaged_repeats_are_read_shown_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    folder = tmp_path_factory.mktemp("repeats")
    run = folder / REPEATS.name
    shutil.copytree(REPEATS, run)
    shutil.copytree(REPEATS, folder / OTHER)
    for _ in range(data.draw(st.integers(1, 3))):
        inside = data.draw(st.sampled_from(["", "repeats/0", "repeats/2"]))
        name = data.draw(st.sampled_from(MEMBER_FILES))
        path = run / inside / name
        if path.is_file():
            damage = damage_value if name.endswith(".json") else damage_file
            damage(data.draw, path)
    for read in READINGS:
        with contextlib.suppress(DlrunError):
            read(run, folder)
    for words in (["summary", run.name], ["diagnose", run.name], ["summary", "--members"],
                  ["compare", run.name, OTHER, "--no-plot"],
                  ["summary", f"{run.name}/repeats/0"]):  # fmt: skip
        command(folder, *words)


TRIALS = [
    Trial(0, {"optimizer": "sgd", "training.epochs": 3}, "a", {"name": "x"}, "finished", value=0.3,
          metrics={"val_loss": 0.3, "val_accuracy": 0.9}, epochs=4, best_epoch=3, sd=0.1,
          num_members=3, num_parameters=35, duration_seconds=1.5),
    Trial(1, {"optimizer": {"Adam": {"beta_1": 0.8}}}, "b", {}, "pruned", value=0.5),
    Trial(2, {"optimizer": "sgd"}, "a", {}, "duplicate", duplicate_of=0),
    Trial(3, {"optimizer": "adam"}, "c", {}, "failed", reason="it could not"),
    Trial(4, {"optimizer": None}, "d", {}),
]  # fmt: skip
FACTS: dict[str, Any] = {
    "name": "rates", "source": "rates.yaml", "strategy": "grid", "planned": 5, "dataset": "iris",
    "objective": {"metric": "val_loss", "direction": "minimize"}, "pruning": "median",
    "parameters": [{"key": "optimizer", "is_log": False}, {"key": "training.epochs"}],
    "verdict": None, "command": ["dlrun"],
}  # fmt: skip


@pytest.fixture(scope="module")
def swept(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep beside a healthy run; its first trial has a folder."""
    folder = tmp_path_factory.mktemp("swept")
    shutil.copytree(whole, folder / OTHER)
    sweep = create_sweep(FACTS, TRIALS, definition={}, base={}, runs_dir=folder)
    shutil.copytree(whole, sweep.path / "trials" / "0")
    write_json(sweep.path / "sweep.json", {**sweep.info, "status": "interrupted"})
    (sweep.path / "whole").write_bytes((sweep.path / "sweep.json").read_bytes())
    return sweep


SWEEP_READINGS: list[Callable[[Sweep], Any]] = [
    lambda sweep: sweep.info,
    lambda sweep: sweep.trials,
    lambda sweep: sweep.status,
    lambda sweep: (sweep.metric, sweep.keys, sweep.higher_is_better, sweep.best),
    rank_trials,
    lambda sweep: find_run(f"{sweep.id}/best", sweep.runs_dir),
    lambda sweep: find_run(f"{sweep.id}/trials/2", sweep.runs_dir),
    lambda sweep: find_run(sweep.id, sweep.runs_dir),
    lambda sweep: find_run(str(sweep.path), sweep.runs_dir),
    lambda sweep: plan_cleanup(sweep.runs_dir),
    lambda sweep: resumable_runs(sweep.runs_dir),
    lambda sweep: list(list_parts(sweep.runs_dir)),
]


@all_of_it(200)
@given(data=st.data())
def test_a_damaged_sweep_is_read_or_refused_in_words(swept: Sweep, data: Any) -> None:
    path = swept.path / "sweep.json"
    path.write_bytes((swept.path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damage = data.draw(st.sampled_from([damage_value, damage_value, damage_file]))
        damage(data.draw, path)
    for read in SWEEP_READINGS:
        with contextlib.suppress(DlrunError):
            read(Sweep(swept.path))
    parts_of(Sweep(swept.path))
    row = run_row(Sweep(swept.path))
    assert (row["id"], row["status"] == "unreadable") == (swept.id, row["config"] is None)


@all_of_it(25)
@given(data=st.data())
def test_a_damaged_sweep_is_shown_or_refused_in_words(swept: Sweep, data: Any) -> None:
    path = swept.path / "sweep.json"
    path.write_bytes((swept.path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 2))):
        damage = data.draw(st.sampled_from([damage_value, damage_value, damage_file]))
        damage(data.draw, path)
    folder = swept.runs_dir
    rows = json.loads(command(folder, "summary", "--json").stdout, parse_constant=pytest.fail)
    assert sorted(row["id"] for row in rows) == sorted([swept.id, OTHER])
    assert OTHER in command(folder, "summary", "--members").stdout
    for words in (["summary", swept.id, "--json"], ["summary", swept.id], ["gc", "--dry-run"],
                  ["summary", f"{swept.id}/best"]):  # fmt: skip
        done = command(folder, *words)
        assert done.exit_code == 0 or done.stderr.startswith("dlrun: error: ")


def with_trial(index: int, **changes: Any) -> dict[str, Any]:
    trials = [trial.to_dict() for trial in TRIALS]
    trials[index] = {**trials[index], **changes}
    return {"trials": trials}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (b"", "sweep.json: it is empty"),
        (b"{", "sweep.json: not JSON from line 1 on"),
        (b"[]", "sweep.json: a list where an object belongs"),
        ({"format": 2}, "format 2: update dlrun"),
        ({"trials": {}}, "sweep.json: trials is an object, not a list"),
        ({"trials": [3]}, "sweep.json: trials.0 is 3, not an object"),
        ({"trials": [{}]}, "sweep.json: it has no 'number'"),
        ({"objective": 3}, "sweep.json: objective is 3, not an object"),
        ({"objective": {}}, "sweep.json: it has no 'direction'"),
        ({"planned": "many"}, "sweep.json: planned is text, not a whole number from 0"),
        (with_trial(1, number=4), "sweep.json: its trials are not numbered from 0"),
        (with_trial(1, number=-1), "sweep.json: trials.1.number is -1, not a whole number from 0"),
        (with_trial(1, state="done"), "sweep.json: trials.1.state is no state of a trial"),
        (with_trial(1, state=None), "sweep.json: trials.1.state is null, not text"),
        (with_trial(1, values=[1]), "sweep.json: trials.1.values is a list, not an object"),
        (with_trial(0, sd=-1), "sweep.json: trials.0.sd is -1, not a number from 0"),
        (
            with_trial(1, value=1e308),
            "sweep.json: trials.1.value is 1e+308, not a number up to 1e+150",
        ),
        (with_trial(1, value=[1]), "sweep.json: trials.1.value is a list, not a number"),
        (
            with_trial(2, duplicate_of=3),
            "sweep.json: trials.2.duplicate_of is no trial that it can be like",
        ),
        (
            with_trial(2, duplicate_of=None),
            "sweep.json: trials.2.duplicate_of is no trial that it can be like",
        ),
    ],
)
def test_each_damage_of_a_sweep_is_a_marked_row_and_one_error(
    swept: Sweep, change: Any, told: str
) -> None:
    whole = (swept.path / "whole").read_bytes()
    path = swept.path / "sweep.json"
    content = change if isinstance(change, bytes) else json.dumps({**json.loads(whole), **change})
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    row = run_row(Sweep(swept.path))
    assert (row["status"], row["note"]) == ("unreadable", told)
    reason = told.removeprefix("sweep.json: ").partition(": update")[0]
    for words in (["summary", swept.id], ["summary", f"{swept.id}/best"]):
        done = command(swept.runs_dir, *words)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"dlrun: error: {path}: cannot be read, {reason}")
    with pytest.raises(RunError, match=re.escape(reason)):
        find_run(f"{swept.id}/best", swept.runs_dir)


def test_a_sweep_of_another_status_is_of_unknown_status(swept: Sweep) -> None:
    path = swept.path / "sweep.json"
    whole = json.loads((swept.path / "whole").read_bytes())
    path.write_text(json.dumps({**whole, "status": "done"}))
    assert run_row(Sweep(swept.path))["status"] == "unknown"
    assert "unknown" in command(swept.runs_dir, "summary", swept.id).stdout


def break_file(run: Path, name: str, content: object) -> None:
    """Puts something else in the place of a file: bytes, a value of JSON, a folder, a link."""
    path = run / name
    path.unlink()
    if content is dict:
        path.mkdir()
    elif isinstance(content, Path):
        path.symlink_to(content)
    elif content == "pipe":
        os.mkfifo(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)


def with_info(**changes: Any) -> bytes:
    return json.dumps(read_json(SAMPLE / "run.json") | changes).encode()


REASONS = [
    (None, "no such file or directory"),
    (b"", "it is empty"),
    (b"{", "not JSON from line 1 on"),
    (b"\xff\xff", "not JSON"),
    (b"9" * 5000, "not JSON"),
    (b"[]", "a list where an object belongs"),
    (b'"x"', "text where an object belongs"),
    (DEEP, "nested too deeply"),
    (b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}", "nested too deeply"),
    (b"[" + b"{}," * 300_000 + b"{}]", "more lists and objects than such a file has"),
    (dict, "a folder where a file belongs"),
    (Path("nowhere"), "no such file or directory"),
    (Path("/dev/zero"), "a pipe or a device, not a file"),
    pytest.param(
        "pipe", "a pipe or a device, not a file",
        marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files"),
    ),
    (with_info(started=3), "started is 3, not text"),
    (with_info(status=None), "status is null, not text"),
    (with_info(command={"a": 1}), "command is an object, not a list"),
    (with_info(command=["a", None]), "command.1 is null, not text"),
    (with_info(note=True), "note is true or false, not text"),
    (with_info(duration_seconds=-1), "duration_seconds is -1, not a number from 0"),
    (with_info(duration_seconds=1e300), "duration_seconds is 1e+300, not a number from 0"),
    (with_info(duration_seconds=float("inf")).replace(b"Infinity", b"1e999"),
     "duration_seconds is no such number, not a number from 0"),
    (with_info(epochs_done=1.5), "epochs_done is 1.5, not a whole number from 0"),
    (with_info(resumed=[{"exact": "no"}]), "resumed.0.exact is text, not true or false"),
    (with_info(hashes=[]), "hashes is a list, not an object"),
    (with_info(format=0), "format is 0, not a number from 1"),
    (with_info(format="1"), "format is text, not a number from 1"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), REASONS, ids=range(len(REASONS)))
def test_a_damaged_run_json_is_told_in_the_table_and_alone(
    sample: Path, runs_dir: Path, content: object, reason: str
) -> None:
    break_file(sample, "run.json", content)
    row = run_row(Run(sample))
    assert (row["status"], row["note"]) == ("unreadable", f"run.json: {reason}")
    told = command(runs_dir, "summary", sample.name)
    restore = "put the file back from a copy, or train the run anew"
    assert told.exit_code == 2
    assert told.stderr == (
        f"dlrun: error: {sample / 'run.json'}: cannot be read, {reason}; {restore}\n"
    )
    assert reason in command(runs_dir, "summary").stdout


def test_a_run_of_a_newer_dlrun_says_so_and_nothing_of_it_is_read(
    sample: Path, runs_dir: Path
) -> None:
    (sample / "run.json").write_bytes(with_info(format=2, status=["of", "a later kind"]))
    row = run_row(Run(sample))
    assert (row["status"], row["note"]) == ("unreadable", "format 2: update dlrun")
    words = r"run\.json: cannot be read, format 2, and this dlrun knows 1; update dlrun"
    for read in READINGS[:12]:
        with pytest.raises(RunError, match=words):
            read(sample, runs_dir)
    assert plan_cleanup(runs_dir) == []
    assert command(runs_dir, "plot", sample.name).exit_code == 2


def test_values_without_a_loss_have_no_headline(sample: Path, swept: Sweep, runs_dir: Path) -> None:
    metrics = read_json(sample / "metrics.json")
    for best in ({"a": 1.0}, {"val_a": 1.0}, {}, None):
        write_json(sample / "metrics.json", metrics | {"best": best, "test": {"a": 1.0}})
        row = run_row(Run(sample), with_test=True)
        assert (row["metric"], row["best"], row["test"]) == (None, None, None)
    assert sample.name in command(runs_dir, "summary", "--sort", "best").stdout
    whole = json.loads((swept.path / "whole").read_bytes())
    (swept.path / "sweep.json").write_text(json.dumps(whole | with_trial(0, metrics={"a": 1})))
    row = run_row(Sweep(swept.path))
    assert (row["metric"], row["best"], row["sd"], row["status"]) == (
        None,
        None,
        None,
        "interrupted",
    )


def test_the_other_files_are_named_after_the_note(sample: Path, runs_dir: Path) -> None:
    (sample / "metrics.json").write_bytes(b"[1, 2]")
    (sample / "parameters.json").write_bytes(b"{}")
    (sample / "dataset.json").unlink()
    row = run_row(Run(sample))
    assert (row["status"], row["epochs"], row["best"], row["dataset"]) == (
        "finished",
        4,
        None,
        None,
    )
    assert row["note"] == (
        "kept to be readable by every later dlrun; "
        "metrics.json: a list where an object belongs; parameters.json: it has no 'input_shape'"
    )
    with pytest.raises(RunError, match=r"parameters\.json: cannot be read, it has no 'input"):
        _ = Run(sample).parameters
    assert command(runs_dir, "summary", sample.name).exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no finished epoch in it"),
        (b"epoch,loss\n1,0.5\n2,\xff\n", "not a table of text"),
        (b'epoch,"' + b"x" * 200_000, "not a table of text"),
        (b"loss\n0.5\n", "its first line does not name the columns of a history"),
        (b"epoch,epoch\n1,1\n", "its first line does not name the columns of a history"),
        (b"epoch,\x1b[2J\n1,1\n", "its first line does not name the columns of a history"),
        (b"epoch,loss\n1\n2,0.5\n", "line 2 has 1 of 2 values"),
        (b"epoch,loss\n1,0.5,0.5\n", "line 2 has 3 of 2 values"),
        (b"epoch,loss\n1,low\n", "line 2 holds something else than numbers"),
        (b"epoch,loss\n1,0.5\n3,0.4\n", "its epochs are not 1, 2, 3 …"),
        (b"epoch,loss\n,0.5\n", "its epochs are not 1, 2, 3 …"),
    ],
)
def test_a_damaged_history_is_told(sample: Path, text: bytes, reason: str) -> None:
    (sample / "history.csv").write_bytes(text)
    with pytest.raises(RunError, match=rf"history\.csv: cannot be read, {re.escape(reason)}; put"):
        Run(sample).read_history()


def test_a_history_cut_off_within_a_line_keeps_the_lines_before(sample: Path) -> None:
    whole = (sample / "history.csv").read_text()
    (sample / "history.csv").write_text(whole[: whole.index("\n4,") + 9])
    assert Run(sample).read_history()["epoch"] == [1, 2, 3]
    (sample / "history.csv").write_text("epoch,loss\n1,nan\n2,1e308\n3,-inf\n4,0.5\n")
    assert Run(sample).read_history()["loss"] == [None, None, None, 0.5]


def test_damaged_predictions_are_told(sample: Path) -> None:
    path = sample / "predictions.npz"
    whole = path.read_bytes()
    with pytest.raises(RunError, match="no predictions for 'train'"):
        Run(sample).predictions("train")
    path.write_bytes(whole[:-9])
    with pytest.raises(RunError, match=r"predictions\.npz: cannot be read, damaged; put"):
        Run(sample).predictions("test")
    parts = {"test_rows": np.arange(3), "test_outputs": np.ones((2, 3)), "test_labels": np.ones(3)}
    np.savez(path, **parts)
    with pytest.raises(RunError, match="the predictions for 'test' are of unequal lengths"):
        Run(sample).predictions("test")
    np.savez(path, **parts | {"test_outputs": np.array(["a", "b", "c"])})
    with pytest.raises(RunError, match="it holds something else than numbers"):
        Run(sample).predictions("test")
    with zipfile.ZipFile(path, "w") as archive:
        for name in parts:
            archive.writestr(f"{name}.npy", b"no array")
    with pytest.raises(RunError, match="it holds something else than numbers"):
        Run(sample).predictions("test")


def test_a_file_that_would_fill_the_memory_is_refused(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = {"test_rows": np.zeros(10**6), "test_outputs": np.zeros(10**6), "test_labels": []}
    np.savez_compressed(sample / "predictions.npz", **zeros)  # type: ignore[arg-type]
    shutil.copy(sample / "predictions.npz", sample / "checkpoints" / "last.npz")
    monkeypatch.setattr("dlrun.files.arrays.FREE_BYTES", 10**6)
    told = r"cannot be read, 16,000,\d+ bytes of arrays in a file of 1\d,\d+, and [\d,]+ bytes of"
    with pytest.raises(RunError, match=rf"predictions\.npz: {told} memory are available; put"):
        Run(sample).predictions("test")
    with pytest.raises(RunError, match=rf"last\.npz: {told} memory are available; without"):
        read_last(Run(sample))
    monkeypatch.setattr("dlrun.files.arrays.MAX_RATIO", 10**6)
    assert list(read_npz(sample / "predictions.npz")) == list(zeros)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=10**6))
    with pytest.raises(RunError, match=r"and 1,000,000 bytes of memory are available"):
        read_last(Run(sample))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files")
def test_no_reading_waits_for_whoever_writes_into_a_pipe(
    sample: Path, runs_dir: Path, swept: Sweep
) -> None:
    for name in [*FILES, "checkpoints/last.npz"]:
        break_file(sample, name, "pipe")
    os.mkfifo(runs_dir / "latest")
    for read in READINGS:
        with contextlib.suppress(DlrunError):
            read(sample, runs_dir)
    assert find_run("latest").path == sample
    told = "cannot be read, a pipe or a device, not a file"
    with pytest.raises(RunError, match=rf"last\.npz: {told}; without the folder checkpoints"):
        read_last(Run(sample))
    with pytest.raises(RunError, match=rf"config\.yaml: {told}"):
        plan_resume(Run(sample), ["training.epochs=20"])
    with pytest.raises(OSError, match="a pipe or a device, not a file"):
        config_hash(Run(sample))
    (sample / "run.json").unlink()
    shutil.copy(SAMPLE / "run.json", sample)
    info = read_json(sample / "run.json") | {"status": "failed", "epochs_done": 0}
    write_json(sample / "run.json", info)
    for name in ("history.json", "metrics.json"):
        (sample / name).unlink()
    assert why_whole(Run(sample)) is None  # who knows what would come out of history.csv
    for name in ("sweep.yaml", "base.yaml"):
        copy = runs_dir / f"{swept.id[:15]}-{name[:-5]}-0001"
        shutil.copytree(swept.path, copy)
        shutil.copy(copy / "whole", copy / "sweep.json")
        break_file(copy, name, "pipe")
        with pytest.raises(RunError, match=rf"{name}: {told}"):
            dlrun.resume(copy.name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files")
def test_pipes_among_inputs_are_named(sample: Path, runs_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    folder.mkdir()
    os.mkfifo(folder / "rows.csv")
    for path in (folder / "rows.csv", folder):
        done = command(runs_dir, "predict", sample.name, str(path))
        assert done.exit_code == 2
        assert (
            "rows.csv: is a pipe; give what comes out of it on standard input, by the name -"
            in (done.stderr)
        )
    done = command(runs_dir, "predict", sample.name, "/dev/zero")
    assert "/dev/zero: is no file; name an image or a table" in done.stderr


EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\r\n\x00\x7f\ud800 red"


def test_nothing_in_a_file_reaches_the_terminal_as_it_is(sample: Path, runs_dir: Path) -> None:
    evil = {"note": EVIL, "name": EVIL, "error": EVIL, "host": EVIL, "status": "failed"}
    evil |= {
        "engine": EVIL,
        "engine_reason": EVIL,
        "not_repeatable": [EVIL],
        "callbacks_from_python": [EVIL],
        "command": [EVIL],
    }
    evil |= {"weights_removed": {"files": [EVIL], "reason": EVIL}, "started": EVIL}
    (sample / "run.json").write_bytes(with_info(**evil))
    dataset, metrics = read_json(sample / "dataset.json"), read_json(sample / "metrics.json")
    write_strictly(sample / "dataset.json", dataset | {"name": EVIL, "source": EVIL})
    write_strictly(sample / "metrics.json", metrics | {"monitor": EVIL, "final": {EVIL: 1.0}})
    renamed = sample.rename(runs_dir / "my\x1b[31mrun\udcff")
    for arguments in (["summary"], ["summary", str(renamed)], ["summary", "--csv"]):
        output = command(runs_dir, *arguments).output
        assert "red" in output
        assert r"\x1b[2J" in output
    for arguments in (["summary", "--json"], ["summary", str(renamed), "--json"]):
        found = json.loads(command(runs_dir, *arguments).stdout)
        row = found[0] if isinstance(found, list) else found["row"]
        assert row["note"] == EVIL
    (renamed / "config.yaml").write_text("na\x85me: x\n'\\e[31m': 1\n")
    assert command(runs_dir, "plot", str(renamed)).exit_code == 2
    (renamed / "run.json").write_bytes(b"{")
    assert r"my\x1b[31mrun" in command(runs_dir, "summary", str(renamed)).stderr


def test_words_of_other_scripts_and_emoji_stay_as_they_are() -> None:
    assert shown("Größe 日本 👩\u200d💻 a\tb\n c") == "Größe 日本 👩\u200d💻 a b c"
    assert json.loads(json_text({"a": "é\x9b\u202e\ud800", "b": float("nan")})) == {
        "a": "é\x9b\u202e\ud800",
        "b": None,
    }


def make(runs_dir: Path, name: str, **info: Any) -> Path:
    (runs_dir / name).mkdir(parents=True)
    write_json(runs_dir / name / "run.json", {"name": "net", "status": "finished", **info})
    return runs_dir / name


def test_runs_of_other_names_stand_where_their_start_puts_them(runs_dir: Path) -> None:
    make(runs_dir, "20260101-120000-a-0001")
    make(runs_dir, "20260103-120000-b-0002")
    noon = datetime(2026, 1, 2, 12).astimezone().isoformat(timespec="seconds")
    make(runs_dir, "my_name", started=noon)
    by_file = make(runs_dir, "another", started="no time")
    seconds = datetime(2026, 1, 4).timestamp()
    os.utime(by_file / "run.json", (seconds, seconds))
    (runs_dir / ".new-20260105-120000-c-0003").mkdir()
    (runs_dir / "20260106-120000-d-0004").write_text("a file where a folder belongs")
    (runs_dir / "20260107-120000-e-0005").symlink_to("nowhere")
    (runs_dir / "20260108-120000-f-0006").mkdir()
    (runs_dir / "bench").mkdir()
    names = [run.id for run in list_runs()]
    assert [name[9:] if name[0] == "2" else name for name in names] == [
        "120000-f-0006", "120000-e-0005", "120000-d-0004", "another", "120000-b-0002", "my_name",
        "120000-a-0001",
    ]  # fmt: skip
    rows = json.loads(command(runs_dir, "summary", "--json").stdout)
    assert [row["id"] for row in rows] == names
    assert [row["status"] for row in rows] == ["unreadable"] * 3 + ["finished"] * 4
    assert rows[1]["note"] == "run.json: no such file or directory"
    assert rows[2]["note"] == "run.json: not a directory"


def test_only_what_is_shown_is_read(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        make(runs_dir, f"20260101-0000{number:02}-net-0001")
    make(runs_dir, "my_name")
    read: list[str] = []
    from dlrun.runs import run as module

    def counting(path: Path, *args: Any, **kwargs: Any) -> Any:
        read.append(path.parent.name)
        return read_facts(path, *args, **kwargs)

    monkeypatch.setattr(module, "read_facts", counting)
    assert "50 of 61 runs" in command(runs_dir, "summary").stdout
    assert len(set(read)) == 50


def test_a_thousand_runs_are_listed_within_a_second_of_computing(
    whole: Path, runs_dir: Path
) -> None:
    for number in range(0, 1000):
        path = make(runs_dir, f"20260101-00{number // 60:02}{number % 60:02}-net-0001")
        for name in ("metrics.json", "dataset.json", "parameters.json"):
            os.link(whole / name, path / name)
    start = time.process_time()
    assert "50 of 1,000 runs" in command(runs_dir, "summary").stdout
    assert time.process_time() - start < 1


def test_a_dead_run_says_how_to_go_on(sample: Path, runs_dir: Path) -> None:
    (sample / "run.json").write_bytes(with_info(status="running", boot_id="another boot"))
    assert f"\n1 run is dead: dlrun resume {sample.name} goes on\n" in (
        command(runs_dir, "summary").stdout
    )
    shutil.copytree(sample, runs_dir / "20250101-000000-old-0001")
    shutil.copytree(sample, runs_dir / "zzz")
    old = with_info(status="running", boot_id="another boot", started="2025-01-01T00:00:00")
    (runs_dir / "zzz" / "run.json").write_bytes(old)
    table = command(runs_dir, "summary", "--sort", "epochs").stdout
    assert f"\n3 runs are dead: dlrun resume {sample.name} goes on with the newest\n" in table
    assert f"  to go on    dlrun resume {sample.name}\n" in (
        command(runs_dir, "summary", sample.name).stdout
    )
    elsewhere = sample.rename(runs_dir.parent / "elsewhere")
    line = f"  to go on    dlrun resume {elsewhere}\n"
    assert line in command(runs_dir, "summary", str(elsewhere)).stdout
    (elsewhere / "run.json").write_bytes(with_info())
    assert "to go on" not in command(runs_dir, "summary", str(elsewhere)).stdout


def test_a_run_killed_before_its_end_shows_what_it_has(sample: Path, runs_dir: Path) -> None:
    (sample / "run.json").write_bytes(with_info(status="running", boot_id="another boot"))
    (sample / "metrics.json").unlink()
    first, last, *_ = command(runs_dir, "summary", sample.name).stdout.splitlines()
    assert first == f"{sample.name}: dead, 4 epochs were finished"
    assert last.startswith("  last        loss 0.2850  accuracy 0.8778  val_loss 0.2312")
    for name in ("history.csv", "dataset.json", "parameters.json", "environment.json"):
        (sample / name).unlink()
    assert command(runs_dir, "summary", sample.name).stdout.startswith(
        f"{sample.name}: dead, no epoch was finished\n"
    )
    found = json.loads(command(runs_dir, "summary", sample.name, "--json").stdout)
    assert (found["dataset"], found["parameters"], found["metrics"]) == (None, None, None)


def test_what_became_of_a_run_is_shown(sample: Path, runs_dir: Path) -> None:
    changes = {
        "resumed": [{"epoch": 2, "step": 0}, {"epoch": 3, "step": 5}],
        "not_repeatable": ["a GPU adds in no fixed order"],
        "callbacks_from_python": ["Half", "Noise"],
        "weights_removed": {"files": ["model.keras"], "reason": "another one is better"},
    }
    (sample / "run.json").write_bytes(with_info(**changes))
    lines = command(runs_dir, "summary", sample.name).stdout.splitlines()
    assert "  resumed     2 times, after epoch 2, epoch 3" in lines
    assert "  not exact   a GPU adds in no fixed order" in lines
    assert "  callbacks   Half, Noise" in lines
    assert "  removed     model.keras by `dlrun gc`: another one is better" in lines


def test_a_damaged_latest_is_as_good_as_none(sample: Path, runs_dir: Path) -> None:
    for content in (b"\xff\xfe", b"\0", b"", b"../../etc", b"x" * 10_000):
        (runs_dir / "latest").write_bytes(content)
        assert dlrun.load_run().id == sample.name
    (runs_dir / "latest").unlink()
    (runs_dir / "latest").mkdir()
    assert dlrun.load_run().id == sample.name


def test_names_that_no_system_knows_are_told(sample: Path, tmp_path: Path) -> None:
    for name in ("x" * 5000, "a\0b", "\ud800", "~", "/", "*", "\n"):
        with pytest.raises(RunError):
            dlrun.load_run(name)
    with pytest.raises(RunError, match=r"cannot be listed, not a directory; name another folder"):
        list_runs(sample / "run.json")
    with pytest.raises(RunError, match="there is no such home folder; name another by DLRUN_RUNS"):
        list_runs(Path("~nobody-of-that-name/runs"))


def test_the_current_folder_may_be_the_run(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample)
    assert dlrun.load_run(".").id == sample.name
    monkeypatch.chdir(sample / "checkpoints")
    assert dlrun.load_run("..").id == sample.name
