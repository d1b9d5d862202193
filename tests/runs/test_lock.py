"""One process a run, however that process ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.errors import RunError, StorageError
from dlrun.runs import Run
from dlrun.runs.lock import only_process

HOLD = """
import sys
from pathlib import Path
from dlrun.runs import Run
from dlrun.runs.lock import only_process
with only_process(Run(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        message = "another process works on it; wait for it, or stop it by Ctrl-C"
        with pytest.raises(RunError, match=message), only_process(Run(tmp_path)):
            pass
        holder.kill()
    with only_process(Run(tmp_path)):
        pass


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    with (
        only_process(Run(tmp_path)),
        pytest.raises(RunError, match="works on it"),
        only_process(Run(tmp_path)),
    ):
        pass


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), only_process(Run(tmp_path)):
        raise KeyError
    with only_process(Run(tmp_path)):
        pass


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    message = r"\.lock: cannot be written, is a directory; choose another folder"
    with pytest.raises(StorageError, match=message), only_process(Run(tmp_path)):
        pass
