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
