"""What was said on each speaker: stored, told again to the language model within bounds, forgotten on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from migpt_brain.llm import ChatMessage
from migpt_brain.store import FAULTS, Store, StoreUnavailableError, reason_of
from migpt_shared.messages import Address
from migpt_shared.token_estimate import estimate_tokens

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1

#: The longest time back that settings allow to be told again: as far reaches "the conversation" when it is forgotten.
CONVERSATION_S = 7 * 24 * 3600.0

#: Role, separators: what each message costs beside its text.
_TOKENS_PER_MESSAGE = 4

_metadata = MetaData()
_schema = Table("memory_schema", _metadata, Column("version", Integer, primary_key=True, autoincrement=False))
_exchange = Table(
    "exchange",
    _metadata,
    Column("speaker", String(140), primary_key=True),
    Column("turn", String(40), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("heard", Text, nullable=False),
    Column("answered", Text, nullable=False),
    Index("exchange_by_time", "speaker", "at_ms"),
)


class Memory:
    """The conversation store. Enter it before use; all work is done off the event loop.

    `url`: see `Store`. `clock` gives the wall clock in seconds. A fault while running costs the memory, never an
    answer: it is logged, and nothing is told again. Entering raises StoreUnavailableError.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._store = Store(url, _metadata, "the conversation store", _check_version)
        self._clock = clock

    @staticmethod
    def default_url(data_dir: Path) -> str:
        """SQLite in the data folder."""
        return f"sqlite+aiosqlite:///{data_dir / 'brain' / 'memory.db'}"

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._store.__aexit__(kind, error, trace)

    async def add(self, speaker: Address, turn: str, heard: str, answered: str) -> None:
        """Keep an exchange. For a turn that is known the answer is replaced: what was spoken of it by now.

        An exchange without an answer is not kept.
        """
        if not answered:
            return
        values = {"heard": heard, "answered": answered}
        same = (_exchange.c.speaker == str(speaker)) & (_exchange.c.turn == turn)
        fresh = insert(_exchange).values(speaker=str(speaker), turn=turn, at_ms=self._now_ms(), **values)
        try:
            async with self._store.engine.begin() as connection:
                known = await connection.execute(update(_exchange).where(same).values(**values))
                if known.rowcount == 0:
                    await connection.execute(fresh)
        except IntegrityError:
            log.debug("exchange_kept_by_another", turn=turn)
        except FAULTS as error:
            log.warning("memory_not_written", store=self._store.name, reason=reason_of(error))

    async def recent(self, speaker: Address, max_tokens: int, minutes: float) -> tuple[ChatMessage, ...]:
        """What was said on the speaker lately, oldest first: whole exchanges only, the newest that fit.

        Not more than about `max_tokens` (see `estimate_tokens`) and nothing older than `minutes`.
        """
        if max_tokens <= 0:
            return ()
        newest_first = (
            select(_exchange.c.heard, _exchange.c.answered)
            .where(_exchange.c.speaker == str(speaker), _exchange.c.at_ms >= self._now_ms() - int(minutes * 60_000))
            .order_by(_exchange.c.at_ms.desc(), _exchange.c.turn.desc())
            .limit(max_tokens // (2 * _TOKENS_PER_MESSAGE) + 1)
        )
        try:
            async with self._store.engine.connect() as connection:
                rows = (await connection.execute(newest_first)).all()
        except FAULTS as error:
            log.warning("memory_not_read", store=self._store.name, reason=reason_of(error))
            return ()
        told: list[ChatMessage] = []
        tokens_left = max_tokens
        for heard, answered in rows:
            tokens_left -= estimate_tokens(heard) + estimate_tokens(answered) + 2 * _TOKENS_PER_MESSAGE
            if tokens_left < 0:
                break
            told += (ChatMessage("assistant", answered), ChatMessage("user", heard))
        return tuple(reversed(told))

    async def forget(self, speaker: Address, what: Literal["last", "conversation", "all"]) -> int:
        """Delete the last exchange, whatever may still be told again, or everything. Returns how many exchanges.

        Raises StoreUnavailableError when nothing could be deleted, as a person must know that.
        """
        mine = _exchange.c.speaker == str(speaker)
        match what:
            case "last":
                newest = (
                    select(_exchange.c.turn).where(mine).order_by(_exchange.c.at_ms.desc(), _exchange.c.turn.desc())
                )
                chosen = delete(_exchange).where(mine, _exchange.c.turn == newest.limit(1).scalar_subquery())
            case "conversation":
                since = self._now_ms() - int(CONVERSATION_S * 1000)
                chosen = delete(_exchange).where(mine, _exchange.c.at_ms >= since)
            case "all":
                chosen = delete(_exchange).where(mine)
        try:
            async with self._store.engine.begin() as connection:
                return (await connection.execute(chosen)).rowcount
        except FAULTS as error:
            raise StoreUnavailableError(f"nothing could be forgotten: {reason_of(error)}") from None

    async def delete_older_than(self, days: float) -> int:
        """Delete what is older, of all speakers. Returns how many exchanges."""
        until_ms = self._now_ms() - int(days * 24 * 3600 * 1000)
        try:
            async with self._store.engine.begin() as connection:
                return (await connection.execute(delete(_exchange).where(_exchange.c.at_ms < until_ms))).rowcount
        except FAULTS as error:
            log.warning("memory_not_written", store=self._store.name, reason=reason_of(error))
            return 0

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


async def _check_version(connection: AsyncConnection) -> None:
    version = (await connection.execute(select(_schema.c.version))).scalar_one_or_none()
    if version is None:
        await connection.execute(insert(_schema).values(version=SCHEMA_VERSION))
    elif version > SCHEMA_VERSION:
        raise StoreUnavailableError(
            f"the conversation store has version {version}, this program knows up to {SCHEMA_VERSION}; "
            "install the newer program, or set llm.memory_url to another store"
        )
