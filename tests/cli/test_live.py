"""The display on a terminal, drawn into a string as a terminal of a given width would show it."""

import io
import re

import pytest
from rich.console import Console

from dlrun.cli.display import duration, showing
from dlrun.cli.live import LiveDisplay
from dlrun.events import EpochEnded, Message, Progress, StepsDone
from dlrun.wording import short_number, with_spread

LOGS = {"loss": 0.25, "accuracy": 0.9, "val_loss": 0.3, "val_accuracy": 0.875}


def shown(events: list, *, width: int = 80) -> str:
    screen = io.StringIO()
    display = LiveDisplay(Console(file=screen, force_terminal=True, width=width, highlight=False))
    for event in events:
        display(event)
    display.close()
    return screen.getvalue()


def epoch(number: int, epochs: int) -> list:
    return [
        StepsDone(number, epochs, 9, 9, LOGS),
        EpochEnded(number, epochs, {**LOGS, "learning_rate": 0.1, "epoch_seconds": 0.5}),
    ]


def test_epochs_become_rows_below_one_heading() -> None:
    text = shown([*epoch(1, 2), *epoch(2, 2)])
    assert text.count("val_accuracy") == 1
    assert "learning_rate" not in text
    rows = [line.split() for line in text.splitlines() if "0.8750" in line]
    assert rows[-1][-6:] == ["2/2", "0.2500", "0.9000", "0.3000", "0.8750", "0.5000"]


def test_fast_epochs_do_not_flood_the_screen_and_the_last_is_always_shown() -> None:
    text = shown([event for number in range(1, 301) for event in epoch(number, 300)])
    assert len([line for line in text.splitlines() if "0.8750" in line]) < 20
    assert "300/300" in text


def test_the_bar_tells_epoch_step_and_loss() -> None:
    text = shown([StepsDone(1, 2, 1_234, 5_000, LOGS)])
    assert "epoch 1/2" in text
    assert "step 1,234/5,000  loss 0.2500" in text


def test_the_bar_leaves_room_for_the_c_of_ctrl_c() -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown([StepsDone(1, 2, 3, 9, LOGS)], width=70))
    bars = [line.rstrip("\r\n") for line in text.splitlines() if "step 3/9" in line]
    assert bars
    assert all(40 < len(bar) <= 67 for bar in bars)


def test_rows_fit_a_narrow_terminal() -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(epoch(1, 1), width=50))
    rows = [line for line in text.splitlines() if "1/1" in line and "epoch" not in line]
    assert rows
    assert all(len(row) <= 50 for row in rows)


def test_downloads_and_warnings_are_shown() -> None:
    text = shown([Message("a hint", "warning"), Progress("mnist.gz", 5_000_000, None, "bytes")])
    assert "a hint" in text
    assert "mnist.gz" in text
    assert "5.0" in text


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[33m" in shown([Message("a hint", "warning")])
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in shown([Message("a hint", "warning")])


def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(quiet=False) as report:
        for event in [Message("a hint", "warning"), *epoch(1, 2), Progress("x", 3, 3, "rows")]:
            report(event)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "warning: a hint"
    assert lines[1].startswith("epoch 1/2  loss 0.2500  accuracy 0.9000  val_loss 0.3000")
    assert lines[2] == "x: 3 rows"


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(quiet=True) as report:
        report(Message("a hint"))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97126, "0.9713"),
        (0.0, "0.0000"),
        (12345.6, "1.235e+04"),
        (1e-5, "1.000e-05"),
        (None, "–"),
    ],
)
def test_numbers_are_shown_in_four_digits(value: float | None, text: str) -> None:
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (0.96378, 0.000904, "0.9638 ± 0.0009"),
        (0.96378, 0.0021, "0.9638 ± 0.0021"),
        (0.1123, 0.0, "0.1123 ± 0.0000"),
        (0.96378, 0.00003, "0.9638 ± 3.000e-05"),
        (0.0002, 0.0001, "2.000e-04 ± 1.000e-04"),
        (0.96378, None, "0.9638"),
        (None, None, "–"),
    ],
)
def test_a_spread_is_written_as_its_mean(mean: float | None, sd: float | None, text: str) -> None:
    assert with_spread(mean, sd) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (185.0, "3 min 5 s"), (7_800.0, "2 h 10 min")]
)
def test_durations_are_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
