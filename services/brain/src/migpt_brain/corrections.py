"""Who should have answered what was said: labels that people gave, kept at home, newest first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from sqlalchemy import BigInteger, Column, MetaData, String, Table, Text, delete, insert, select
from sqlalchemy.exc import IntegrityError

from migpt_brain.store import FAULTS, Store, StoreUnavailableError, reason_of
from migpt_shared.messages import Address, Target, new_id
from migpt_shared.spoken_form import normalise

#: The longest utterance that is kept; nobody corrects what takes minutes to say.
LONGEST = 500

_metadata = MetaData()
_correction = Table(
    "correction",
    _metadata,
    Column("id", String(40), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("household", String(64), nullable=False, index=True),
    Column("speaker", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("said", String(LONGEST), nullable=False, index=True),
    Column("target", String(16), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Correction:
    """One label. `at_ms`: wall clock; `text` as it was heard."""

    id: str
    at_ms: int
    household: str
    speaker: str
    text: str
    target: Target

    @property
    def said(self) -> str:
        """The text as it compares."""
        return normalise(self.text)


class Corrections:
    """The labels of all households. Enter it before use; StoreUnavailableError tells why one of its methods failed.

    `url`: see `Store`; `clock` gives the wall clock in seconds. Of one utterance in one household the last label
    counts and is the only one kept.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._store = Store(url, _metadata, "the store of corrections")
        self._clock = clock

    @staticmethod
    def default_url(data_dir: Path) -> str:
        """SQLite in the data folder, apart from the conversations: forgetting those leaves the labels."""
        return f"sqlite+aiosqlite:///{data_dir / 'brain' / 'corrections.db'}"

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._store.__aexit__(kind, error, trace)

    def make(self, address: Address, text: str, target: Target) -> Correction:
        """A label given now; not kept yet. Raises ValueError for what cannot be one, in words for a person."""
        if not normalise(text):
            raise ValueError("nothing was said that could be corrected")
        if len(text) > LONGEST:
            raise ValueError(f"an utterance of {len(text)} characters is too long to be corrected (at most {LONGEST})")
        return Correction(new_id(), int(self._clock() * 1000), address.household, address.speaker, text, target)

    async def keep(self, correction: Correction) -> None:
        """Keep a label, in place of the one that the utterance had."""
        same = (_correction.c.household == correction.household) & (_correction.c.said == correction.said[:LONGEST])
        row = {name: getattr(correction, name) for name in ("id", "at_ms", "household", "speaker", "text", "target")}
        try:
            async with self._store.engine.begin() as connection:
                await connection.execute(delete(_correction).where(same))
                await connection.execute(insert(_correction).values(**row, said=correction.said[:LONGEST]))
        except IntegrityError:
            return  # it is kept already
        except FAULTS as error:
            raise StoreUnavailableError(f"the correction could not be kept: {reason_of(error)}") from None

    async def all(self) -> tuple[Correction, ...]:
        """All labels, the newest first."""
        columns = (_correction.c[name] for name in ("id", "at_ms", "household", "speaker", "text", "target"))
        newest_first = select(*columns).order_by(_correction.c.at_ms.desc(), _correction.c.id.desc())
        try:
            async with self._store.engine.connect() as connection:
                rows = (await connection.execute(newest_first)).all()
        except FAULTS as error:
            raise StoreUnavailableError(f"the corrections could not be read: {reason_of(error)}") from None
        return tuple(
            Correction(row.id, row.at_ms, row.household, row.speaker, row.text, cast(Target, row.target))
            for row in rows
            if row.target in ("llm", "native")
        )

    async def undo(self, text: str | None = None) -> tuple[Correction, ...]:
        """Take back the newest label, or those of this text in whatever writing. Returns what was taken back."""
        known = await self.all()
        if text is None:
            gone = known[:1]
        else:
            gone = tuple(correction for correction in known if correction.said == normalise(text))
        try:
            async with self._store.engine.begin() as connection:
                await connection.execute(delete(_correction).where(_correction.c.id.in_([one.id for one in gone])))
        except FAULTS as error:
            raise StoreUnavailableError(f"nothing could be undone: {reason_of(error)}") from None
        return gone


def by_household(corrections: Iterable[Correction]) -> Mapping[str, Mapping[str, Target]]:
    """Who answers which words in which household: `{household: {normalised text: target}}`."""
    labels: dict[str, dict[str, Target]] = {}
    for correction in sorted(corrections, key=lambda one: (one.at_ms, one.id)):
        labels.setdefault(correction.household, {})[correction.said] = correction.target
    return labels
