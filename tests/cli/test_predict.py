"""`dlrun predict` in a process of its own."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlrun as library
from tests.hands import draw_strokes, on_paper
from tests.zygote import run_dlrun

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    overrides = {"training.epochs": 30}
    folder = tmp_path_factory.mktemp("runs")
    return library.train(ROOT / "configs" / "digits_deep.yaml", overrides, runs_dir=folder).path


def predict(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    return run_dlrun("predict", *arguments, stdin=stdin)


def drawn(digit: str, **options: float) -> bytes:
    stream = io.BytesIO()
    pixels = on_paper(draw_strokes(digit, width=0.06), "pen", np.random.default_rng(0))
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_a_table_shows_each_image_and_names_what_failed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(drawn("0"))
    (tmp_path / "4.png").write_bytes(drawn("4"))
    (tmp_path / "5.png").write_text("no image")
    before = set((run / "predictions").glob("*"))
    done = predict(run, tmp_path, "--show-steps")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["input", "label", "predicted", "probabilities", "remarks"]
    assert lines[1].split()[:3] == ["0.png", "0", "0"]
    assert "not an image, or in a format that cannot be read" in lines[3]
    assert any(line.startswith("  failed      1 of 3") for line in lines)
    assert any(line.startswith("  labels      accuracy ") for line in lines)
    (kept,) = set((run / "predictions").glob("*")) - before
    assert sorted(path.name for path in kept.iterdir()) == [
        "confusion_matrix.png",
        "contact_sheet.png",
        "predictions.csv",
        "steps",
    ]
    assert len(list((kept / "steps").iterdir())) == 2
    shown = [line for line in lines if line.startswith(f"{tmp_path}")]
    assert len(shown) == 2
    assert "pixels 0 to 16, ink 0." in shown[0]
    assert "; in training 0 to 16, 0.3" in shown[0]
    assert "\x1b" not in done.stdout + done.stderr


def test_standard_input_and_json(run: Path) -> None:
    done = predict(run, "-", "--json", "--quiet", stdin=drawn("0"))
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    (sample,) = result["samples"]
    assert (sample["input"], sample["predicted"], sample["error"]) == ("stdin", "0", None)
    assert [set(one) for one in sample["top"]] == [{"class", "probability"}] * 3


def test_wrong_usage_is_told_in_a_line(run: Path) -> None:
    done = predict(run, "x.png", "--without", "colour")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "dlrun: error: unknown step 'colour'; the steps are polarity, light, ink, figure, "
        "strokes, centre"
    )
