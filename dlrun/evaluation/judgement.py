"""The verdict on a pair of runs: better, worse, not distinguishable, or why there is none.

The rules, in the order in which they are asked:

1. Other data, or for the loss another loss: not comparable. Neither is a run better some of whose
   members diverged: what the others reach says nothing of those.
2. Three or more pairs of members that share split, seed and fold: Student's t on their differences.
3. Three or more members on each side: Welch's t.
4. Two single runs on the same validation rows: McNemar's test (accuracy) or the rows' differences
   (loss), about these two models and not their configs.
5. Else there are too few runs to tell.

A metric of which nobody said whether more is better can be different, but not better.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlrun.columns import metric_of
from dlrun.config.component import plain_component
from dlrun.errors import RunError
from dlrun.evaluation.difference import (
    MIN_RUNS,
    McNemar,
    mcnemar,
    paired_difference,
    row_difference,
    share_difference,
    unpaired_difference,
)
from dlrun.evaluation.intervals import CONFIDENCE, Estimate
from dlrun.evaluation.meaning import meaning_of, predicted_classes
from dlrun.evaluation.sides import Side, higher_is_better
from dlrun.runs import Run
from dlrun.runs.find import typed_name
from dlrun.runs.run import CONFIG
from dlrun.wording import short_number

Verdict = Literal[
    "better", "worse", "different", "not distinguishable", "too few runs", "not comparable"
]


@dataclass(frozen=True)
class Judgement:
    """Whether a run is better than the first.

    Attributes:
        verdict: In a word or two.
        about: "configs", or "models" where single runs were compared.
        basis: How it was found, such as "paired over 5 seeds".
        text: What was found, in a sentence.
        difference: To the first run, with its interval; None where there is none to speak of.
        advice: Commands that would tell more; empty where nothing is missing.
    """

    verdict: Verdict
    about: Literal["configs", "models"]
    basis: str
    text: str
    difference: Estimate | None = None
    advice: tuple[str, ...] = ()


def judge(first: Side, other: Side, metric: str, confidence: float = CONFIDENCE) -> Judgement:
    """Returns the verdict on a run beside the first.

    Args:
        first: What it is compared with.
        other: The run.
        metric: Both have it.
        confidence: Of the interval of the difference.
    """
    hashes = {side.members[0].dataset.get("content_hash") for side in (first, other)}
    if len(hashes) > 1:
        return _other_data(first, other, metric)
    losses = [loss_text(side.run) for side in (first, other)]
    if metric_of(metric) == "loss" and losses[0] != losses[1]:
        text = f"{losses[0]} and {losses[1]} are other measures; compare by another metric"
        return Judgement("not comparable", "configs", "other losses", text)
    pairs = first.pairs_with(other)
    if len(pairs) >= MIN_RUNS:
        return _by_pairs(first, other, metric, pairs, confidence)
    if min(len(first.members), len(other.members)) >= MIN_RUNS:
        return _by_means(first, other, metric, confidence)
    if first.is_single and other.is_single:
        return _by_rows(first, other, metric, confidence)
    return _too_few(first, other, f"it takes {MIN_RUNS} on each side")


def loss_text(run: Run) -> str:
    """Returns a run's loss with its arguments, such as `Huber(delta=2.0)`."""
    ((name, arguments),) = plain_component(run.config.loss).items()
    given = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return f"{name}({given})" if given else str(name)


def _other_data(first: Side, other: Side, metric: str) -> Judgement:
    names = [str(side.members[0].dataset["name"]) for side in (first, other)]
    if names[0] == names[1]:
        names = [f"{names[0]} as it was then", f"{names[1]} as it was"]
    values = [sum(side.values[metric]) / len(side.members) for side in (first, other)]
    text = (
        f"{metric} is {short_number(values[0])} on {names[0]} and {short_number(values[1])} on "
        f"{names[1]}: how hard the data are and how good the net is cannot be told apart"
    )
    return Judgement("not comparable", "configs", "other data", text)


def _by_pairs(
    first: Side, other: Side, metric: str, pairs: list[tuple[int, int]], confidence: float
) -> Judgement:
    ours = [first.values[metric][i] for i, _ in pairs]
    theirs = [other.values[metric][j] for _, j in pairs]
    overlap = max(first.overlap, other.overlap)
    difference = paired_difference(ours, theirs, overlap, confidence)
    kind = "folds" if first.run.config.dataset.split.kfold is not None else "seeds"
    return _of_configs(first, other, metric, difference, f"paired over {len(pairs)} {kind}")


def _by_means(first: Side, other: Side, metric: str, confidence: float) -> Judgement:
    overlaps = (first.overlap, other.overlap)
    difference = unpaired_difference(
        first.values[metric], other.values[metric], overlaps, confidence
    )
    numbers = f"{len(first.members)} runs against {len(other.members)}"
    basis = f"{numbers}, too few of which share split and seed to be paired"
    return _of_configs(first, other, metric, difference, basis)


def _of_configs(
    first: Side, other: Side, metric: str, difference: Estimate, basis: str
) -> Judgement:
    verdict = _verdict(difference, metric, first, other)
    shown = f"{metric} differs by {difference.signed}, {basis}"
    winner = {"better": other, "worse": first}.get(verdict)
    if winner is not None and winner.num_diverged:
        text = f"{winner.num_diverged} members of {winner.run.id} diverged; of the others, {shown}"
        return Judgement("not comparable", "configs", "diverged members", text, difference)
    if verdict == "different":
        shown += "; whether more of it is better is not known"
    if verdict != "not distinguishable":
        return Judgement(verdict, "configs", basis, shown, difference)
    if difference.low is None or difference.high is None:
        text = f"{shown}; seeds make no difference, so that there is but one run of each"
        return Judgement("too few runs", "configs", basis, text, difference)
    if difference.value == difference.low == difference.high:
        return Judgement(verdict, "configs", basis, f"{shown}: all are equal", difference)
    half = (difference.high - difference.low) / 2
    text = f"{shown}; a difference of less than about {half:.2g} would not show"
    advice = tuple(_more_repeats(side.run) for side in (first, other))
    return Judgement(verdict, "configs", basis, text, difference, advice)


def _verdict(difference: Estimate, metric: str, first: Side, other: Side) -> Verdict:
    if not difference.excludes_zero:
        return "not distinguishable"
    grows = higher_is_better(metric, (*first.members, *other.members))
    if grows is None:
        return "different"
    return "better" if (difference.value > 0) == grows else "worse"


def _by_rows(first: Side, other: Side, metric: str, confidence: float) -> Judgement:
    """Two trained models on the rows that both were validated on."""
    try:
        found = [side.run.predictions("validation") for side in (first, other)]
    except RunError:
        return _too_few(first, other, "a run keeps no validation predictions")
    if not np.array_equal(found[0]["rows"], found[1]["rows"]):
        return _too_few(first, other, "they were validated on other rows")
    number = f"{len(found[0]['rows']):,} validation rows"
    if metric_of(metric) == "accuracy" and first.run.dataset.get("class_names"):
        right = [
            _is_right(side.run, rows) for side, rows in zip((first, other), found, strict=True)
        ]
        test = mcnemar(*right)
        shares = share_difference(test, confidence)
        return _of_models(first, other, metric, shares, test, number)
    if metric_of(metric) == "loss" and all("losses" in one for one in found):
        losses = row_difference(found[0]["losses"], found[1]["losses"], confidence)
        return _of_models(first, other, metric, losses, None, number)
    return _too_few(first, other, f"of {metric} there is no test on single rows")


def _is_right(run: Run, found: dict[str, np.ndarray]) -> np.ndarray:
    outputs = found["outputs"].reshape(len(found["outputs"]), -1)
    threshold = meaning_of(run.dataset, run.config).threshold
    right: np.ndarray = predicted_classes(outputs, threshold) == found["labels"]
    return right


def _of_models(
    first: Side,
    other: Side,
    metric: str,
    difference: Estimate,
    test: McNemar | None,
    number: str,
) -> Judgement:
    verdict = _verdict(difference, metric, first, other)
    basis = f"these two models on the same {number}"
    shown = f"{metric} differs by {difference.signed} on the same {number}"
    if test is not None:
        shown += (
            f": {test.only_second:,} that only it gets right, {test.only_first:,} that only the "
            f"first does (McNemar p = {test.p_value:.2g})"
        )
    text = f"{shown}; that is about these two trained models: another seed may turn it"
    advice = tuple(_with_repeats(side.run) for side in (first, other))
    return Judgement(verdict, "models", basis, text, difference, advice)


def _too_few(first: Side, other: Side, reason: str) -> Judgement:
    numbers = [len(side.members) for side in (first, other)]
    advice = tuple(
        _with_repeats(side.run) if side.is_single else _more_repeats(side.run)
        for side in (first, other)
        if len(side.members) < MIN_RUNS
    )
    many = "one run each" if numbers == [1, 1] else f"{numbers[0]} and {numbers[1]} runs"
    text = f"{many} cannot tell, {reason}"
    return Judgement("too few runs", "configs", reason, text, None, advice)


def _with_repeats(run: Run) -> str:
    return f"dlrun train {_config_of(run)} repeat=5"


def _config_of(run: Run) -> str:
    return shlex.quote(str(run.path / CONFIG))


def _more_repeats(run: Run) -> str:
    repeat = run.config.repeat
    if run.config.dataset.split.kfold is not None and repeat == 1:
        return f"dlrun train {_config_of(run)} repeat=3"
    return f"dlrun resume {typed_name(run)} repeat={max(5, 2 * repeat)}"
