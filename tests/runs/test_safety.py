"""A run folder from someone else runs no code and leads nowhere else, whatever is done with it."""

from __future__ import annotations

import importlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config.imports import import_modules, missing_module, run_folder_around
from dlrun.data.packages import read_members
from dlrun.errors import ConfigError, DatasetError, DlrunError, RunError
from dlrun.prepare import prepare_data
from dlrun.processes import module_command, module_environment
from dlrun.resumption import check_same_data, plan_resume
from dlrun.runs import Run, Sweep, find_run
from dlrun.runs.checkpoints import read_last
from dlrun.runs.cleanup import plan_cleanup, remove
from dlrun.runs.create import copy_run, new_dir
from dlrun.runs.environment import describe_environment
from dlrun.runs.leftovers import Removal
from dlrun.runs.links import refuse_links
from dlrun.runs.lock import all_held
from dlrun.runs.record import Recorder

SAMPLE = Path(__file__).parent / "format_1" / "20261124-001515-flowers-44d8"


class Evil:
    """Whoever unpickles it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.fixture
def run(runs_dir: Path) -> Run:
    shutil.copytree(SAMPLE, runs_dir / SAMPLE.name)
    return Run(runs_dir / SAMPLE.name)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "code_was_run"


@pytest.fixture
def pickled(marker: Path) -> Callable[..., None]:
    """Writes an .npz file whose arrays are pickled objects, under the names that are read."""

    def write(path: Path, *names: str) -> None:
        path.parent.mkdir(exist_ok=True)
        evil = np.array([Evil(marker)], dtype=object)
        np.savez(path, **dict.fromkeys(names, evil))  # type: ignore[arg-type]

    return write


def test_the_pickled_object_does_what_it_says(
    marker: Path, tmp_path: Path, pickled: Callable[..., None]
) -> None:
    pickled(tmp_path / "evil.npz", "x")
    with np.load(tmp_path / "evil.npz", allow_pickle=True) as arrays:
        _ = arrays["x"]
    assert marker.is_file()


def test_pickled_predictions_are_refused(
    run: Run, marker: Path, pickled: Callable[..., None]
) -> None:
    pickled(run.path / "predictions.npz", "test_rows", "test_outputs", "test_labels")
    with pytest.raises(RunError, match=r"predictions\.npz: cannot be read, it holds Python code"):
        run.predictions("test")
    (run.path / "predictions.npz").write_bytes(pickle.dumps(Evil(marker)))
    with pytest.raises(RunError, match=r"predictions\.npz: cannot be read"):
        run.predictions("test")
    assert not marker.exists()


def test_a_pickled_checkpoint_is_refused(
    run: Run, marker: Path, pickled: Callable[..., None]
) -> None:
    for content in ("arrays", "whole"):
        path = run.path / "checkpoints" / "last.npz"
        pickled(path, "content", "array_0")
        if content == "whole":
            path.write_bytes(pickle.dumps(Evil(marker)))
        with pytest.raises(RunError, match=r"last\.npz: cannot be read"):
            read_last(run)
        with pytest.raises(RunError, match=r"last\.npz: cannot be read"):
            plan_resume(run, [], 3)
        plan_cleanup(run.path.parent)
    assert not marker.exists()


def test_pickled_splits_are_refused(run: Run, marker: Path, pickled: Callable[..., None]) -> None:
    data = prepare_data(run.config)
    check_same_data(run, data)
    pickled(run.path / "splits.npz", "train", "validation", "test")
    with pytest.raises(RunError, match=r"splits\.npz: cannot be read"):
        check_same_data(run, data)
    assert not marker.exists()


def test_pickled_arrays_of_ones_own_data_are_refused(
    marker: Path, tmp_path: Path, pickled: Callable[..., None]
) -> None:
    from dlrun.data.arrays import npz

    pickled(tmp_path / "data.npz", "x", "y")
    with pytest.raises(DatasetError, match="holds Python objects, which are not read"):
        npz(str(tmp_path / "data.npz"))
    assert not marker.exists()


def test_a_model_with_python_code_in_it_is_refused(run: Run, marker: Path) -> None:
    import keras

    path = run.path / "model.keras"
    text = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    code = eval(f"lambda x: {text} or x")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(code, output_shape=(4,))])
    marker.unlink(missing_ok=True)  # Keras calls it once as the model is built
    model.save(path)
    with pytest.raises(
        RunError,
        match=r"model\.keras: cannot be read, it holds a Lambda layer: Python code, which is not "
        r"run; write it as a layer of your own, in a module that the config imports",
    ):
        run.model()
    assert not marker.exists()


@pytest.mark.parametrize(
    ("module", "name"), [("pathlib", "Path"), ("os", "system"), ("own_model_code", "touch")]
)
def test_a_model_that_names_code_elsewhere_is_refused(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    text = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n"
    (run.path / "own_model_code.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(run.path)
    path = run.path / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"].append(
        {
            "module": module,
            "class_name": name,
            "config": {"name": f"touch {marker}"},
            "registered_name": name,
        }
    )
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in (members | {"config.json": json.dumps(config)}).items():
            archive.writestr(member, content)
    with pytest.raises(RunError, match=r"model\.keras: cannot be read, "):
        run.model()
    assert not marker.exists()
    assert "own_model_code" not in sys.modules


@pytest.mark.parametrize("damage", ["cut", "folder", "empty", "foreign zip", "text"])
def test_a_damaged_model_is_told(run: Run, damage: str) -> None:
    path = run.path / "model.keras"
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
        (path / "config.json").write_text("{}")
    elif damage == "foreign zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
    else:
        contents = {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}
        path.write_bytes(contents[damage])
    with pytest.raises(RunError, match=r"model\.keras: cannot be read, .+; put the file back"):
        run.model()


@pytest.fixture
def evil_module(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Path]]:
    """Puts a module that makes a file into a folder; the search path ends with the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def put(folder: Path, name: str = "evil_module") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.py"
        path.write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n")
        importlib.invalidate_caches()
        return path

    yield put
    for name in {"evil_module", "module_of_my_own", "runs", "my_name"} - before:
        sys.modules.pop(name, None)


REFUSED = r"imports\.0: '{}' lies in the run folder '.+', whose code is never run; move the module"


@pytest.mark.parametrize("below", [".", "checkpoints", "a/b"])
@pytest.mark.parametrize("entry", [None, "", "cwd", "folder"])
def test_a_module_in_the_run_folder_is_never_imported(
    run: Run,
    marker: Path,
    monkeypatch: pytest.MonkeyPatch,
    evil_module: Callable[..., Path],
    below: str,
    entry: str | None,
) -> None:
    folder = run.path / below
    evil_module(folder)
    if entry == "folder":
        sys.path.insert(0, str(folder))
    else:
        monkeypatch.chdir(folder)
        sys.path[:0] = {None: [], "": [""], "cwd": [str(folder)]}[entry]
    before = [*sys.path]
    with pytest.raises(ConfigError, match=REFUSED.format("evil_module")):
        import_modules(["evil_module"])
    assert sys.path == before
    text = (run.path / "config.yaml").read_text()
    (run.path / "config.yaml").write_text(text.replace("imports: []", "imports: [evil_module]"))
    for read in (lambda: Run(run.path).model(), lambda: plan_resume(Run(run.path), [], 3)):
        with pytest.raises(DlrunError, match="evil_module"):
            read()
    for arguments in (["summary", "."], ["summary", str(run.path)], ["resume", str(run.path)]):
        CliRunner().invoke(app, arguments)
    assert not marker.exists()


def test_a_run_folder_is_no_package(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Callable[..., Path]
) -> None:
    renamed = run.path.rename(run.path.with_name("my_name"))
    evil_module(renamed)
    evil_module(renamed / "inner")
    monkeypatch.chdir(renamed.parents[1])
    for name in ("runs.my_name.evil_module", "runs.my_name.inner.evil_module", "runs.my_name"):
        with pytest.raises(ConfigError, match=REFUSED.format(name)):
            import_modules([name])
    monkeypatch.chdir(renamed.parent)
    with pytest.raises(ConfigError, match=REFUSED.format("my_name.evil_module")):
        import_modules(["my_name.evil_module"])
    assert not marker.exists()


@pytest.mark.parametrize("inside", ["a_sweep", "a_sweep.trials", "a_class", "a_class.anna"])
def test_nothing_below_the_runs_folder_is_a_module(
    run: Run,
    marker: Path,
    monkeypatch: pytest.MonkeyPatch,
    evil_module: Callable[..., Path],
    inside: str,
) -> None:
    runs = run.path.parent
    evil_module(runs / inside.replace(".", "/"))
    (runs / "a_sweep").mkdir(exist_ok=True)
    (runs / "a_sweep" / "sweep.json").write_text("{}")
    monkeypatch.chdir(runs.parent)
    kind = "run" if "sweep" in inside else "runs"
    told = rf"lies in the {kind} folder '.+', whose code is never run; move the module out of it"
    with pytest.raises(ConfigError, match=told):
        import_modules([f"runs.{inside}.evil_module"])
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(runs.parent / "elsewhere"))
    assert run_folder_around(runs / "a_class") is None
    assert run_folder_around(runs / "a_sweep" / "trials") == runs / "a_sweep"
    assert not marker.exists()


def test_where_dlrun_is_started_in_the_runs_folder_ones_own_modules_lie_beside_the_runs(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Callable[..., Path]
) -> None:
    evil_module(run.path.parent, "module_of_my_own")
    monkeypatch.chdir(run.path.parent)
    import_modules(["module_of_my_own"])
    assert marker.exists()


def test_processes_of_dlrun_take_no_module_from_the_current_folder(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Callable[..., Path]
) -> None:
    evil_module(run.path, "typing")
    (run.path / "PYTHONPATH").mkdir()
    monkeypatch.chdir(run.path)
    monkeypatch.setenv("PYTHONPATH", str(run.path / "PYTHONPATH"))
    done = subprocess.run(
        [*module_command("dlrun"), "--version"], env=module_environment(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    paths = module_environment()["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(Path(dlrun.__file__).parents[1]), str(run.path / "PYTHONPATH")]


def test_a_repository_in_a_run_folder_runs_no_command_of_its_own(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(run.path)
    own = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "run.json"], ["commit", "-qm", "x"]):
        subprocess.run([*own, *words], check=True)
    subprocess.run(["git", "config", "core.fsmonitor", f"touch {marker}; false"], check=True)
    assert describe_environment()["git"] is None
    assert not marker.exists()
    subprocess.run(["git", "status"], check=True, capture_output=True)
    assert marker.exists()


def test_a_link_to_a_module_in_a_run_folder_is_not_followed(
    run: Run, marker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Any
) -> None:
    path = evil_module(run.path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked_module.py").symlink_to(path)
    with pytest.raises(ConfigError, match=REFUSED.format("linked_module")):
        import_modules(["linked_module"])
    assert not marker.exists()


def test_inside_a_run_folder_nothing_else_is_taken_from_it(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Callable[..., Path]
) -> None:
    evil_module(run.path, "tomllib_of_someone")
    monkeypatch.chdir(run.path)
    import_modules(["json"])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tomllib_of_someone")
    assert not marker.exists()


def test_modules_beside_run_folders_are_imported(
    run: Run, marker: Path, monkeypatch: pytest.MonkeyPatch, evil_module: Callable[..., Path]
) -> None:
    evil_module(run.path.parents[1], "module_of_my_own")
    monkeypatch.chdir(run.path.parents[1])
    import_modules(["module_of_my_own"])
    assert marker.exists()
    assert run_folder_around(Path.cwd()) is None
    assert run_folder_around(run.path / "plots") == run.path


@pytest.mark.parametrize(
    "name",
    ["../evil_module", "os; import evil_module", ".evil_module", "..", "", "/evil_module", "a..b",
     "evil_module.py", "evil-module", "evil_module\n", "a/b", "a\\b", "evil_module\0"],
)  # fmt: skip
def test_what_is_no_modules_name_is_refused(
    run: Run, marker: Path, evil_module: Callable[..., Path], name: str
) -> None:
    sys.path.insert(0, str(evil_module(run.path.parent).parent))
    assert "must be a module's name" in str(missing_module(name))
    with pytest.raises(ConfigError, match=r"imports\.0: must be a module's name"):
        import_modules([name])
    assert not marker.exists()


LINKED = ["run.log", "history.csv", ".lock", ".model.tmp.keras", "plots", "checkpoints",
          "predictions", "exports", "repeats", "folds"]  # fmt: skip


@pytest.mark.parametrize("name", LINKED)
def test_nothing_is_written_where_a_link_leads(run: Run, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    if "." in name:
        outside.write_text("mine")
    else:
        outside.mkdir()
        (outside / "best-7.npz").write_text("mine")
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to(outside)
    rows = tmp_path / "rows.csv"
    rows.write_text("1,2,3,4\n")
    told = f"{run.path / name}: is a link, and dlrun writes into run folders only; put what it "
    commands = [
        ["plot", run.id],
        ["predict", run.id, str(rows)],
        ["test", run.id],
        ["export", run.id, "--to", "keras"],
        ["resume", run.id, "--more-epochs", "1"],
    ]
    for words in commands[name == "history.csv" :]:
        if words[0] == "test":
            (run.path / "evaluation.json").unlink(missing_ok=True)
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert told in done.output
    (found,) = outside.iterdir() if outside.is_dir() else [outside]
    assert found.read_text() == "mine"


def test_members_and_trials_lead_nowhere_else_either(runs_dir: Path, tmp_path: Path) -> None:
    repeats = SAMPLE.with_name("20261126-055355-flowers-3716")
    shutil.copytree(repeats, runs_dir / repeats.name)
    run = Run(runs_dir / repeats.name)
    refuse_links(run)
    log = run.members[1].path / "run.log"
    log.unlink(missing_ok=True)
    log.symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match=r"repeats.1.run\.log: is a link, and dlrun writes into run"):
        refuse_links(run)
    sweep = Sweep(runs_dir / "sweep")
    (sweep.path / "trials").mkdir(parents=True)
    refuse_links(sweep)
    trial = sweep.path / "trials" / "3"
    trial.mkdir()
    (trial / "repeats").symlink_to(tmp_path)
    with pytest.raises(RunError, match=r"trials.3.repeats: is a link"):
        refuse_links(sweep)
    with all_held([sweep.path]):  # nothing is written into that trial
        pass
    with pytest.raises(RunError, match=r"trials.3.repeats: is a link"):
        refuse_links(Run(trial / "repeats" / "0"))  # as it is named by its path
    (trial / "repeats").unlink()
    (trial / "repeats").mkdir()
    (trial / "repeats" / "1").symlink_to(tmp_path)  # no member, until it is to be trained
    with pytest.raises(RunError, match=r"trials.3.repeats.1: is a link"):
        refuse_links(sweep)
    shutil.rmtree(trial)
    trial.symlink_to(tmp_path)
    with pytest.raises(RunError, match=r"trials.3: is a link"):
        refuse_links(sweep)


def test_gc_says_that_a_link_keeps_it_from_removing(run: Run, tmp_path: Path) -> None:
    removal = Removal(run.path / "model.keras", "model", 1, "worse", run.path)
    (run.path / "plots").symlink_to(tmp_path)
    removed, problems = remove([removal])
    assert removed == []
    assert [str(one) for one in problems] == [
        f"{run.path / 'plots'}: is a link, and dlrun writes into run folders only; put what it "
        "leads to in its place, or remove it"
    ]


def test_members_behind_a_link_are_none(run: Run, tmp_path: Path) -> None:
    repeats = SAMPLE.with_name("20261126-055355-flowers-3716") / "repeats"
    (run.path / "repeats").symlink_to(repeats)
    assert run.members == []


def test_a_run_that_leads_elsewhere_is_not_copied(run: Run, tmp_path: Path) -> None:
    """Also not where only reading goes out: the copy would hold what lies there, or never end."""
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints" / "again").symlink_to(run.path)
    copied = copy_run(run, new_dir("longer"), run.config)
    assert not (copied.path / "checkpoints" / "again").exists()
    shutil.rmtree(run.path / "checkpoints")
    (run.path / "checkpoints").symlink_to(tmp_path)
    with pytest.raises(RunError, match=r"checkpoints: is a link, and dlrun writes into run"):
        copy_run(run, new_dir("other"), run.config)


def test_a_run_may_be_reached_by_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(run.path.parent)
    refuse_links(Run(tmp_path / "linked" / run.id))
    (tmp_path / "one").symlink_to(run.path)
    refuse_links(Run(tmp_path / "one"))


def test_what_files_say_is_one_line_of_the_log(run: Run) -> None:
    recorder = Recorder(run)
    before = (run.path / "run.log").read_text()
    recorder.log("numpy was 1\ntouch mine\r\n# and is 2")
    (line,) = (run.path / "run.log").read_text().removeprefix(before).splitlines()
    assert line[8:] == " numpy was 1 touch mine # and is 2"


def test_latest_and_names_lead_to_no_folder_outside(run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(run.path, outside)
    latest = run.path.parent / "latest"
    for name in ("../outside", str(outside), "../../etc", ".", "..", ""):
        latest.write_text(f"{name}\n")
        assert find_run("latest").path == run.path
    for name in ("../outside", "../out", "..", "", f"../runs/{run.id[:12]}"):
        with pytest.raises(RunError, match=r"no run|not a run folder"):
            find_run(name)
    assert find_run(str(outside)).path == outside  # a path that the user gives


def test_the_id_in_run_json_is_no_path(run: Run, tmp_path: Path) -> None:
    info = json.loads((run.path / "run.json").read_text())
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("../../outside", str(outside), ".."):
        status = {"status": "failed", "epochs_done": 0}
        (run.path / "run.json").write_text(json.dumps(info | status | {"id": name, "name": name}))
        for file in ("history.csv", "history.json", "metrics.json", "model.keras"):
            (run.path / file).unlink(missing_ok=True)
        assert Run(run.path).id == SAMPLE.name
        assert plan_cleanup(run.path.parent) == []  # not the run that it says it is
        done = CliRunner().invoke(app, ["summary", run.id])
        assert f"dlrun resume {SAMPLE.name}" in done.stdout
    assert list(outside.iterdir()) == []


def test_a_run_that_says_it_comes_from_elsewhere_is_still_its_own_folder(run: Run) -> None:
    assert dlrun.load_run(run.id[:15]).path == run.path
    with pytest.raises(RunError, match="no run"):
        dlrun.load_run(f"{run.id}/../..")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
@pytest.mark.parametrize("name", ["package/file", "../outside", "/outside"])
def test_what_is_no_file_in_an_archive_is_passed_over(
    tmp_path: Path, kind: bytes, name: str
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    path = folder / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    assert list(read_members(path, {name: None, "outside": None})) == []
    assert sorted(tmp_path.rglob("*")) == [folder, path]


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_files_of_an_archive_never_leave_memory(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.whl", "w") as wheel:
        wheel.writestr(name, "x")
    with tarfile.open(folder / "a.tgz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    for path in (folder / "a.whl", folder / "a.tgz"):
        assert list(read_members(path, {name: None})) == [(name, b"x")]
    assert sorted(tmp_path.rglob("*")) == [folder, folder / "a.tgz", folder / "a.whl"]
