"""A run folder appears whole or not at all, and no other one is touched."""

import json
import os
import shutil
from pathlib import Path

import pytest

from dlrun.config import Config, load_config
from dlrun.errors import RunError, StorageError
from dlrun.processes import this_process
from dlrun.runs import Run, create, list_runs
from dlrun.runs.create import amend_info, copy_run, create_run, new_dir

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"


@pytest.fixture
def config() -> Config:
    return load_config(SAMPLE / "config.yaml").config


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_run_is_readable_at_once(config: Config, runs_dir: Path) -> None:
    run = create_run(config, command=["dlrun", "train"], overrides=["seed=1"], reproduces="other")
    assert run.path.parent == runs_dir
    assert (run.status, run.config, run.info["epochs_done"]) == ("running", config, 0)
    assert run.info.items() >= this_process().items()
    kept = [run.info[name] for name in ("format", "command", "overrides", "reproduces", "resumed")]
    assert kept == [1, ["dlrun", "train"], ["seed=1"], "other", []]
    assert (runs_dir / "latest").read_text(encoding="utf-8") == f"{run.id}\n"
    assert sorted(path.name for path in run.path.iterdir()) == ["config.yaml", "plots", "run.json"]


def test_an_id_that_is_taken_is_not_used_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter([f"20260102-030405-flowers-{part}" for part in ("7fff", "7fff", "8000")])
    monkeypatch.setattr(create, "new_id", lambda _: next(names))
    first = create_run(config)
    second = create_run(config)
    ids = ["20260102-030405-flowers-8000", "20260102-030405-flowers-7fff"]
    assert [run.id for run in list_runs()] == [second.id, first.id] == ids


def test_runs_begun_within_one_second_are_told_in_their_order(config: Config) -> None:
    runs = [create_run(config).id for _ in range(5)]
    assert [run.id for run in list_runs()] == runs[::-1]


def test_a_run_that_goes_on_as_it_is_copied_is_not_torn(
    config: Config, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(config)
    assert run.status == "running"
    before = sorted(path.name for path in runs_dir.iterdir())

    def go_on_meanwhile(*_: object) -> None:
        amend_info(run, status="interrupted")

    monkeypatch.setattr(create, "_copy_what_goes_on", go_on_meanwhile)
    with pytest.raises(RunError, match=r"another process went on with it as it was copied; wait"):
        copy_run(run, new_dir("longer"), config)
    assert sorted(path.name for path in runs_dir.iterdir()) == before


@pytest.mark.parametrize("failing", ["make_folder", "write_config", "write_json", "write_text"])
def test_what_cannot_be_filled_leaves_nothing(
    config: Config, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr(create, failing, refuse)
    with pytest.raises(StorageError, match="full"):
        create_run(config)
    if failing != "write_text":  # which also writes `latest`, when the folder is whole
        assert list(runs_dir.iterdir()) == []
    assert all(run.status == "running" for run in list_runs())


def test_a_folder_that_cannot_be_moved_into_place_is_told(
    config: Config, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StorageError, match="cannot be made, input/output error; free some space"):
        create_run(config)
    assert list(runs_dir.iterdir()) == []


def test_a_copy_for_which_there_is_no_room_says_so_once(
    config: Config, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Run(Path(shutil.copytree(SAMPLE, runs_dir / "1-other")))
    (other.path / "checkpoints").mkdir()
    for name in ("last.npz", "best-3.npz"):
        (other.path / "checkpoints" / name).write_bytes(b"x")

    def refuse(source: str, target: str, **_: object) -> None:
        raise OSError(28, "No space left on device", source, None, target)

    monkeypatch.setattr(shutil, "copyfile", refuse)
    message = "new: cannot be made, no space left on device; free some space or mend the folder"
    with pytest.raises(StorageError, match=f"{message}$"):
        copy_run(other, runs_dir / "new", config)
    assert sorted(path.name for path in runs_dir.iterdir()) == ["1-other"]


def test_a_runs_folder_that_cannot_be_written_to_is_told(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    message = "no run can be made there, .+; mend the folder, or name another by DLRUN_RUNS_DIR"
    with pytest.raises(RunError, match=message):
        create_run(config, runs_dir=tmp_path / "file")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RunError, match="no run can be made there, permission denied"):
        create_run(config)


@pytest.fixture
def other(runs_dir: Path) -> Run:
    run = Run(runs_dir / "other")
    shutil.copytree(SAMPLE, run.path)
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints" / "last.npz").write_bytes(b"state")
    return run


def test_a_copy_has_what_goes_on_and_leaves_the_other_alone(other: Run, config: Config) -> None:
    before = files_of(other.path)
    run = copy_run(other, new_dir("new_name-2"), config)
    assert files_of(other.path) == before
    copied = files_of(run.path)
    assert copied.keys() == before.keys()
    own = {"config.yaml", "run.json"}
    assert all(copied[name] == before[name] for name in before.keys() - own)
    info = json.loads(copied["run.json"])
    assert (info["id"], info["started"]) == ("new_name-2", other.info["started"])
    assert (other.status, info["status"], info["exit_code"]) == ("finished", "interrupted", None)
    assert info.items() >= this_process().items()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/a", ".hidden", "-x", "a b", "ä"])
def test_a_name_that_is_none_is_refused(other: Run, config: Config, name: str) -> None:
    message = "--into: must be a name of letters, digits, _ and -, received "
    with pytest.raises(RunError, match=message):
        new_dir(name)
    assert list_runs() == [other]


def test_a_copy_never_overwrites(other: Run, config: Config) -> None:
    before = files_of(other.path)
    with pytest.raises(RunError, match="there is such a folder already; choose another name"):
        copy_run(other, other.path, config)
    with pytest.raises(RunError, match="there is such a folder already; choose another name"):
        new_dir("other")
    assert files_of(other.path) == before
