"""What the shipped configs reach on the real data sets; minutes, and needs them fetched."""

from pathlib import Path

import pytest

import dlrun

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def real_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLRUN_DATA_DIR")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "accuracy"),
    [
        ("mnist_softmax", 0.915),
        ("mnist_deep", 0.965),
        ("fashion_deep", 0.865),
        ("credit_logistic", 0.80),
    ],
)
def test_a_shipped_config_reaches_the_lectures_result(name: str, accuracy: float) -> None:
    run = dlrun.train(ROOT / "configs" / f"{name}.yaml")
    assert run.metrics["final"]["val_accuracy"] >= accuracy


@pytest.mark.slow
def test_logistic_regression_beats_always_saying_no() -> None:
    run = dlrun.train(ROOT / "configs" / "credit_logistic.yaml", {"seed": 1})
    labels = run.predictions("validation")["labels"]
    assert run.metrics["final"]["val_accuracy"] > 1 - labels.mean() > 0.77
