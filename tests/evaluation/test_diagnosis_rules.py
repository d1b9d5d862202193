"""Verdicts on synthetic curves, each with a known truth, and none where the evidence is thin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from dlrun.evaluation.curves import make_trend
from dlrun.evaluation.diagnosis_rules import RULES, find_verdict
from dlrun.evaluation.evidence import Evidence

EPOCHS = 40


def falling(
    low: float, speed: float = 6.0, noise: float = 0.0, epochs: int = EPOCHS, seed: int = 0
):
    rng = np.random.default_rng(seed)
    return [low + (2 - low) * math.exp(-e / speed) + rng.normal(0, noise) for e in range(EPOCHS)]


def turning(turn: int, rise: float, noise: float = 0.0) -> list[float]:
    """Falls until an epoch, and rises from there on."""
    rng = np.random.default_rng(1)
    bottom = falling(0.2)
    return [bottom[e] + max(0, e - turn) * rise + rng.normal(0, noise) for e in range(EPOCHS)]


def evidence(
    validation: Sequence[float] | None, training: Sequence[float] | None = None, **facts: object
) -> Evidence:
    known = Evidence(
        status="finished",
        error="",
        validation=None if validation is None else make_trend(validation),
        training=None if training is None else make_trend(training),
        num_epochs=EPOCHS,
        num_rows=1000,
        reached={"val_accuracy": 0.9, "train_eval_accuracy": 0.92, "accuracy": 0.91},
        limits={"val_accuracy": (0.88, 0.92), "train_eval_accuracy": (0.915, 0.925)},
        target={},
        grows={"val_accuracy": True},
        baseline=0.1,
        r2=None,
    )
    return replace(known, **facts)  # type: ignore[arg-type]


def verdict(e: Evidence) -> str:
    return find_verdict(e)[0].verdict


def kind(e: Evidence) -> str:
    return find_verdict(e)[0].kind


def test_a_rising_validation_loss_beside_a_falling_training_loss_is_overfitting() -> None:
    e = evidence(turning(15, 0.02), falling(0.02, 10))
    assert verdict(e) == "overfitting from epoch 17"
    (finding,) = find_verdict(e)
    assert "val_loss rose from 0.3471 around epoch 17 to 0.6535 at the end" in finding.evidence
    assert "while that of training rows fell from" in finding.evidence
    assert finding.remedy == "regularize"


def test_noise_does_not_hide_overfitting_nor_move_it_far() -> None:
    e = evidence(turning(15, 0.02, noise=0.02), falling(0.02, 10, noise=0.005))
    found = verdict(e)
    assert found.startswith("overfitting from epoch ")
    assert abs(int(found.split()[-1]) - 16) <= 4


def test_noise_alone_is_no_overfitting() -> None:
    found = [
        kind(evidence(falling(0.3, 6, 0.03, seed=seed), falling(0.25, 6, 0.03, seed=seed + 99)))
        for seed in range(100)
    ]
    assert found.count("overfitting") <= 5


def test_a_rise_of_less_than_5_percent_is_none() -> None:
    assert kind(evidence(turning(35, 0.0015), falling(0.19))) != "overfitting"


def test_where_training_rises_too_it_is_no_overfitting() -> None:
    assert kind(evidence(turning(15, 0.02), turning(15, 0.02))) != "overfitting"


def test_curves_that_still_fall_are_still_improving() -> None:
    e = evidence(falling(0.1, 40), falling(0.1, 38))
    assert verdict(e) == "still improving"
    assert find_verdict(e)[0].remedy == "longer"


def test_curves_at_rest_side_by_side_call_for_capacity_and_not_for_underfitting() -> None:
    e = evidence(falling(0.35, 3), falling(0.34, 3))
    assert verdict(e) == "no overfitting; more capacity may help"
    assert find_verdict(e)[0].remedy == "larger"


def test_a_nearly_perfect_net_at_rest_looks_fine() -> None:
    reached = {"val_accuracy": 0.98, "train_eval_accuracy": 0.995}
    assert verdict(evidence(falling(0.05, 3), falling(0.048, 3), reached=reached)) == "looks fine"
    assert (
        verdict(evidence(falling(0.05, 3), falling(0.05, 3), reached={}, r2=0.995)) == "looks fine"
    )


def test_validation_at_rest_well_above_training_is_a_plateau() -> None:
    found = verdict(evidence(falling(0.4, 3), falling(0.2, 3)))
    assert found.startswith("plateau from epoch ")


def test_a_net_that_only_says_the_most_frequent_class_has_not_begun() -> None:
    flat = [2.3] * EPOCHS
    reached = {"train_eval_accuracy": 0.105, "val_accuracy": 0.11}
    (finding,) = find_verdict(evidence(flat, flat, reached=reached))
    assert finding.verdict == "plateau from epoch 1"
    assert finding.evidence.endswith("it has not begun to learn")
    assert finding.remedy == "begin"


def test_divergence_is_told_by_the_status_or_by_the_curves() -> None:
    e = evidence(None, None, status="diverged", error="loss became nan in epoch 3; likely causes")
    assert find_verdict(e)[0].evidence == "loss became nan in epoch 3"
    rising = [1 + 0.1 * e for e in range(EPOCHS)]
    (finding, *_) = find_verdict(evidence(rising, rising))
    assert (finding.verdict, finding.remedy) == ("diverged", "slower")
    assert "the loss rose from 1 in epoch 1 to " in finding.evidence


@pytest.mark.parametrize(
    ("values", "facts", "said"),
    [
        (None, {"num_epochs": 3}, "3 epochs are too few to read a curve: 5 at least"),
        (None, {"num_rows": 0}, "no validation loss to read"),
        (falling(0.3), {"num_rows": 12}, "12 validation rows tell too little: 20 at least"),
    ],
)
def test_thin_evidence_gives_no_verdict(values: list[float] | None, facts: dict, said: str) -> None:
    (finding,) = find_verdict(evidence(values, values, **facts))
    assert finding.verdict == "no verdict"
    assert said in finding.evidence


def test_swings_beyond_the_trend_are_noisy_validation() -> None:
    smooth, jumpy = falling(0.3, 3), falling(0.3, 3, noise=0.06)
    findings = find_verdict(evidence(jumpy, smooth))
    noisy = [finding for finding in findings if finding.kind == "noisy"]
    assert len(noisy) == 1
    assert "swings by ± 0.0" in noisy[0].evidence
    assert "so does the loss of training rows" not in noisy[0].evidence
    both = find_verdict(evidence(jumpy, falling(0.3, 3, noise=0.06, seed=5)))
    (noisy_too,) = [finding for finding in both if finding.kind == "noisy"]
    assert noisy_too.evidence.endswith("; so does the loss of training rows")


def test_swings_around_zero_are_told_without_a_share_of_it() -> None:
    hinge = [0.1, 0.0] * 17 + [0.1, 0.1] + [0.0] * 4
    assert all("%" not in finding.evidence for finding in find_verdict(evidence(hinge, hinge)))


def test_losses_below_zero_are_judged_by_what_they_change() -> None:
    """A cosine similarity falls from -0.5 to -0.95: it learns."""
    better = [value - 1 for value in falling(0.05)]
    assert kind(evidence(better, better)) not in ("diverged", "overfitting", "rising")
    worse = better[::-1]
    assert kind(evidence(worse, worse)) == "diverged"


def test_a_rise_beside_training_rows_that_stand_still_is_overfitting_too() -> None:
    up = [1.0, 0.8, 0.6, 0.5, 0.4, 0.35, *(0.3 + 0.02 * e for e in range(20))]
    floor = [1.0, 0.5, 0.1, 0.04, *[0.03] * 22]
    (finding, *_) = find_verdict(evidence(up, floor))
    assert finding.verdict == "overfitting from epoch 7"
    assert "while that of training rows stayed at 0.03" in finding.evidence


def test_where_both_losses_rise_the_steps_are_too_large() -> None:
    up = [2.0, 0.9, *(0.3 + 0.02 * e for e in range(20))]
    (finding, *_) = find_verdict(evidence(up, up))
    assert (finding.verdict, finding.remedy) == ("both losses rise from epoch 3", "slower")
    assert finding.evidence.endswith(": the steps are too large")


def test_swings_on_the_way_down_are_no_finding() -> None:
    e = evidence(falling(0.1, 25, noise=0.05), falling(0.1, 25))
    assert all(finding.kind != "noisy" for finding in find_verdict(e))


def test_underfitting_is_said_only_against_a_target() -> None:
    high = falling(0.5, 3)
    reached = {"val_accuracy": 0.7, "train_eval_accuracy": 0.71}
    limits = {"val_accuracy": (0.67, 0.73), "train_eval_accuracy": (0.70, 0.72)}
    facts = {"reached": reached, "limits": limits}
    assert kind(evidence(high, high, **facts)) == "capacity"
    (finding,) = find_verdict(evidence(high, high, target={"val_accuracy": 0.8}, **facts))
    assert (finding.verdict, finding.remedy) == ("underfitting", "larger")
    assert finding.evidence == (
        "val_accuracy is 0.7000, the target 0.8, and training rows get no farther: 0.7100"
    )


def test_underfitting_that_still_improves_asks_for_epochs() -> None:
    slow = falling(0.1, 40)
    reached = {"val_accuracy": 0.7, "train_eval_accuracy": 0.71}
    e = evidence(slow, slow, target={"val_accuracy": 0.8}, reached=reached, limits={})
    (finding,) = find_verdict(e)
    assert (finding.verdict, finding.remedy) == ("underfitting", "longer")


def test_a_target_that_is_reached_looks_fine() -> None:
    e = evidence(falling(0.3, 3), falling(0.29, 3), target={"val_accuracy": 0.85})
    assert verdict(e) == "looks fine"
    loss = evidence(falling(0.3, 3), falling(0.29, 3), target={"val_loss": 0.4},
                    reached={"val_loss": 0.31}, grows={"val_loss": False})  # fmt: skip
    assert verdict(loss) == "looks fine"


def test_a_target_that_only_training_reaches_is_overfitting() -> None:
    e = evidence(
        falling(0.3, 3),
        falling(0.29, 3),
        target={"val_accuracy": 0.95},
        reached={"val_accuracy": 0.9, "train_eval_accuracy": 0.99},
    )
    assert verdict(e) == "overfitting"
    assert "training rows reach the target 0.95 (0.9900), validation rows 0.9000" in (
        find_verdict(e)[0].evidence
    )


def test_a_target_within_the_noise_of_few_rows_gets_no_verdict() -> None:
    e = evidence(
        falling(0.3, 3),
        falling(0.29, 3),
        target={"val_accuracy": 0.91},
        reached={"val_accuracy": 0.9, "train_eval_accuracy": 0.9},
        limits={"val_accuracy": (0.8, 0.95), "train_eval_accuracy": (0.85, 0.94)},
    )
    (finding,) = find_verdict(e)
    assert finding.verdict == "no verdict"
    assert "cannot be told apart from the target 0.91" in finding.evidence


def test_a_larger_net_that_does_better_makes_it_underfitting() -> None:
    said = "big (100 parameters) reaches val_loss 0.1 on the same rows"
    e = evidence(falling(0.3, 3), falling(0.3, 3), larger=said)
    (finding,) = find_verdict(e)
    assert (finding.verdict, finding.evidence, finding.remedy) == ("underfitting", said, "larger")


def test_every_rule_can_have_the_last_word() -> None:
    """A rule that never decides is a rule to remove."""
    decided = set()
    cases = [
        evidence(None, None, status="diverged"),
        evidence(None, None, num_epochs=2),
        evidence([2.3] * 9, [2.3] * 9, reached={"train_eval_accuracy": 0.1}),
        evidence(turning(15, 0.02), falling(0.02, 10)),
        evidence(falling(0.3, 3), falling(0.29, 3), target={"val_accuracy": 0.5}),
        evidence(falling(0.3, 3), falling(0.3, 3), larger="another"),
        evidence(falling(0.1, 40), falling(0.1, 38)),
        evidence(falling(0.4, 3), falling(0.2, 3)),
        evidence(falling(0.35, 3), falling(0.34, 3)),
        evidence(falling(0.35, 3), None),
    ]
    for e in cases:
        decided.add(next(rule for rule in RULES if rule(e) is not None))
    assert decided == set(RULES)


def test_a_trend_by_hand() -> None:
    trend = make_trend([1.0, 0.8, 0.6, 0.5, 0.4, 0.45, 0.4, 0.45])
    assert trend.window == 2
    assert trend.last == pytest.approx(0.425)
    assert trend.before_last == pytest.approx(0.425)
    assert trend.best == pytest.approx(0.425)
    assert trend.best_epoch == 5
    assert trend.at(3) == pytest.approx(0.7)
    # steps of the second half: -0.1, 0.05, -0.05, 0.05; median 0.0, median deviation 0.05
    assert trend.noise == pytest.approx(1.4826 * 0.05 / math.sqrt(2))
