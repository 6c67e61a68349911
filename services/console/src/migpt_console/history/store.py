"""Turns in SQLite, written by the console alone. A fault costs the history, never the console."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from migpt_console.history.turns import Filter, PastTurn
from migpt_shared.messages import Address

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncEngine

_PAGE = 500


def history_file(data_dir: Path) -> Path:
    """Where the console keeps its history."""
    return data_dir / "console" / "history.db"


class HistoryUnavailableError(Exception):
    """The history cannot be read or written; the text says why."""


class HistoryStore:
    """Enter it before use. SQLAlchemy is loaded then: a console that answers its first page does not wait for it."""

    def __init__(self, file: Path, *, is_read_only: bool = False) -> None:
        """`is_read_only`: for whoever looks at it beside the console, which may be writing."""
        self._file = file
        self._is_read_only = is_read_only
        self._engine: AsyncEngine | None = None

    async def __aenter__(self) -> Self:
        """Open the file and make what is missing in it. Raises HistoryUnavailableError."""
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.ext.asyncio import create_async_engine

        from migpt_console.history.tables import metadata

        try:
            if self._is_read_only:
                uri = f"sqlite+aiosqlite:///file:{quote(str(self._file))}?mode=ro&uri=true"
                self._engine = create_async_engine(uri, pool_size=1, max_overflow=0)
                async with self._engine.connect() as connection:
                    await connection.exec_driver_sql("SELECT 1 FROM turn LIMIT 1")
                return self
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._engine = create_async_engine(f"sqlite+aiosqlite:///{self._file}", pool_size=1, max_overflow=0)
            async with self._engine.begin() as connection:
                await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                await connection.run_sync(metadata.create_all)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            await self._dispose()
            raise HistoryUnavailableError(f"{self._file}: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._dispose()

    async def record(self, turns: list[PastTurn]) -> None:
        """Keep them; those that are there already are replaced. Raises HistoryUnavailableError."""
        from sqlalchemy.dialects.sqlite import insert

        from migpt_console.history.tables import row_of, turn_table

        statement = insert(turn_table)
        columns = {
            column.name: statement.excluded[column.name] for column in turn_table.columns if not column.primary_key
        }
        await self._write(
            statement.on_conflict_do_update(index_elements=["turn"], set_=columns), [row_of(one) for one in turns]
        )

    async def forget_before(self, at_ms: int) -> None:
        """Delete what is older. Raises HistoryUnavailableError."""
        from sqlalchemy import delete

        from migpt_console.history.tables import turn_table

        await self._write(delete(turn_table).where(turn_table.c.at_ms < at_ms))

    async def forget(self, household: str, speaker: str, *, since_ms: int = 0, last: bool = False) -> None:
        """Delete what was said there, `all` standing for every name; `last`: only the last turn of each speaker."""
        from sqlalchemy import delete, func, select

        from migpt_console.history.tables import at, turn_table

        statement = delete(turn_table).where(*at(household, speaker), turn_table.c.at_ms >= since_ms)
        if last:
            newest = (
                select(func.max(turn_table.c.at_ms))
                .where(*at(household, speaker))
                .group_by(turn_table.c.household, turn_table.c.speaker)
            )
            statement = statement.where(turn_table.c.at_ms.in_(newest))
        await self._write(statement)

    async def find(self, wanted: Filter, *, limit: int = 50, offset: int = 0) -> list[PastTurn]:
        """The newest first. Raises HistoryUnavailableError."""
        from migpt_console.history.tables import selection

        return [_turn(row) for row in await self._read(selection(wanted).limit(limit).offset(offset))]

    async def count(self, wanted: Filter) -> int:
        from sqlalchemy import func, select

        from migpt_console.history.tables import selection

        rows = await self._read(select(func.count()).select_from(selection(wanted).subquery()))
        return int(str(rows[0][0]))

    async def every(self, wanted: Filter) -> AsyncIterator[PastTurn]:
        """All that fit, the newest first, a page at a time."""
        offset = 0
        while page := await self.find(wanted, limit=_PAGE, offset=offset):
            for turn in page:
                yield turn
            offset += len(page)

    async def _read(self, statement: Select[*tuple[object, ...]]) -> list[Row[*tuple[object, ...]]]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            async with self._opened().connect() as connection:
                return list((await connection.execute(statement)).all())
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise HistoryUnavailableError(str(error)) from error

    async def _write(self, statement: object, rows: list[dict[str, object]] | None = None) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            async with self._opened().begin() as connection:
                await connection.execute(statement, rows)  # type: ignore[call-overload]
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise HistoryUnavailableError(str(error)) from error

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            raise HistoryUnavailableError("the history is not open")
        return self._engine

    async def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()


def _turn(row: Row[*tuple[object, ...]]) -> PastTurn:
    values = dict(row._mapping)
    address = Address(values.pop("household"), values.pop("speaker"))
    return PastTurn(address=address, **values)
