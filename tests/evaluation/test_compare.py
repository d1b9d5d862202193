"""Comparisons of run folders: what differs, the results, the verdict and what it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.config import load_config
from dlrun.errors import RunError
from dlrun.evaluation.compare import compare, flatten
from dlrun.evaluation.sides import higher_is_better, kept_values
from dlrun.files import to_yaml, write_json, write_text
from dlrun.members import plan_members
from dlrun.runs import Run

WriteConfig = Callable[..., Path]
MakeRun = Callable[..., Run]
NUM_ROWS = 40


@pytest.fixture
def make_run(runs_dir: Path, write_config: WriteConfig) -> MakeRun:
    """Writes the folder of a finished run, or of one with members, from what each reached."""

    def make(
        run_id: str,
        accuracies: Sequence[float],
        overrides: Mapping[str, Any] | None = None,
        *,
        data: str = "d1",
        split: str = "s",
        **facts: Any,
    ) -> Run:
        many = {"repeat": len(accuracies)} if len(accuracies) > 1 else {}
        config = load_config(write_config(), many | dict(overrides or {})).config
        folder = runs_dir / run_id
        members = [("", config)]
        if config.has_members:
            members = [(member.name, member.config) for member in plan_members(config)]
        for (name, one), accuracy in zip(members, accuracies, strict=True):
            path = folder / name
            (path / "plots").mkdir(parents=True)
            values = {"loss": 1 - accuracy, "accuracy": accuracy}
            write_text(path / "config.yaml", to_yaml(one.to_dict()))
            hashes = {"split": f"{split}{one.seed}{one.dataset.split.fold}"}
            info = {"status": "finished", "note": "", "overrides": [], "hashes": hashes, **facts}
            write_json(path / "run.json", info)
            parts = {"train": {"num_rows": 90}, "validation": {"num_rows": NUM_ROWS}}
            dataset = {
                "name": data,
                "content_hash": data,
                "parts": parts,
                "class_names": ["a", "b", "c"],
            }
            dataset["parts"]["train"] |= {"class_counts": [30, 30, 30]}
            write_json(path / "dataset.json", dataset)
            write_json(path / "parameters.json", {"input_shape": [4], "layers": [], "total": 67,
                                                  "trainable": 67, "non_trainable": 0})  # fmt: skip
            write_json(path / "metrics.json", {"monitor": "val_loss", "monitor_mode": "min",
                "epochs": 3, "best_epoch": 3, "validation": values,
                "best": {f"val_{n}": v for n, v in values.items()}})  # fmt: skip
            rows = "1,0.9,0.5,1.0,0.6\n2,0.7,0.6,0.8,0.7\n"
            write_text(path / "history.csv", f"epoch,loss,accuracy,val_loss,val_accuracy\n{rows}")
            right = round(accuracy * NUM_ROWS)
            outputs = np.tile(np.float32([0.2, 0.5, 0.3]), (NUM_ROWS, 1))
            labels = np.where(np.arange(NUM_ROWS) < right, 1, 2)
            losses = np.where(labels == 1, 0.1, 2).astype(np.float32)
            np.savez(path / "predictions.npz", validation_rows=np.arange(NUM_ROWS),
                     validation_outputs=outputs, validation_labels=labels,
                     validation_losses=losses)  # fmt: skip
        if config.has_members:
            for name in ("dataset.json", "parameters.json"):
                write_text(folder / name, (folder / members[0][0] / name).read_text())
            write_text(folder / "config.yaml", to_yaml(config.to_dict()))
            names = [name for name, _ in members]
            write_json(folder / "run.json", {"status": "finished", "note": "", "overrides": [],
                                             "members": names, **facts})  # fmt: skip
            overlap = 0.0 if split == "fixed" else NUM_ROWS / 90
            write_json(folder / "metrics.json", {"monitor": "val_loss", "monitor_mode": "min",
                "epochs": 3, "finished": list(range(len(names))), "overlap": overlap})  # fmt: skip
        return Run(folder)

    return make


LOW = [0.80, 0.82, 0.81, 0.84, 0.79]
HIGH = [0.90, 0.93, 0.90, 0.95, 0.88]


def test_pairs_of_seeds_make_a_verdict_on_configs(make_run: MakeRun) -> None:
    found = compare([make_run("a", LOW), make_run("b", HIGH, {"model.activation": "tanh"})])
    (judgement,) = found.judgements
    assert (judgement.verdict, judgement.about) == ("better", "configs")
    assert judgement.basis == "paired over 5 seeds"
    assert found.metric == "val_accuracy"
    differences = np.subtract(HIGH, LOW)
    half = stats.t.ppf(0.975, 4) * differences.std(ddof=1) * np.sqrt(1 / 5 + NUM_ROWS / 90)
    difference = found.rows["val_accuracy"][1].difference
    assert difference is not None
    assert (difference.value, difference.low, difference.high) == pytest.approx(
        (differences.mean(), differences.mean() - half, differences.mean() + half)
    )
    first, second = found.rows["val_accuracy"]
    assert (first.mean, first.sd) == pytest.approx((np.mean(LOW), np.std(LOW, ddof=1)))
    assert first.difference is None
    assert second.low is not None


def test_the_other_way_round_it_is_worse_and_by_the_loss_too(make_run: MakeRun) -> None:
    runs = [make_run("a", HIGH), make_run("b", LOW, {"model.activation": "tanh"})]
    assert compare(runs).judgements[0].verdict == "worse"
    by_loss = compare(runs, "loss")
    assert (by_loss.metric, by_loss.judgements[0].verdict) == ("val_loss", "worse")


def test_what_differs_in_the_configs_comes_with_each_runs_value(make_run: MakeRun) -> None:
    runs = [
        make_run("a", LOW),
        make_run("b", LOW, {"optimizer": "adam", "model.layers.0.units": 9}),
    ]
    assert compare(runs).differing == {
        "optimizer": ("SGD", "Adam"),
        "optimizer.learning_rate": (0.1, None),
        "model.layers.0.units": (8, 9),
    }


def test_a_normal_form_is_flattened_by_what_stands_there() -> None:
    normal = {
        "optimizer": {"SGD": {"learning_rate": {"ExponentialDecay": {"decay_rate": 0.9}}}},
        "layers": [{"Dense": {"units": 3}}],
        "metrics": [],
    }
    assert flatten(normal) == {
        "optimizer": "SGD",
        "optimizer.learning_rate": "ExponentialDecay",
        "optimizer.learning_rate.decay_rate": 0.9,
        "layers.0": "Dense",
        "layers.0.units": 3,
        "metrics": [],
    }


def test_equal_configs_are_not_distinguishable(make_run: MakeRun) -> None:
    found = compare([make_run("a", LOW), make_run("b", LOW)])
    assert found.differing == {}
    (judgement,) = found.judgements
    assert judgement.verdict == "not distinguishable"
    assert judgement.text.endswith("paired over 5 seeds: all are equal")


def test_where_noise_hides_it_that_is_said_with_what_would_show(make_run: MakeRun) -> None:
    jumpy = [0.79, 0.84, 0.80, 0.85, 0.80]
    runs = [make_run("a", LOW), make_run("b", jumpy, {"model.activation": "tanh"})]
    (judgement,) = compare(runs).judgements
    assert judgement.verdict == "not distinguishable"
    assert "a difference of less than about 0.0" in judgement.text
    assert judgement.advice == ("dlrun resume a repeat=10", "dlrun resume b repeat=10")


def test_what_to_type_finds_runs_that_lie_elsewhere(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = [make_run("a", LOW), make_run("b 2", [0.79], {"model.activation": "tanh"})]
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(tmp_path / "usual"))
    (judgement,) = compare(runs).judgements
    assert judgement.advice == (f"dlrun train '{runs[1].path}/config.yaml' repeat=5",)
    runs[1] = make_run("b", [0.79, 0.84, 0.80, 0.85, 0.80], {"model.activation": "tanh"})
    (judgement,) = compare(runs).judgements
    assert judgement.advice == tuple(f"dlrun resume {run.path} repeat=10" for run in runs)


def test_folds_are_paired_too(make_run: MakeRun) -> None:
    folds = {"dataset.split": {"kfold": 5}, "repeat": 1}
    runs = [make_run("a", LOW, folds), make_run("b", HIGH, folds | {"model.activation": "tanh"})]
    (judgement,) = compare(runs).judgements
    assert (judgement.verdict, judgement.basis) == ("better", "paired over 5 folds")


def test_runs_that_share_no_seed_are_compared_by_their_means(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), make_run("b", HIGH, {"seed": 100})]
    (judgement,) = compare(runs).judgements
    assert judgement.verdict == "better"
    assert judgement.basis == "5 runs against 5, too few of which share split and seed to be paired"


def test_only_the_pairs_that_there_are_count(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), make_run("b", HIGH[:4], {"seed": 1})]
    assert compare(runs).judgements[0].basis == "paired over 4 seeds"


@pytest.mark.parametrize(("first", "second"), [(LOW[:2], HIGH[:2]), (LOW, HIGH[:1])])
def test_too_few_runs_are_told_with_the_command_for_more(
    make_run: MakeRun, first: list[float], second: list[float]
) -> None:
    (judgement,) = compare([make_run("a", first), make_run("b", second)]).judgements
    assert judgement.verdict == "too few runs"
    assert judgement.difference is None
    assert "it takes 3 on each side" in judgement.text
    if len(second) == 1:
        assert judgement.advice[0].endswith("b/config.yaml repeat=5")
    else:
        assert judgement.advice == ("dlrun resume a repeat=5", "dlrun resume b repeat=5")


def test_two_single_runs_are_two_models_on_the_same_rows(make_run: MakeRun) -> None:
    (judgement,) = compare([make_run("a", [0.5]), make_run("b", [0.9])]).judgements
    assert (judgement.verdict, judgement.about) == ("better", "models")
    expected = stats.binomtest(0, 16).pvalue
    assert (
        f"16 that only it gets right, 0 that only the first does (McNemar p = {expected:.2g})"
        in (judgement.text)
    )
    assert "that is about these two trained models: another seed may turn it" in judgement.text
    assert all(command.endswith("config.yaml repeat=5") for command in judgement.advice)


def test_single_runs_that_differ_by_a_row_or_two_are_not_distinguishable(make_run: MakeRun) -> None:
    (judgement,) = compare([make_run("a", [0.5]), make_run("b", [0.55])]).judgements
    assert judgement.verdict == "not distinguishable"


def test_single_runs_are_compared_by_each_rows_loss_where_the_loss_is_asked_for(
    make_run: MakeRun,
) -> None:
    (judgement,) = compare([make_run("a", [0.5]), make_run("b", [0.9])], "val_loss").judgements
    assert (judgement.verdict, judgement.about) == ("better", "models")
    assert judgement.difference is not None
    assert judgement.difference.value == pytest.approx(-0.4 * 1.9)


def test_single_runs_on_other_rows_cannot_be_compared(make_run: MakeRun) -> None:
    first, second = make_run("a", [0.5]), make_run("b", [0.9], {"seed": 1})
    arrays = dict(np.load(second.path / "predictions.npz"))
    arrays["validation_rows"] = arrays["validation_rows"] + 1
    np.savez(second.path / "predictions.npz", **arrays)
    (judgement,) = compare([first, second]).judgements
    assert judgement.verdict == "too few runs"
    assert judgement.text == "one run each cannot tell, they were validated on other rows"


def test_other_data_are_not_comparable_and_the_words_say_why(make_run: MakeRun) -> None:
    (judgement,) = compare([make_run("a", LOW), make_run("b", HIGH, data="d2")]).judgements
    assert judgement.verdict == "not comparable"
    assert judgement.text == (
        "val_accuracy is 0.8120 on d1 and 0.9120 on d2: how hard the data are and how good the "
        "net is cannot be told apart"
    )


def test_other_losses_are_other_measures(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), make_run("b", HIGH, {"loss": "mean_squared_error"})]
    found = compare(runs)
    assert found.judgements[0].verdict == "better"
    assert found.rows["val_loss"][1].difference is None
    assert "the losses are of different kinds, CategoricalCrossentropy and MeanSquaredError" in (
        found.remarks
    )
    assert compare(runs, "loss").judgements[0].verdict == "not comparable"


def test_intervals_of_several_comparisons_hold_at_once(make_run: MakeRun) -> None:
    a, b = make_run("a", LOW), make_run("b", HIGH)
    alone = compare([a, b]).rows["val_accuracy"][1].difference
    among = compare([a, b, make_run("c", HIGH)]).rows["val_accuracy"][1].difference
    assert alone is not None
    assert among is not None
    assert among.low < alone.low  # type: ignore[operator]
    ratio = stats.t.ppf(1 - 0.05 / 4, 4) / stats.t.ppf(0.975, 4)
    assert (among.high - among.value) / (alone.high - alone.value) == pytest.approx(ratio)  # type: ignore[operator]


def test_unfinished_runs_are_compared_and_that_is_said(make_run: MakeRun) -> None:
    found = compare([make_run("a", LOW), make_run("b", HIGH, status="interrupted")])
    assert "b is interrupted; it is compared after 3 epochs" in found.remarks


def change_metrics(run: Run, **facts: Any) -> Run:
    for one in run.members or [run]:
        path = one.path / "metrics.json"
        write_json(path, json.loads(path.read_text()) | facts)
    return Run(run.path)


def test_the_direction_of_a_metric_is_the_one_that_the_run_recorded(make_run: MakeRun) -> None:
    modes = {"loss": "min", "mean_io_u": "max", "own": "min"}
    run = change_metrics(make_run("a", [0.5]), modes=modes)
    names = ("val_mean_io_u", "val_own", "train_eval_loss", "val_accuracy", "val_other")
    assert [higher_is_better(name, [run]) for name in names] == [True, False, False, True, None]
    older = change_metrics(make_run("b", [0.5]), monitor="val_auc", monitor_mode="max")
    assert higher_is_better("val_auc", [older]) is True


def with_metric(run: Run, name: str, values: Sequence[float], **modes: str) -> Run:
    for member, value in zip(run.members, values, strict=True):
        change_metrics(member, validation={"accuracy": 0.5, name: value}, modes=modes)
    return Run(run.path)


def test_a_metric_of_unknown_direction_can_be_different_but_not_better(make_run: MakeRun) -> None:
    low, high = (make_run(name, LOW) for name in "ab")
    runs = [with_metric(low, "own", LOW), with_metric(high, "own", HIGH)]
    (judgement,) = compare(runs, "own").judgements
    assert judgement.verdict == "different"
    assert judgement.text.endswith("whether more of it is better is not known")
    runs = [with_metric(low, "own", LOW, own="min"), with_metric(high, "own", HIGH, own="min")]
    assert compare(runs, "own").judgements[0].verdict == "worse"


def fail_members(run: Run, status: str, *numbers: int) -> Run:
    facts = json.loads((run.path / "metrics.json").read_text())
    facts["finished"] = [n for n in facts["finished"] if n not in numbers]
    write_json(run.path / "metrics.json", facts)
    for number in numbers:
        path = run.members[number].path / "run.json"
        write_json(path, json.loads(path.read_text()) | {"status": status})
    return Run(run.path)


def test_a_run_some_of_whose_members_diverged_is_not_better(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), fail_members(make_run("b", HIGH), "diverged", 1, 3)]
    found = compare(runs)
    (judgement,) = found.judgements
    assert judgement.verdict == "not comparable"
    assert judgement.text.startswith("2 members of b diverged; of the others, val_accuracy differs")
    assert "b is compared by 3 of 5 members; left out: 2 diverged" in found.remarks
    assert compare(runs[::-1]).judgements[0].verdict == "not comparable"


def test_members_that_failed_otherwise_are_left_out_and_that_is_said(make_run: MakeRun) -> None:
    found = compare([make_run("a", LOW), fail_members(make_run("b", HIGH), "failed", 4)])
    assert (found.judgements[0].verdict, found.judgements[0].basis) == (
        "better",
        "paired over 4 seeds",
    )
    assert "b is compared by 4 of 5 members; left out: 1 failed" in found.remarks


def test_a_member_without_a_result_does_not_shift_the_pairs(make_run: MakeRun) -> None:
    first, second = make_run("a", LOW), make_run("b", HIGH)
    (second.members[0].path / "metrics.json").unlink()
    found = compare([first, Run(second.path)])
    difference = found.rows["val_accuracy"][1].difference
    assert difference is not None
    assert difference.value == pytest.approx(np.mean(np.subtract(HIGH, LOW)[1:]))


def test_where_seeds_make_no_difference_there_is_but_one_run(make_run: MakeRun) -> None:
    (judgement,) = compare([make_run("a", [0.5] * 4), make_run("b", [0.75] * 4)]).judgements
    assert judgement.verdict == "too few runs"
    assert judgement.difference is not None
    assert judgement.difference.low is None
    assert judgement.text.endswith("seeds make no difference, so that there is but one run of each")


def test_losses_are_compared_without_what_regularizers_add(make_run: MakeRun) -> None:
    """Two runs with equal errors of rows, one of which pays for its weights."""
    penalty = {"+model.layers.0.kernel_regularizer": "l2"}
    first, second = make_run("a", [0.75]), make_run("b", [0.75], penalty)
    change_metrics(second, validation={"loss": 5.0, "accuracy": 0.75})
    found = compare([first, second], "loss")
    assert found.judgements[0].verdict == "not distinguishable"
    rows = found.rows["val_loss"]
    assert rows[0].mean == rows[1].mean == pytest.approx(0.75 * 0.1 + 0.25 * 2)
    assert "val_loss is compared without what regularizers add to it" in found.remarks


def test_one_loss_with_other_arguments_is_another_measure(make_run: MakeRun) -> None:
    smooth = {"loss": {"CategoricalCrossentropy": {"label_smoothing": 0.3}}}
    runs = [make_run("a", LOW), make_run("b", HIGH, smooth)]
    (judgement,) = compare(runs, "loss").judgements
    assert judgement.verdict == "not comparable"
    assert judgement.text == (
        "CategoricalCrossentropy and CategoricalCrossentropy(label_smoothing=0.3) are other "
        "measures; compare by another metric"
    )


def test_where_losses_differ_another_metric_is_the_default(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), make_run("b", HIGH, {"loss": "mean_squared_error"})]
    for run in runs:
        for member in run.members:
            change_metrics(member, validation={"loss": 1.0, "mean_absolute_error": 2.0})
    assert compare([Run(run.path) for run in runs]).metric == "val_mean_absolute_error"


def test_what_single_runs_lack_is_named(make_run: MakeRun) -> None:
    first, second = make_run("a", [0.5]), make_run("b", [0.75])
    for run in (first, second):
        change_metrics(run, validation={"loss": 1.0, "auc": 0.5})
    runs = [Run(first.path), Run(second.path)]
    text = compare(runs, "auc").judgements[0].text
    assert text == "one run each cannot tell, of val_auc there is no test on single rows"
    (second.path / "predictions.npz").unlink()
    text = compare(runs, "loss").judgements[0].text
    assert text == "one run each cannot tell, a run keeps no validation predictions"


def test_a_running_run_is_compared_once_it_has_ended(make_run: MakeRun) -> None:
    from dlrun.processes import this_process

    first, second = make_run("a", [0.5]), make_run("b", [0.75], status="running", **this_process())
    (second.path / "metrics.json").unlink()
    with pytest.raises(RunError, match="it is running; compare it once it has ended"):
        compare([first, second])


def test_a_run_of_an_older_dlrun_is_compared_by_its_kept_epoch(make_run: MakeRun) -> None:
    run = make_run("a", [0.5])
    facts = json.loads((run.path / "metrics.json").read_text())
    del facts["validation"]
    (run.path / "metrics.json").write_text(json.dumps(facts))
    assert kept_values(Run(run.path)) == {"val_loss": 0.5, "val_accuracy": 0.5}


def test_one_run_is_not_enough_nor_one_without_a_result(make_run: MakeRun) -> None:
    run = make_run("a", LOW)
    with pytest.raises(RunError, match="compare needs two runs or more"):
        compare([run])
    other = make_run("b", [0.5])
    (other.path / "metrics.json").unlink()
    with pytest.raises(RunError, match="no epoch was finished; there is nothing to compare"):
        compare([run, other])
    with pytest.raises(RunError, match=r"no metric 'acuracy' in all of them; did you mean"):
        compare([run, run], "acuracy")


def test_runs_that_validate_on_nothing_cannot_be_compared(make_run: MakeRun) -> None:
    run = make_run("a", [0.5])
    facts = json.loads((run.path / "metrics.json").read_text())
    facts |= {"validation": None, "best": {"loss": 1.0}}
    (run.path / "metrics.json").write_text(json.dumps(facts))
    with pytest.raises(RunError, match="nothing validates, and training values say little"):
        compare([Run(run.path), run])


def test_the_command_prints_what_differs_first_then_results_then_words(
    make_run: MakeRun, runs_dir: Path
) -> None:
    make_run("a", LOW), make_run("b", HIGH, {"model.activation": "tanh"})
    done = CliRunner().invoke(app, ["compare", "a", "b"])
    assert done.exit_code == 0, done.output
    out = done.stdout
    places = [out.index(text) for text in (
        "A  small", "differs", "model.activation", "val_accuracy", "better", "B is better than A:",
        "curves: ",
    )]  # fmt: skip
    assert places == sorted(places)
    assert (runs_dir / "compare_accuracy.png").is_file()
    done = CliRunner().invoke(app, ["compare", "a", "b", "--json", "--environment"])
    facts = json.loads(done.stdout)
    assert facts["judgements"][0]["verdict"] == "better"
    assert facts["differing"] == {"model.activation": ["relu", "tanh"]}
    assert facts["environment"] == {"b": []}


def test_in_python_it_is_the_same(make_run: MakeRun) -> None:
    runs = [make_run("a", LOW), make_run("b", HIGH)]
    assert dlrun.compare([run.id for run in runs]) == dlrun.compare(runs)
    assert dlrun.compare(runs).judgements[0].verdict == "better"


def test_comparing_loads_neither_tensorflow_nor_scikit_learn(
    make_run: MakeRun, runs_dir: Path
) -> None:
    import subprocess
    import sys

    make_run("a", LOW), make_run("b", HIGH)
    script = (
        "import sys, dlrun; dlrun.compare(['a', 'b']); "
        "assert not {'tensorflow', 'keras', 'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_test_values_are_never_looked_at(make_run: MakeRun) -> None:
    a, b = make_run("a", LOW), make_run("b", HIGH)
    before = compare([a, b])
    for run in (a, b, *a.members, *b.members):
        facts = json.loads((run.path / "metrics.json").read_text())
        facts["test"] = {"loss": 0.123456, "accuracy": 0.987654}
        (run.path / "metrics.json").write_text(json.dumps(facts))
    after = compare([Run(a.path), Run(b.path)])
    assert after == before
    assert "0.98765" not in json.dumps(after.to_dict())
