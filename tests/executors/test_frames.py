"""Messages through a pipe arrive whole, however they are cut on the way and whoever writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlrun.events import EpochEnded, Message
from dlrun.executors.frames import MOST_BYTES, FrameReader, write_message
from dlrun.executors.task import Outcome, Told, reason_of_end


def sent(message: object) -> bytes:
    reading, writing = os.pipe()
    write_message(writing, message)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        return stream.read()


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_messages_come_whole_from_pieces_of_any_size(step: int) -> None:
    messages = [
        Told("repeats/0", EpochEnded(1, 2, {"loss": 0.5})),
        Outcome("repeats/0", "finished"),
        None,
    ]
    stream = b"".join(sent(message) for message in messages)
    reader = FrameReader()
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert [message for piece in pieces for message in reader.feed(piece)] == messages


def test_what_is_too_long_is_cut_and_its_end_is_kept() -> None:
    outcome = Outcome("repeats/0", "crashed", "é" * 9000 + "the last words")
    frame = sent(outcome)
    assert len(frame) <= MOST_BYTES
    (received,) = FrameReader().feed(frame)
    assert received.error.endswith("é" * 100 + "the last words")
    frame = sent(Told("repeats/0", Message("ü" * 9000)))
    assert len(frame) <= MOST_BYTES
    (received,) = FrameReader().feed(frame)
    assert received.event.text == "ü" * 800
    many = {f"a metric with a rather long name, number {i}": float(i) for i in range(200)}
    frame = sent(Told("repeats/0", EpochEnded(1, 2, {"loss": 0.5} | many)))
    assert len(frame) <= MOST_BYTES
    (received,) = FrameReader().feed(frame)
    assert list(received.event.logs.items())[:2] == [("loss", 0.5), (next(iter(many)), 0.0)]


def test_what_nobody_reads_is_dropped() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    write_message(writing, Outcome("repeats/0", "finished"))
    os.close(writing)


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (-9, "its process was ended by SIGKILL, as the system does where memory runs out"),
        (-11, "its process was ended by SIGSEGV; its run.log may say why"),
        (3, "its process ended with exit code 3; its run.log may say why"),
    ],
)
def test_an_end_without_words_is_put_into_words(exit_code: int, reason: str) -> None:
    assert reason_of_end(exit_code) == reason


def test_the_task_module_loads_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = "import sys, dlrun.executors; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
