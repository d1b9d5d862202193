"""How a downloadable data set is had: cache, else its home on the web, else a package client.

Every way yields checked payloads; whichever led there is said and recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dlrun import events
from dlrun.data.cache import accepted_names, cache_dir, keep_in_cache, read_cached
from dlrun.data.payloads import MissingError, Payload, UnavailableError
from dlrun.errors import DatasetError

FALLBACK = "dlrun train configs/digits_deep.yaml"
"""Trains on the handwritten digits inside scikit-learn: works where nothing can be had."""


class Way(Protocol):
    """A way to get payloads that are not in the cache."""

    @property
    def label(self) -> str:
        """What messages call it."""

    def fetch(
        self, payloads: Sequence[Payload], report: events.Report
    ) -> Iterator[tuple[Payload, bytes]]:
        """Yields each payload, checked, as it is had. Raises UnavailableError."""


@dataclass(frozen=True)
class Folder:
    """A folder where an installed package of this machine keeps the files."""

    label: str
    path: str

    def fetch(
        self,
        payloads: Sequence[Payload],
        report: events.Report,  # noqa: ARG002 -- every way is given one; reading a disk is quick
    ) -> Iterator[tuple[Payload, bytes]]:
        """Yields each payload, checked. Raises UnavailableError."""
        for payload in payloads:
            yield payload, read_cached(Path(self.path), payload)


@dataclass(frozen=True)
class Source:
    """A downloadable data set: its files and every way to get them.

    Attributes:
        name: The data set's name, and its folder's in the cache.
        payloads: The files.
        ways: Tried in this order, after the cache.
        by_hand: Where a person gets each file, by its file name: for the error message.
    """

    name: str
    payloads: tuple[Payload, ...]
    ways: tuple[Way, ...]
    by_hand: Mapping[str, str]


@dataclass(frozen=True)
class Fetched:
    """The payloads' bytes, by file name.

    Attributes:
        contents: Checked.
        way: How they were had, for a person to read.
        folder: The data set's folder in the cache.
        problem: Why they could not be kept in the cache; None: they are there now.
    """

    contents: Mapping[str, bytes]
    way: str
    folder: Path
    problem: str | None = None

    @property
    def kept(self) -> bool:
        """Whether they are in the cache now."""
        return self.problem is None


def fetch_payloads(source: Source, report: events.Report) -> Fetched:
    """Returns a data set's files, from the cache or by the first way that works.

    Raises:
        DatasetError: no way worked; it names them all, and what to do by hand.
    """
    folder = cache_dir() / source.name
    contents, failures = _from_cache(source, folder, report)
    if len(contents) == len(source.payloads):
        report(events.Message(f"{source.name}: from the cache, {folder}"))
        return Fetched(contents, f"cache, {folder}", folder)
    used: list[str] = []
    problem = None
    for way in source.ways:
        missing = [p for p in source.payloads if p.file_name not in contents]
        if not missing:
            break
        try:
            for payload, content in way.fetch(missing, report):
                contents[payload.file_name] = content
                problem = keep_in_cache(folder, payload, content) or problem
                used = used if way.label in used else [*used, way.label]
        except UnavailableError as error:
            failures.append(f"{way.label}: {error}")
            if not isinstance(error, MissingError):
                report(events.Message(f"{source.name}: {failures[-1]}; trying the next way"))
    if len(contents) < len(source.payloads):
        raise DatasetError(_cannot_be_had(source, folder, failures))
    way_taken = " and ".join(used)
    _tell(source, way_taken, folder, problem, report)
    return Fetched(contents, way_taken, folder, problem)


def _from_cache(
    source: Source, folder: Path, report: events.Report
) -> tuple[dict[str, bytes], list[str]]:
    contents: dict[str, bytes] = {}
    failures: list[str] = []
    missing: list[str] = []
    for payload in source.payloads:
        try:
            content = read_cached(folder, payload)
        except MissingError:
            missing.append(f"no {payload.file_name}")
            continue
        except UnavailableError as error:
            failures.append(f"cache {folder}: {error}")
            text = f"{source.name}: {failures[-1]}; fetching it again"
            report(events.Message(text, "warning"))
            continue
        contents[payload.file_name] = content
        if not (folder / payload.file_name).is_file():  # put there packed, by hand
            keep_in_cache(folder, payload, content)
    if missing:
        failures.append(f"cache {folder}: {', '.join(missing)}")
    return contents, failures


def _tell(
    source: Source, way: str, folder: Path, problem: str | None, report: events.Report
) -> None:
    if problem is None:
        report(events.Message(f"{source.name}: fetched by {way}; kept in {folder}"))
        return
    text = (
        f"{source.name}: fetched by {way}, but not kept: {folder} cannot be written, {problem}; "
        "it will be fetched again next time, unless DLRUN_DATA_DIR names a folder you may write"
    )
    report(events.Message(text, "warning"))


def _cannot_be_had(source: Source, folder: Path, failures: Sequence[str]) -> str:
    lines = [f"{source.name}: cannot be had; tried"]
    lines += [f"  {failure}" for failure in failures]
    lines += [f"put these files into {folder} by hand, on a machine with a way out:"]
    for payload in source.payloads:
        names = " or ".join(accepted_names(payload))
        lines.append(f"  {names}  from {source.by_hand[payload.file_name]}")
    lines.append(f"or train on digits that need no download: {FALLBACK}")
    return "\n".join(lines)
