"""The package as others install it: what is in the wheel, and that it works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    quietly = ("--quiet", "--disable-pip-version-check", "--no-deps")
    done = subprocess.run([*command, *quietly], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout; its build fetches hatchling."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--wheel-dir", folder)
    (path,) = folder.glob("dlrun-*-py3-none-any.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip("install", wheel, "--target", folder)
    return folder


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "dlrun" / "py.typed").read_bytes() == b""


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_every_config(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        found = {name for name in content.namelist() if name.startswith("dlrun/")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dlrun").rglob("*.py")}
    shipped = (path.relative_to(ROOT).as_posix() for path in (ROOT / "configs").rglob("*.yaml"))
    configs = {f"dlrun/{path}" for path in shipped}
    static = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dlrun/web/static").iterdir()}
    assert static
    assert found == modules | configs | static | {"dlrun/py.typed"}


@pytest.mark.slow
def test_the_installed_package_lists_copies_and_checks_its_configs(
    installed: Path, tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    imported = run("-c", "import dlrun; print(dlrun.__file__)").strip()
    assert Path(imported) == installed / "dlrun" / "__init__.py"
    listed = run("-m", "dlrun", "new")
    names = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
    assert [name for name in names if name not in listed.split()] == []
    assert run("-m", "dlrun", "new", "my_net", "--from", "mnist_deep") == "my_net.yaml\n"
    assert run("-m", "dlrun", "check", "my_net.yaml") == "my_net.yaml: ok\n"
    for path in (ROOT / "configs" / "sweeps").glob("*.yaml"):
        assert f"sweeps/{path.stem}" in listed.split()
        copied = run("-m", "dlrun", "new", f"my_{path.stem}", "--from", f"sweeps/{path.stem}")
        assert copied.startswith(f"my_{path.stem}.yaml\n")
        assert ": ok, " in run("-m", "dlrun", "check", f"my_{path.stem}.yaml")


@pytest.mark.slow
def test_the_installed_command_is_there(installed: Path) -> None:
    name = "dlrun.exe" if sys.platform == "win32" else "dlrun"
    assert (installed / "bin" / name).is_file()
