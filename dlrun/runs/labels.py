"""What to call runs that are shown side by side."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.runs.ids import digits_in
from dlrun.runs.run import Run


def label_of(run: Run, runs: Sequence[Run]) -> str:
    """Returns the config's name; where runs share it, what tells them apart: note, overrides, id.

    Args:
        run: One of the runs.
        runs: All that are shown.
    """
    name = run.config.name
    alike = [other for other in runs if other.config.name == name]
    if len(alike) == 1:
        return name
    for words_of in (_note, _overrides):
        words = [words_of(other) for other in alike]
        if len(set(words)) == len(alike) and len(max(words, key=len)) <= 40:
            return f"{name}, {words_of(run) or 'as it is'}"
    return f"{name} {digits_in(run.id)}"


def _note(run: Run) -> str:
    return str(run.info.get("note") or "")


def _overrides(run: Run) -> str:
    """What was changed on the command line; how often it was trained is shown otherwise."""
    texts: list[str] = run.info.get("overrides") or []
    return " ".join(text for text in texts if not text.startswith("repeat="))
