from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from dlrun import events
from dlrun.data.cache import cache_dir
from dlrun.data.packages import Package
from dlrun.data.payloads import Payload
from dlrun.data.sources import Folder, Source, fetch_payloads
from dlrun.data.web import Home
from dlrun.errors import DatasetError

CONTENTS = {"a.bin": b"first file " * 1000, "b.bin": b"second file"}


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_missing_is_fetched_once_and_kept(source: Source, site, listener) -> None:
    fetched = fetch_payloads(source, listener)
    folder = cache_dir() / "toy"
    assert fetched.contents == files_in(folder) == CONTENTS
    assert (fetched.way, fetched.kept) == ("the site", True)
    assert listener.texts() == [f"toy: fetched by the site; kept in {folder}"]
    assert {event.task for event in listener.progress()} == {"a.bin.gz", "b.bin.gz"}

    again = fetch_payloads(source, listener)
    assert (again.contents, again.way) == (CONTENTS, f"cache, {folder}")
    assert listener.texts()[-1] == f"toy: from the cache, {folder}"
    assert len(site.requests) == 2


def test_only_the_missing_file_is_fetched(source: Source, site, listener) -> None:
    fetch_payloads(source, listener)
    (cache_dir() / "toy" / "b.bin").unlink()
    assert fetch_payloads(source, listener).contents == CONTENTS
    assert site.requests[2:] == ["/b.bin.gz"]


def test_a_damaged_file_in_the_cache_is_fetched_again(source: Source, listener) -> None:
    fetch_payloads(source, listener)
    (cache_dir() / "toy" / "b.bin").write_bytes(b"second fil")
    assert fetch_payloads(source, listener).contents == CONTENTS
    assert files_in(cache_dir()) == CONTENTS
    (warning,) = listener.texts("warning")
    assert "b.bin is damaged or not the genuine file" in warning
    assert warning.endswith("; fetching it again")


def test_files_put_there_by_hand_are_unpacked_once(source: Source, site, listener) -> None:
    folder = cache_dir() / "toy"
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    assert fetch_payloads(source, listener).contents == CONTENTS
    assert (folder / "a.bin").read_bytes() == CONTENTS["a.bin"]
    assert site.requests == []


def test_the_next_way_is_tried_when_one_fails(source: Source, site, listener, tmp_path) -> None:
    site.put("/b.bin.gz", b"busy", status=503)
    (tmp_path / "b.bin").write_bytes(CONTENTS["b.bin"])
    source = replace(source, ways=(*source.ways, Folder("the folder", str(tmp_path))))
    assert fetch_payloads(source, listener).way == "the site and the folder"
    assert f"the site: {site.url}/b.bin.gz: the server answers 503" in listener.texts()[0]


@pytest.mark.parametrize(
    ("body", "length", "message"),
    [
        (gzip.compress(b"something else", mtime=0), None, "SHA-256 "),
        (gzip.compress(CONTENTS["a.bin"], mtime=0)[:-5], None, "a.bin is a damaged gzip file"),
        (
            gzip.compress(CONTENTS["a.bin"], mtime=0)[:20],
            60,
            "the connection broke after 20 of 60 bytes",
        ),
    ],
    ids=["wrong checksum", "truncated", "interrupted"],
)
def test_what_is_not_genuine_never_enters_the_cache(
    source: Source, site, listener, body, length, message
) -> None:
    site.put("/a.bin.gz", body, length=length)
    with pytest.raises(DatasetError, match=message):
        fetch_payloads(source, listener)
    assert files_in(cache_dir()) == {}


def test_an_interrupted_download_leaves_nothing(source: Source) -> None:
    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_payloads(source, interrupt)
    assert files_in(cache_dir()) == {}


def test_an_interrupted_write_leaves_nothing(source: Source, listener, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_payloads(source, listener)
    assert files_in(cache_dir()) == {}


def test_if_every_way_fails_the_error_says_what_to_do(source: Source, site, listener) -> None:
    site.answers.clear()
    package = Package(
        "nopm pack toy", "nopm-there-is-none", (), ".tgz", dict.fromkeys(CONTENTS, ""), 1
    )
    with pytest.raises(DatasetError) as caught:
        fetch_payloads(replace(source, ways=(*source.ways, package)), listener)
    folder = cache_dir() / "toy"
    assert str(caught.value).splitlines() == [
        "toy: cannot be had; tried",
        f"  cache {folder}: no a.bin, no b.bin",
        f"  the site: {site.url}/a.bin.gz: the server answers 404 Not Found",
        "  nopm pack toy: nopm-there-is-none is not installed",
        f"put these files into {folder} by hand, on a machine with a way out:",
        f"  a.bin or a.bin.gz  from {site.url}/a.bin.gz",
        f"  b.bin or b.bin.gz  from {site.url}/b.bin.gz",
        "or train on digits that need no download: dlrun train configs/digits_deep.yaml",
    ]


def test_a_read_only_cache_serves_what_it_holds(source: Source, listener, monkeypatch) -> None:
    fetch_payloads(source, listener)
    refuse_writing(monkeypatch)
    assert fetch_payloads(source, listener).kept
    assert listener.texts("warning") == []


def test_a_read_only_cache_without_the_data_says_so(source: Source, listener, monkeypatch) -> None:
    refuse_writing(monkeypatch)
    fetched = fetch_payloads(source, listener)
    assert (fetched.contents, fetched.kept) == (CONTENTS, False)
    assert listener.texts("warning") == [
        f"toy: fetched by the site, but not kept: {cache_dir() / 'toy'} cannot be written, "
        "Read-only file system; it will be fetched again next time, unless DLRUN_DATA_DIR names "
        "a folder you may write"
    ]


def refuse_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a read-only file system, which tests run as root do not have."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)


def test_threads_that_fetch_at_once_all_get_the_data(source: Source, listener) -> None:
    barrier = threading.Barrier(6)
    results = []

    def fetch() -> None:
        barrier.wait()
        results.append(fetch_payloads(source, listener))

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.contents for result in results] == [CONTENTS] * 6
    assert files_in(cache_dir()) == CONTENTS


PROCESS = """
import hashlib, sys
from dlrun import events
from dlrun.data.payloads import Payload
from dlrun.data.sources import Source, fetch_payloads
from dlrun.data.web import Home

def payload(name, digest):
    return Payload(name, digest)

url, *pairs = sys.argv[1:]
payloads = tuple(payload(*pair.split("=")) for pair in pairs)
home = Home("the site", {p.file_name: f"{url}/{p.file_name}.gz" for p in payloads})
print("ready", flush=True)
sys.stdin.read()
fetched = fetch_payloads(Source("toy", payloads, (home,), {}), events.ignore)
print(sum(map(len, fetched.contents.values())), fetched.kept)
"""


def test_processes_that_fetch_at_once_all_get_the_data(source: Source, site) -> None:
    pairs = [f"{payload.file_name}={payload.sha256}" for payload in source.payloads]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, site.url, *pairs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.close()
    said = [process.stdout.read().split() for process in processes]
    for process in processes:
        process.stdout.close()
        process.wait()
    assert said == [[str(sum(map(len, CONTENTS.values()))), "True"]] * 2
    assert files_in(cache_dir()) == CONTENTS


def test_a_converted_payload_is_kept_in_its_final_form(site, listener) -> None:
    payload = Payload("table", hashlib.sha256(b"A,B").hexdigest(), bytes.upper)
    site.put("/table", b"a,b")
    urls = {"table": f"{site.url}/table"}
    source = Source("toy", (payload,), (Home("the site", urls),), urls)
    fetch_payloads(source, listener)
    assert files_in(cache_dir()) == {"table": b"A,B"}
