"""Python's words and C++'s noise, told apart; each in a process of its own."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.errors import StorageError
from dlrun.screen import descriptor_aside, noise_to_log, shares_descriptor, written

BEGIN = """
import os, sys
from pathlib import Path
from dlrun.errors import ModelError
from dlrun.screen import descriptor_aside, noise_to_log, own_stderr, written
log = Path(sys.argv[1])
def noise(text): os.write(2, text.encode())
def words(text): print(text, file=sys.stderr)
"""


def run(script: str, log: Path, *, shell: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGIN + script, str(log)]
    if shell:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True)


def test_noise_goes_to_the_log_and_words_to_the_screen(tmp_path: Path) -> None:
    script = """
with own_stderr():
    with noise_to_log() as noise_into:
        noise("early\\n")
        words("one")
        noise_into(log)
        noise("late\\n")
        words("two")
    words("three")
words("four")
noise("five")
"""
    log = tmp_path / "run.log"
    log.write_text("before\n", encoding="utf-8")
    done = run(script, log)
    assert (done.returncode, done.stderr) == (0, "one\ntwo\nthree\nfour\nfive")
    assert log.read_text(encoding="utf-8") == "before\nearly\nlate\n"


def test_where_both_leave_by_one_descriptor_nothing_is_turned_away(tmp_path: Path) -> None:
    script = """
with noise_to_log() as noise_into:
    noise_into(log)
    noise("noise ")
    words("words")
"""
    done = run(script, tmp_path / "run.log")
    assert done.stderr == "noise words\n"
    assert not (tmp_path / "run.log").exists()


def test_who_took_hold_of_stderr_meanwhile_may_go_on(tmp_path: Path) -> None:
    script = """
import logging
with own_stderr():
    logging.basicConfig(format="%(message)s")
logging.warning("later")
"""
    assert run(script, tmp_path / "run.log").stderr == "later\n"


@pytest.mark.parametrize(
    ("error", "shown"),
    [("OSError('disk')", True), ("ModelError('units')", False), ("KeyboardInterrupt", False)],
)
def test_noise_is_shown_where_it_may_explain_an_error_and_there_is_no_log(
    tmp_path: Path, error: str, shown: bool
) -> None:
    script = f"""
with own_stderr(), noise_to_log():
    noise("cuInit failed")
    raise {error}
"""
    told = run(script, tmp_path / "run.log").stderr
    assert error.partition("(")[0] in told  # it came as far as that
    assert ("cuInit failed" in told) is shown


def test_a_crash_in_c_is_told_on_the_screen(tmp_path: Path) -> None:
    script = """
with own_stderr(), noise_to_log() as noise_into:
    noise_into(log)
    noise("last words\\n")
    os.abort()
"""
    done = run(script, tmp_path / "run.log")
    assert done.returncode != 0
    assert "Aborted" in done.stderr
    assert (tmp_path / "run.log").read_text(encoding="utf-8") == "last words\n"


@pytest.mark.skipif(sys.platform == "win32", reason="sh closes the descriptor")
def test_a_process_without_stderr_works(tmp_path: Path) -> None:
    script = """
with own_stderr(), descriptor_aside() as aside, noise_to_log() as noise_into:
    noise_into(log)
    sys.stdout.write(repr((aside, written(aside), sys.stderr)))
"""
    assert run(script, tmp_path / "run.log", shell="2>&-").stdout == "(None, '', None)"


def test_a_log_that_cannot_be_written_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not shares_descriptor()
    with pytest.raises(StorageError, match="cannot be written"), noise_to_log() as noise_into:
        noise_into(tmp_path / "no" / "run.log")


def test_what_is_not_text_is_kept_as_well_as_it_goes() -> None:
    with descriptor_aside() as aside:
        os.write(2, b"caf\xe9")
        assert written(aside) == "caf�"
