"""Causes named from two run folders: each kind of them, their order, and runs of older versions."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.causes import Cause, changed_surroundings, find_causes, recorded_hashes
from dlrun.runs import Run

SAMPLE = Path(__file__).parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"

Edit = Callable[[dict[str, Any]], object]


def copy_run(folder: Path, **edits: Edit) -> Run:
    """A copy of the run that is kept, its JSON files edited: `run=lambda info: …`."""
    shutil.copytree(SAMPLE, folder)
    for name, edit in edits.items():
        path = folder / f"{name}.json"
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(content))
    return Run(folder)


def pair(tmp_path: Path, then: dict[str, Edit], now: dict[str, Edit]) -> tuple[Run, Run]:
    return copy_run(tmp_path / "then", **then), copy_run(tmp_path / "now", **now)


def packages(**versions: str) -> dict[str, Edit]:
    changed = {name.replace("_", "-"): version for name, version in versions.items()}
    return {"environment": lambda facts: facts["packages"].update(changed)}


def environment(**facts: Any) -> dict[str, Edit]:
    return {"environment": lambda known: known.update(facts)}


def info(**facts: Any) -> dict[str, Edit]:
    return {"run": lambda known: known.update(facts)}


CASES = {
    "keras": (packages(keras="3.14.0"), {}, "package version: keras was 3.14.0 and is 3.15.1"),
    "tensorflow": (
        packages(tensorflow_cpu="2.20.0"),
        {},
        "package version: tensorflow-cpu was 2.20.0 and is 2.21.0",
    ),
    "a package that is gone": (
        packages(tensorflow="2.21.0"),
        {},
        "package version: tensorflow was 2.21.0 and is not there",
    ),
    "python": (environment(python="3.10.1"), {}, "Python: it was 3.10.1 and is 3.11.7"),
    "threads": (
        environment(intra_op_threads=2, inter_op_threads=2),
        {},
        "threads: TensorFlow's count was 2 and is 1",
    ),
    "inter-op threads": (
        environment(inter_op_threads=2),
        {},
        "threads: TensorFlow's count was 1 (inter-op 2) and is 1",
    ),
    "engine": (info(engine="stepwise"), {}, "engine: it was stepwise and is compiled"),
    "dlrun": (packages(dlrun="0.0.9"), {}, "code: dlrun was 0.0.9 and is 0.1.0"),
    "seed": (environment(seed=4), {}, "seed: config.yaml was edited; the seed was 4 and is 0"),
    "processor": (
        environment(cpu={"name": "Old Chip", "count": 8}),
        {},
        "hardware: the processor was Old Chip and is AMD EPYC",
    ),
    "GPU": (environment(gpus=["GPU:0"]), {}, "hardware: the GPU was GPU:0 and is none"),
    "commit": (
        environment(git={"commit": "a" * 40, "dirty": False}),
        environment(git={"commit": "b" * 40, "dirty": False}),
        "code: the git commit was aaaaaaaaaaaa and is bbbbbbbbbbbb",
    ),
    "a module of one's own": (
        environment(imports={"own": "a" * 12, "gone": "b" * 12, "no_file": None}),
        environment(imports={"own": "c" * 12, "gone": "b" * 12, "no_file": "d" * 12}),
        "code: the source of own was aaaaaaaaaaaa and is cccccccccccc",
    ),
    "a module that is gone": (
        environment(imports={"own": "a" * 12}),
        environment(imports={"own": None}),
        "code: the source of own was aaaaaaaaaaaa and is not there",
    ),
    "an environment variable": (
        environment(variables={"XLA_FLAGS": "--a"}),
        environment(variables={"XLA_FLAGS": "--a", "TF_ENABLE_ONEDNN_OPTS": "0"}),
        "variable: TF_ENABLE_ONEDNN_OPTS was not set and is 0",
    ),
    "uncommitted changes": (
        environment(git={"commit": "a" * 40, "dirty": False}),
        environment(git={"commit": "a" * 40, "dirty": True}),
        "code: the git working tree had changes that were not committed, now",
    ),
    "other packages": (
        packages(scikit_learn="1.0.0"),
        {},
        "package version: scikit-learn was 1.0.0 and is 1.9.1",
    ),
    "platform": (environment(platform="macOS"), {}, "hardware: the platform was macOS and is "),
    "resumed with other settings": (
        info(resumed=[{"epoch": 2, "exact": False, "overrides": ["optimizer.learning_rate=1"]}]),
        {},
        "resumed: the run went on after epoch 2 with optimizer.learning_rate=1",
    ),
    "resumed elsewhere": (
        info(resumed=[{"epoch": 2, "exact": False, "overrides": [], "remarks": ["keras was 3.1"]}]),
        {},
        "resumed: the run went on after epoch 2 (keras was 3.1)",
    ),
    "callbacks given in Python": (
        info(callbacks_from_python=["Half", "Noise"], not_repeatable=[]),
        {},
        "callbacks: it was given callbacks in Python, which its config does not hold and which "
        "`dlrun reproduce` cannot repeat: Half, Noise",
    ),
    "its own words": (
        info(not_repeatable=["a GPU adds in no fixed order"]),
        info(not_repeatable=["a GPU adds in no fixed order"]),
        "not repeatable: a GPU adds in no fixed order",
    ),
}


@pytest.mark.parametrize(("then", "now", "expected"), CASES.values(), ids=CASES)
def test_what_differs_is_named_with_its_evidence(
    tmp_path: Path, then: dict[str, Edit], now: dict[str, Edit], expected: str
) -> None:
    (cause,) = find_causes(*pair(tmp_path, then, now), first_hash=None)
    assert str(cause).startswith(expected)


def test_where_nothing_recorded_differs_no_cause_is_made_up(tmp_path: Path) -> None:
    then = info(resumed=[{"epoch": 2, "exact": True, "overrides": ["training.epochs=4", "note=x"]}])
    recorded, repeated = pair(tmp_path, then, {})
    (cause,) = find_causes(recorded, repeated, "final_weights")
    assert cause.kind == "unknown"
    assert "a random source that the seed does not reach" in cause.evidence
    assert changed_surroundings(recorded, repeated) == []


def test_callbacks_given_in_python_are_the_likeliest_cause(tmp_path: Path) -> None:
    hashes = {"final_weights": "0" * 12}  # a callback may have added a column alone
    then = info(callbacks_from_python=["Half"], hashes=hashes, engine="stepwise")
    recorded, repeated = pair(tmp_path, then, info(hashes=hashes))
    causes = find_causes(recorded, repeated, None)
    assert [cause.kind for cause in causes] == ["callbacks", "history", "engine"]
    assert [cause.kind for cause in find_causes(recorded, repeated, "initial_weights")] == [
        "engine"
    ]


def test_what_computes_comes_before_what_hardly_counts(tmp_path: Path) -> None:
    def much(facts: dict[str, Any]) -> None:
        facts["packages"] |= {"scikit-learn": "1.0", "numpy": "2.0", "keras": "3.0"}
        facts |= {"platform": "macOS", "python": "3.10.1", "intra_op_threads": 8}
        facts |= {"git": {"commit": "a" * 40, "dirty": True}}
        facts["cpu"] = {"name": "Old Chip"}

    now = environment(git={"commit": "b" * 40, "dirty": False})
    causes = find_causes(*pair(tmp_path, {"environment": much}, now), None)
    assert [cause.kind for cause in causes] == [
        "package version", "package version", "Python", "threads", "hardware", "code",
        "package version", "hardware",
    ]  # fmt: skip
    assert causes[0].evidence.startswith("keras")
    assert causes[-2].evidence.startswith("scikit-learn")


def test_changed_modules_of_ones_own_come_before_the_processor(tmp_path: Path) -> None:
    recorded, repeated = pair(
        tmp_path,
        environment(git={"commit": "a" * 40}, cpu={"name": "Old Chip"}),
        environment(git={"commit": "b" * 40}),
    )
    for run in (recorded, repeated):
        text = (run.path / "config.yaml").read_text().replace("imports: []", "imports: [my_layers]")
        (run.path / "config.yaml").write_text(text)
    assert [cause.kind for cause in find_causes(recorded, repeated, None)] == ["code", "hardware"]


def test_runs_from_before_modules_and_variables_were_recorded_claim_nothing(
    tmp_path: Path,
) -> None:
    new = environment(imports={"own": "a" * 12}, variables={"XLA_FLAGS": "--a"})
    recorded, repeated = pair(tmp_path, {}, new)
    assert changed_surroundings(recorded, repeated) == []
    assert changed_surroundings(repeated, recorded) == []


def test_a_first_hash_that_differs_says_what_cannot_be_the_cause(tmp_path: Path) -> None:
    resumed = [{"epoch": 2, "exact": False, "overrides": ["training.threads=2"]}]
    recorded, repeated = pair(tmp_path, info(resumed=resumed), {})
    (cause,) = find_causes(recorded, repeated, "initial_weights")
    assert cause == Cause(
        "initial weights",
        "the initial weights came out otherwise, though nothing else that is recorded differs",
    )
    assert find_causes(recorded, repeated, "final_weights")[0].kind == "resumed"
    assert find_causes(recorded, repeated, "data")[0].kind == "data"


def test_another_package_explains_other_initial_weights(tmp_path: Path) -> None:
    runs = pair(tmp_path, packages(keras="3.14.0"), {})
    (cause,) = find_causes(*runs, first_hash="initial_weights")
    assert cause.kind == "package version"


def test_a_run_without_an_environment_claims_nothing(tmp_path: Path) -> None:
    recorded, repeated = pair(tmp_path, {}, {})
    (recorded.path / "environment.json").unlink()
    assert changed_surroundings(recorded, repeated) == []


def test_an_older_run_has_the_hash_of_its_data_alone(tmp_path: Path) -> None:
    assert recorded_hashes(Run(SAMPLE)) == {"data": "1bb0991ef4ec"}
    hashes = {"data": "0" * 12, "split": "1" * 12, "final_weights": None}
    kept = copy_run(tmp_path / "kept", **info(hashes=hashes))
    assert recorded_hashes(kept) == {"data": "0" * 12, "split": "1" * 12}
