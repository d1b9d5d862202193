"""`images`: the user's own folder of images, such as drawings kept by `dlrun serve`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlrun.config.schema import DatasetConfig
from dlrun.data.dataset import Array, Dataset
from dlrun.data.registry import register_dataset
from dlrun.errors import DatasetError, InputError, did_you_mean
from dlrun.events import Progress, Report, ignore

WAYS = ("whole", "digits")

_DIGITS = tuple("0123456789")


@register_dataset("images")
def images(
    path: str, prepare: str = "whole", size: int = 28, channels: int = 1, report: Report = ignore
) -> Dataset:
    """Loads the images of a folder and those inside it, uint8, all of one size.

    What they show: `labels.csv` in it (`path,label`), else the folders that they are in, else the
    start of their names (`cat_1.png`).

    Args:
        path: Of the folder; a relative one starts where dlrun is run, `~` at the home folder.
        prepare: "whole": as they are, their middle cut to a square. "digits": as MNIST was made,
            whatever the paper and the light; 28×28, and the classes are the ten digits.
        size: Pixels of height and width.
        channels: 1 for gray, 3 for colour.
        report: Told how many are read.

    Raises:
        DatasetError: no such folder, no images in it, one that cannot be read or is unlabelled.
    """
    _check_options(path, prepare, size, channels)
    folder = Path(path).expanduser()
    files = _files(folder)
    labels = _labels(folder, files)
    shape = (28, 28) if prepare == "digits" else (size, size, *([3] if channels == 3 else []))
    x = np.stack(_read(files, prepare, shape, report))
    names = _DIGITS if prepare == "digits" else _in_order(set(labels))
    for file, label in zip(files, labels, strict=True):
        if label not in names:
            raise DatasetError(f"{file}: is labelled {label!r}, which is no digit; rename it")
    if len(names) < 2:
        raise DatasetError(f"{folder}: all images show {names[0]!r}; two classes are needed")
    return Dataset(
        name="images",
        task="binary" if len(names) == 2 else "multiclass",
        x=x,
        y=np.array([names.index(label) for label in labels], np.int64),
        class_names=tuple(names),
        title=f"images of {folder.name}",
        source=f"folder {path}",
        licence="the images' own",
    )


def takes_whole(config: DatasetConfig) -> bool:
    """Returns whether a config's images are taken whole, without looking for figures on them."""
    return config.name == "images" and config.options.get("prepare", "whole") == "whole"


def _check_options(path: object, prepare: object, size: object, channels: object) -> None:
    if not isinstance(path, str) or not path:
        raise DatasetError(f"images: path is {path!r}; it must name a folder")
    if prepare not in WAYS:
        raise DatasetError(
            f"images: prepare is {prepare!r}{did_you_mean(str(prepare), WAYS)}; "
            f"it must be one of {', '.join(WAYS)}"
        )
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 1024:
        raise DatasetError(f"images: size is {size!r}; it must be 1 to 1,024 pixels")
    if channels not in (1, 3) or isinstance(channels, bool):
        raise DatasetError(f"images: channels is {channels!r}; it must be 1 (gray) or 3 (colour)")


def _files(folder: Path) -> list[Path]:
    from dlrun.images.reading import SUFFIXES

    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    found = [
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    ]
    if not found:
        raise DatasetError(f"{folder}: holds no images; PNG, JPEG and HEIC are read, and others")
    return sorted(found)


def _labels(folder: Path, files: Sequence[Path]) -> list[str]:
    from dlrun.images.labelled import LABELS_CSV, read_labels

    known: dict[Path, str] = {}
    if (folder / LABELS_CSV).is_file():
        try:
            known = {file: label for file, (label, _) in read_labels(folder / LABELS_CSV).items()}
        except InputError as error:
            raise DatasetError(str(error)) from None
    by_folder = all(file.parent != folder for file in files)
    labels = []
    for file in files:
        beside = file.parent.name if by_folder else re.split(r"[_\-\s.(]", file.stem)[0]
        label = known.get(file.absolute()) if known else beside
        if label is None:
            raise DatasetError(f"{file}: {folder / LABELS_CSV} does not name it; add it or move it")
        labels.append(label)
    return labels


def _in_order(labels: set[str]) -> list[str]:
    """Numbers by size, words by their letters."""
    return sorted(labels, key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name))


def _read(
    files: Sequence[Path], prepare: str, shape: tuple[int, ...], report: Report
) -> list[Array]:
    from dlrun.images.measuring import MNIST, Looks
    from dlrun.images.preparation import Recipe, prepare_picture
    from dlrun.images.reading import read_picture

    whole = Looks("picture", True, 0, 255, 0, shape[0], "box", 0, 0, 0, 0, 0, 1)
    recipe = Recipe(shape, MNIST if prepare == "digits" else whole)
    found = []
    for number, file in enumerate(files, start=1):
        try:
            found.append(prepare_picture(read_picture(file), recipe).pixels)
        except InputError as error:
            raise DatasetError(f"{error}; mend it or move it out of the folder") from None
        report(Progress("reading images", number, len(files), "images"))
    return found
