from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dlrun.config.imports import import_modules, missing_module, module_file
from dlrun.errors import ConfigError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_a_module_in_the_working_folder_is_found_and_imported(here: Path):
    (here / "own_module_a.py").write_text("VALUE = 3\n", encoding="utf-8")
    assert missing_module("own_module_a") is None
    import_modules(["own_module_a"])
    assert sys.modules.pop("own_module_a").VALUE == 3


def test_a_module_that_fails_is_told_with_its_error(here: Path):
    (here / "own_module_b.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"imports.0: cannot import 'own_module_b', ZeroDivision"):
        import_modules(["own_module_b"])


def test_the_file_of_a_module_is_found_without_importing_it(here: Path):
    (here / "own_package_c" / "inner").mkdir(parents=True)
    for path in ("own_package_c/__init__.py", "own_package_c/part.py"):
        (here / path).write_text("1 / 0\n", encoding="utf-8")
    assert module_file("own_package_c") == here / "own_package_c" / "__init__.py"
    assert module_file("own_package_c.part") == here / "own_package_c" / "part.py"
    without_file = ["own_package_c.inner", "own_package_c.missing", "sys", "no_module", "a/b"]
    assert [module_file(name) for name in without_file] == [None] * 5
    assert module_file("json") == Path(json.__file__)


def test_an_installed_module_is_found():
    assert missing_module("yaml") is None
    assert missing_module("os.path") is None
