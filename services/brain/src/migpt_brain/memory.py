"""What was said on each speaker: stored, told again to the language model within bounds, forgotten on demand."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

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
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from migpt_brain.llm import ChatMessage
from migpt_shared.messages import Address
from migpt_shared.token_estimate import estimate_tokens

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1

#: The longest time back that settings allow to be told again: as far reaches "the conversation" when it is forgotten.
CONVERSATION_S = 7 * 24 * 3600.0

_BUSY_TIMEOUT_S = 5.0
#: Role, separators: what each message costs beside its text.
_TOKENS_PER_MESSAGE = 4

#: What a database and its driver raise; SQLite's own error comes through while a connection is set up.
_FAULTS = (SQLAlchemyError, sqlite3.Error, OSError)

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


class MemoryUnavailableError(Exception):
    """The conversation store cannot be used. The text says what to do about it, and holds no password."""


class Memory:
    """The conversation store. Enter it before use; all work is done off the event loop.

    `url`: any SQLAlchemy address with an async driver; SQLite's is `sqlite+aiosqlite:///path`. Several brains may share
    one database. `clock` gives the wall clock in seconds. A fault while running costs the memory, never an answer: it
    is logged, and nothing is told again.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError:
            raise MemoryUnavailableError("memory_url is no database address such as sqlite+aiosqlite:///path") from None
        self._clock = clock
        self._engine: AsyncEngine | None = None

    @staticmethod
    def default_url(data_dir: Path) -> str:
        """SQLite in the data folder."""
        return f"sqlite+aiosqlite:///{data_dir / 'brain' / 'memory.db'}"

    async def __aenter__(self) -> Self:
        """Open the store and make its tables. A file that is damaged is put aside and a new one begun.

        Raises MemoryUnavailableError: not writable, not reachable, no driver, or made by a newer version.
        """
        file = _sqlite_file(self._url)
        if file is not None:
            await asyncio.to_thread(_prepare_file, file)
        try:
            self._engine = _engine(self._url)
            await self._make_tables(self._engine)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise MemoryUnavailableError(f"memory_url needs a database driver that is not installed: {error}") from None
        except _FAULTS as error:
            await self._dispose()
            raise MemoryUnavailableError(
                f"the conversation store {self._name} cannot be used ({_reason(error)}); "
                "make it reachable and writable, or set llm.memory_url to another"
            ) from None
        except BaseException:
            await self._dispose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._dispose()

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
            async with self._open.begin() as connection:
                known = await connection.execute(update(_exchange).where(same).values(**values))
                if known.rowcount == 0:
                    await connection.execute(fresh)
        except IntegrityError:
            log.debug("exchange_kept_by_another", turn=turn)
        except _FAULTS as error:
            log.warning("memory_not_written", store=self._name, reason=_reason(error))

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
            async with self._open.connect() as connection:
                rows = (await connection.execute(newest_first)).all()
        except _FAULTS as error:
            log.warning("memory_not_read", store=self._name, reason=_reason(error))
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

        Raises MemoryUnavailableError when nothing could be deleted, as a person must know that.
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
            async with self._open.begin() as connection:
                return (await connection.execute(chosen)).rowcount
        except _FAULTS as error:
            raise MemoryUnavailableError(f"nothing could be forgotten: {_reason(error)}") from None

    async def delete_older_than(self, days: float) -> int:
        """Delete what is older, of all speakers. Returns how many exchanges."""
        until_ms = self._now_ms() - int(days * 24 * 3600 * 1000)
        try:
            async with self._open.begin() as connection:
                return (await connection.execute(delete(_exchange).where(_exchange.c.at_ms < until_ms))).rowcount
        except _FAULTS as error:
            log.warning("memory_not_written", store=self._name, reason=_reason(error))
            return 0

    @property
    def _open(self) -> AsyncEngine:
        if self._engine is None:
            raise RuntimeError("the memory is not open: use `async with`")
        return self._engine

    @property
    def _name(self) -> str:
        return self._url.render_as_string(hide_password=True)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    async def _make_tables(self, engine: AsyncEngine) -> None:
        try:
            await _create_all(engine)
        except SQLAlchemyError:
            # Two brains that start together both find no table; the second one's creation fails once.
            await _create_all(engine)

    async def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()


async def _create_all(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.create_all)
        await _check_version(connection)


async def _check_version(connection: AsyncConnection) -> None:
    version = (await connection.execute(select(_schema.c.version))).scalar_one_or_none()
    if version is None:
        await connection.execute(insert(_schema).values(version=SCHEMA_VERSION))
    elif version > SCHEMA_VERSION:
        raise MemoryUnavailableError(
            f"the conversation store has version {version}, this program knows up to {SCHEMA_VERSION}; "
            "install the newer program, or set llm.memory_url to another store"
        )


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine.sync_engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        # Readers and a writer side by side; what is forgotten is overwritten in the file.
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA secure_delete=ON"):
            cursor.execute(statement)
        cursor.close()

    return engine


def _sqlite_file(url: URL) -> Path | None:
    """The database file; None when it is none or in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return None if url.database.startswith("file:") else Path(url.database)


def _prepare_file(file: Path) -> None:
    """Make the folder; put a damaged file aside. Raises MemoryUnavailableError when the folder cannot be made."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.stat().st_size == 0:
            return
        reason = _damage(file)
        if reason is None:
            return
        aside = _free_name(file)
        file.replace(aside)
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise MemoryUnavailableError(
            f"the conversation store {file} cannot be written ({error.strerror}); "
            "make its folder writable, or set data_dir or llm.memory_url to another place"
        ) from None
    log.error("memory_damaged", file=str(file), reason=reason, kept_as=str(aside), consequence="a new one is begun")


def _damage(file: Path) -> str | None:
    """What is wrong with the file's content; None when it is sound, or cannot be told as it is in use."""
    try:
        connection = sqlite3.connect(file, timeout=_BUSY_TIMEOUT_S)
        try:
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else verdict


def _free_name(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _reason(error: Exception) -> str:
    """The driver's own words, without the statement and its values: those are what people said."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) if isinstance(error, OperationalError) or cause is not error else type(error).__name__
