"""`make` in a tiny checkout, where shell scripts stand in for Python and dlrun."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="stands in for programs by shell scripts"),
    pytest.mark.skipif(shutil.which("make") is None, reason="needs make"),
]

# `python -m venv .venv` makes an environment whose Python only writes down what it is asked.
# Its dlrun says its arguments, fails on a config named bad, and so does a trial of such a sweep.
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then printf '%s' {version}; exit; fi
mkdir -p "$3/bin"
echo "$0" > "$3/made-by"
printf '#!/bin/sh\\necho "$*" >> .venv/asked\\n' > "$3/bin/python"
cat > "$3/bin/dlrun" << 'END'
#!/bin/sh
echo "dlrun $*"
case "$*" in (sweep*bad*) exit 3;; (*bad*) exit 1;; esac
END
chmod +x "$3/bin/python" "$3/bin/dlrun"
"""

# A dlrun that takes a moment, and fails where another one is at work.
ALONE = """#!/bin/sh
if [ -e busy ]; then echo "$2 is not alone" >&2; exit 1; fi
: > busy
echo "$2" >> swept
step=0; while [ $step -lt 5000 ]; do step=$((step + 1)); done
rm busy
"""


class Checkout:
    """A folder with the Makefile, a few configs, and programs that stand in for Python."""

    def __init__(self, path: Path) -> None:
        self.path = path / "checkout"
        self.programs = path / "programs"
        (self.path / "configs").mkdir(parents=True)
        self.programs.mkdir()
        for tool in ("make", "sh", "cat", "mkdir", "chmod", "touch", "grep", "sort", "awk", "rm"):
            found = shutil.which(tool)
            assert found is not None, tool
            (self.programs / tool).symlink_to(found)
        shutil.copy(ROOT / "Makefile", self.path)
        (self.path / "pyproject.toml").write_text("")
        for name in ("activation_a", "activation_bad", "activation_c"):
            (self.path / "configs" / f"{name}.yaml").write_text("")

    def python(self, name: str, version: str) -> Path:
        path = self.programs / name
        path.write_text(PYTHON.format(version=version))
        path.chmod(0o755)
        return path

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        left = {key: os.environ[key] for key in ("HOME", "TMPDIR", "LANG") if key in os.environ}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.path,
            env={**left, "PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
        )

    def asked(self) -> list[str]:
        """What the environment's Python was asked, a line each."""
        return (self.path / ".venv" / "asked").read_text().splitlines()

    def made_by(self) -> str:
        """The name of the Python that made the environment."""
        return Path((self.path / ".venv" / "made-by").read_text().strip()).name


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    checkout.python("python3", "3.12.4")
    return checkout


@pytest.mark.parametrize("version", ["3.10.2", "3.14.0", "2.7.18", "3.9.1", "4.0.0"])
def test_a_python_that_will_not_do_is_told_with_its_version(
    checkout: Checkout, version: str
) -> None:
    checkout.python("python3", version)
    done = checkout.make("train")
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.splitlines()[:2] == [
        "dlrun needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others); "
        f"found: python3 is Python {version}.",
        "Install one of them, or name it: make train PYTHON=/path/to/python3.13",
    ]
    assert not (checkout.path / ".venv").exists()


def test_a_machine_without_python_is_told(checkout: Checkout) -> None:
    done = checkout.make("train")
    assert done.returncode != 0
    assert "for others); found: no Python.\n" in done.stderr
    assert "not found" not in done.stderr


@pytest.mark.parametrize("version", ["3.11.0", "3.12.4", "3.13.7"])
def test_a_python_that_will_do_is_used(checkout: Checkout, version: str) -> None:
    checkout.python("python3", version)
    assert checkout.make("train").returncode == 0


def test_the_first_of_the_usual_names_that_will_do_is_used(checkout: Checkout) -> None:
    for name, version in (("python3", "3.14.0"), ("python3.12", "3.12.1"), ("python", "3.11.1")):
        checkout.python(name, version)
    assert checkout.make("train").returncode == 0
    assert checkout.made_by() == "python3.12"


def test_every_python_that_was_found_is_named(checkout: Checkout) -> None:
    checkout.python("python3", "3.14.0")
    checkout.python("python", "2.7.18")
    assert (
        "found: python3 is Python 3.14.0, python is Python 2.7.18.\n"
        in checkout.make("train").stderr
    )


@pytest.mark.parametrize("given", ["on the command line", "in the environment"])
def test_a_python_that_is_given_is_the_only_one_tried(ready: Checkout, given: str) -> None:
    old, good = ready.python("my old python", "3.10.9"), ready.python("mine", "3.13.0")

    def make(python: Path) -> subprocess.CompletedProcess[str]:
        if given == "in the environment":
            return ready.make("train", PYTHON=str(python))
        return ready.make("train", f"PYTHON={python}")

    done = make(old)
    assert done.returncode != 0
    assert f"; found: {old} is Python 3.10.9.\n" in done.stderr
    done = make(ready.path / "nowhere")
    assert done.returncode != 0
    assert f"; found: {ready.path / 'nowhere'} cannot be started.\n" in done.stderr
    assert make(good).returncode == 0
    assert ready.made_by() == "mine"


def test_training_twice_installs_once(ready: Checkout) -> None:
    for _ in range(2):
        done = ready.make("train")
        assert done.returncode == 0
        assert done.stdout.splitlines()[-1] == "dlrun train configs/mnist_deep.yaml"
    assert ready.asked() == ["-m pip install --quiet --disable-pip-version-check -e ."]


def test_testing_installs_what_the_tests_need_once(ready: Checkout) -> None:
    assert ready.make("train").returncode == 0
    assert ready.make("test").returncode == 0
    assert ready.make("test").returncode == 0
    assert [line for line in ready.asked() if " pip " in line] == [
        "-m pip install --quiet --disable-pip-version-check -e .",
        "-m pip install --quiet --disable-pip-version-check -e .[dev]",
    ]
    assert ready.asked()[-1].startswith("-m pytest ")


def test_a_changed_pyproject_installs_again(ready: Checkout) -> None:
    ready.make("train")
    later = (ready.path / ".venv" / "installed").stat().st_mtime + 10
    os.utime(ready.path / "pyproject.toml", (later, later))
    ready.make("train")
    assert len(ready.asked()) == 2


def test_config_is_passed_on(ready: Checkout) -> None:
    done = ready.make("train", "CONFIG=configs/activation_a.yaml")
    assert done.stdout.splitlines()[-1] == "dlrun train configs/activation_a.yaml"
    assert ready.make("train", "CONFIG=configs/bad.yaml").returncode != 0


@pytest.mark.parametrize("jobs", [(), ("-j2",)], ids=["one at a time", "two at a time"])
def test_a_batch_goes_on_after_a_failure_and_ends_with_the_table(
    ready: Checkout, jobs: tuple[str, ...]
) -> None:
    done = ready.make(*jobs, "batch")
    assert done.returncode != 0
    said = [line for line in done.stdout.splitlines() if line.startswith("dlrun ")]
    option = " --quiet" if jobs else ""
    assert sorted(said[:-1]) == [
        f"dlrun train configs/activation_{name}.yaml{option}" for name in ("a", "bad", "c")
    ]
    assert done.stdout.splitlines()[-1] == "dlrun summary --limit 0"


def test_a_batch_without_failure_ends_well(ready: Checkout) -> None:
    done = ready.make("batch", "CONFIGS=configs/activation_[ac].yaml")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "dlrun summary --limit 0"


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ("configs/nothing_*.yaml", "no config matches configs/nothing_*.yaml"),
        ("configs/activation_a.yaml configs/b.yaml", "no config matches configs/b.yaml"),
        ("", "CONFIGS names no config"),
    ],
)
def test_a_batch_of_nothing_is_told_before_anything_is_installed(
    ready: Checkout, configs: str, message: str
) -> None:
    done = ready.make("batch", f"CONFIGS={configs}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == message
    assert "dlrun" not in done.stdout
    assert not (ready.path / ".venv").exists()


def test_a_sweep_is_passed_on_and_ends_as_it_ends(ready: Checkout) -> None:
    done = ready.make("sweep", "SWEEP=configs/sweeps/mine.yaml")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "dlrun sweep configs/sweeps/mine.yaml"
    assert ready.asked() == ["-m pip install --quiet --disable-pip-version-check -e ."]
    assert ready.make("sweep", "SWEEP=bad.yaml").returncode != 0


def test_optuna_is_installed_once_for_the_sweep_that_needs_it(ready: Checkout) -> None:
    for target in ("sweep-activations", "sweep-search", "sweep-search"):
        assert ready.make(target).returncode == 0
    assert ready.asked() == [
        "-m pip install --quiet --disable-pip-version-check -e .",
        "-m pip install --quiet --disable-pip-version-check -e .[sweep]",
    ]


@pytest.mark.parametrize("jobs", [(), ("-j2",)], ids=["one at a time", "asked for two"])
def test_every_shipped_sweep_is_run_one_after_another(
    ready: Checkout, jobs: tuple[str, ...]
) -> None:
    done = ready.make("-n", *jobs, "sweeps")
    assert done.returncode == 0, done.stderr
    swept = re.findall(r"^\S*dlrun sweep configs/sweeps/(\S+)\.yaml", done.stdout, re.MULTILINE)
    shipped = {path.stem for path in (ROOT / "configs" / "sweeps").glob("*.yaml")}
    assert sorted(swept) == sorted(shipped)
    assert not (ready.path / ".venv").exists()
    ready.make("train")
    (ready.path / ".venv" / "bin" / "dlrun").write_text(ALONE)
    done = ready.make(*jobs, "sweeps")
    assert done.returncode == 0, done.stderr
    assert (ready.path / "swept").read_text().split() == [
        f"configs/sweeps/{name}.yaml" for name in swept
    ]


def test_sweeps_go_on_after_one_with_failed_trials_and_fail_at_the_end(ready: Checkout) -> None:
    text = MAKEFILE.replace("configs/sweeps/$*.yaml", "$(subst mnist_width,bad_width,$*)")
    (ready.path / "Makefile").write_text(text)
    done = ready.make("sweep-width-depth")
    assert done.returncode != 0
    said = [line for line in done.stdout.splitlines() if line.startswith("dlrun ")]
    assert said == ["dlrun sweep bad_width_depth", "dlrun sweep fashion_width_depth"]
    done = ready.make("sweeps")
    assert done.returncode != 0
    assert "Error 3" in done.stderr
    assert done.stdout.count("\ndlrun sweep ") + done.stdout.startswith("dlrun sweep ") == 7


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), ""),
        (("QUICK=1",), " --quick"),
        (("BENCH=--rounds growth=0",), " --rounds growth=0"),
    ],
)
def test_the_benchmark_needs_no_more_than_the_program(
    ready: Checkout, arguments: tuple[str, ...], options: str
) -> None:
    assert ready.make("bench", *arguments).returncode == 0
    assert ready.asked() == [
        "-m pip install --quiet --disable-pip-version-check -e .",
        f"tests/bench/run.py{options}",
    ]


def test_the_benchmark_of_sweeps_installs_what_it_compares_with_once(ready: Checkout) -> None:
    assert ready.make("bench-sweep", "QUICK=1").returncode == 0
    assert ready.make("bench-sweep", "BENCH=--plain 32").returncode == 0
    assert ready.asked() == [
        "-m pip install --quiet --disable-pip-version-check -e .",
        "-m pip install --quiet --disable-pip-version-check -e .[bench]",
        "tests/bench/sweep_run.py --quick",
        "tests/bench/sweep_run.py --plain 32",
    ]


def test_the_lecture_names_every_config_there_is(ready: Checkout) -> None:
    shutil.copytree(ROOT / "configs", ready.path / "configs", dirs_exist_ok=True)
    done = ready.make("-n", "lecture")
    assert done.returncode == 0, done.stderr
    trained = re.findall(r"^\S*dlrun train configs/(\S+)\.yaml", done.stdout, re.MULTILINE)
    assert sorted(trained) == sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
    assert not (ready.path / ".venv").exists()


def test_help_lists_every_target_that_says_what_it_does(checkout: Checkout) -> None:
    targets = re.findall(r"^([\w-]+):.*## (.*)", MAKEFILE, re.MULTILINE)
    some = {"train", "lecture", "batch", "sweep", "sweeps", "summary", "test", "bench-sweep"}
    assert {*some, "quickstart", "check"} <= {name for name, _ in targets}
    for arguments in ((), ("help",)):
        shown = checkout.make(*arguments).stdout.splitlines()
        assert sorted(shown) == sorted(f"  make {name:<20} {text}" for name, text in targets)


def test_every_target_that_is_no_file_is_phony() -> None:
    targets = set(re.findall(r"^([\w-]+):(?!=)", MAKEFILE, re.MULTILINE))
    listed = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert listed is not None
    assert set(listed[1].replace("\\\n", " ").split()) == targets


def test_ci_runs_what_a_user_would_type() -> None:
    path = ROOT / ".ci" / "run"
    if not path.is_file():
        pytest.skip("a source package holds no .ci")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test"]
