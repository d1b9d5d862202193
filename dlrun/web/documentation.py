"""What GET /api says: the addresses, with calls that can be pasted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dlrun.images.page import MOST_FIGURES
from dlrun.web import asking, drawings, rows, served, worker

_HEAD = """\
{run}: {name}, trained on {data}

GET  {address}/
     the page
GET  {address}/api/model
     what the model takes and says
POST {address}/api/predict
     {what}
"""

_IMAGE = """\
An image file as the body, of any type:

  curl --data-binary @seven.png {address}/api/predict

or in Base64 inside JSON: {{"image": "iVBORw0…"}}. It is prepared as the training images
were. Answer:

  predicted      {predicted}
  probabilities  by class, in the order of the classes; scores as they are, where the model's
                 outputs are no probabilities
  pixels         what the net is given, {shape}
  remarks        what may mislead the net
  milliseconds   of reading, preparing and predicting

By {address}/api/predict?page=auto an image of many figures is answered by `figures` and
`milliseconds`: all of the above for each figure, in reading order; at most {figures} figures.

POST {address}/api/rounds begins a round of {round} drawings, {{"round": 0, "labels": […]}};
POST {address}/api/rounds/0/drawings keeps the next one, a PNG file, and predicts it.
"""

_ROWS = """\
Rows as JSON, in the order of the columns or by their names:

  curl -d '{listed}' {address}/api/predict
  curl -d '{named}' {address}/api/predict

Columns: {columns}

Answer:

  predictions    a list, for each row `predicted` ({predicted}){shares}
                 and `remarks`
  milliseconds   of predicting
"""

_TAIL = """\
Errors are {{"error": "…"}}: 400 not understood, 403 of another site, 408 sent too slowly, 413 more
than {bytes:,} bytes, 422 no image, more than {pixels:,} pixels, nothing drawn, or rows that
do not fit (at most {rows:,}), 503 busy, more than {seconds} s or stopped, 507 a drawing
cannot be written.
"""


def documentation(model: Mapping[str, Any], address: str) -> str:
    """Returns the text.

    Args:
        model: As `served.describe` gives it.
        address: Of the server, such as `http://127.0.0.1:8000`.
    """
    names = model["class_names"]
    words = {
        **model,
        "address": address,
        "predicted": f"a class: {_some(names)}" if names else "a number",
        "what": "what it says of an image" if model["takes"] == "image" else "… of rows",
        "shape": " × ".join(str(side) for side in model["input_shape"]),
        "round": drawings.ROUND,
        "figures": MOST_FIGURES,
        **_row_words(model),
    }
    limits = {
        "bytes": asking.MAX_BYTES,
        "pixels": served.MAX_PIXELS,
        "rows": rows.MAX_ROWS,
        "seconds": worker.ANSWER_SECONDS,
    }
    body = _IMAGE if model["takes"] == "image" else _ROWS
    return "\n".join([_HEAD.format(**words), body.format(**words), _TAIL.format(**limits)])


def _row_words(model: Mapping[str, Any]) -> dict[str, str]:
    columns = model.get("columns", [])
    values = {c["name"]: 0.0 if c["typical"] is None else c["typical"] for c in columns}
    shares = ",\n                 `probabilities` by class" if model["class_names"] else ""
    return {
        "listed": _quoted({"rows": [list(values.values())]}),
        "named": _quoted({"rows": [values]}),
        "columns": ", ".join(values),
        "shares": shares,
    }


def _quoted(value: Any) -> str:
    """JSON as it stands between single quotes in a shell."""
    return json.dumps(value, ensure_ascii=False).replace("'", "'\\''")


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
