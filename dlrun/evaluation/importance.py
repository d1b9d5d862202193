"""How much of the objective's variance each hyperparameter of a sweep explains.

A full grid is taken apart exactly, by sums of squares. Anything else is modelled by a random
forest, which is then taken apart; what the forest cannot predict is not shared out. Either way
each share comes with what chance alone would give it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun.evaluation.intervals import CONFIDENCE
from dlrun.evaluation.sweep_rows import SweepRows, level_id, worst_usual

FEWEST_TRIALS = 8
FEWEST_TRIALS_EACH = 3
"""Trials for each hyperparameter; with fewer, shares say more about luck than about them."""

NUM_TREES = 100
MOST_LEAVES = 64
"""Leaves of a tree: fine enough for main effects, and as quick for a thousand trials."""

MOST_ROWS = 300
"""Trials that a tree is grown from."""

NUM_SHUFFLES = 20
"""A share that all of them stay below is clear at about 5 %."""

TREES_SHUFFLED = 20

_SEED = 0x1A9


@dataclass(frozen=True)
class Importance:
    """Shares of the objective's variance.

    Attributes:
        shares: By key, what it explains alone, from 0 to 1, the largest first.
        chance: By key, the share that it would stay below in 95 of 100 sweeps like this one if
            it had no effect.
        rest: What is left: combinations of hyperparameters, and noise. With the shares it is 1.
        method: How it was found, for a caption.
        num_trials: From how many.
    """

    shares: Mapping[str, float]
    chance: Mapping[str, float]
    rest: float
    method: str
    num_trials: int

    def is_clear(self, key: str) -> bool:
        """Whether a share is larger than chance would make it."""
        return self.shares[key] > self.chance[key]


@dataclass(frozen=True)
class _Table:
    """Finished trials.

    Attributes:
        keys: The hyperparameters that vary.
        codes: Which of its key's distinct values a trial has, (trials, keys) int64.
        columns: By key, each distinct value as numbers, (levels, columns) float32.
        objective: (trials,) float64; values far worse than the others are cut off.
        num_cut: How many were.
    """

    keys: tuple[str, ...]
    codes: np.ndarray
    columns: tuple[np.ndarray, ...]
    objective: np.ndarray
    num_cut: int


def measure_importance(rows: SweepRows) -> tuple[Importance | None, str]:
    """Returns how important each hyperparameter was; or None, and why that cannot be said.

    Full grid, each combination tried equally often: analysis of variance. A key's share is its
    sum of squares by the total one, and it is beyond chance by Fisher's F test.

    Otherwise: functional ANOVA after F. Hutter, H. Hoos, K. Leyton-Brown, An Efficient Approach
    for Assessing Hyperparameter Importance, ICML 2014: in each tree of a random forest, the
    variance of the mean prediction for each value of a key, over all values that were tried of
    the others, by the variance of the tree's predictions; means over the trees. Two things are
    added, as a forest always explains its own predictions, whatever they are worth: the shares
    are multiplied by the forest's R² on trials left out (out-of-bag), and chance is measured by
    the shares that shuffled hyperparameters get, one at a time, after A. Altmann et al.,
    Permutation importance: a corrected feature importance measure, Bioinformatics 26 (2010),
    though there the objective is shuffled: beside a strong hyperparameter that asks too much.
    Tried on 105 made-up sweeps of 14 to 60 trials, 7 of 255 hyperparameters without any effect
    were taken for clear, and 63 of 65 with one. A thousand trials of six take about 6 s.

    Trials far worse than the others (see `worst_usual`) count as the worst of those: else a few
    that went wrong would be all of the variance. Losses that span more than a decade are taken by
    their logarithm; text is one-hot; a conditional hyperparameter that is not used counts as a
    value of its own. Only finished trials count. The numbers are the same every time.

    Args:
        rows: A sweep.

    Returns:
        The importance and an empty text, or None and the reason.
    """
    results = rows.results
    if len(results) < FEWEST_TRIALS:
        return None, f"{_trials(len(results))} finished; it takes {FEWEST_TRIALS} or more"
    table = _read(rows)
    if len(table.keys) < 2:
        return None, "only one hyperparameter varied, so there is nothing to compare it with"
    needed = FEWEST_TRIALS_EACH * len(table.keys)
    if len(results) < needed:
        return None, (
            f"{len(results)} trials finished; {len(table.keys)} hyperparameters take {needed}"
        )
    spread = float(np.ptp(table.objective))
    if spread <= 1e-12 * float(np.abs(table.objective).max()):
        return None, "all trials came to the same value"
    cut = "" if not table.num_cut else f"; {table.num_cut} far worse counted as the worst of others"
    found = _analyse_grid(table) if _is_full_grid(table.codes) else _analyse_forest(table)
    if found is None:
        return None, "a model of the trials predicts others no better than their mean does"
    shares, chance, method = found
    order = sorted(shares, key=lambda key: -shares[key])
    label = f"log of {rows.metric}" if rows.spans_decades else rows.metric
    return Importance(
        shares={key: shares[key] for key in order},
        chance={key: chance[key] for key in order},
        rest=max(0.0, 1 - math.fsum(shares.values())),
        method=f"shares of the variance of {label} over {len(results)} finished trials{cut}; "
        f"{method}",
        num_trials=len(results),
    ), ""


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _read(rows: SweepRows) -> _Table:
    results = rows.results
    objective, num_cut = _objective(rows)
    keys, codes, columns = [], [], []
    for axis in rows.axes:
        ids = [
            level_id(trial.values[axis.key]) if axis.key in trial.values else ""
            for trial in results
        ]
        place = {name: i for i, name in enumerate(dict.fromkeys(ids))}
        if len(place) < 2:
            continue
        by_id = dict(zip(ids, (trial.values.get(axis.key) for trial in results), strict=True))
        keys.append(axis.key)
        codes.append([place[name] for name in ids])
        is_number = axis.is_number or _all_numbers(by_id)
        levels = [None if name == "" else by_id[name] for name in place]
        columns.append(_encode(levels, axis.is_log) if is_number else np.eye(len(place)))
    return _Table(
        tuple(keys),
        np.array(codes, np.int64).T.reshape(len(results), -1),
        tuple(np.asarray(column, np.float32) for column in columns),
        objective,
        num_cut,
    )


def _objective(rows: SweepRows) -> tuple[np.ndarray, int]:
    values = np.array([trial.score for trial in rows.results])
    if rows.spans_decades:
        values = np.log(values)
    limit = worst_usual(values.tolist(), higher_is_better=rows.higher_is_better)
    if limit is None:
        return values, 0
    cut = np.maximum(values, limit) if rows.higher_is_better else np.minimum(values, limit)
    return cut, int(np.sum(cut != values))


def _all_numbers(by_id: Mapping[str, Any]) -> bool:
    values = [value for name, value in by_id.items() if name]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _encode(levels: Sequence[float | None], is_log: bool) -> np.ndarray:
    """Returns numbers as one column, (levels, 1); what is not used lies below all that are."""
    known = [level for level in levels if level is not None]
    is_log = is_log and min(known) > 0
    scaled = [math.nan if x is None else math.log10(x) if is_log else float(x) for x in levels]
    column = np.array(scaled)
    low, high = np.nanmin(column), np.nanmax(column)
    column[np.isnan(column)] = low - (high - low or 1.0)
    return column[:, None]


def _is_full_grid(codes: np.ndarray) -> bool:
    counts = Counter(map(tuple, codes.tolist()))
    num_cells = math.prod(len(np.unique(column)) for column in codes.T)
    return len(counts) == num_cells and len(set(counts.values())) == 1


_Found = tuple[dict[str, float], dict[str, float], str]


def _analyse_grid(table: _Table) -> _Found:
    from scipy import special

    centred = table.objective - table.objective.mean()
    total = float(centred @ centred)
    squares, freedoms = [], []
    for column in table.codes.T:
        counts = np.bincount(column)
        means = np.bincount(column, weights=centred) / counts
        squares.append(float(counts @ means**2))
        freedoms.append(len(counts) - 1)
    rest = max(total - math.fsum(squares), 0.0)
    freedom_of_rest = len(centred) - 1 - sum(freedoms)
    noise = rest / freedom_of_rest
    chance = [
        noise * freedom * float(special.fdtri(freedom, freedom_of_rest, CONFIDENCE))
        for freedom in freedoms
    ]
    shares = {key: square / total for key, square in zip(table.keys, squares, strict=True)}
    limits = {key: min(1.0, c / total) for key, c in zip(table.keys, chance, strict=True)}
    return shares, limits, "by sums of squares of the full grid; chance: F test at 5 %"


def _analyse_forest(table: _Table) -> _Found | None:
    explained, shares = _grow(table, NUM_TREES, seed=0)
    if not explained > 0:
        return None
    return (
        dict(zip(table.keys, map(float, explained * shares), strict=True)),
        dict(zip(table.keys, map(float, _chance(table)), strict=True)),
        f"by functional ANOVA of a random forest that predicts {100 * explained:.0f} % of the "
        "variance of trials left out; chance: hyperparameters shuffled",
    )


def _grow(table: _Table, num_trees: int, seed: int) -> tuple[float, np.ndarray]:
    """Returns a forest's R² on trials left out, 0 or more, and the shares of its predictions."""
    from sklearn.ensemble import RandomForestRegressor  # 1 s

    x = np.hstack([c[codes] for c, codes in zip(table.columns, table.codes.T, strict=True)])
    forest = RandomForestRegressor(
        num_trees,
        max_leaf_nodes=MOST_LEAVES,
        min_samples_leaf=2,
        max_samples=min(len(x), MOST_ROWS),
        random_state=_SEED + seed,
    )
    forest.fit(x, table.objective)
    return _explained(forest, x, table.objective), _tree_shares(forest, table)


def _explained(forest: Any, x: np.ndarray, objective: np.ndarray) -> float:
    """Returns R² of each trial's mean prediction by the trees that were grown without it."""
    totals, counts = np.zeros(len(x)), np.zeros(len(x))
    for tree, rows in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        is_out = np.ones(len(x), bool)
        is_out[rows] = False
        totals[is_out] += tree.tree_.predict(x[is_out])[:, 0]
        counts[is_out] += 1
    known = counts > 0
    errors = objective[known] - totals[known] / counts[known]
    return max(0.0, 1 - float(np.mean(errors**2) / np.var(objective)))


def _chance(table: _Table) -> np.ndarray:
    """Returns the largest share that each key gets when it is shuffled.

    The others stay as they are: a weak key is measured beside the strong ones, as it was.
    """
    rng = np.random.default_rng(_SEED)
    largest = np.zeros(len(table.keys))
    for i in range(NUM_SHUFFLES):
        for key in range(len(table.keys)):
            codes = table.codes.copy()
            codes[:, key] = rng.permutation(codes[:, key])
            explained, shares = _grow(replace(table, codes=codes), TREES_SHUFFLED, seed=1 + i)
            largest[key] = max(largest[key], explained * shares[key])
    return largest


def _tree_shares(forest: Any, table: _Table) -> np.ndarray:
    """Returns each key's share of the variance of a tree's predictions, the mean over the trees.

    The variances are over all combinations of the values that were tried, each value of a key
    counted once.
    """
    found = [_shares_of_tree(tree.tree_, table.columns) for tree in forest.estimators_]
    return np.mean(found, axis=0)  # type: ignore[no-any-return]


def _shares_of_tree(tree: Any, columns: Sequence[np.ndarray]) -> np.ndarray:
    values, inside = _leaves(tree, columns)
    weights = np.stack([held.mean(axis=1) for held in inside], axis=1)  # (leaves, keys)
    volumes = weights.prod(axis=1)
    mean = values @ volumes
    total = (values - mean) ** 2 @ volumes
    if total <= 0:
        return np.zeros(len(columns))
    shares = []
    for i, held in enumerate(inside):
        others = np.delete(weights, i, axis=1).prod(axis=1)
        marginal = (values * others) @ held  # (levels,)
        shares.append(np.mean((marginal - mean) ** 2) / total)
    return np.array(shares)


def _leaves(tree: Any, columns: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Returns the leaves' predictions, and by key which of its levels each leaf holds."""
    owner = [(key, i) for key, column in enumerate(columns) for i in range(column.shape[1])]
    values, held = [], []
    stack = [(0, [np.ones(len(column), bool) for column in columns])]
    while stack:
        node, levels = stack.pop()
        if tree.children_left[node] < 0:
            values.append(tree.value[node, 0, 0])
            held.append(levels)
            continue
        key, i = owner[tree.feature[node]]
        is_left = columns[key][:, i] <= tree.threshold[node]
        for child, side in ((tree.children_left, is_left), (tree.children_right, ~is_left)):
            part = [*levels]
            part[key] = levels[key] & side
            stack.append((int(child[node]), part))
    return np.array(values), [np.stack(one) for one in zip(*held, strict=True)]
