"""The tables of `make bench`, from measurements made up."""

from __future__ import annotations

import cells
import pytest
import report
from plan import Job, Measurement

MACHINE = {
    "date": "2026-01-31",
    "python": "3.12.1",
    "packages": {"dlrun": "0.1.0", "keras": "3.15.1"},
    "cpu": {"name": "A CPU", "count": 2},
}


def epoch(
    contender: str, *seconds: float, net: str = "deep", round: int = 1, error: str = ""
) -> Measurement:
    job = Job("epoch", net, contender, len(seconds))
    return Measurement(job, round, 9.0, tuple(seconds), 500.0, error)


def whole(contender: str, seconds: float, peak_mb: float | None, net: str = "deep") -> Measurement:
    return Measurement(Job("whole", net, contender, 40), 1, seconds, (1.0,), peak_mb)


def growth(rows: int, seconds: float) -> Measurement:
    return Measurement(Job("growth", "moons", "dlrun", 2, rows), 1, 9.0, (9.0, seconds))


def row(table: str, name: str) -> list[str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_first_epoch_is_dropped_and_the_median_epoch_counts() -> None:
    assert report.headline(epoch("keras", 9.0, 1.0, 5.0, 2.0)) == 2.0
    assert report.headline(epoch("keras", 9.0)) == 9.0


def test_of_a_whole_command_the_wall_time_counts() -> None:
    assert report.headline(whole("keras", 48.5, None)) == 48.5


def test_ratios_are_those_of_the_medians_of_the_rounds() -> None:
    results = [epoch("keras", 9.0, s, round=r) for r, s in enumerate((1.0, 8.0, 2.0), 1)]
    results += [epoch("dlrun", 9.0, s, round=r) for r, s in enumerate((0.1, 0.2, 0.9), 1)]
    table = report.epoch_table(results, "epoch", {"torch", "lightning"})
    assert row(table, "Keras `fit`") == ["–", "2 s", "–"]
    assert row(table, "dlrun") == ["–", "0.2 s", "–"]
    assert row(table, "dlrun against Keras `fit`") == ["–", "**10 ×** (≥ 4.5)", "–"]
    assert row(table, "PyTorch Lightning") == ["not installed"] * 3
    assert "against PyTorch" not in table


def test_packages_that_are_installed_are_compared_without_a_target() -> None:
    results = [epoch("torch", 1.0, 3.0), epoch("dlrun", 1.0, 2.0)]
    table = report.epoch_table(results, "epoch", {"lightning"})
    assert row(table, "dlrun against PyTorch, a loop by hand") == ["–", "1.5 ×", "–"]


def test_a_missed_target_says_so() -> None:
    assert cells.ratio_cell(1.0, 0.2, 5) == "**5 ×** (≥ 5)"
    assert cells.ratio_cell(1.0, 0.25, 5) == "**4 ×** (≥ 5: missed)"
    assert cells.memory_cell(1200.0, 1000.0) == "1.26 GB (≤ 1.0: missed)"
    assert cells.memory_cell(900.0, 1000.0) == "0.94 GB (≤ 1.0)"


def test_what_fair_curves_cost_is_shown_beside_what_they_may() -> None:
    results = [epoch("dlrun", 9.0, 1.0), epoch("dlrun-curves", 9.0, 1.1)]
    table = report.epoch_table(results, "epoch", {"torch", "lightning"})
    assert row(table, "what evaluating training rows adds") == ["–", "+10% (≤ 15%)", "–"]
    assert cells.cost_cell(1.0, 1.2, 0.15) == "+20% (≤ 15%: missed)"


def test_repeats_are_compared_with_scripts_in_a_row() -> None:
    results = [
        Measurement(Job("repeats", "deep", name, 10), 1, seconds, (), 500.0)
        for name, seconds in (("keras", 130.0), ("dlrun", 20.0))
    ]
    table = report.repeats_table(results)
    assert "deep MNIST, 10 epochs" in table
    assert row(table, "5 Keras scripts in a row") == ["130 s"]
    assert row(table, "`dlrun train` with `repeat=5`") == ["20 s"]
    assert row(table, "`repeat` against the scripts") == ["**6.5 ×** (≥ 6)"]


def test_a_failure_is_in_the_table_and_below_it() -> None:
    results = [epoch("keras", error="ValueError: no"), epoch("dlrun", 1.0, 0.5)]
    results += [epoch("dlrun", round=2, error="killed")]
    text = report.report(results, MACHINE, set())
    assert row(text, "Keras `fit`") == ["–", "failed", "–"]
    assert row(text, "dlrun") == ["–", "0.5 s (1 of 2 failed)", "–"]
    assert row(text, "dlrun against Keras `fit`")[1] == "–"
    assert "- epoch, deep MNIST, Keras `fit`: ValueError: no\n" in text
    assert text.endswith("- epoch, deep MNIST, dlrun: killed")


def test_whole_commands_show_time_ratio_and_memory() -> None:
    table = report.whole_table([whole("keras", 70.0, 1300.0), whole("dlrun", 14.0, None)], "whole")
    assert "deep MNIST, 40 epochs" in table
    assert row(table, "Keras script")[1] == "70 s"
    assert row(table, "`dlrun train` against the script")[1] == "**5 ×** (≥ 3.5)"
    assert row(table, "peak memory, Keras script")[1] == "1.36 GB"
    assert row(table, "peak memory, `dlrun train`")[1] == "–"


def test_growth_is_shown_for_a_row_and_judged() -> None:
    text = report.growth_table([growth(1000, 0.004), growth(10_000, 0.02), growth(100_000, 0.22)])
    assert row(text, "rows") == ["1,000", "10,000", "100,000"]
    assert row(text, "a row") == ["4 µs", "2 µs", "2.2 µs"]
    assert "by a factor of 0.55, from each size to the next by 0.50 to 1.10: no more than" in text
    text = report.growth_sentence({1000: 0.001, 10_000: 0.01, 100_000: 0.2})
    assert ": more than linear (up to" in text
    assert report.growth_sentence({1000: None, 10_000: 1.0}).startswith("Too few sizes")


def test_the_report_names_machine_versions_date_and_rounds() -> None:
    results = [epoch("keras", 1.0, 2.0), epoch("keras", 1.0, 2.0, round=2), growth(1000, 1.0)]
    text = report.report(results, MACHINE, set())
    assert text.startswith(
        "Measured on 2026-01-31: A CPU, 2 cores; Python 3.12.1, dlrun 0.1.0, keras 3.15.1."
    )
    assert "each with its own threads (medians of 2 rounds):" in text
    assert "one thread each" not in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0055, "5.5 ms"), (0.09, "90 ms"), (0.1234, "0.123 s"), (1.5, "1.5 s"), (123.4, "123 s")],
)
def test_times_have_three_digits(seconds: float, shown: str) -> None:
    assert cells.format_seconds(seconds) == shown


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = f"before\n{report.START}\nold\n{report.END}\nafter\n"
    new = report.replace_between(text, "| new |")
    assert new == f"before\n{report.START}\n| new |\n{report.END}\nafter\n"


@pytest.mark.parametrize("text", ["", report.START, f"{report.END}{report.START}"])
def test_a_readme_without_the_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="each once"):
        report.replace_between(text, "new")
