"""Where the brain keeps things: an SQL database, by default a SQLite file, which is made, checked and opened here."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy import MetaData, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

log = structlog.get_logger(__name__)

_BUSY_TIMEOUT_S = 5.0

#: What a database and its driver raise; SQLite's own error comes through while a connection is set up.
FAULTS = (SQLAlchemyError, sqlite3.Error, OSError)


class StoreUnavailableError(Exception):
    """A store cannot be used. The text says what to do about it, and holds no password."""


class Store:
    """One set of tables. Enter it before use; all work is done off the event loop.

    `url`: any SQLAlchemy address with an async driver; SQLite's is `sqlite+aiosqlite:///path`. Several brains may share
    one database. `what`: what people call the store. `check`: looks at the tables once they are made, and may raise
    StoreUnavailableError.
    """

    def __init__(
        self,
        url: str,
        tables: MetaData,
        what: str,
        check: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError:
            raise StoreUnavailableError("memory_url is no database address such as sqlite+aiosqlite:///path") from None
        self._tables = tables
        self._what = what
        self._check = check
        self._engine: AsyncEngine | None = None

    async def __aenter__(self) -> Self:
        """Open the store and make its tables. A file that is damaged is put aside and a new one begun.

        Raises StoreUnavailableError: not writable, not reachable, no driver, or made by a newer version.
        """
        file = _sqlite_file(self._url)
        if file is not None:
            await asyncio.to_thread(_prepare_file, file, self._what)
        try:
            self._engine = _engine(self._url)
            await self._make_tables(self._engine)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreUnavailableError(f"memory_url needs a database driver that is not installed: {error}") from None
        except FAULTS as error:
            await self._dispose()
            raise StoreUnavailableError(
                f"{self._what} {self.name} cannot be used ({reason_of(error)}); "
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

    @property
    def engine(self) -> AsyncEngine:
        """The open database. Raises RuntimeError outside `async with`."""
        if self._engine is None:
            raise RuntimeError(f"{self._what} is not open: use `async with`")
        return self._engine

    @property
    def name(self) -> str:
        """Its address without the password."""
        return self._url.render_as_string(hide_password=True)

    async def _make_tables(self, engine: AsyncEngine) -> None:
        try:
            await self._create_all(engine)
        except SQLAlchemyError:
            # Two brains that start together both find no table; the second one's creation fails once.
            await self._create_all(engine)

    async def _create_all(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(self._tables.create_all)
            if self._check is not None:
                await self._check(connection)

    async def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()


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


def _prepare_file(file: Path, what: str) -> None:
    """Make the folder; put a damaged file aside. Raises StoreUnavailableError when the folder cannot be made."""
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
        raise StoreUnavailableError(
            f"{what} {file} cannot be written ({error.strerror}); "
            "make its folder writable, or set data_dir or llm.memory_url to another place"
        ) from None
    log.error("store_damaged", file=str(file), reason=reason, kept_as=str(aside), consequence="a new one is begun")


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


def reason_of(error: Exception) -> str:
    """The driver's own words, without the statement and its values: those are what people said."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) if isinstance(error, OperationalError) or cause is not error else type(error).__name__
