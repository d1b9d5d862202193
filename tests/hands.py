"""Digits drawn by a few different hands: strokes rendered with varying width, light and paper."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Points = list[tuple[float, float]]

# Strokes in a box of 0 to 10 from left to right and 0 to 14 from top to bottom.
ROUND: dict[str, list[Points]] = {
    "0": [[(5, 0), (2, 1.5), (0.8, 5), (1, 9.5), (3, 13), (5.5, 14), (8, 12.5), (9.3, 8.5),
           (9, 4), (7.3, 1), (5, 0)]],
    "1": [[(3.2, 2.4), (5.6, 0), (5.5, 14)]],
    "2": [[(1, 3.4), (2.2, 1), (5, 0), (8, 1.2), (8.8, 3.8), (7.2, 7), (1, 13.7), (9.4, 13.6)]],
    "3": [[(1.4, 1.6), (4.5, 0), (8, 1.4), (8.2, 4.2), (6, 6.3), (3.8, 6.7), (6.6, 7), (9, 9.2),
           (8.6, 12.2), (5.4, 14), (1, 12.6)]],
    "4": [[(6.4, 0), (0.6, 9.4), (9.6, 9.2)], [(6.9, 5.6), (6.7, 14)]],
    "5": [[(8.6, 0.2), (2, 0.3), (1.6, 5.9), (4.6, 5), (8, 6.4), (9, 9.6), (7.4, 12.8),
           (4.4, 14), (0.8, 12.9)]],
    "6": [[(7.6, 0.2), (4, 3), (1.4, 7.6), (1.2, 11), (3.4, 13.7), (6.4, 13.8), (8.6, 11.6),
           (8.2, 9), (5.8, 7.6), (3, 8.4), (1.3, 10.6)]],
    "7": [[(0.6, 0.6), (9.2, 0.4), (6.4, 6), (3.8, 14)]],
    "8": [[(5, 6.6), (2, 4.6), (2, 1.8), (4.8, 0), (7.8, 1.6), (7.8, 4.6), (5, 6.6), (1.6, 9),
           (1.4, 12), (4.8, 14), (8.4, 12.2), (8.2, 9), (5, 6.6)]],
    "9": [[(8.4, 3.6), (6.2, 0.3), (3, 0.6), (1.4, 3.4), (2.6, 6.2), (5.4, 6.8), (8.2, 4.4),
           (8.4, 3.6), (8, 8.6), (6.6, 14)]],
}  # fmt: skip

ANGULAR: dict[str, list[Points]] = ROUND | {
    "1": [[(5, 0), (5, 14)]],
    "3": [[(1, 0.4), (8.6, 0.2), (4.4, 5.6), (8.2, 7.4), (8.8, 11), (5.6, 13.8), (1, 13)]],
    "4": [[(1.6, 0), (1.2, 7.6), (9.4, 7.4)], [(7.8, 2.6), (7.4, 14)]],
    "5": [[(2, 0.4), (1.8, 6), (5.4, 5.4), (8.8, 8.2), (7.6, 12.6), (1.2, 13.8)],
          [(2, 0.4), (9, 0.2)]],
    "7": [[(0.8, 0.8), (9.2, 0.4), (4, 14)]],
}  # fmt: skip

CONTINENTAL: dict[str, list[Points]] = ROUND | {
    "0": [[(5, 0), (1.6, 3), (1.2, 9), (4, 14), (7.8, 11.6), (8.6, 4.6), (5, 0), (5.8, 0.4)]],
    "1": [[(2.4, 4), (6, 0), (5.8, 14)]],
    "2": [[(1.2, 2.6), (3.6, 0.2), (7, 0.6), (8.2, 3.4), (6, 8), (1, 13.6), (4, 12.8),
           (9.4, 13.8)]],
    "7": [[(0.8, 1), (8.8, 0.6), (4.2, 14)], [(3, 7.2), (8.4, 6.8)]],
    "9": [[(8, 1.6), (5, 0), (2, 2), (2, 5.4), (5, 7), (8, 4.8), (8, 1.6), (8, 10.5), (5.6, 14),
           (2, 12.8)]],
}  # fmt: skip

HANDS = {"round": ROUND, "angular": ANGULAR, "continental": CONTINENTAL}


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawn digit: its label, by which hand and on what, and its pixels."""

    label: str
    hand: str
    paper: str
    pixels: np.ndarray  # (height, width, 3) uint8


def draw_strokes(
    digit: str,
    hand: str = "round",
    *,
    size: int = 200,
    width: float = 0.06,
    rotation: float = 0.0,
    shake: float = 0.0,
    place: tuple[float, float] = (0.5, 0.5),
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Ink, (size, size) float of 0 to 1; `width` is that of the pen as a share of `size`."""
    fine = 4
    image = Image.new("L", (size * fine, size * fine))
    pen = ImageDraw.Draw(image)
    height = 0.6 * size * fine
    rng = rng or np.random.default_rng(0)
    turn = np.deg2rad(rotation)
    for stroke in HANDS[hand][digit]:
        points = _smooth(np.array(stroke)) + rng.normal(0, shake, (1, 2))
        points = (points - (5, 7)) / 14 * height
        turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        turned += np.array(place) * size * fine
        line, radius = [tuple(point) for point in turned], width * size * fine / 2
        pen.line(line, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    small = image.resize((size, size), Image.Resampling.BOX)
    return np.asarray(small).astype(np.float64) / 255


def _smooth(points: np.ndarray) -> np.ndarray:
    """Twice as many points on rounder corners, twice (Chaikin, 1974); the ends stay."""
    for _ in range(2):
        first, second = points[:-1], points[1:]
        inner = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2), points[-1:]])
    return points


def on_paper(ink: np.ndarray, paper: str, rng: np.random.Generator) -> np.ndarray:
    """Pixels, (size, size, 3) uint8: `paint`, `board`, `marker`, `pen`, `pencil` or `photo`."""
    if paper == "paint":
        return _three(255 * (1 - ink))
    if paper == "board":
        return _three(20 + 220 * ink)
    if paper == "marker":
        colour = np.array([(200, 30, 40), (30, 60, 180), (20, 110, 60)][int(rng.integers(3))])
        return _bytes(245 * (1 - ink[..., None]) + colour * ink[..., None])
    size = len(ink)
    depth = {"pen": 0.75, "pencil": 0.35, "photo": 0.6}[paper]
    grain = np.clip(rng.normal(1, 0.2, ink.shape), 0.4, 1.4) if paper == "pencil" else 1.0
    sharp = Image.fromarray((ink * 255).astype(np.uint8))
    soft = sharp.filter(ImageFilter.GaussianBlur(min(size, 300) / 200))
    reflected = 1 - depth * np.clip(np.asarray(soft) / 255 * grain, 0, 1)
    down, across = np.mgrid[0 : ink.shape[0], 0 : ink.shape[1]] / size
    light = 150 + 60 * across + 30 * down
    if paper == "photo":  # the shadow of a hand
        light = light * (1 - 0.35 / (1 + np.exp(-(across - down - 0.1) * 14)))
    pixels = (light * reflected)[..., None] * np.array([1.0, 0.97, 0.9])
    pixels += rng.normal(0, 3, pixels.shape)
    stream = io.BytesIO()
    Image.fromarray(_bytes(pixels)).save(stream, "JPEG", quality=85)
    return np.asarray(Image.open(stream))


def save_drawings(folder: Path, seed: int = 0) -> None:
    """Writes 20 drawings, each digit twice, by all hands and on all papers, as `3_pen_17.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    everything = list(drawings(seed))
    for i in range(20):
        one = everything[(i * 37 + i % 10) % len(everything)]
        chosen = next(d for d in everything if d.label == str(i % 10) and d.paper == one.paper)
        everything.remove(chosen)
        Image.fromarray(chosen.pixels).save(folder / f"{chosen.label}_{chosen.paper}_{i:02}.png")


PAPERS = ("paint", "board", "marker", "pen", "pencil", "photo")


def drawings(seed: int = 0, each: int = 1) -> Iterator[Drawing]:
    """Each digit by each hand on each paper, `each` times with another pen, size and turn."""
    rng = np.random.default_rng(seed)
    for hand in HANDS:
        for paper in PAPERS:
            for digit in "0123456789" * each:
                ink = draw_strokes(
                    digit,
                    hand,
                    size=int(rng.integers(120, 320)),
                    width=float(rng.uniform(0.02, 0.07 if paper != "marker" else 0.1)),
                    rotation=float(rng.uniform(-9, 9)),
                    shake=0.25,
                    place=(float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6))),
                    rng=rng,
                )
                yield Drawing(digit, hand, paper, on_paper(ink, paper, rng))


def _three(gray: np.ndarray) -> np.ndarray:
    return np.repeat(_bytes(gray)[..., np.newaxis], 3, axis=2)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    save_drawings(Path(sys.argv[1]))
