"""Rows of the table of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, and whether it is within its bar."""

    figure: str
    measured: str
    bar: str
    is_met: bool
    is_count: bool = False
    """a count of successes, which no noise of the machine excuses"""


def at_most(figure: str, value: float, bar: float, unit: str = "s", note: str = "") -> Row:
    """A figure that must not exceed its bar; `unit` "ms" shows seconds as milliseconds."""
    shown = f"{value * 1000:.0f} ms" if unit == "ms" else f"{value:.2f} {unit}".rstrip()
    limit = f"≤ {bar * 1000:.0f} ms" if unit == "ms" else f"≤ {bar:g} {unit}".rstrip()
    return Row(figure, shown + note, limit, value <= bar)


def all_of(figure: str, good: int, total: int) -> Row:
    """A thing that must succeed every time."""
    return Row(figure, f"{good} of {total}", "all", good == total and total > 0, is_count=True)


def table(rows: Iterable[Row]) -> str:
    lines = ["| figure | measured | bar | |", "|---|---|---|---|"]
    lines += [f"| {row.figure} | {row.measured} | {row.bar} | {'✓' if row.is_met else '✗'} |" for row in rows]
    return "\n".join(lines) + "\n"


def merged(former: str, rows: Iterable[Row]) -> str:
    """A former table with these rows in it: in the place of rows of the same figure, else at its end."""
    lines = {line.split("|")[1].strip(): line for line in former.splitlines()[2:] if line.count("|") > 2}
    head, dashes, *fresh = table(rows).splitlines()
    lines.update({line.split("|")[1].strip(): line for line in fresh})
    return "\n".join([head, dashes, *lines.values()]) + "\n"
