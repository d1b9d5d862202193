"""Numbers as they are read: short, alike everywhere, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping


def short_number(value: float | None) -> str:
    """Returns a value in four decimals, or in powers of ten where those would hide it."""
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.3e}"


def with_spread(mean: float | None, sd: float | None) -> str:
    """Returns `0.9638 ± 0.0009`, the spread written as the mean is; without it where it is None."""
    if sd is None:
        return short_number(mean)
    is_plain = mean is not None and short_number(mean) == f"{mean:.4f}" and 5e-5 <= sd < 1e4
    return f"{short_number(mean)} ± {f'{sd:.4f}' if is_plain else short_number(sd)}"


def with_interval(estimate: Mapping[str, float | None]) -> str:
    """Returns `0.9333 (0.9012 to 0.9554)`; without the limits where there are none.

    Args:
        estimate: `value`, `low` and `high`, as `evaluation.json` has them.
    """
    value, low, high = (estimate.get(name) for name in ("value", "low", "high"))
    if low is None or high is None:
        return short_number(value)
    return f"{short_number(value)} ({short_number(low)} to {short_number(high)})"


def signed_interval(value: float, low: float | None, high: float | None) -> str:
    """Returns a difference, such as `-0.0039 (-0.0086 to +0.0008)`, its numbers written alike."""
    largest = max(abs(number) for number in (value, low or 0.0, high or 0.0))
    style = "+.4f" if largest == 0 or 1e-3 <= largest < 1e4 else "+.2e"
    if low is None or high is None:
        return f"{value:{style}}"
    return f"{value:{style}} ({low:{style}} to {high:{style}})"
