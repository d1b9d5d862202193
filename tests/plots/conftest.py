"""The last figure that was drawn, and its texts where they stand."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


class Drawn:
    """The newest figure as it was saved, and the box, in pixels, of every text drawn in it."""

    def __init__(self) -> None:
        self.figure = Figure()
        self.boxes: dict[int, tuple[str, Bbox]] = {}

    def texts(self) -> list[str]:
        return [text for text, _ in self.boxes.values()]

    def outside(self) -> list[str]:
        """Texts that leave the figure, by more than half a pixel."""
        frame = self.figure.bbox.padded(0.5)
        return [
            text
            for text, box in self.boxes.values()
            if not (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1))
        ]

    def overlapping(self) -> list[tuple[str, str]]:
        boxes = [(text, box.padded(-1)) for text, box in self.boxes.values()]
        return [
            (a, b)
            for i, (a, box_a) in enumerate(boxes)
            for b, box_b in boxes[i + 1 :]
            if box_a.overlaps(box_b)
        ]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    record = Drawn()
    save, draw = Figure.savefig, Text.draw

    def savefig(figure: Figure, *args: Any, **kwargs: Any) -> None:
        record.figure, record.boxes = figure, {}
        save(figure, *args, **kwargs)

    def draw_text(text: Text, renderer: Any, *args: Any, **kwargs: Any) -> None:
        draw(text, renderer, *args, **kwargs)
        if text.get_visible() and text.get_text().strip():
            record.boxes[id(text)] = (text.get_text(), text.get_window_extent(renderer))

    monkeypatch.setattr(Figure, "savefig", savefig)
    monkeypatch.setattr(Text, "draw", draw_text)
    return record
