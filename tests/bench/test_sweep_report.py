"""The tables of `make bench-sweep`, from measurements made up."""

from __future__ import annotations

import cells
import pytest
import sweep_report
from memory import Sample
from sweep_jobs import Amount, SweepJob, SweepMeasurement

MACHINE = {
    "date": "2026-01-31",
    "python": "3.12.1",
    "packages": {"dlrun": "0.1.0", "keras-tuner": "1.4.8"},
    "cpu": {"name": "A CPU", "count": 2},
}
AMOUNT = Amount()


def plain(*seconds: float) -> list[SweepMeasurement]:
    return [SweepMeasurement(SweepJob("plain", 1, 5, n), value) for n, value in enumerate(seconds)]


def tuner(seconds: float, *trials: float) -> SweepMeasurement:
    job = SweepJob("tuner", len(trials), 5, 1)
    return SweepMeasurement(job, seconds, trial_seconds=tuple(trials))


def sweep(workers: int, seconds: float, round: int = 1, error: str = "") -> SweepMeasurement:
    job = SweepJob(f"workers-{workers}", 32, 5, round)
    epochs = ((0.9, 0.4, 0.4, 0.4, 0.5), (1.1, 0.6, 0.6, 0.6, 0.9)) * 16
    return SweepMeasurement(job, seconds, (), 4.0, () if error else epochs, error=error)


def watched(rss_mb: float, pss_mb: float | None) -> SweepMeasurement:
    memory = Sample(rss_mb, pss_mb, 140.0, 3)
    return SweepMeasurement(SweepJob("memory", 32, 5, 1), 60.0, memory=memory)


def summaries(name: str, *seconds: float) -> list[SweepMeasurement]:
    return [
        SweepMeasurement(SweepJob(name, 1000, 5, n), value) for n, value in enumerate(seconds, 1)
    ]


def row(table: str, name: str) -> list[str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


WELL = [
    *plain(20.0, 18.0, 22.0, 30.0),
    tuner(100.0, 20.0, 15.0, 15.0, 12.0, 18.0, 15.0),
    sweep(2, 60.0),
    sweep(2, 64.0, 2),
    sweep(1, 112.0),
    sweep(1, 116.0, 2),
    watched(1500.0, 750.0),
    *summaries("summary", 0.5, 0.6, 3.0),
    *summaries("summary-all", 0.9, 0.7, 0.8),
]


def test_a_few_plain_starts_stand_for_all_of_them() -> None:
    assert sweep_report.total_seconds(plain(20.0, 18.0, 22.0, 30.0), "plain", 32) == 21.0 * 32
    assert sweep_report.total_seconds(plain(1.0, 2.0, 6.0), "plain", 3) == 9.0


def test_the_first_trial_of_kerastuner_and_its_start_count_once() -> None:
    measured = [tuner(50.0, 20.0, 10.0, 14.0)]
    assert sweep_report.total_seconds(measured, "tuner", 32) == 50.0 + 29 * 12.0
    assert sweep_report.total_seconds(measured, "tuner", 3) == 50.0
    assert sweep_report.total_seconds([tuner(50.0, 20.0)], "tuner", 2) == 70.0


def test_what_failed_is_not_counted() -> None:
    results = [sweep(2, 60.0), sweep(2, 1.0, 2, error="killed")]
    assert sweep_report.total_seconds(results, "workers-2", 32) == 60.0
    assert sweep_report.total_seconds(results[1:], "workers-2", 32) is None
    table = sweep_report.sweep_table(results, set(), 32)
    assert row(table, "`dlrun sweep`, two workers")[0] == "60 s (1 of 2 failed)"
    assert row(sweep_report.sweep_table(results[1:], set(), 32), "`dlrun sweep`, two workers") == [
        "failed",
        *"–––",
    ]
    text = sweep_report.sweep_report(results, MACHINE, set(), AMOUNT)
    assert text.endswith("What failed:\n\n- `dlrun sweep`, two workers: killed")


def test_times_and_ratios_stand_beside_their_aims() -> None:
    table = sweep_report.sweep_table(WELL, set(), 32)
    assert row(table, "plain Keras script, started for each trial") == ["672 s", "21 s", "–", "–"]
    assert row(table, "KerasTuner `RandomSearch`") == ["490 s", "15.3 s", "1.37 ×", "–"]
    assert row(table, "`dlrun sweep`, one worker") == ["114 s", "3.56 s", "5.89 ×", "4.3 ×"]
    assert row(table, "`dlrun sweep`, two workers") == [
        "62 s",
        "1.94 s",
        "**10.8 ×** (≥ 9)",
        "**7.9 ×** (≥ 7)",
    ]
    assert row(table, "two workers against one")[0] == "**1.84 ×** (≥ 1.7)"


def test_missed_aims_are_told_as_missed() -> None:
    slow = [*plain(17.0), tuner(90.0, *[15.0] * 6), sweep(2, 70.0), sweep(1, 100.0)]
    slow += [watched(2500.0, 2000.0), *summaries("summary", 1.2), *summaries("summary-all", 3.0)]
    text = sweep_report.sweep_report(slow, MACHINE, set(), AMOUNT)
    assert row(text, "`dlrun sweep`, two workers")[2:] == [
        "**7.77 ×** (≥ 9: missed)",
        "**6.86 ×** (≥ 7: missed)",
    ]
    assert row(text, "two workers against one")[0] == "**1.43 ×** (≥ 1.7: missed)"
    assert row(text, "memory, two workers, shared pages counted once (PSS)") == [
        "2.10 GB (≤ 2.0: missed)"
    ]
    assert row(text, "`dlrun summary` of a sweep of 1,000 trials") == ["1.2 s (≤ 1 s: missed)"]
    assert row(text, "`dlrun summary --limit 0` of a sweep of 1,000 trials") == [
        "3 s (≤ 1 s: missed)"
    ]
    assert text.count("missed") == 6


def test_the_overhead_is_what_remains_of_a_trial_beside_its_epochs() -> None:
    # (84 − 4) / 32 trials = 2.5 s; half of them with epochs of 0.4 s, half with 0.6 s
    assert sweep_report.overhead_seconds(sweep(1, 84.0)) == pytest.approx(2.5 - 5 * 0.5)
    assert sweep_report.overhead_seconds(sweep(1, 106.4)) == pytest.approx(0.7)
    table = sweep_report.costs_table([sweep(1, 106.4)])
    assert row(table, "overhead a trial") == ["0.7 s (≤ 0.5 s: missed)"]
    assert row(table, "start-up until the first trial begins") == ["4 s"]


def test_costs_are_medians_beside_what_they_may_be() -> None:
    table = sweep_report.costs_table(WELL)
    assert row(table, "memory, two workers, shared pages counted once (PSS)") == ["0.79 GB (≤ 2.0)"]
    assert row(table, "memory, two workers, shared pages counted in each (RSS)") == ["1.57 GB"]
    assert row(table, "memory, the command's own process (RSS)") == ["0.15 GB"]
    assert row(table, "`dlrun summary` of a sweep of 1,000 trials") == ["0.6 s (≤ 1 s)"]


def test_memory_that_the_system_does_not_tell_is_left_out() -> None:
    table = sweep_report.costs_table([watched(1500.0, None)])
    assert row(table, "memory, two workers, shared pages counted once (PSS)") == ["–"]


def test_a_time_may_be_as_long_as_it_may() -> None:
    assert cells.limit_cell(1.0, 1) == "1 s (≤ 1 s)"
    assert cells.limit_cell(None, 1) == "–"


def test_the_caption_says_what_was_measured_and_what_was_reckoned() -> None:
    text = sweep_report.caption(WELL, set(), AMOUNT)
    assert "32 trials of 5 epochs" in text
    assert "(medians of 2 rounds)" in text
    assert "Of the plain scripts 4 were started" in text
    assert "(18 s to 30 s); their median is taken 32 times." in text
    assert "KerasTuner did 6 trials in one process; each further one is taken to cost" in text
    whole = [*plain(*[20.0] * 32), tuner(500.0, *[15.0] * 32)]
    text = sweep_report.caption(whole, set(), AMOUNT)
    assert "All 32 plain scripts were started" in text
    assert "taken" not in text


def test_kerastuner_that_is_not_installed_is_said() -> None:
    results = [one for one in WELL if one.job.contender != "tuner"]
    text = sweep_report.sweep_report(results, MACHINE, {"tuner"}, AMOUNT)
    assert row(text, "KerasTuner `RandomSearch`") == ["not installed"] * 4
    assert "KerasTuner is not installed." in text
    assert row(text, "`dlrun sweep`, two workers")[3] == "–"


def test_the_report_names_machine_versions_and_date() -> None:
    text = sweep_report.sweep_report(WELL, MACHINE, set(), AMOUNT)
    assert text.startswith(
        "Measured on 2026-01-31: A CPU, 2 cores; Python 3.12.1, dlrun 0.1.0, keras-tuner 1.4.8."
    )
    assert "What failed" not in text
    assert "idle" not in text


def test_other_work_on_the_machine_is_said() -> None:
    assert sweep_report.load_sentence({"load_before": None}) == ""
    assert sweep_report.load_sentence({"load_before": 0.3}) == ""
    busy = sweep_report.sweep_report(WELL, MACHINE | {"load_before": 2.94}, set(), AMOUNT)
    assert "The machine was not idle before (load 2.9): the times are not to be trusted." in busy
