"""Why a run repeated from its config came out otherwise: what the two run folders say differs.

Reads run folders alone; what they do not record it does not guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dlrun.config import overridden_key
from dlrun.errors import RunError
from dlrun.resumption import EXACT_KEYS
from dlrun.runs import Run
from dlrun.runs.create import config_hash
from dlrun.runs.environment import (
    COMPUTING_PACKAGES,
    changed_imports,
    changed_packages,
    changed_variables,
    processor_of,
)

HASHES = ("data", "split", "batch_order", "initial_weights", "final_weights")
"""Of `run.json`, each decided by those before it."""


@dataclass(frozen=True)
class Cause:
    """Something that differs between two runs, and may be why their numbers do.

    Attributes:
        kind: "data", "config", "callbacks", "history", "resumed", "package version", "Python",
            "threads", "engine", "variable" (of the environment), "code", "seed", "hardware",
            "not repeatable", "unknown", or a hash's name in words.
        evidence: What the run folders say, in words.
    """

    kind: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.evidence}"


def find_causes(recorded: Run, repeated: Run, first_hash: str | None) -> list[Cause]:
    """Returns what may have made two runs of one config differ, the likeliest first; never empty.

    Args:
        recorded: The run that was to be repeated.
        repeated: The one that repeats it.
        first_hash: The first of `HASHES` that differs; what comes after it is no cause.
    """
    strong = [*_edited(recorded), *_strong(recorded, repeated)]
    weak = list(_weak(recorded, repeated))
    uncommitted = _uncommitted(_environment(recorded), _environment(repeated))
    if recorded.config.imports:
        strong += uncommitted
    else:
        weak = [*uncommitted, *weak]
    if first_hash == "data":
        return [Cause("data", "the data set has another content hash"), *strong, *weak]
    if first_hash in HASHES[1:4]:  # before the first step: nothing that training does is a cause
        words = str(first_hash).replace("_", " ")
        nothing = f"the {words} came out otherwise, though nothing else that is recorded differs"
        return [*strong, *weak] or [Cause(words, nothing)]
    said = [text for run in (recorded, repeated) for text in _list(run, "not_repeatable")]
    own_words = [Cause("not repeatable", str(text)) for text in dict.fromkeys(said)]
    unknown = "nothing recorded differs; the code has a random source that the seed does not reach"
    changed = "history.csv or metrics.json was changed after the run"
    is_changed = first_hash is None and all(map(_has_final_weights, (recorded, repeated)))
    why = ": the weights are the same" if is_changed else ""
    if contradictory := next(contradicted_by_history(recorded), None):
        why = ": they say {1:g} and {2:g} as {0}".format(*contradictory)
    by_hand = [Cause("history", changed + why)] if why else []
    given = words_on_callbacks(recorded)
    callbacks = [Cause("callbacks", given)] if given else []
    found = [*callbacks, *by_hand, *resumed_otherwise(recorded), *strong, *own_words, *weak]
    return found or [Cause("unknown", unknown)]


def changed_surroundings(recorded: Run, repeated: Run) -> list[Cause]:
    """Returns what two runs ran with and on that differs, what computes first."""
    return [*_strong(recorded, repeated), *_weak(recorded, repeated)]


def words_on_callbacks(run: Run) -> str:
    """Returns what of a run no repetition has: callbacks given in Python; empty for none."""
    names = ", ".join(map(str, _list(run, "callbacks_from_python")))
    what = "was given callbacks in Python, which its config does not hold and which `dlrun "
    return f"it {what}reproduce` cannot repeat: {names}" if names else ""


def resumed_otherwise(run: Run) -> Iterator[Cause]:
    """Yields where a run went on in a way that its config alone does not give."""
    for entry in _list(run, "resumed"):
        changed = [
            text
            for text in map(str, entry.get("overrides") or [])
            if overridden_key(text) not in EXACT_KEYS
        ]
        if changed or not entry.get("exact", True):
            remarks = [str(text) for text in entry.get("remarks") or ["not exactly"]]
            how = f"with {' '.join(changed)}" if changed else f"({'; '.join(remarks)})"
            yield Cause("resumed", f"the run went on after epoch {entry.get('epoch')} {how}")


def contradicted_by_history(run: Run) -> Iterator[tuple[str, float, float]]:
    """Yields what `metrics.json` of a finished run says otherwise than its `history.csv`.

    Returns:
        In words what, and its value in the one and in the other.
    """
    if run.status != "finished":
        return
    with suppress(RunError, LookupError, TypeError):  # whoever reads them for more says why
        metrics, history = run.metrics, run.read_history()
        epochs = len(history["epoch"])
        if metrics["epochs"] != epochs:
            yield "epochs", metrics["epochs"], epochs
        for which, epoch in (("best", metrics["best_epoch"]), ("final", metrics["epochs"])):
            for name, value in (metrics[which] or {}).items():
                there = history[name][epoch - 1]
                if value is not None and there is not None and value != there:
                    yield f"{which} {name}", value, there


def _edited(recorded: Run) -> Iterator[Cause]:
    """Whether the config is still the one that was trained; older runs do not say."""
    kept = recorded.info.get("config_hash")
    with suppress(OSError):
        if kept is not None and kept != config_hash(recorded):
            yield Cause("config", "config.yaml was changed after the run")


def recorded_hashes(run: Run) -> dict[str, str]:
    """Returns the hashes that a run keeps; of a run before there were any, that of its data."""
    kept = run.info.get("hashes") or {}
    hashes = {name: str(kept[name]) for name in HASHES if kept.get(name)}
    content_hash = _dataset(run).get("content_hash")
    return ({"data": str(content_hash)[:12]} if content_hash else {}) | hashes


def _has_final_weights(run: Run) -> bool:
    return run.status == "finished" and "final_weights" in recorded_hashes(run)


def _strong(recorded: Run, repeated: Run) -> Iterator[Cause]:
    """What decides the numbers."""
    then, now = _environment(recorded), _environment(repeated)
    yield from _changed_packages(then, now, COMPUTING_PACKAGES)
    yield from _changed("Python", "it", then.get("python"), now.get("python"))
    yield from _changed("threads", "TensorFlow's count", _threads(then), _threads(now))
    engines = recorded.info.get("engine"), repeated.info.get("engine")
    yield from _changed("engine", "it", *engines)
    for change in changed_variables(then, now):
        yield from _changed("variable", *change)
    yield from _changed_packages(then, now, ["dlrun"])
    for change in changed_imports(then, now):
        yield from _changed("code", *change)
    if recorded.config.imports:  # else the repository hardly holds what computes
        yield from _git(then, now)
    yield from _changed(
        "seed", "config.yaml was edited; the seed", then.get("seed"), now.get("seed")
    )
    yield from _changed("hardware", "the processor", processor_of(then), processor_of(now))
    yield from _changed("hardware", "the GPU", _gpus(then), _gpus(now))


def _weak(recorded: Run, repeated: Run) -> Iterator[Cause]:
    """What decides them in few cases."""
    then, now = _environment(recorded), _environment(repeated)
    if not recorded.config.imports:
        yield from _git(then, now)
    others = {*_packages(then), *_packages(now)} - {*COMPUTING_PACKAGES, "dlrun"}
    yield from _changed_packages(then, now, sorted(others))
    yield from _changed("hardware", "the platform", then.get("platform"), now.get("platform"))


def _changed(kind: str, what: str, then: Any, now: Any) -> Iterator[Cause]:
    if then is not None and now is not None and then != now:
        yield Cause(kind, f"{what} was {then} and is {now}")


def _changed_packages(
    then: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]
) -> Iterator[Cause]:
    if not (_packages(then) and _packages(now)):
        return
    for name, old, new in changed_packages(then, now, names):
        yield from _changed("code" if name == "dlrun" else "package version", name, old, new)


def _git(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = then.get("git") or {}, now.get("git") or {}
    commits = [
        str(facts["commit"])[:12] if "commit" in facts else None for facts in (before, after)
    ]
    yield from _changed("code", "the git commit", *commits)


def _uncommitted(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = then.get("git") or {}, now.get("git") or {}
    if before.get("commit") is None or before.get("commit") != after.get("commit"):
        return
    dirty = [when for when, facts in (("then", before), ("now", after)) if facts.get("dirty")]
    if dirty:
        when = " and ".join(dirty)
        yield Cause("code", f"the git working tree had changes that were not committed, {when}")


def _packages(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return facts.get("packages") or {}


def _gpus(facts: Mapping[str, Any]) -> str | None:
    gpus = facts.get("gpus")
    return None if gpus is None else ", ".join(map(str, gpus)) or "none"


def _threads(facts: Mapping[str, Any]) -> str | None:
    counts = [facts.get(f"{kind}_op_threads") for kind in ("intra", "inter")]
    if None in counts:
        return None
    return str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} (inter-op {counts[1]})"


def _environment(run: Run) -> Mapping[str, Any]:
    try:
        return run.environment
    except RunError:  # then nothing is known, and nothing is claimed
        return {}


def _dataset(run: Run) -> Mapping[str, Any]:
    try:
        return run.dataset
    except RunError:
        return {}


def _list(run: Run, name: str) -> list[Any]:
    return list(run.info.get(name) or [])
