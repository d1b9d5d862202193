"""What `evaluation.json` says, in lines: metrics with intervals, the baseline, a row a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlrun.cli.display import baseline_text
from dlrun.wording import short_number, with_interval

if TYPE_CHECKING:
    from dlrun.runs import Run

MOST_CLASSES = 20
"""Of more classes, those that are told apart worst are shown."""


def evaluation_lines(run: Run) -> list[str]:
    """Returns how good a run's kept model is on each part; class by class on the first."""
    reports = run.evaluation if run.has_evaluation else {}
    named: list[tuple[str, Mapping[str, Any]]] = []
    named += [(part, reports[part]) for part in ("validation", "test") if part in reports]
    named += [(f"test on {name}", one) for name, one in (reports.get("other_tests") or {}).items()]
    lines = []
    for number, (part, report) in enumerate(named):
        lines += ["", f"  {part}, {report['num_rows']:,} rows, 95 % intervals"]
        lines += [*metric_lines(report), *(class_lines(report) if number == 0 else [])]
    return lines


def threshold_lines(run: Run, threshold: float) -> list[str]:
    """Returns precision and recall of the validation rows at another threshold, of two classes."""
    from dlrun.evaluation.threshold import report_at_threshold  # scikit-learn: 1 s

    report = report_at_threshold(run, threshold)
    names = [row["class"] for row in report["per_class"]]
    confused = [
        f"  true {name:<{max(map(len, names))}}  taken for {names[0]} {row[0]:>7,}"
        f"  for {names[1]} {row[1]:>7,}"
        for name, row in zip(names, report["confusion_matrix"], strict=True)
    ]
    rows = f"{report['num_rows']:,} rows"
    head = f"{run.id}: validation, {rows}, {names[1]} where the output is above {threshold:g}"
    return [head, *metric_lines(report), *class_lines(report), *confused]


def metric_lines(report: Mapping[str, Any]) -> list[str]:
    """Returns one line a metric, then what the baseline reaches."""
    found = report["metrics"]
    width = max([11, *(len(name) for name in found)])
    lines = [f"  {name:<{width}} {with_interval(found[name])}" for name in found]
    baseline = report.get("baseline")
    if baseline:
        lines.append(f"  {'baseline':<{width}} {baseline_text(baseline)}")
    return lines


def class_lines(report: Mapping[str, Any]) -> list[str]:
    """Returns a table of precision, recall and F1, a row a class; none for numbers."""
    rows: Sequence[Mapping[str, Any]] = report.get("per_class") or []
    if not rows:
        return []
    head = "class"
    if len(rows) > MOST_CLASSES:
        rows = sorted(rows, key=lambda row: row["f1"] or 0.0)[:MOST_CLASSES]
        head = f"class (the worst {MOST_CLASSES})"
    width = max(len(head), *(len(row["class"]) for row in rows))
    lines = [f"  {head:<{width}}  precision  recall      F1    rows"]
    for row in rows:
        values = (short_number(row[name]) for name in ("precision", "recall", "f1"))
        precision, recall, f1 = values
        name = f"{row['class']:<{width}}"
        lines.append(f"  {name}  {precision:>9}  {recall:>6}  {f1:>6}  {row['num_rows']:>6,}")
    return lines
