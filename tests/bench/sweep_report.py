"""From measurements of sweeps to Markdown: pure functions, no clock and no files."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from cells import format_seconds, limit_cell, markdown_table, memory_cell, ratio_cell
from report import machine_line
from sweep_jobs import (
    ACTIVATIONS,
    LEARNING_RATES,
    SUMMARIES,
    SUMMARY_TRIALS,
    Amount,
    SweepJob,
    SweepMeasurement,
)

START, END = "<!-- bench-sweep: start -->", "<!-- bench-sweep: end -->"

NAMES = {
    "plain": "plain Keras script, started for each trial",
    "tuner": "KerasTuner `RandomSearch`",
    "workers-1": "`dlrun sweep`, one worker",
    "workers-2": "`dlrun sweep`, two workers",
    "memory": "`dlrun sweep`, two workers, watched",
    "summary": "`dlrun summary`",
    "summary-all": "`dlrun summary --limit 0`",
}
PLAIN_TARGET, TUNER_TARGET, WORKERS_TARGET = 9, 7, 1.7
"""How many times faster two workers are to be than the others, and than one."""
OVERHEAD_TARGET_SECONDS = 0.5
MEMORY_TARGET_MB = 2000.0
"""In 10**6 bytes, as the table's GB."""
SUMMARY_TARGET_SECONDS = 1.0
IDLE_LOAD = 0.7
"""Processes that ran in the minute before, at which a machine still counts as idle."""

Results = Sequence[SweepMeasurement]


def good(results: Results, contender: str) -> list[SweepMeasurement]:
    """Returns a contender's measurements that did not fail."""
    return [m for m in results if m.job.contender == contender and not m.error]


def total_seconds(results: Results, contender: str, trials: int) -> float | None:
    """Returns what a sweep of `trials` takes, scaled where fewer were measured; None without any.

    Plain scripts: the sum where all were started, else the median times `trials`. KerasTuner:
    each trial that was left out is taken to cost the mean of those after the first. dlrun: the
    median of the rounds.
    """
    found = good(results, contender)
    if not found:
        return None
    if contender == "plain":
        seconds = [m.seconds for m in found]
        return sum(seconds) if len(seconds) == trials else statistics.median(seconds) * trials
    if contender == "tuner":
        return statistics.median(_scale_tuner(m, trials) for m in found)
    return statistics.median(m.seconds for m in found)


def _scale_tuner(measurement: SweepMeasurement, trials: int) -> float:
    each = measurement.trial_seconds[1:] or measurement.trial_seconds
    return measurement.seconds + (trials - measurement.job.trials) * statistics.mean(each)


def overhead_seconds(measurement: SweepMeasurement) -> float:
    """Returns what a trial of one worker takes beyond its epochs, from the first trial on.

    Of a trial's epochs the median after the first counts, in which TensorFlow traces; so what a
    first epoch takes longer is overhead. It is the mean over trials, since activations differ.
    """
    typical = [statistics.median(times[1:] or times) for times in measurement.epoch_seconds]
    training = measurement.job.epochs * statistics.mean(typical)
    going = measurement.seconds - (measurement.startup_seconds or 0.0)
    return going / measurement.job.trials - training


def sweep_report(
    results: Results, machine: Mapping[str, Any], missing: set[str], amount: Amount
) -> str:
    """Returns the whole of what stands between the marks in the README.

    Args:
        results: Of every job.
        machine: `date`, `load_before`, and what `environment.json` holds of packages and the CPU.
        missing: Contenders that are not installed.
        amount: How much was to be measured.
    """
    parts = [
        machine_line(machine) + load_sentence(machine),
        caption(results, missing, amount),
        sweep_table(results, missing, amount.trials),
        costs_caption(results, amount),
        costs_table(results),
    ]
    if failures := failure_lines(results):
        parts.append(failures)
    return "\n\n".join(parts)


def load_sentence(machine: Mapping[str, Any]) -> str:
    """Returns that other work went on before, by the load of the last minute; else nothing."""
    load = machine.get("load_before")
    if load is None or load <= IDLE_LOAD:
        return ""
    return f" The machine was not idle before (load {load:.1f}): the times are not to be trusted."


def caption(results: Results, missing: set[str], amount: Amount) -> str:
    """Returns what was measured, and what of it was scaled."""
    low, high = LEARNING_RATES
    plain = [m.seconds for m in good(results, "plain")]
    text = (
        f"**A sweep**, deep MNIST, {amount.trials} trials of {amount.epochs} epochs, validation "
        f"after each; learning rate ({low:g} to {high:g}, log-uniform) and activation "
        f"({', '.join(ACTIVATIONS)}) drawn at random. Whole commands; the others with their own "
        f"threads, dlrun's workers with one each ({_rounds(amount.rounds)}). "
    )
    if len(plain) == amount.trials:
        text += f"All {len(plain)} plain scripts were started, half before the rest and half after."
    elif plain:
        text += (
            f"Of the plain scripts {len(plain)} were started, half before the rest and half after "
            f"({format_seconds(min(plain))} to {format_seconds(max(plain))}); their median is "
            f"taken {amount.trials} times."
        )
    tuned = good(results, "tuner")
    if tuned and tuned[0].job.trials != amount.trials:
        text += (
            f" KerasTuner did {tuned[0].job.trials} trials in one process; each further one is "
            "taken to cost the mean of those after the first."
        )
    return text + ("" if "tuner" not in missing else " KerasTuner is not installed.")


def _rounds(count: int) -> str:
    return f"medians of {count} rounds" if count > 1 else "one round"


def sweep_table(results: Results, missing: set[str], trials: int) -> str:
    """Returns seconds in all and a trial, and how many times faster, beside what was aimed at."""
    contenders = ("plain", "tuner", "workers-1", "workers-2")
    totals = {name: total_seconds(results, name, trials) for name in contenders}
    rows = []
    for name in contenders:
        if name in missing:
            rows.append([NAMES[name], *["not installed"] * 4])
            continue
        seconds = totals[name]
        is_judged = name == "workers-2"
        rows.append(
            [
                NAMES[name],
                _time_cell(results, name, seconds),
                "–" if seconds is None else format_seconds(seconds / trials),
                "–" if name == "plain" else _against(totals, "plain", name, is_judged),
                "–" if name in ("plain", "tuner") else _against(totals, "tuner", name, is_judged),
            ]
        )
    ratio = ratio_cell(totals["workers-1"], totals["workers-2"], WORKERS_TARGET)
    rows.append(["two workers against one", ratio, "–", "–", "–"])
    header = [f"{trials} trials", "in all", "a trial", "against plain", "against KerasTuner"]
    return markdown_table(header, rows)


def _against(totals: Mapping[str, float | None], slow: str, fast: str, is_judged: bool) -> str:
    target = {"plain": PLAIN_TARGET, "tuner": TUNER_TARGET}[slow] if is_judged else None
    return ratio_cell(totals[slow], totals[fast], target)


def costs_caption(results: Results, amount: Amount) -> str:
    """Returns how the numbers of `costs_table` came about."""
    processes = max((m.memory.num_processes for m in _watched(results)), default=0)
    return (
        "**What a sweep costs** beside training. Overhead: of one worker, from the first trial's "
        "beginning to the command's end, a trial, less its epochs, each taken as the median of "
        "those after the first. Memory: the peak of the sum over all processes below the command "
        f"({processes} at most), sampled in a sweep of its own, since that slows it. Summaries "
        f"({_rounds(amount.summaries)}) are whole commands:"
    )


def costs_table(results: Results) -> str:
    """Returns start-up, overhead, memory and summaries, beside what each may be."""
    starts = [m.startup_seconds for m in good(results, "workers-1")]
    start = _median([value for value in starts if value is not None])
    overhead = _median([overhead_seconds(m) for m in good(results, "workers-1")])
    peaks = [m.memory for m in _watched(results)]
    pss = [sample.pss_mb for sample in peaks if sample.pss_mb is not None]
    rows = [
        ["start-up until the first trial begins", _seconds(start)],
        ["overhead a trial", limit_cell(overhead, OVERHEAD_TARGET_SECONDS)],
        [
            "memory, two workers, shared pages counted once (PSS)",
            memory_cell(_median(pss), MEMORY_TARGET_MB),
        ],
        [
            "memory, two workers, shared pages counted in each (RSS)",
            memory_cell(_median([sample.rss_mb for sample in peaks])),
        ],
        [
            "memory, the command's own process (RSS)",
            memory_cell(_median([sample.own_mb for sample in peaks])),
        ],
    ]
    for name in SUMMARIES:
        seconds = _median([m.seconds for m in good(results, name)])
        title = f"{NAMES[name]} of a sweep of {SUMMARY_TRIALS:,} trials"
        rows.append([title, limit_cell(seconds, SUMMARY_TARGET_SECONDS)])
    return markdown_table(["", "`dlrun sweep`"], rows)


def _watched(results: Results) -> list[SweepMeasurement]:
    return [m for m in good(results, "memory") if m.memory is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else format_seconds(seconds)


def _time_cell(results: Results, contender: str, seconds: float | None) -> str:
    chosen = [m for m in results if m.job.contender == contender]
    failed = sum(bool(m.error) for m in chosen)
    if seconds is None:
        return "failed" if failed else "–"
    return format_seconds(seconds) + (f" ({failed} of {len(chosen)} failed)" if failed else "")


def failure_lines(results: Results) -> str:
    """Returns a list of what went wrong, each once; empty without failures."""
    lines = [f"- {NAMES[m.job.contender]}: {m.error}" for m in results if m.error]
    return "\n".join(["What failed:", "", *dict.fromkeys(lines)]) if lines else ""


def describe(job: SweepJob) -> str:
    """Returns a job in words."""
    if job.contender == "plain":
        return f"{NAMES['plain']}, trial {job.number}"
    return f"{NAMES[job.contender]}, {job.trials:,} trials, round {job.number}"
