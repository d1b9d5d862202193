"""Cells of the tables: times, ratios beside their targets, memory; and a table of them."""

from __future__ import annotations

from collections.abc import Sequence


def ratio_cell(slow: float | None, fast: float | None, target: float | None) -> str:
    """Returns how many times faster, beside what it is to be; a missed target says so."""
    if slow is None or not fast:
        return "–"
    ratio = slow / fast
    if target is None:
        return f"{ratio:.3g} ×"
    return f"**{ratio:.3g} ×** (≥ {target:g}{'' if ratio >= target else ': missed'})"


def cost_cell(without: float | None, with_it: float | None, most: float) -> str:
    """Returns by what share something adds to a time, beside what it may; more says so."""
    if not without or with_it is None:
        return "–"
    share = with_it / without - 1
    return f"{share:+.0%} (≤ {most:.0%}{'' if share <= most else ': missed'})"


def limit_cell(seconds: float | None, most: float) -> str:
    """Returns a time beside what it may take; more says so."""
    if seconds is None:
        return "–"
    return f"{format_seconds(seconds)} (≤ {most:g} s{'' if seconds <= most else ': missed'})"


def memory_cell(peak_mb: float | None, target_mb: float | None = None) -> str:
    """Returns memory in GB of 10**9 bytes, beside what it may be; more than that says so."""
    if peak_mb is None:
        return "–"
    gigabytes = peak_mb * 2**20 / 1e9
    if target_mb is None:
        return f"{gigabytes:.2f} GB"
    missed = gigabytes > target_mb / 1000
    return f"{gigabytes:.2f} GB (≤ {target_mb / 1000:.1f}{': missed' if missed else ''})"


def format_seconds(seconds: float) -> str:
    """Returns seconds or milliseconds, three digits of them."""
    if seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.0f} s" if seconds >= 100 else f"{seconds:.3g} s"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table; every row has as many cells as the header."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines).replace("|  |", "| |")
