"""The whole path of one export: from a run to a file that was checked."""

from __future__ import annotations

from pathlib import Path

from dlrun.evaluation.meaning import meaning_of
from dlrun.events import Message, Report, ignore
from dlrun.exporting.card import describe_input, make_card
from dlrun.exporting.comparison import compare_outputs, refuse_difference, runtime_error
from dlrun.exporting.exported import Exported
from dlrun.exporting.formats import Format, find_format
from dlrun.exporting.source import check_exportable, load_data, pick_rows
from dlrun.exporting.target import choose_target, refuse_existing, written_beside
from dlrun.runs import Run
from dlrun.screen import noise_to_log


def export_run(
    run: Run, format_name: str, output: Path | None = None, report: Report = ignore
) -> Exported:
    """Writes a run's kept model in a format, or the script that trains it, and checks it.

    Args:
        run: A single run that has ended.
        format_name: One of `FORMATS`.
        output: Where to; None: `exports/` in the run's folder.
        report: Told whatever is worth knowing.

    Raises:
        ExportError: the format cannot hold the run, a package is missing, the target is there.
        CheckError: what was written does not give what the run gave; it is kept.
        RunError: the run has no model, or its data have changed.
        StorageError: a file cannot be written.
    """
    form = find_format(format_name)
    check_exportable(run)
    target = choose_target(run, form, output)
    refuse_existing([target])
    if form.name == "python":
        report(Message("loading TensorFlow …"))
        from dlrun.exporting.script import export_script

        return export_script(run, target, report)
    with noise_to_log():
        return _export_model(run, form, target, report)


def _export_model(run: Run, form: Format, target: Path, report: Report) -> Exported:
    data = load_data(run, report)
    report(Message("loading TensorFlow …"))
    from dlrun.exporting.runtimes import run_exported
    from dlrun.exporting.serving import make_serving_model
    from dlrun.exporting.writers import beside, write_model

    model, card = run.model(), make_card(run, data)
    rows = pick_rows(model, data)
    extras = beside(form, target, card)
    refuse_existing(extras)
    with written_beside([*extras, target]) as folder:
        serving = make_serving_model(model, data, in_graph=form.name == "onnx")
        write_model(form, serving, card, folder / target.name)
    report(Message(f"wrote {target}; running it in {form.runtime} …"))
    meaning = meaning_of(run.dataset, run.config)
    try:
        theirs = run_exported(form.name, target, rows.x)
    except Exception as error:  # runtimes raise whatever they like
        raise runtime_error(target, form.runtime, error, card["precision"]) from error
    found = compare_outputs(rows.outputs, theirs, meaning, rows.part)
    refuse_difference(target, found)
    one_by_one = card["input"]["shape"][0] is not None
    return Exported(
        run=run,
        format=form.name,
        path=target,
        files=extras,
        input=describe_input(data),
        class_names=meaning.class_names,
        agreement=found,
        remarks=tuple(_remarks(run, form, rows.part, one_by_one=one_by_one)),
    )


def _remarks(run: Run, form: Format, part: str, *, one_by_one: bool) -> list[str]:
    found = []
    if part != "validation":
        found.append("the run has no validation rows: checked on rows that it was trained on")
    if one_by_one:
        found.append("it takes one row at a time: LiteRT holds recurrent layers in no other way")
    if form.name == "keras" and run.config.imports:
        modules = ", ".join(run.config.imports)
        found.append(f"import {modules} before loading it, where its layers are your own")
    return found
