"""The table of past turns and what is asked of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Float,
    Index,
    MetaData,
    Select,
    String,
    Table,
    Text,
    or_,
    select,
)

from migpt_console.history.turns import Filter, PastTurn
from migpt_shared.messages import EVERYBODY

metadata = MetaData()
turn_table = Table(
    "turn",
    metadata,
    Column("turn", String(64), primary_key=True),
    Column("household", String(64), nullable=False),
    Column("speaker", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("source", String(20), nullable=False),
    Column("route", String(20), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("reason_text", Text, nullable=False),
    Column("p_llm", Float),
    Column("preset", String(64)),
    Column("phase", String(20), nullable=False),
    Column("error", Text),
    Column("spans_ms", JSON, nullable=False),
    Index("turn_by_speaker", "household", "speaker", "at_ms"),
)


def row_of(turn: PastTurn) -> dict[str, object]:
    """The turn as a row."""
    row: dict[str, object] = {
        column.name: getattr(turn, column.name)
        for column in turn_table.columns
        if column.name not in ("household", "speaker")
    }
    return {**row, "household": turn.address.household, "speaker": turn.address.speaker}


def at(household: str, speaker: str) -> list[ColumnElement[bool]]:
    """Conditions for a place; `all` is every one."""
    conditions: list[ColumnElement[bool]] = []
    if household != EVERYBODY:
        conditions.append(turn_table.c.household == household)
    if speaker != EVERYBODY:
        conditions.append(turn_table.c.speaker == speaker)
    return conditions


def selection(wanted: Filter) -> Select[Any]:
    """The turns that fit, the newest first. Every word must occur in question or answer."""
    conditions: list[ColumnElement[bool]] = [
        or_(turn_table.c.text.contains(word, autoescape=True), turn_table.c.reply.contains(word, autoescape=True))
        for word in wanted.words.split()
    ]
    if wanted.speaker:
        household, _, speaker = wanted.speaker.partition("/")
        conditions += at(household, speaker)
    if wanted.route:
        conditions.append(turn_table.c.route == wanted.route)
    if wanted.since_ms is not None:
        conditions.append(turn_table.c.at_ms >= wanted.since_ms)
    if wanted.before_ms is not None:
        conditions.append(turn_table.c.at_ms < wanted.before_ms)
    return select(turn_table).where(*conditions).order_by(turn_table.c.at_ms.desc(), turn_table.c.turn.desc())
