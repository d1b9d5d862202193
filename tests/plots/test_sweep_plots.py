"""The pictures of a sweep: what they show, and that their words fit, for sweeps of many kinds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from dlrun.errors import RunError
from dlrun.evaluation.importance import Importance
from dlrun.evaluation.sweep_rows import SweepRows, TrialRow, make_axis
from dlrun.plots.figure import PALETTE
from dlrun.plots.sweep_curves import coloring, draw_learning_curves, trial_curves
from dlrun.plots.sweep_heat_map import draw_heat_map, has_heat_map, heat_map_cells, why_no_heat_map
from dlrun.plots.sweep_importance import draw_importance, importance_bars
from dlrun.plots.sweep_parallel import UNUSED, draw_parallel, parallel_axes, parallel_lines
from dlrun.plots.sweep_parameters import draw_parameters, parameter_points
from dlrun.plots.sweep_plots import draw_sweep
from dlrun.plots.sweep_scale import find_scale, objective_label, short_texts

RATE, OPTIMIZER, UNITS = "optimizer.learning_rate", "optimizer", "model.layers.1.units"


def sweep(
    values: Sequence[Mapping[str, Any]],
    scores: Sequence[float | None],
    *,
    states: Mapping[int, str] | None = None,
    metric: str = "val_accuracy",
    sd: float | None = None,
    name: str = "a_sweep",
) -> SweepRows:
    """Trials with a curve of five epochs that ends in their score."""
    higher = metric == "val_accuracy"
    trials = []
    for i, (value, score) in enumerate(zip(values, scores, strict=True)):
        state = (states or {}).get(i, "finished")
        has_value = score is not None and state in ("finished", "pruned")
        start = 0.5 if higher else 2.0
        curve = [] if score is None else [score * start ** (1 - e / 4) for e in range(5)]
        if state != "finished":
            curve = curve[:2]
        trials.append(TrialRow(i, value, state, score if has_value else None, sd, tuple(curve)))
    results = [trial for trial in trials if trial.has_result]
    pick = max if higher else min
    best = pick(results, key=lambda trial: trial.score).number if results else None
    keys = dict.fromkeys(key for value in values for key in value)
    axes = tuple(make_axis(key, [v[key] for v in values if key in v]) for key in keys)
    return SweepRows(name, metric, higher, axes, tuple(trials), best)


def grid(*sizes: int, states: Mapping[int, str] | None = None, **options: Any) -> SweepRows:
    keys = (RATE, OPTIMIZER, UNITS)
    levels = (
        [10.0**-i for i in range(9)],
        ["sgd", {"SGD": {"momentum": 0.9, "nesterov": True}}, "adam", "rmsprop", *"abcdefgh"],
        [8, 16, 32, 64, 128, 256],
    )
    chosen = product(*(one[:size] for one, size in zip(levels, sizes, strict=False)))
    values = [dict(zip(keys, one, strict=False)) for one in chosen]
    rng = np.random.default_rng(0)
    scores = (0.6 + 0.3 * rng.random(len(values))).tolist()
    return sweep(values, scores, states=states, **options)


def search(count: int, num_keys: int = 4, metric: str = "val_accuracy") -> SweepRows:
    """Random values, a conditional one among them; a tenth diverged, a third pruned."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(count):
        optimizer = str(rng.choice(["sgd", "adam", "rmsprop"]))
        value = {OPTIMIZER: optimizer, RATE: float(10 ** rng.uniform(-5, -1))}
        value |= {"model.dropout": float(rng.uniform(0, 0.6)), "seedlike": int(rng.integers(9))}
        if num_keys > 4:
            value["model.use_bias"] = bool(rng.integers(2))
        if optimizer == "sgd":
            value["optimizer.momentum"] = float(rng.random())
        values.append(value)
    scores = [0.9 - 0.05 * (math.log10(v[RATE]) + 3) ** 2 + 0.01 * rng.random() for v in values]
    if metric != "val_accuracy":
        scores = [10 ** (3 * (0.9 - score)) / 10 for score in scores]
    kinds = {0: "diverged", 1: "pruned", 2: "pruned", 3: "pruned"}
    states = {i: kinds[i % 10] for i in range(2, count) if i % 10 in kinds}
    return sweep(values, scores, states=states, metric=metric)


LONG = [f"a rather long name of category number {i}, that goes on" for i in range(7)]
LONG_NAME = "a_sweep_of_many_things_with_a_name_that_is_longer_than_any_title_can_be_expected_to_be"

SWEEPS = {
    "five categories": grid(1, 5),
    "4 × 4": grid(4, 4, states={3: "diverged", 7: "failed"}),
    "9 × 12": grid(9, 12, states={5: "timed_out", 30: "planned"}),
    "three keys": grid(3, 3, 3, sd=0.02),
    "one key": sweep([{RATE: 10.0**-i} for i in range(9)], [0.5 + 0.04 * i for i in range(9)]),
    "60 random": search(60),
    "300 random losses": search(300, 6, "val_loss"),
    "long names": sweep(
        [
            {"model.layers.1.kernel_initializer_with_a_long_key": a, "augmentation": b}
            for a, b in product(LONG, [*LONG[:2], None])
        ],
        [0.5 + 0.01 * i for i in range(21)],
        name=LONG_NAME,
    ),
    "one trial": sweep([{RATE: 0.1, UNITS: 8}], [0.9]),
    "one result of six": sweep(
        [{RATE: 0.1 * 2**-i, UNITS: 8 * i} for i in range(6)],
        [0.9, *[None] * 5],
        states=dict.fromkeys(range(1, 6), "crashed"),
    ),
    "all equal": sweep(
        [{RATE: a, UNITS: b} for a, b in product([0.1, 0.01, 0.001], [8, 16, 32])], [0.5] * 9
    ),
    "tiny losses": sweep(
        [{RATE: 0.1 / (i + 1), OPTIMIZER: "ab"[i % 2]} for i in range(12)],
        [1e-7 * (i + 1) ** 2 for i in range(12)],
        metric="val_loss",
    ),
    "one far worse": sweep(
        [{RATE: 0.1 / (i + 1), OPTIMIZER: "ab"[i % 2]} for i in range(12)],
        [0.5 + 0.01 * i for i in range(11)] + [1e9],
        metric="val_loss",
    ),
    "twelve keys": sweep(
        [{f"part{k}.key": (i * (k + 3)) % 7 for k in range(14)} for i in range(60)],
        [0.5 + 0.005 * i for i in range(60)],
    ),
}

by_kind = pytest.mark.parametrize("rows", SWEEPS.values(), ids=SWEEPS.keys())


@by_kind
def test_the_words_of_every_picture_lie_inside_it(tmp_path: Path, drawn, rows: SweepRows) -> None:
    draw_parameters(rows, tmp_path / "a.png")
    assert drawn.outside() == []
    if rows.name != LONG_NAME:  # whose slanted names lie apart, though boxes around them do not
        assert drawn.overlapping() == []
    draw_learning_curves(rows, tmp_path / "b.png")
    assert drawn.outside() == []
    assert drawn.overlapping() == []
    draw_parallel(rows, tmp_path / "c.png")
    assert drawn.outside() == []
    assert drawn.overlapping() == []
    if has_heat_map(rows):
        draw_heat_map(rows, tmp_path / "d.png")
        assert drawn.outside() == []
        assert drawn.overlapping() == []


def test_all_pictures_of_a_grid_are_drawn(tmp_path: Path) -> None:
    paths, left_out = draw_sweep(grid(4, 4), tmp_path / "new")
    names = ["parameters", "heat_map", "learning_curves", "parallel_coordinates", "importance"]
    assert [path.name for path in paths] == [f"{name}.png" for name in names]
    assert all(path.stat().st_size > 5000 for path in paths)
    assert left_out == []


def test_what_is_not_drawn_is_told_with_its_reason(tmp_path: Path) -> None:
    paths, left_out = draw_sweep(grid(1, 5), tmp_path, "svg")
    assert {path.name for path in paths} >= {"parameters.svg", "learning_curves.svg"}
    assert "heat_map.svg: one of the two hyperparameters has one value only" in left_out
    assert "importance.svg: 5 trials finished; it takes 8 or more" in left_out


@pytest.mark.parametrize("states", [dict.fromkeys(range(4), "failed"), {}], ids=["failed", "none"])
def test_without_a_result_nothing_is_drawn(tmp_path: Path, states: dict[int, str]) -> None:
    values = [{RATE: 10.0**-i} for i in range(len(states))]
    paths, left_out = draw_sweep(sweep(values, [None] * len(values), states=states), tmp_path)
    assert paths == []
    assert len(left_out) == 5
    assert "parameters.png: no trial has a result" in left_out


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ends in '\.gif'; end it in \.png, \.pdf, \.svg"):
        draw_sweep(grid(2, 2), tmp_path, "gif")


@pytest.mark.slow
def test_equal_sweeps_are_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        draw_sweep(search(40), tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_objective_is_said_in_words() -> None:
    assert objective_label(grid(2)) == "validation accuracy"
    assert objective_label(grid(2, metric="loss")) == "loss"


# the objective's range


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss"])
def test_a_few_very_bad_values_do_not_squash_the_others(metric: str) -> None:
    sign = 1 if metric == "val_loss" else -1
    scores = [0.5 + sign * 0.01 * i for i in range(20)] + [0.5 + sign * 40]
    rows = sweep([{RATE: 0.1}] * 21, scores, metric=metric)
    scale = find_scale(rows, scores)
    if not scale.is_log:
        assert (scale.num_outside, scale.worst) == (1, scores[19])
        assert scale.is_outside(scores[20])
    assert not scale.is_outside(scores[0])
    assert scale.shade(scores[0]) == 1
    assert scale.shade(scores[20]) == 0


def test_a_very_good_value_is_never_cut_off() -> None:
    scores = [0.5 + 0.001 * i for i in range(20)] + [0.99]
    scale = find_scale(sweep([{RATE: 0.1}] * 21, scores), scores)
    assert (scale.high, scale.num_outside) == (0.99, 0)


def test_losses_over_decades_have_a_logarithmic_range() -> None:
    rows = SWEEPS["tiny losses"]
    scale = find_scale(rows, [trial.score for trial in rows.results])
    assert scale.is_log
    assert scale.place(math.sqrt(scale.low * scale.high)) == pytest.approx(0.5)


def test_one_loss_far_worse_makes_no_scale_logarithmic() -> None:
    rows = SWEEPS["one far worse"]
    scale = find_scale(rows, [trial.score for trial in rows.results])
    assert (scale.is_log, scale.low, scale.num_outside) == (False, 0.5, 1)
    assert scale.high == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("values", "width", "texts"),
    [
        (["sgd", 0.123456, True], 9, ["sgd", "0.1235", "true"]),
        ([{"SGD": {"nesterov": True}}, "adam"], 8, ["SGD(…)", "adam"]),
        (["a_long_beginning_1", "a_long_beginning_2"], 12, ["a_long…ing_1", "a_long…ing_2"]),
        (["same start a same end", "same start b same end"], 8, ["…tart a…", "…tart b…"]),
    ],
)
def test_shortened_values_can_still_be_told_apart(
    values: list[Any], width: int, texts: list[str]
) -> None:
    assert short_texts(values, width) == texts


# parameters


def panels(drawn) -> dict[str, Any]:
    return {a.get_title(loc="left"): a for a in drawn.figure.axes if a.get_title(loc="left")}


def test_numbers_stand_at_their_values_and_categories_near_their_places() -> None:
    rows = grid(3, 4)
    scale = find_scale(rows, [trial.score for trial in rows.results])
    rate, optimizer = rows.axes
    points = parameter_points(rows, rate, scale)
    assert [point.x for point in points] == [trial.values[RATE] for trial in rows.trials]
    assert [point.y for point in points] == [trial.value for trial in rows.trials]
    places = [point.x for point in parameter_points(rows, optimizer, scale)]
    assert [round(place) for place in places] == [0, 1, 2, 3] * 3
    assert len(set(places)) == 12


def test_each_trial_without_a_result_is_a_cross_at_the_worse_edge(tmp_path: Path, drawn) -> None:
    rows = grid(4, 4, states={3: "diverged", 7: "failed", 9: "planned"})
    scale = find_scale(rows, [trial.score for trial in rows.results])
    points = {point.trial: point for point in parameter_points(rows, rows.axes[0], scale)}
    assert {trial for trial, point in points.items() if point.kind == "lost"} == {3, 7}
    assert points[3].y == scale.low
    assert 9 not in points
    draw_parameters(rows, tmp_path / "a.png")
    title = "a_sweep: of 16 trials 13 finished, 1 diverged, 1 failed, 1 not started"
    assert title in " ".join(drawn.texts()).replace("\n", " ")
    assert "trials without a result: crosses at the lower edge" in drawn.texts()
    assert "no result" in drawn.texts()


def test_a_trial_too_bad_for_the_panel_is_an_arrow_and_told(tmp_path: Path, drawn) -> None:
    values = [{RATE: 0.1 / (i + 1)} for i in range(12)]
    rows = sweep(values, [0.9 - 0.01 * i for i in range(11)] + [0.1], states={2: "pruned"})
    scale = find_scale(rows, [trial.score for trial in rows.results])
    kinds = [point.kind for point in parameter_points(rows, rows.axes[0], scale)]
    assert kinds == ["result", "result", "pruned", *["result"] * 8, "outside"]
    draw_parameters(rows, tmp_path / "a.png")
    note = "1 finished trial is worse than the picture reaches: arrows at its lower edge"
    assert note in drawn.texts()
    low, _ = panels(drawn)["learning_rate"].get_ylim()
    assert low > 0.7


def test_the_scale_of_a_panel_is_that_of_its_hyperparameter(tmp_path: Path, drawn) -> None:
    draw_parameters(grid(4, 3, 4), tmp_path / "a.png")
    scales = {name: axes.get_xscale() for name, axes in panels(drawn).items()}
    assert scales == {"learning_rate": "log", "optimizer": "linear", "units": "linear"}
    ticks = [text.get_text() for text in panels(drawn)["units"].get_xticklabels()]
    assert ticks == ["8", "16", "32", "64"]


def test_the_best_trial_and_the_medians_are_marked(tmp_path: Path, drawn) -> None:
    rows = grid(4, 3)
    draw_parameters(rows, tmp_path / "a.png")
    best = rows.best_trial
    assert best is not None
    assert f"best: trial {best.number}, {best.score:.4f}" in drawn.texts()
    lines = panels(drawn)["optimizer"].lines
    marks = [line.get_ydata()[0] for line in lines if line.get_marker() == "D"]
    assert marks == [best.score]
    middles = [line.get_ydata()[0] for line in lines if line.get_marker() == "None"]
    table = np.array([trial.value for trial in rows.trials]).reshape(4, 3)
    np.testing.assert_allclose(middles, np.median(table, axis=0))


def test_bars_are_a_standard_deviation_over_seeds(tmp_path: Path, drawn) -> None:
    draw_parameters(grid(3, sd=0.02), tmp_path / "a.png")
    (bars,) = [c for c in drawn.figure.axes[0].collections if isinstance(c, LineCollection)]
    heights = [np.ptp(np.asarray(segment)[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(heights, 0.04)
    assert "bars: ± one standard deviation over seeds" in drawn.texts()


def test_trials_that_do_not_use_a_hyperparameter_are_counted(tmp_path: Path, drawn) -> None:
    rows = sweep([{UNITS: 8, RATE: 0.1}, {UNITS: 8}, {UNITS: 16}], [0.5, 0.6, 0.7])
    draw_parameters(rows, tmp_path / "a.png")
    assert list(panels(drawn)) == ["units", "learning_rate (unused by 2)"]


# heat map


def test_a_heat_map_takes_a_grid_of_two_with_a_result() -> None:
    assert has_heat_map(grid(3, 4))
    assert why_no_heat_map(grid(3)) == "it takes two hyperparameters, and one was searched"
    assert why_no_heat_map(grid(2, 2, 2)) == "it takes two hyperparameters, and 3 were searched"
    scattered = sweep([{RATE: i, UNITS: i} for i in range(9)], [0.5] * 9)
    assert why_no_heat_map(scattered) == "the trials do not form a grid"
    failed = grid(2, 2, states=dict.fromkeys(range(4), "failed"))
    assert why_no_heat_map(failed) == "no trial has a result"


def test_a_heat_map_of_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a_sweep: cannot draw a heat map: it takes two"):
        draw_heat_map(grid(3), tmp_path / "a.png")


def test_cells_hold_their_trials_value_or_what_became_of_it() -> None:
    rows = grid(2, 3, states={1: "diverged", 2: "timed_out", 4: "planned"})
    cells = {(cell.row, cell.column): cell for cell in heat_map_cells(rows)}
    assert len(cells) == 6
    # Columns are the optimizer, which has more values; rows the rates, sorted.
    assert cells[1, 0].value == rows.trials[0].value
    assert cells[0, 2].value == rows.trials[5].value
    assert [cells[at].text for at in ((1, 1), (1, 2), (0, 1))] == [
        "diverged",
        "timed out",
        "not run",
    ]
    (best,) = [at for at, cell in cells.items() if cell.is_best]
    assert cells[best].value == rows.best_trial.score


def test_a_cell_of_several_trials_is_their_mean() -> None:
    values = [{RATE: a, UNITS: b} for a, b in product([1, 2], [1, 2])]
    rows = sweep(values * 2, [0.1, 0.2, 0.3, 0.4, 0.3, 0.4, 0.5, 0.6])
    cells = heat_map_cells(rows)
    assert [cell.num_trials for cell in cells] == [2] * 4
    assert sorted(cell.value for cell in cells) == pytest.approx([0.2, 0.3, 0.4, 0.5])


def test_values_and_reasons_are_written_into_the_cells(tmp_path: Path, drawn) -> None:
    rows = sweep(
        [{RATE: a, UNITS: b} for a, b in product([1, 2], [1, 2])],
        [0.25, 0.5, 0.75, None],
        states={3: "crashed"},
    )
    draw_heat_map(rows, tmp_path / "a.png")
    assert {"0.250", "0.500", "0.750", "crashed"} <= set(drawn.texts())
    assert any("best: trial 2, 0.7500 (outlined)" in text for text in drawn.texts())
    hatched = [patch for patch in drawn.figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 1


# learning curves


def test_every_curve_is_there_and_the_best_is_told() -> None:
    rows = grid(3, 3, states={1: "pruned", 2: "diverged", 3: "planned"})
    curves = trial_curves(rows)
    assert [curve.trial for curve in curves] == list(range(9))
    assert [curve.end for curve in curves][:4] == ["", "o", "x", ""]
    assert [curve.trial for curve in curves if curve.is_best] == [rows.best]
    assert curves[1].last == (2.0, rows.trials[1].curve[1])
    assert curves[4].y == rows.trials[4].curve


def test_a_curve_without_a_value_is_left_out_and_gaps_stay() -> None:
    trials = (
        TrialRow(0, {}, "failed", None),
        TrialRow(1, {}, "diverged", None, None, (None, math.inf)),
        TrialRow(2, {}, "finished", 0.5, None, (0.4, None, 0.5)),
    )
    (curve,) = trial_curves(SweepRows("s", "val_accuracy", True, (), trials, 2))
    assert curve.trial == 2
    assert [math.isnan(y) for y in curve.y] == [False, True, False]


def test_one_hyperparameter_of_few_values_gives_the_colours(tmp_path: Path, drawn) -> None:
    rows = sweep([{OPTIMIZER: name} for name in ("sgd", "adam")] * 2, [0.5, 0.6, 0.7, 0.8])
    assert coloring(rows) == rows.axes[0]
    assert [curve.level for curve in trial_curves(rows)] == [0, 1, 0, 1]
    draw_learning_curves(rows, tmp_path / "a.png")
    (thin,) = [c for c in drawn.figure.axes[0].collections if isinstance(c, LineCollection)]
    wanted = [to_rgba(PALETTE[i], 0.8) for i in (0, 1, 0)]
    np.testing.assert_allclose(thin.get_colors(), wanted)
    assert {"sgd", "adam", "best: trial 3, 0.8000 in epoch 5"} <= set(drawn.texts())


@pytest.mark.parametrize("rows", [grid(3, 2), search(30), SWEEPS["one trial"]])
def test_else_the_curves_are_grey(rows: SweepRows) -> None:
    assert coloring(rows) is None
    assert {curve.level for curve in trial_curves(rows)} == {None}


def test_losses_that_fall_by_decades_are_drawn_on_a_logarithmic_scale(
    tmp_path: Path, drawn
) -> None:
    draw_learning_curves(SWEEPS["tiny losses"], tmp_path / "a.png")
    assert drawn.figure.axes[0].get_yscale() == "log"
    assert "validation loss, log scale" in drawn.texts()
    draw_learning_curves(SWEEPS["one far worse"], tmp_path / "a.png")
    assert drawn.figure.axes[0].get_yscale() == "linear"
    assert "1 curve leaves the picture at its top" in drawn.texts()
    draw_learning_curves(search(20), tmp_path / "a.png")
    assert drawn.figure.axes[0].get_yscale() == "linear"


# parallel coordinates


def test_lines_go_through_their_values_and_end_at_the_objective() -> None:
    values = [{RATE: 0.001, UNITS: 10}, {RATE: 0.01, UNITS: 30}, {RATE: 0.1, UNITS: 20}]
    rows = sweep(values, [0.5, 0.75, 1.0])
    lines = parallel_lines(rows, find_scale(rows, [0.5, 0.75, 1.0]))
    assert [line.trial for line in lines] == [0, 1, 2]
    np.testing.assert_allclose(
        [line.places for line in lines], [[0, 0, 0], [0.5, 1, 0.5], [1, 0.5, 1]]
    )
    assert [line.shade for line in lines] == [0, 0.5, 1]
    assert [line.is_best for line in lines] == [False, False, True]


def test_of_a_loss_the_lowest_is_the_darkest_and_drawn_last() -> None:
    rows = sweep([{UNITS: i} for i in range(3)], [1.0, 0.5, 2.0], metric="val_loss")
    lines = parallel_lines(rows, find_scale(rows, [1.0, 0.5, 2.0]))
    assert [line.trial for line in lines] == [2, 0, 1]
    assert lines[-1].shade == 1


def test_a_conditional_value_that_is_not_used_goes_below_the_axis(tmp_path: Path, drawn) -> None:
    rows = sweep([{UNITS: 8, RATE: 0.1}, {UNITS: 16}], [0.5, 0.6])
    scale = find_scale(rows, [0.5, 0.6])
    assert parallel_lines(rows, scale)[1].places[1] == UNUSED
    assert [axis.is_unused for axis in parallel_axes(rows, scale)] == [False, True, False]
    draw_parallel(rows, tmp_path / "a.png")
    assert drawn.texts().count("not used") == 1


def test_categories_are_evenly_spaced_and_named() -> None:
    rows = sweep([{OPTIMIZER: name, UNITS: 8} for name in ("b", "a", "c", "d")], [0.5] * 4)
    axis = parallel_axes(rows, find_scale(rows, [0.5] * 4))[0]
    assert axis.ticks == ((0.125, "b"), (0.375, "a"), (0.625, "c"), (0.875, "d"))


# importance


def importance(shares: Sequence[float], chance: float = 0.1) -> Importance:
    found = {f"part.key{i}": share for i, share in enumerate(shares)}
    rest = 1 - sum(shares)
    return Importance(found, dict.fromkeys(found, chance), rest, "shares of 65 %, by hand", 60)


def test_bars_are_the_shares_and_the_rest() -> None:
    bars = importance_bars(importance([0.6, 0.05]))
    assert [bar.label for bar in bars] == ["key0", "key1", "combinations and noise"]
    assert [bar.share for bar in bars] == pytest.approx([0.6, 0.05, 0.35])
    assert [bar.is_clear for bar in bars] == [True, False, False]


@pytest.mark.parametrize("shares", [[0.6, 0.05], [1.0, 0.0], [0.95, 0.02, 0.001], [0.04] * 20])
def test_the_words_of_the_bars_lie_inside_the_picture(
    tmp_path: Path, drawn, shares: list[float]
) -> None:
    found = importance(shares, chance=0.03)
    draw_importance(found, tmp_path / "a.png", title=f"{LONG_NAME} {LONG_NAME}")
    assert drawn.outside() == []
    assert drawn.overlapping() == []
    assert "shares of 65\u00a0%, by hand." in drawn.texts()


def test_bars_within_chance_say_so(tmp_path: Path, drawn) -> None:
    draw_importance(importance([0.6, 0.05]), tmp_path / "a.png")
    assert "no more than chance" in drawn.texts()
    assert {"60 %", "5 %", "35 %"} <= set(drawn.texts())
    draw_importance(importance([0.6, 0.3]), tmp_path / "a.png")
    assert "no more than chance" not in drawn.texts()
