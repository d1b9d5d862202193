"""Which losses are for classes and which for numbers, and how they want their labels."""

from __future__ import annotations

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


def loss_task(name: str) -> str | None:
    """Returns what a loss of Keras predicts: "multiclass", "binary", "regression"; None if open."""
    if name in ONE_HOT_LOSSES | INDEX_LOSSES:
        return "multiclass"
    if name in BINARY_LOSSES:
        return "binary"
    return "regression" if name in VALUE_LOSSES else None
