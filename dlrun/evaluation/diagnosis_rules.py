"""What a run's curves say, rule by rule: the first that holds is the verdict.

The ideas are L. Prechelt's, Early Stopping — but when? (1998), for what a rise of the validation
loss means, and chapters 5.2 and 11.3 of I. Goodfellow, Y. Bengio and A. Courville, Deep Learning
(2016), for gaps between training and validation. Underfitting is only said against something
stated: a target, or a larger net that does better on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.evaluation.curves import Trend
from dlrun.evaluation.evidence import MIN_EPOCHS, Evidence

MIN_ROWS = 20
"""Fewer validation rows are too thin for any verdict."""

RISE = 0.05
"""Of the best validation loss: Prechelt's generalization loss of 5 %, where overfitting begins."""

RISE_NOISE = 3.0
"""Standard deviations that a rise must have: the best level was picked among many."""

FALL = 0.005
FALL_NOISE = 2.0
"""Of the loss, and in standard deviations: what counts as still falling from level to level."""

GAP = 0.10
"""Of the validation loss: how far training may lie below it and still count as near."""

NOISY = 0.10
"""Of the validation loss: swings from epoch to epoch beyond which a curve is hard to read."""

NEARLY_PERFECT = 0.99
"""Training accuracy, or R² on validation rows, where no more capacity is called for."""


Remedy = Literal["longer", "slower", "begin", "larger", "regularize", "more validation"]
"""Kinds of change; `advice` says what each is of a config."""


@dataclass(frozen=True)
class Finding:
    """A verdict with its evidence.

    Attributes:
        verdict: As it is said, such as "overfitting from epoch 23".
        kind: One word for it, for programs.
        evidence: Numbers and epochs.
        remedy: Which kind of change to try; None for nothing.
    """

    verdict: str
    kind: str
    evidence: str
    remedy: Remedy | None = None


Rule = Callable[[Evidence], Finding | None]


def find_verdict(evidence: Evidence) -> tuple[Finding, ...]:
    """Returns the verdict, and what else is worth knowing: noise that makes it hard to read."""
    found = next(finding for rule in RULES if (finding := rule(evidence)) is not None)
    noise = _noisy(evidence) if found.kind not in ("diverged", "none") else None
    return (found,) if noise is None else (found, noise)


def _diverged(e: Evidence) -> Finding | None:
    if e.status == "diverged":
        said = e.error.split(";")[0] or "the loss became NaN or infinite"
        return Finding("diverged", "diverged", said, "slower")
    both = [trend for trend in (e.validation, e.training) if trend is not None]
    if both and all(_has_risen(t, t.first, 0.1) for t in both):
        loss = both[-1]
        text = f"the loss rose from {loss.first:.4g} in epoch 1 to {loss.last:.4g} at the end"
        return Finding("diverged", "diverged", text, "slower")
    return None


def _has_risen(trend: Trend, start: float, share: float = RISE) -> bool:
    """Whether a loss ends well above an earlier level, beyond noise."""
    rise = trend.last - start
    return rise > share * abs(start) and rise > RISE_NOISE * trend.level_noise


def _too_thin(e: Evidence) -> Finding | None:
    if e.validation is None:
        text = f"{e.num_epochs} epochs, and no validation loss to read"
        if e.num_rows:
            text = f"{e.num_epochs} epochs are too few to read a curve: {MIN_EPOCHS} at least"
        return Finding("no verdict", "none", text)
    if e.num_rows < MIN_ROWS:
        text = f"{e.num_rows} validation rows tell too little: {MIN_ROWS} at least"
        return Finding("no verdict", "none", text, "more validation")
    return None


def _not_begun(e: Evidence) -> Finding | None:
    accuracy = e.reached.get("train_eval_accuracy", e.reached.get("accuracy"))
    loss = e.training or e.validation
    if accuracy is None or e.baseline is None or loss is None:
        return None
    if accuracy > e.baseline + 0.02 or loss.first - loss.last > 0.01 * loss.first:
        return None
    text = (
        f"after {e.num_epochs} epochs training accuracy is {accuracy:.4f}, and always saying the "
        f"most frequent class gets {e.baseline:.4f}: it has not begun to learn"
    )
    return Finding("plateau from epoch 1", "plateau", text, "begin")


def _rising(e: Evidence) -> Finding | None:
    v, t = e.validation, e.training
    if v is None or not _has_risen(v, v.best):
        return None
    epoch = v.best_epoch
    text = f"val_loss rose from {v.best:.4g} around epoch {epoch} to {v.last:.4g} at the end"
    if t is None:
        return Finding(f"overfitting from epoch {epoch}", "overfitting", text, "regularize")
    own = "that of training rows"
    if _has_risen(t, t.best):
        text += f", and {own} from {t.best:.4g} to {t.last:.4g}: the steps are too large"
        return Finding(f"both losses rise from epoch {epoch}", "rising", text, "slower")
    fell = t.at(epoch) - t.last > FALL_NOISE * t.level_noise
    change = f"fell from {t.at(epoch):.4g} to" if fell else "stayed at"
    text += f", while {own} {change} {t.last:.4g}"
    return Finding(f"overfitting from epoch {epoch}", "overfitting", text, "regularize")


def _against_target(e: Evidence) -> Finding | None:
    missed = [name for name, value in e.target.items() if not _reaches(e, name, value)]
    if not e.target or any(name not in e.reached for name in e.target):
        return None
    if not missed:
        said = ", ".join(f"{n} {e.reached[n]:.4f} of {value:g}" for n, value in e.target.items())
        return Finding("looks fine", "fine", f"the target is reached: {said}")
    name = missed[0]
    wanted, value = e.target[name], e.reached[name]
    training = name.replace(VALIDATION, TRAIN_EVAL, 1)
    own = e.reached.get(training) if training != name else None
    if own is not None and _reaches(e, training, wanted, like=name):
        if _is_within(e, name, wanted):
            return _undecided(e, name, wanted)
        text = f"training rows reach the target {wanted:g} ({own:.4f}), validation rows {value:.4f}"
        return Finding("overfitting", "overfitting", text, "regularize")
    if _is_within(e, name, wanted) and (own is None or _is_within(e, training, wanted)):
        return _undecided(e, name, wanted)
    text = f"{name} is {value:.4f}, the target {wanted:g}"
    text += f", and training rows get no farther: {own:.4f}" if own is not None else ""
    if _is_falling(e.validation):
        return Finding("underfitting", "underfitting", f"{text}; it is still improving", "longer")
    return Finding("underfitting", "underfitting", text, "larger")


def _is_within(e: Evidence, name: str, wanted: float) -> bool:
    """Whether a value cannot be told apart from what is wanted."""
    low, high = e.limits.get(name, (math.nan, math.nan))
    return low <= wanted <= high


def _undecided(e: Evidence, name: str, wanted: float) -> Finding:
    low, high = e.limits[name]
    text = f"{name} {e.reached[name]:.4f} ({low:.4f} to {high:.4f}) cannot be told apart from the"
    return Finding("no verdict", "none", f"{text} target {wanted:g}", "more validation")


def _reaches(e: Evidence, name: str, wanted: float, like: str = "") -> bool:
    value = e.reached.get(name)
    if value is None:
        return False
    return value >= wanted if e.grows.get(like or name, False) else value <= wanted


def _against_larger(e: Evidence) -> Finding | None:
    if not e.larger:
        return None
    return Finding("underfitting", "underfitting", e.larger, "larger")


def _noisy(e: Evidence) -> Finding | None:
    v = e.validation
    if v is None or v.noise <= NOISY * abs(v.last):
        return None
    middle = v.at(len(v.values) // 2)
    fell = middle - v.last
    if fell > FALL_NOISE * v.noise:
        return None
    text = (
        f"val_loss {v.last:.4g} swings by ± {v.noise:.2g} from epoch to epoch, and changed by "
        f"{abs(fell):.2g} over the second half"
    )
    t = e.training
    is_both = t is not None and t.noise > NOISY * abs(t.last)
    text += "; so does the loss of training rows" if is_both else ""
    return Finding("noisy validation", "noisy", text)


def _is_falling(v: Trend | None) -> bool:
    if v is None:
        return False
    fall = v.before_last - v.last
    return fall > FALL * abs(v.last) and fall > FALL_NOISE * v.level_noise


def _still_improving(e: Evidence) -> Finding | None:
    v = e.validation
    if v is None or not _is_falling(v) or len(v.values) - v.best_epoch >= v.window:
        return None
    text = f"val_loss fell from {v.before_last:.4g} to {v.last:.4g} in the last {v.window} epochs"
    return Finding("still improving", "improving", text, "longer")


def _apart(e: Evidence) -> Finding | None:
    """Validation stands still, well above training."""
    v, t = e.validation, e.training
    if v is None or t is None or v.last - t.last <= GAP * abs(v.last):
        return None
    text = (
        f"val_loss has stayed at {v.last:.4g} since about epoch {v.best_epoch}, and that of "
        f"training rows is {t.last:.4g}"
    )
    return Finding(f"plateau from epoch {v.best_epoch}", "plateau", text, "regularize")


def _together(e: Evidence) -> Finding | None:
    """Validation stands still beside training, which is not perfect."""
    v, t = e.validation, e.training
    accuracy = e.reached.get("train_eval_accuracy")
    if v is None or t is None or _is_nearly_perfect(accuracy, e.r2):
        return None
    text = (
        f"val_loss {v.last:.4g} and that of training rows {t.last:.4g} have come to rest together"
    )
    return Finding("no overfitting; more capacity may help", "capacity", text, "larger")


def _is_nearly_perfect(accuracy: float | None, r2: float | None) -> bool:
    return any(value is not None and value >= NEARLY_PERFECT for value in (accuracy, r2))


def _fine(e: Evidence) -> Finding:
    v = e.validation
    at = "" if v is None else f"val_loss {v.last:.4g}, best in epoch {v.best_epoch}"
    near = "" if e.training is None else f", near that of training rows, {e.training.last:.4g}"
    return Finding("looks fine", "fine", at + near)


RULES: tuple[Rule, ...] = (
    _diverged,
    _too_thin,
    _not_begun,
    _rising,
    _against_target,
    _against_larger,
    _still_improving,
    _apart,
    _together,
    _fine,
)
