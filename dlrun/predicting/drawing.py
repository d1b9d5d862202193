"""The pictures of predictions: contact sheets, the confusion matrix, the steps of preparation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from dlrun.files import make_folder
from dlrun.images.measuring import Looks
from dlrun.images.preparation import Prepared
from dlrun.plots.confusion import draw_confusion
from dlrun.plots.contact_sheet import Tile, draw_contact_sheet
from dlrun.plots.preparation_steps import draw_steps
from dlrun.predicting.samples import Predictions, Sample, short_names
from dlrun.predicting.writing import CONFUSION, CONTACT_SHEET, STEPS

TILES_A_SHEET = 40


def draw_predictions(found: Predictions, looks: Looks, *, steps: bool = False) -> list[Path]:
    """Draws what was predicted of images into its folder; returns the files.

    Args:
        found: Predictions of a run whose model takes images.
        looks: Of the training images.
        steps: Whether each image's preparation is drawn, too.

    Raises:
        StorageError: a file cannot be written.
    """
    names = short_names(found.samples)
    shown = [
        (replace(found.samples[i], name=names[i]), picture) for i, picture in found.prepared.items()
    ]
    paths = []
    for number, start in enumerate(range(0, len(shown), TILES_A_SHEET), start=1):
        name = CONTACT_SHEET if number == 1 else CONTACT_SHEET.replace(".png", f"_{number}.png")
        tiles = [_tile(*one, looks) for one in shown[start : start + TILES_A_SHEET]]
        title = f"{found.run.config.name}: {_how_right(found)}"
        note = f"input, what the model sees, what it says · {found.run.id}"
        draw_contact_sheet(tiles, found.folder / name, title=title, note=note)
        paths.append(found.folder / name)
    if found.report is not None and "confusion_matrix" in found.report and shown:
        path = found.folder / CONFUSION
        names, matrix = found.report["class_names"], found.report["confusion_matrix"]
        draw_confusion(matrix, names, path, title=_how_right(found), note=found.run.id)
        paths.append(path)
    if steps:
        make_folder(found.folder / STEPS)
        for number, (sample, picture) in enumerate(shown, start=1):
            path = found.folder / STEPS / f"{number:03}_{_file_name(sample.name)}.png"
            draw_steps(
                picture.source,
                picture.steps,
                path,
                title=sample.name,
                note=steps_note(picture, looks),
            )
            paths.append(path)
    return paths


def _how_right(found: Predictions) -> str:
    if found.report is None or "num_right" not in found.report:
        right = f"{found.num_samples - found.num_failed:,} predicted"
    else:
        right = f"{found.report['num_right']} of {found.report['num_rows']} right"
    return f"{right}, {found.num_failed:,} failed" if found.num_failed else right


def _tile(sample: Sample, picture: Prepared, looks: Looks) -> Tile:
    seen = picture.pixels.astype(np.float64)
    seen = (seen - looks.pixel_min) / max(looks.pixel_max - looks.pixel_min, 1e-9)
    if seen.ndim == 3 and seen.shape[2] not in (3, 4):
        seen = seen.mean(axis=2)
    label = sample.label if isinstance(sample.label, str) else None
    top = sample.answer.top if sample.answer is not None else ()
    remark = "; ".join(sample.remarks)
    return Tile(sample.name, picture.source, np.clip(seen, 0, 1), top, label, remark)


def steps_note(picture: Prepared, looks: Looks) -> str:
    """Returns pixel minimum, maximum and ink share beside those of the training images."""
    low, high, ink = pixel_facts(picture, looks)
    return (
        f"pixels {low:g} to {high:g}, ink {ink:.3f} of the picture; "
        f"in training {looks.pixel_min:g} to {looks.pixel_max:g}, {looks.ink_mean:.3f}"
    )


def pixel_facts(picture: Prepared, looks: Looks) -> tuple[float, float, float]:
    """Returns smallest and largest pixel and the share of ink, 0 to 1, of what the model sees."""
    pixels = picture.pixels.astype(np.float64)
    ink = np.clip((pixels - looks.ground) / max(looks.pixel_max - looks.ground, 1e-9), 0, 1)
    return float(pixels.min()), float(pixels.max()), float(ink.mean())


def _file_name(name: str) -> str:
    """A file's name that no system refuses and that leaves the folder on none."""
    return re.sub(r"[^A-Za-z0-9_#-]+", "_", name)[-60:].strip("_") or "image"
