"""From what was named to what is kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlrun
from dlrun.config import DatasetConfig
from dlrun.data import Scaling, load_dataset
from dlrun.errors import InputError, RunError
from dlrun.evaluation.intervals import wilson
from dlrun.events import Event, Message
from dlrun.runs import Run
from tests.hands import draw_strokes, drawings, on_paper
from tests.images.test_page import grid, page


def save(pixels: np.ndarray, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(pixels).save(path)
    return path


def test_arrays_are_predicted_as_plain_keras_predicts_scaled_rows(flowers_run: Run) -> None:
    import keras

    x = load_dataset(DatasetConfig(name="iris")).x
    scaled = Scaling.from_dict(flowers_run.dataset["scaling"]).apply(x)
    model = keras.models.load_model(flowers_run.path / "model.keras")
    expected = model.predict(scaled, verbose=0)
    np.testing.assert_allclose(flowers_run.predict(x), expected, rtol=1e-6)
    assert flowers_run.predict(x[:0]).shape == (0, 3)


def test_held_out_rows_are_predicted_as_when_the_run_was_trained(flowers_run: Run) -> None:
    kept = flowers_run.predictions("validation")
    x = load_dataset(DatasetConfig(name="iris")).x[kept["rows"]]
    np.testing.assert_array_equal(flowers_run.predict(x), kept["outputs"])


def test_arrays_that_do_not_fit_are_errors(flowers_run: Run) -> None:
    with pytest.raises(InputError, match=r"x has shape \(2, 3\); this model takes \('n', 4\)"):
        flowers_run.predict(np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"x has dtype <U1; it must hold numbers"):
        flowers_run.predict(np.array([["a"] * 4]))
    with pytest.raises(InputError, match="x holds NaN or infinity, first in row 1; fill it in"):
        flowers_run.predict(np.array([[0.0] * 4, [np.nan] * 4]))


def test_drawings_by_three_hands_are_read(digits_run: Run, tmp_path: Path) -> None:
    """60 drawings on six papers; the net has seen 8×8 pixels of other people's digits alone."""
    for i, drawing in enumerate(list(drawings(seed=5))[::3]):
        save(drawing.pixels, tmp_path / "drawn" / f"{drawing.label}_{drawing.paper}_{i}.png")
    found = dlrun.predict(digits_run, tmp_path / "drawn")
    assert (found.num_samples, found.num_failed) == (60, 0)
    assert found.report is not None
    right = sum(not sample.is_wrong for sample in found.samples)
    assert found.report["metrics"]["accuracy"] == wilson(right, 60).to_dict()
    assert found.report["metrics"]["accuracy"]["low"] > 0.7
    text = (found.folder / "predictions.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["predicted"] for row in rows] == [str(s.answer.predicted) for s in found.samples]
    names = sorted(path.name for path in found.folder.iterdir())
    sheets = ["contact_sheet.png", "contact_sheet_2.png"]
    assert names == ["confusion_matrix.png", *sheets, "predictions.csv"]


def test_a_drawing_and_its_negative_are_predicted_alike(digits_run: Run, tmp_path: Path) -> None:
    for i, drawing in enumerate(list(drawings(seed=6))[::11]):
        save(drawing.pixels, tmp_path / "plain" / f"{i}.png")
        save(255 - drawing.pixels, tmp_path / "negative" / f"{i}.png")
    plain, negative = (dlrun.predict(digits_run, tmp_path / n) for n in ("plain", "negative"))
    assert [s.answer for s in plain.samples] == [s.answer for s in negative.samples]


def test_a_page_is_predicted_in_reading_order_and_compared_with_typed_labels(
    digits_run: Run, tmp_path: Path
) -> None:
    ink = page(["0123", "4567"])
    path = save(on_paper(ink, "pen", np.random.default_rng(0)), tmp_path / "page.png")
    found = dlrun.predict(digits_run, path, labels="01234567")
    assert [sample.label for sample in found.samples] == list("01234567")
    assert found.samples[7].name == f"{path} #8"
    assert found.report is not None
    assert found.report["num_rows"] == 8
    assert found.report["num_right"] >= 6


def test_typed_labels_that_do_not_fit_are_not_used(digits_run: Run, tmp_path: Path) -> None:
    save(on_paper(draw_strokes("3"), "pen", np.random.default_rng(0)), tmp_path / "a.png")
    events: list[Event] = []
    found = dlrun.predict(digits_run, tmp_path / "a.png", labels="33", report=events.append)
    assert found.report is None
    assert Message("--labels: there are 2 labels and 1 figures; none is used", "warning") in events


def test_what_cannot_be_predicted_does_not_stop_the_others(digits_run: Run, tmp_path: Path) -> None:
    save(on_paper(draw_strokes("3"), "paint", np.random.default_rng(0)), tmp_path / "3.png")
    save(np.full((50, 50, 3), 255, np.uint8), tmp_path / "white.png")
    save(grid(40, 24, 40), tmp_path / "book.png")
    (tmp_path / "words.png").write_text("hello")
    (tmp_path / "table.csv").write_text("a\n1\n")
    given = [tmp_path, tmp_path / "table.csv", tmp_path / "none.png"]
    found = dlrun.predict(digits_run, given)
    errors = {Path(sample.name).name: sample.error for sample in found.samples}
    assert errors == {
        "3.png": None,
        "book.png": "960 figures on one page, the most is 400; cut the picture into parts, or "
        "have it read as one figure by --no-page or ?page=false",
        "white.png": "nothing is drawn on it, only paper",
        "words.png": "not an image, or in a format that cannot be read; save it as PNG or JPEG",
        "table.csv": "a table, and the model takes images of shape (8, 8); give it image files, "
        "or an .npz file with x of that shape",
        "none.png": "no such file",
    }
    assert (found.num_samples, found.num_failed) == (6, 5)


def test_rows_of_a_table_are_predicted_and_compared(flowers_run: Run, tmp_path: Path) -> None:
    data = load_dataset(DatasetConfig(name="iris"))
    lines = ["label," + ",".join(reversed(data.feature_names))]
    for row, label in zip(data.x, data.y, strict=True):
        values = [f"{value:g}" for value in row[::-1]]
        lines.append(",".join([data.class_names[label], *values]))
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(lines))
    found = dlrun.predict(flowers_run, path)
    outputs = flowers_run.predict(data.x)
    expected = [data.class_names[i] for i in outputs.argmax(axis=1)]
    assert [sample.answer.predicted for sample in found.samples] == expected
    assert found.report is not None
    assert found.report["num_right"] == int((outputs.argmax(axis=1) == data.y).sum())
    assert found.samples[2].name == f"{path} row 3"


def test_numbers_are_predicted_with_their_error(diabetes_run: Run, tmp_path: Path) -> None:
    data = load_dataset(DatasetConfig(name="diabetes"))
    np.savez(tmp_path / "rows.npz", x=data.x, y=data.y)
    found = dlrun.predict(diabetes_run, tmp_path / "rows.npz")
    errors = diabetes_run.predict(data.x)[:, 0] - data.y
    assert found.report is not None
    assert found.report["metrics"]["mae"]["value"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)


def test_an_image_is_refused_by_a_model_of_tables(flowers_run: Run, tmp_path: Path) -> None:
    path = save(np.zeros((9, 9, 3), np.uint8), tmp_path / "3.png")
    (sample,) = dlrun.predict(flowers_run, path).samples
    assert sample.error is not None
    assert sample.error.startswith("not a table, and the model takes 4 columns; give it a .csv")
    with pytest.raises(RunError, match="its model takes tables; --page and --without are for"):
        dlrun.predict(flowers_run, path, page=True)


def test_an_unknown_step_is_an_error(digits_run: Run) -> None:
    with pytest.raises(InputError, match=r"unknown step 'stroke'; did you mean 'strokes'\?; the s"):
        dlrun.predict(digits_run, "x.png", without=["stroke"])
    with pytest.raises(InputError, match="nothing to predict: name files, folders, or - for"):
        dlrun.predict(digits_run, [])
    with pytest.raises(InputError, match=r"^none\.png: no such file; \*\.gif: no file matches$"):
        dlrun.predict(digits_run, ["none.png", "*.gif"])
    assert not list((digits_run.path / "predictions").glob("*/*.part"))


def test_images_that_are_scaled_already_are_told(digits_run: Run) -> None:
    x = load_dataset(DatasetConfig(name="digits")).x[:3]
    with pytest.raises(InputError, match="x holds values from 0 to 1, and the model was trained"):
        digits_run.predict(x / 16)


def test_stopped_in_the_middle_nothing_half_written_stays(
    flowers_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlrun.predicting import predict

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    np.savez(tmp_path / "rows.npz", x=np.zeros((1, 4)))
    monkeypatch.setattr(predict, "_keep", stop)
    before = set((flowers_run.path / "predictions").glob("*"))
    with pytest.raises(KeyboardInterrupt):
        dlrun.predict(flowers_run, tmp_path / "rows.npz")
    assert set((flowers_run.path / "predictions").glob("*")) == before


def test_results_are_never_written_over(flowers_run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", x=np.zeros((1, 4)))
    folders = {dlrun.predict(flowers_run, tmp_path / "rows.npz").folder for _ in range(3)}
    assert len(folders) == 3
    assert all((folder / "predictions.csv").is_file() for folder in folders)


def test_the_recipe_is_measured_anew_for_runs_that_do_not_keep_it(
    digits_run: Run, tmp_path: Path
) -> None:
    from dlrun.predicting.recipe import recipe_of

    path = tmp_path / "old"
    path.mkdir()
    for name in ("config.yaml", "run.json", "dataset.json"):
        (path / name).write_bytes((digits_run.path / name).read_bytes())
    facts = json.loads((path / "dataset.json").read_text())
    del facts["looks"]
    (path / "dataset.json").write_text(json.dumps(facts))
    assert recipe_of(Run(path)).looks.kind == "drawing"
    damaged = facts | {"looks": {**digits_run.dataset["looks"], "box": "wide"}}
    (path / "dataset.json").write_text(json.dumps(damaged))
    with pytest.raises(RunError, match=r"looks\.box is text, not a whole number from 0"):
        recipe_of(Run(path))
    (path / "dataset.json").write_text(json.dumps(facts))
    assert recipe_of(Run(path)).looks.box == recipe_of(digits_run).looks.box
