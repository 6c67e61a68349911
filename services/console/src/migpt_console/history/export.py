"""Past turns for other programs: a table for spreadsheets, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime

from migpt_console.history.turns import PastTurn

_COLUMNS = (
    "at",
    "household",
    "speaker",
    "text",
    "reply",
    "route",
    "reason",
    "p_llm",
    "preset",
    "phase",
    "source",
    "error",
)


def plain(turn: PastTurn) -> dict[str, object]:
    """The turn with its time as people write it and its place in two."""
    values = asdict(turn)
    address = values.pop("address")
    return {
        "at": datetime.fromtimestamp(turn.at_ms / 1000).astimezone().isoformat(timespec="seconds"),
        **address,
        **values,
    }


async def as_csv(turns: AsyncIterator[PastTurn]) -> AsyncIterator[str]:
    """Pieces of a table, its heading first."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(_COLUMNS)
    yield "\ufeff" + line.getvalue()  # spreadsheets take it for UTF-8 by this mark alone
    async for turn in turns:
        line.seek(0)
        line.truncate()
        values = plain(turn)
        writer.writerow([_harmless(values[column]) for column in _COLUMNS])
        yield line.getvalue()


def _harmless(value: object) -> object:
    """A spreadsheet runs a cell that begins like a formula, and people may say anything."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


async def as_json_lines(turns: AsyncIterator[PastTurn]) -> AsyncIterator[str]:
    """One JSON object a line."""
    async for turn in turns:
        yield json.dumps(plain(turn), ensure_ascii=False) + "\n"
