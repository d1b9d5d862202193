"""Pictures of run folders: which file, which metric, which label."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.config import load_config
from dlrun.errors import RunError
from dlrun.files import to_yaml, write_json, write_text
from dlrun.plots.run_plots import PlotStyle, draw_runs, steps_per_epoch
from dlrun.runs import Run

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path, write_config: Callable[..., Path]) -> MakeRun:
    """Makes a run folder with what plots read, for a config's name and a `run.json`."""

    def make(run_id: str, metrics: str = "accuracy", name: str = "small", **info: object) -> Run:
        folder = tmp_path / "runs" / run_id
        (folder / "plots").mkdir(parents=True)
        config = load_config(write_config(name)).config
        write_text(folder / "config.yaml", to_yaml(config.to_dict()))
        write_json(folder / "run.json", {"note": "", "overrides": [], **info})
        write_json(folder / "dataset.json", {"name": "iris", "parts": {"train": {"num_rows": 90}}})
        write_json(folder / "metrics.json", {"best_epoch": 2})
        rows = "1,0.9,0.5,1.0,0.6\n2,0.7,0.6,0.8,0.7\n"
        header = f"epoch,loss,{metrics},val_loss,val_{metrics}\n"
        write_text(folder / "history.csv", header + rows)
        return Run(folder)

    return make


def test_a_runs_own_plots_lie_in_its_folder(make_run: MakeRun) -> None:
    run = make_run("20260101-000000-small-0001")
    paths = draw_runs([run], PlotStyle())
    assert [path.name for path in paths] == ["loss.png", "accuracy.png"]
    assert all(path.parent == run.plots_dir for path in paths)


def test_several_runs_are_drawn_beside_their_folders(make_run: MakeRun) -> None:
    runs = [make_run("20260101-000000-small-0001"), make_run("20260101-000001-small-0002")]
    (path,) = draw_runs(runs, PlotStyle(x_axis="updates", file_format="svg"), metrics=["loss"])
    assert path == runs[0].path.parent / "compare_loss_by_updates.svg"
    assert "<svg" in path.read_text(encoding="utf-8")


def test_only_metrics_that_all_runs_have_can_be_overlaid(make_run: MakeRun) -> None:
    runs = [make_run("r1"), make_run("r2", metrics="auc")]
    assert [path.name for path in draw_runs(runs, PlotStyle())] == ["compare_loss.png"]
    with pytest.raises(RunError, match="no metric 'auc'; these runs share loss"):
        draw_runs(runs, PlotStyle(), metrics=["auc"])
    with pytest.raises(RunError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        draw_runs(runs[:1], PlotStyle(), metrics=["acuracy"])


def test_one_file_holds_one_metric(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("r1")
    with pytest.raises(RunError, match="one file, and several metrics to draw; choose by --metric"):
        draw_runs([run], PlotStyle(), output=tmp_path / "both.png")
    (path,) = draw_runs([run], PlotStyle(), metrics=["loss"], output=tmp_path / "new" / "one.pdf")
    assert path.read_bytes()[:4] == b"%PDF"


def test_steps_follow_from_rows_and_batch_size(make_run: MakeRun) -> None:
    assert steps_per_epoch(make_run("r1")) == 6  # 90 rows by 16
