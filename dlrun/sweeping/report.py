"""A sweep on one page: a single HTML file with its pictures inside, to send or to print."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

from dlrun.errors import RunError
from dlrun.evaluation.sweep_rows import are_numbers, short_labels, value_text
from dlrun.files import to_yaml, write_text
from dlrun.runs import Sweep, Trial
from dlrun.runs.find import typed_name
from dlrun.runs.sweep import BEST, FAILED, REPORT, rank_trials
from dlrun.sweeping.rows import rows_of
from dlrun.sweeping.telling import result_text, values_text
from dlrun.wording import with_spread

MOST_LISTED = 1000
"""Trials in the table: more are no table any more."""

_CAPTIONS = {
    "parameters": "The objective against each hyperparameter.",
    "heat_map": "The objective of each combination.",
    "learning_curves": "The objective epoch by epoch.",
    "parallel_coordinates": "Each line is a trial, from what was chosen to what came of it.",
    "importance": "How much of the objective's variance each hyperparameter explains.",
}

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.id { color: #6b6b6b; margin-top: 0; } .best { border-left: 4px solid #d55e00; padding-left: 1rem; }
img { max-width: 100%; height: auto; } figure { margin: 1.5rem 0; } figcaption { color: #555; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.8rem; border-bottom: 1px solid #e4e4e4; text-align: left; }
td.number, th.number { text-align: right; } tr.best td { background: #fdf0e6; font-weight: 600; }
.wide { overflow-x: auto; } pre { background: #f6f6f6; padding: 1rem; overflow-x: auto; }
"""


def write_report(sweep: Sweep, path: Path | None = None) -> Path:
    """Writes a sweep's report and returns its path.

    Args:
        sweep: Read only.
        path: Of the file; None: `report.html` in the sweep's folder.

    Raises:
        RunError: `sweep.json` cannot be read.
        StorageError: the file cannot be written.
    """
    target = path or sweep.path / REPORT
    write_text(target, report_html(sweep))
    return target


def report_html(sweep: Sweep) -> str:
    """Returns the report's text; everything that a file says is escaped."""
    name = escape(str(sweep.info["name"]))
    parts = [
        f'<h1>{name}</h1>\n<p class="id">{escape(sweep.id)}</p>',
        _summary(sweep),
        *_pictures(sweep),
        "<h2>Trials</h2>",
        _table(sweep),
        *_failures(sweep.trials),
        *_best_config(sweep),
    ]
    head = f'<meta charset="utf-8"><title>{name}</title>\n<style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n' + "\n".join(
        [*parts, "</body>\n</html>\n"]
    )


def _summary(sweep: Sweep) -> str:
    info, best = sweep.info, sweep.best
    states: dict[str, int] = {}
    for trial in sweep.trials:
        states[trial.state] = states.get(trial.state, 0) + 1
    counted = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in states.items())
    way = "more" if sweep.higher_is_better else "less"
    lines = [
        f"<p>{len(sweep.trials):,} of {info['planned']:,} trials ({escape(counted)}), strategy "
        f"{escape(info['strategy'])}, by {escape(sweep.metric)}: {way} is better. "
        f"Status {escape(sweep.status)}; begun {escape(str(info.get('started')))}.</p>"
    ]
    if best is not None:
        chosen = escape(values_text(sweep.chosen(best), short_labels(sweep.keys)))
        lines.append(
            f'<p class="best"><strong>Best: {escape(best.name)}, '
            f"{escape(result_text(best, sweep.metric))}</strong><br>{chosen}</p>"
        )
    if info.get("verdict"):
        lines.append(f"<p>Better or noise? {escape(str(info['verdict']))}.</p>")
    lines.append(
        "<p>The best of many is lucky, too: expect a little less of it on other rows. "
        f"{_test_text(sweep)}</p>"
    )
    return "\n".join(lines)


def _test_text(sweep: Sweep) -> str:
    best = f"{escape(typed_name(sweep))}/best"
    run = None if sweep.best is None else sweep.run(sweep.best.number)
    with suppress(RunError):
        if run is not None and run.has_looked_at_test:
            return f"Test rows were looked at; <code>dlrun summary {best}</code> shows it."
        if run is not None and not run.has_test_rows:
            return "No test rows were held back."
    return f"Test rows were not looked at; <code>dlrun test {best}</code> does."


def _pictures(sweep: Sweep) -> Iterable[str]:
    """The pictures, inside the page; why others were not drawn, below."""
    from dlrun.plots.sweep_plots import draw_sweep  # matplotlib: 0.5 s

    with tempfile.TemporaryDirectory() as folder:
        paths, left_out = draw_sweep(rows_of(sweep), Path(folder))
        for path in paths:
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            caption = _CAPTIONS.get(path.stem, path.stem)
            yield (
                f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )
    if left_out:
        reasons = "; ".join(reason.replace(".png", "").replace("_", " ") for reason in left_out)
        yield f'<p class="id">Not drawn: {escape(reasons)}.</p>'


def _table(sweep: Sweep) -> str:
    labels, best = short_labels(sweep.keys), sweep.best
    ranked = rank_trials(sweep)
    heads = ["trial", *labels.values(), sweep.metric, "epochs", "parameters", "seconds", "state"]
    numeric = [are_numbers(trial.values.get(key) for trial in ranked) for key in sweep.keys]
    numeric = [True, *numeric, True, True, True, True, False]
    rows = [_row(heads, numeric, "th")]
    for trial in ranked[:MOST_LISTED]:
        cells = [str(trial.number)]
        cells += [value_text(trial.values[k]) if k in trial.values else "–" for k in sweep.keys]
        cells.append(with_spread(trial.value, trial.sd))
        cells.append("–" if trial.epochs is None else str(trial.epochs))
        cells.append("–" if trial.num_parameters is None else f"{trial.num_parameters:,}")
        cells.append("–" if trial.duration_seconds is None else f"{trial.duration_seconds:.1f}")
        cells.append(_state(trial))
        is_best = best is not None and trial.number == best.number
        rows.append(_row(cells, numeric, "td", ' class="best"' if is_best else ""))
    more = len(ranked) - MOST_LISTED
    note = f"<p>and {more:,} more, in sweep.json</p>" if more > 0 else ""
    return '<div class="wide"><table>\n' + "\n".join(rows) + f"\n</table></div>{note}"


def _row(cells: Sequence[str], numeric: Sequence[bool], tag: str, row_class: str = "") -> str:
    inner = "".join(
        f"<{tag}{' class=number' if is_number else ''}>{escape(cell)}</{tag}>"
        for cell, is_number in zip(cells, numeric, strict=True)
    )
    return f"<tr{row_class}>{inner}</tr>"


def _state(trial: Trial) -> str:
    if trial.duplicate_of is not None:
        return f"as trial {trial.duplicate_of}"
    return trial.state.replace("_", " ")


def _failures(trials: Sequence[Trial]) -> Iterable[str]:
    failed = [trial for trial in trials if trial.state in FAILED]
    if failed:
        rows = "".join(
            f"<li>{escape(trial.name)} {escape(_state(trial))}: {escape(trial.reason)}</li>"
            for trial in failed
        )
        yield f"<h2>Failed trials</h2>\n<ul>{rows}</ul>"


def _best_config(sweep: Sweep) -> Iterable[str]:
    best = sweep.best
    if best is not None:
        text = escape(to_yaml(dict(best.config)))
        yield f"<h2>The best config</h2>\n<p>{BEST}, ready to train:</p>\n<pre>{text}</pre>"
