"""From measurements to Markdown: pure functions, no clock and no files."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cells import cost_cell, format_seconds, markdown_table, memory_cell, ratio_cell
from plan import NETS, Job, Measurement

START, END = "<!-- bench: start -->", "<!-- bench: end -->"

TITLES = {"softmax": "softmax MNIST", "deep": "deep MNIST", "logistic": "credit logistic"}
NAMES = {
    "keras": "Keras `fit`",
    "sklearn": "scikit-learn `MLPClassifier`",
    "torch": "PyTorch, a loop by hand",
    "lightning": "PyTorch Lightning",
    "dlrun": "dlrun",
    "dlrun-curves": "dlrun, training rows evaluated too",
    "dlrun-xla": "dlrun with XLA",
}
# How many times faster the first is to be than the second, by net.
TARGETS: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("dlrun", "keras"): (10, 4.5, 12),
    ("dlrun", "sklearn"): (1.7, 1.7, 1.4),
    ("dlrun-xla", "keras"): (12, 6, 40),
}
WHOLE_TARGETS = (5, 3.5, 2.5)
REPEATS_TARGET = 6
CURVES_COST = 0.15
"""The most that fair curves may add to an epoch."""
PEAK_TARGET_MB = {"deep": 1000.0}
LINEAR = 1.25
"""Time per row may grow by this factor, and still be called linear: it is noise and caches."""

Results = Sequence[Measurement]


def headline(measurement: Measurement) -> float:
    """Returns what counts: the whole command's seconds, or the median epoch's after the first."""
    if measurement.job.whole:
        return measurement.seconds
    return statistics.median(measurement.epoch_seconds[1:] or measurement.epoch_seconds)


def median_of(
    results: Results, value: Callable[[Measurement], float | None] = headline, **job: Any
) -> float | None:
    """Returns the median over the rounds of the jobs with these attributes; None without any."""
    good = [value(m) for m in _select(results, **job) if not m.error]
    known = [number for number in good if number is not None]
    return statistics.median(known) if known else None


def _select(results: Results, **job: Any) -> list[Measurement]:
    return [m for m in results if all(getattr(m.job, key) == job[key] for key in job)]


def report(results: Results, machine: Mapping[str, Any], missing: set[str]) -> str:
    """Returns the whole of what stands between the marks in the README.

    Args:
        results: Of every job and round.
        machine: `date`, and what `environment.json` holds of packages and the CPU.
        missing: Contenders that are not installed.
    """
    parts = [machine_line(machine)]
    for suffix, threads in (("", "each with its own threads"), ("-one-thread", "one thread each")):
        if _select(results, section=f"epoch{suffix}"):
            parts.append(_caption("An epoch of training", threads, results, f"epoch{suffix}"))
            parts.append(epoch_table(results, f"epoch{suffix}", missing))
        if _select(results, section=f"whole{suffix}"):
            title = "The whole command, validation after every epoch"
            parts.append(_caption(title, threads, results, f"whole{suffix}"))
            parts.append(whole_table(results, f"whole{suffix}"))
    if _select(results, section="repeats"):
        parts.append(repeats_table(results))
    if _select(results, section="growth"):
        parts.append(growth_table(results))
    if failures := failure_lines(results):
        parts.append(failures)
    return "\n\n".join(parts)


def machine_line(machine: Mapping[str, Any]) -> str:
    """Returns date, CPU and versions in a sentence."""
    cpu, packages = machine["cpu"], machine["packages"]
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    return (
        f"Measured on {machine['date']}: {cpu['name']}, {cpu['count']} cores; "
        f"Python {machine['python']}, {versions}."
    )


def _caption(title: str, threads: str, results: Results, section: str) -> str:
    rounds = max(m.round for m in _select(results, section=section))
    many = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    return f"**{title}**, {threads} ({many}):"


def epoch_table(results: Results, section: str, missing: set[str]) -> str:
    """Returns seconds an epoch by contender and net, then how many times faster."""
    rows = []
    for contender, name in NAMES.items():
        if contender in missing:
            rows.append([name, *["not installed"] * len(NETS)])
        else:
            cells = [_time_cell(results, section=section, net=n, contender=contender) for n in NETS]
            rows.append([name, *cells])
    pairs: dict[tuple[str, str], tuple[float, ...]] = dict(TARGETS)
    pairs |= {("dlrun", name): () for name in ("torch", "lightning") if name not in missing}
    for (fast, slow), targets in pairs.items():
        cells = [
            ratio_cell(
                median_of(results, section=section, net=net, contender=slow),
                median_of(results, section=section, net=net, contender=fast),
                targets[number] if targets else None,
            )
            for number, net in enumerate(NETS)
        ]
        rows.append([f"{NAMES[fast]} against {NAMES[slow]}", *cells])
    costs = [
        cost_cell(
            median_of(results, section=section, net=net, contender="dlrun"),
            median_of(results, section=section, net=net, contender="dlrun-curves"),
            CURVES_COST,
        )
        for net in NETS
    ]
    rows.append(["what evaluating training rows adds", *costs])
    return markdown_table(["", *(TITLES[net] for net in NETS)], rows)


def whole_table(results: Results, section: str) -> str:
    """Returns time and peak memory of whole commands, and how many times faster."""
    titles = []
    columns = []
    for number, net in enumerate(NETS):
        jobs = {c: {"section": section, "net": net, "contender": c} for c in ("keras", "dlrun")}
        epochs = {m.job.epochs for m in _select(results, section=section, net=net)}
        titles.append(f"{TITLES[net]}, {'/'.join(map(str, epochs))} epochs")
        plain, ours = (median_of(results, **jobs[c]) for c in ("keras", "dlrun"))
        columns.append(
            [
                _time_cell(results, **jobs["keras"]),
                _time_cell(results, **jobs["dlrun"]),
                ratio_cell(plain, ours, WHOLE_TARGETS[number]),
                memory_cell(median_of(results, _peak, **jobs["keras"])),
                memory_cell(median_of(results, _peak, **jobs["dlrun"]), PEAK_TARGET_MB.get(net)),
            ]
        )
    names = ["Keras script", "`dlrun train`", "`dlrun train` against the script"]
    names += ["peak memory, Keras script", "peak memory, `dlrun train`"]
    return markdown_table(["", *titles], [list(row) for row in zip(names, *columns, strict=True)])


def _peak(measurement: Measurement) -> float | None:
    return measurement.peak_mb


def repeats_table(results: Results) -> str:
    """Returns the time of repeats of one net, by scripts one after another and by one command."""
    jobs = {c: {"section": "repeats", "contender": c} for c in ("keras", "dlrun")}
    job = _select(results, **jobs["dlrun"])[0].job
    rows = [
        [f"{job.repeats} Keras scripts in a row", _time_cell(results, **jobs["keras"])],
        [f"`dlrun train` with `repeat={job.repeats}`", _time_cell(results, **jobs["dlrun"])],
    ]
    plain, ours = (median_of(results, **jobs[c]) for c in ("keras", "dlrun"))
    rows.append(["`repeat` against the scripts", ratio_cell(plain, ours, REPEATS_TARGET)])
    caption = _caption("Repeats", "each with its own threads", results, "repeats")
    return f"{caption}\n\n" + markdown_table(["", f"{TITLES['deep']}, {job.epochs} epochs"], rows)


def growth_table(results: Results) -> str:
    """Returns seconds an epoch by number of rows, per row too, and whether that is linear."""
    sizes = sorted({m.job.rows for m in _select(results, section="growth")})
    medians = [median_of(results, section="growth", rows=rows) for rows in sizes]
    header = ["rows", *(f"{rows:,}" for rows in sizes)]
    cells = [_time_cell(results, section="growth", rows=rows) for rows in sizes]
    per_row = [
        "–" if seconds is None else f"{seconds / rows * 1e6:.3g} µs"
        for rows, seconds in zip(sizes, medians, strict=True)
    ]
    table = markdown_table(header, [["dlrun, an epoch", *cells], ["a row", *per_row]])
    caption = "**Growth with the rows**, a small net on two moons, batches of 50:"
    return f"{caption}\n\n{table}\n\n{growth_sentence(dict(zip(sizes, medians, strict=True)))}"


def growth_sentence(seconds: Mapping[int, float | None]) -> str:
    """Returns how the time per row changes from the fewest rows to the most."""
    per_row = {rows: value / rows for rows, value in seconds.items() if value is not None}
    if len(per_row) < 2:
        return "Too few sizes went well to say how the time grows."
    sizes = sorted(per_row)
    ratio = per_row[sizes[-1]] / per_row[sizes[0]]
    steps = [per_row[b] / per_row[a] for a, b in itertools.pairwise(sizes)]
    verdict = "no more than linear" if max(*steps, ratio) <= LINEAR else "more than linear"
    return (
        f"From {sizes[0]:,} rows to {sizes[-1]:,} the time a row takes changes by a factor of "
        f"{ratio:.2f}, from each size to the next by {min(steps):.2f} to {max(steps):.2f}: "
        f"{verdict} (up to {LINEAR} counts as linear)."
    )


def failure_lines(results: Results) -> str:
    """Returns a list of what went wrong, each once; empty without failures."""
    lines = [f"- {describe(m.job)}: {m.error}" for m in results if m.error]
    return "\n".join(["What failed:", "", *dict.fromkeys(lines)]) if lines else ""


def describe(job: Job) -> str:
    """Returns a job in words."""
    net = f"{job.rows:,} rows" if job.rows else TITLES[job.net]
    return f"{job.section.replace('-', ' ')}, {net}, {NAMES[job.contender]}"


def _time_cell(results: Results, **job: Any) -> str:
    chosen = _select(results, **job)
    failed = sum(bool(m.error) for m in chosen)
    seconds = median_of(results, **job)
    if seconds is None:
        return "failed" if failed else "–"
    return format_seconds(seconds) + (f" ({failed} of {len(chosen)} failed)" if failed else "")


def replace_between(text: str, block: str, start: str = START, end: str = END) -> str:
    """Returns the README with what stands between the marks replaced.

    Raises:
        ValueError: the marks are not there, each once and in order.
    """
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise ValueError(f"expected {start} and then {end}, each once")
    before, after = text.split(start)[0], text.split(end)[1]
    return f"{before}{start}\n{block}\n{end}{after}"
