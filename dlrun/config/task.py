"""Which losses are for classes and which for numbers, and how they want their labels."""

from __future__ import annotations

from dlrun.config.component import Component

ONE_HOT_LOSSES = frozenset(
    {
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy",
        "CategoricalHinge",
        "KLDivergence",
    }
)
INDEX_LOSSES = frozenset({"SparseCategoricalCrossentropy"})
BINARY_LOSSES = frozenset(
    {"BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge"}
)
VALUE_LOSSES = frozenset(
    {
        "Huber",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
    }
)
CLASS_LOSSES = ONE_HOT_LOSSES | INDEX_LOSSES | BINARY_LOSSES


def parts_at_zero(loss: Component) -> bool:
    """Returns whether a single output above 0, not 0.5, means class 1: a logit, or a hinge."""
    if loss.name in ("Hinge", "SquaredHinge"):
        return True
    return loss.name in BINARY_LOSSES and loss.arguments.get("from_logits") is True
