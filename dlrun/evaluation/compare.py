"""Better, worse, or noise? Runs compared with the first of them, from their folders alone.

Runs with repeats or folds are compared as configs: by pairs that share seed and split where there
are some. Two single runs are compared as what they are, two trained models on the same rows: of
66 pairs of seeds of one config on MNIST, 31 came out "different" so. Test values are never used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dlrun.causes import changed_surroundings
from dlrun.columns import VALIDATION
from dlrun.config.component import is_normal
from dlrun.config.penalties import has_penalty
from dlrun.errors import RunError, did_you_mean
from dlrun.evaluation.intervals import CONFIDENCE, Estimate, mean_of_runs, standard_deviation
from dlrun.evaluation.judgement import Judgement, judge, loss_text
from dlrun.evaluation.sides import Side, read_side
from dlrun.runs import Run
from dlrun.runs.labels import label_of


@dataclass(frozen=True)
class Row:
    """One metric of one run.

    Attributes:
        mean: Over its members, or the value of a single run.
        sd: Their standard deviation; None of a single run.
        low: Lower limit of the 95 % interval: of the mean over members; of a single run's
            accuracy for other rows like these.
        high: Upper limit.
        difference: To the first run, with its interval; None of the first run, and where the
            two cannot be compared.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    difference: Estimate | None = None


@dataclass(frozen=True)
class Comparison:
    """Several runs beside each other.

    Attributes:
        runs: Ids, the first the one that others are compared with.
        labels: What to call them, such as their configs' names.
        members: How many runs each is made of.
        differing: Dotted keys of the config that differ, with each run's value.
        metric: What the verdicts are about.
        rows: By metric, one for each run.
        judgements: One for each run but the first.
        remarks: What is good to know, a sentence each.
    """

    runs: tuple[str, ...]
    labels: tuple[str, ...]
    members: tuple[int, ...]
    differing: Mapping[str, tuple[Any, ...]]
    metric: str
    rows: Mapping[str, tuple[Row, ...]]
    judgements: tuple[Judgement, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return asdict(self)


def compare(runs: Sequence[Run], metric: str | None = None) -> Comparison:
    """Compares runs with the first of them.

    Args:
        runs: Two or more that have finished an epoch; only read.
        metric: What to judge by, with or without `val_`; None: validation accuracy where all
            have it, else validation loss.

    Raises:
        RunError: fewer than two runs, one without a result, or no such metric in all of them.
    """
    if len(runs) < 2:
        raise RunError("compare needs two runs or more; name the one to compare with first")
    without_penalty = any(has_penalty(run.config) for run in runs)
    sides = [read_side(run, without_penalty=without_penalty) for run in runs]
    names = [name for name in sides[0].values if all(name in side.values for side in sides)]
    chosen = _choose_metric(names, metric, sides)
    confidence = 1 - (1 - CONFIDENCE) / (len(sides) - 1)  # Bonferroni: all intervals hold at once
    first, others = sides[0], sides[1:]
    rows, judgements = {}, []
    for name in names:
        found = [judge(first, other, name, confidence) for other in others]
        differences = [None, *(one.difference for one in found)]
        rows[name] = tuple(_row(side, name, d) for side, d in zip(sides, differences, strict=True))
        if name == chosen:
            judgements = found
    return Comparison(
        runs=tuple(run.id for run in runs),
        labels=tuple(label_of(run, runs) for run in runs),
        members=tuple(len(side.members) for side in sides),
        differing=_differing(sides),
        metric=chosen,
        rows=rows,
        judgements=tuple(judgements),
        remarks=tuple(_remarks(sides, confidence, without_penalty)),
    )


def _choose_metric(names: Sequence[str], wanted: str | None, sides: Sequence[Side]) -> str:
    if wanted is None:
        loss = VALIDATION + "loss"
        others = [name for name in names if name != loss]
        is_one_loss = len({loss_text(side.run) for side in sides}) == 1
        preferred = [VALIDATION + "accuracy", *([loss] if is_one_loss else others), *names]
        return next(name for name in preferred if name in names)
    found = wanted if wanted.startswith(VALIDATION) else VALIDATION + wanted
    if found not in names:
        raise RunError(
            f"no metric {wanted!r} in all of them{did_you_mean(found, names)}; they share "
            f"{', '.join(names)}"
        )
    return found


def _row(side: Side, metric: str, difference: Estimate | None) -> Row:
    values = side.values[metric]
    if side.is_single:
        low, high = _interval_of_rows(side.run, metric)
        return Row(values[0], None, low, high, difference)
    estimate = mean_of_runs(values, side.overlap)
    sd = standard_deviation(values) if len(values) > 1 else None
    return Row(estimate.value, sd, estimate.low, estimate.high, difference)


def _interval_of_rows(run: Run, metric: str) -> tuple[float | None, float | None]:
    """Where a single model's value lies for other rows like these."""
    report = run.evaluation.get("validation", {}) if run.has_evaluation else {}
    found = (report.get("metrics") or {}).get(metric.removeprefix(VALIDATION)) or {}
    return found.get("low"), found.get("high")


def _differing(sides: Sequence[Side]) -> dict[str, tuple[Any, ...]]:
    """The keys of the config whose values are not all the same, `name` and `note` aside."""
    flat = [flatten(side.run.config.to_dict()) for side in sides]
    keys = dict.fromkeys(key for one in flat for key in one)
    found = {
        key: tuple(one.get(key) for one in flat) for key in keys if key not in ("name", "note")
    }
    differing = {
        key: values for key, values in found.items() if any(v != values[0] for v in values)
    }
    counts = tuple(side.run.parameters.total for side in sides)
    if any(count != counts[0] for count in counts):
        differing["parameters"] = counts
    return differing


def flatten(normal: Any, key: str = "") -> dict[str, Any]:
    """Returns a normal form as dotted keys; a component's name is a value of its key.

    >>> flatten({"optimizer": {"SGD": {"learning_rate": 0.1}}})
    {'optimizer': 'SGD', 'optimizer.learning_rate': 0.1}
    """
    if is_normal(normal):
        ((name, arguments),) = normal.items()
        return {key: name} | _flatten_items(arguments, key)
    if isinstance(normal, Mapping) and normal:
        return _flatten_items(normal, key)
    if isinstance(normal, list) and normal:
        return _flatten_items(dict(enumerate(normal)), key)
    return {key: normal}


def _flatten_items(items: Mapping[Any, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in items.items():
        found |= flatten(value, f"{key}.{name}" if key else str(name))
    return found


def environment_differences(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Returns, by the id of each run but the first, what it ran on that differs from the first."""

    def one_of(run: Run) -> Run:
        return run.members[0] if run.members else run

    return {
        run.id: [str(cause) for cause in changed_surroundings(one_of(runs[0]), one_of(run))]
        for run in runs[1:]
    }


def _remarks(sides: Sequence[Side], confidence: float, without_penalty: bool) -> Iterator[str]:
    for side in sides:
        status = side.run.status
        if side.missing:
            total = len(side.members) + len(side.missing)
            compared = f"{len(side.members)} of {total} members"
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(side.missing).items())
            yield f"{side.run.id} is compared by {compared}; left out: {kinds}"
        elif status == "running":
            yield f"{side.run.id} is still running"
        elif status != "finished":
            epochs = side.run.metrics.get("epochs")
            yield f"{side.run.id} is {status}; it is compared after {epochs} epochs"
    if without_penalty:
        yield "val_loss is compared without what regularizers add to it"
    losses = {loss_text(side.run) for side in sides}
    if len(losses) > 1:
        yield f"the losses are of different kinds, {' and '.join(sorted(losses))}"
    if len(sides) > 2:
        number = len(sides) - 1
        yield (
            f"{number} comparisons: their intervals hold {confidence:.1%} each, so that all hold "
            "at once in 95 of 100 cases"
        )
    if any(not side.is_single and side.overlap for side in sides):
        yield "members share training rows: intervals are corrected after Nadeau and Bengio (2003)"
