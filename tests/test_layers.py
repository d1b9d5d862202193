"""The order of modules, and who may load what: a module imports only from lines above its own."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sweeping.made_up import make_sweep

PACKAGE = Path(__file__).parent.parent / "dlrun"

ORDER = [
    "errors",
    "columns",
    "wording",
    "events",
    "meanwhile",
    "stopping",
    "files",
    "processes",
    "screen",
    "backend",
    "images",
    "catalog",
    "config",
    "data",
    "parameters",
    "monitor",
    "pruning",
    "results",
    "rows",
    "prepare",
    "runs",
    "resumption",
    "causes",
    "likeness",
    "evaluation",
    "threads",
    "model",
    "training",
    "scoring",
    "plots",
    "evaluate",
    "recording",
    "experiment",
    "going_on",
    "tryout",
    "testing",
    "predicting",
    "exporting",
    "web",
    "executors",
    "members",
    "sweeping",
    "resuming",
    "reproduction",
    "cli",
]

# Third-party modules that cost more than a moment, and the modules that may load them.
HEAVY = {
    "tensorflow": {"backend"},
    "keras": {"backend"},
    "matplotlib": {"plots"},
    "typer": {"cli"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "rich": {"cli"},
    "optuna": {"sweeping"},
}


PROGRAMS = {PACKAGE / "executors" / name for name in ("worker.py", "nursery.py")}


def modules() -> list[Path]:
    found = [
        path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or "__" not in path.name
    ]
    assert len(found) > 30
    return found


def concept(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_concept_has_its_place_in_the_order() -> None:
    assert {concept(path) for path in modules()} == set(ORDER)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_those_above_it(path: Path) -> None:
    own = ORDER.index(concept(path))
    used = {name.split(".")[1] for name in imported(path) if name.startswith("dlrun.")}
    below = {name for name in used if name in ORDER and ORDER.index(name) > own}
    assert not below, f"{path} imports from {below}, which stand below {ORDER[own]}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_modules_have_one_door(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        assert concept(path) in HEAVY.get(top, {concept(path)}), f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_core_code_neither_prints_nor_exits(path: Path) -> None:
    if concept(path) == "cli" or path in PROGRAMS:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "sys.exit", "exit", "quit", "os._exit"), path


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=lambda path: path.name)
def test_commands_print_by_one_module_alone(path: Path) -> None:
    if path.name in ("output.py", "text.py"):
        return
    called = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not called & {"print", "typer.echo", "typer.secho", "json.dumps", "Table"}
    assert "Text" not in called or path.name == "live.py", "a cell of a table is a `cell`"


RUNS = Path(__file__).parent / "runs" / "format_1"
SINGLE, REPEATS = "20261124-001515-flowers-44d8", "20261126-055355-flowers-3716"

QUICK = """
import sys, dlrun.cli.app as app
sys.argv = ['dlrun', *{arguments!r}]
try: app.run_app()
except SystemExit as stop: assert stop.code in (0, None), stop.code
heavy = {{'tensorflow', 'keras', 'matplotlib', 'pandas', 'sklearn', *{more!r}}} & set(sys.modules)
assert not heavy, heavy
"""


def load_nothing_heavy(arguments: list[str], runs_dir: Path, *more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUICK.format(arguments=arguments, more=more)],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
        env=os.environ | {"DLRUN_RUNS_DIR": str(runs_dir)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["plot", "--help"],
        ["export", "--help"],
        ["compare", "--help"],
        ["check", "configs/mnist_deep.yaml"],
        ["summary"],
        ["summary", "--members", "--test"],
        ["gc", "--dry-run"],
        ["schema"],
        ["new"],
        ["serve", "--help"],
        ["data", "list"],
    ],
    ids=" ".join,
)
def test_commands_that_compute_nothing_do_without_numpy(arguments: list[str]) -> None:
    load_nothing_heavy(arguments, RUNS, "numpy")


@pytest.mark.parametrize(
    "arguments",
    [
        ["summary", SINGLE],
        ["summary", REPEATS],
        ["diagnose", REPEATS],
        ["compare", SINGLE, SINGLE, "--no-plot"],
        ["compare", REPEATS, REPEATS, "--no-plot"],
    ],
    ids=" ".join,
)
def test_quick_commands_load_nothing_heavier(arguments: list[str]) -> None:
    load_nothing_heavy(arguments, RUNS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep", "--help"],
        ["summary", "latest"],
        ["summary"],
        ["check", "configs/sweeps/mnist_learning_rates.yaml"],
    ],
    ids=" ".join,
)
def test_sweeps_are_read_and_checked_without_anything_heavy(
    arguments: list[str], tmp_path: Path
) -> None:
    make_sweep(tmp_path, [0.1, 0.01])
    load_nothing_heavy(arguments, tmp_path, "numpy")


def test_who_drives_a_sweep_never_loads_tensorflow() -> None:
    script = "import dlrun.sweeping.driving, dlrun.sweeping.estimate, sys; "
    script += "assert not {'tensorflow', 'keras', 'matplotlib', 'optuna'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("typed", "completed"), [("dlrun tr", "train"), ("dlrun plot --fo", "--format")]
)
def test_completion_in_a_shell_loads_nothing_heavy(
    typed: str, completed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_DLRUN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
    done = subprocess.run(
        [sys.executable, "-c", QUICK.format(arguments=[], more=())],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, done.stderr
    assert completed in done.stdout.split()
