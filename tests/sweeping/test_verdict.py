from pathlib import Path

import pytest

from dlrun.evaluation.compare import Comparison
from dlrun.evaluation.judgement import Judgement, Verdict
from dlrun.sweeping import verdict
from tests.sweeping.made_up import make_sweep


def said(
    verdicts: list[Verdict], folder: Path, monkeypatch: pytest.MonkeyPatch, about: str = "configs"
) -> str:
    """What is said of the best of a made-up sweep's trials, the others judged as given."""
    judgements = tuple(Judgement(one, about, "", f"found {one}") for one in verdicts)  # type: ignore[arg-type]

    def compare(runs: object, metric: str) -> Comparison:
        return Comparison((), (), (), {}, metric, {}, judgements, ())

    monkeypatch.setattr(verdict, "compare", compare)
    return verdict.compare_best(make_sweep(folder, [0.1, 0.01]))


def test_the_best_is_better_than_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(["worse", "worse", "worse"], tmp_path, monkeypatch)
    assert text == "trials/0 is better than trials/1, the next: found worse"
    monkeypatch.undo()
    text = said(["different", "worse", "worse"], tmp_path / "b", monkeypatch, "models")
    assert text == "trials/0 is better as trained models than trials/1, the next: found different"


def test_trials_that_the_best_cannot_be_told_from_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts: list[Verdict] = ["not distinguishable", "not distinguishable", "worse"]
    text = said(verdicts, tmp_path, monkeypatch)
    assert text.startswith("trials/0 is not distinguishable from trials/1, trials/2 (found not")


def test_a_trial_far_behind_is_not_named_because_its_seeds_lie_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts: list[Verdict] = ["not distinguishable", "worse", "not distinguishable"]
    text = said(verdicts, tmp_path, monkeypatch)
    assert text.startswith("trials/0 is not distinguishable from trials/1 (found not")
