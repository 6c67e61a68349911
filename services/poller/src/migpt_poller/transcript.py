"""Which records of a speaker's transcript are new: the cursor, and what was read around it.

The transcript comes in pages, newest first. Times are the cloud's, ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ulid import ULID

from migpt_poller.heard_ids import record_id
from migpt_shared.xiaomi import HistoryPage, Record

#: So many ids are remembered; older records are told by their time alone.
_REMEMBERED_IDS = 128

#: A record, or a cursor, further ahead of the cloud's clock than this is not to be believed.
_BELIEVABLE_LEAD_MS = 60_000


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a transcript has been read.

    `cursor_ms` is the time of the newest record handled. Records up to `read_to_ms` are all handled; later ones
    exactly if their id is among `ids`. (A record may show up behind a newer one.)
    """

    cursor_ms: int
    read_to_ms: int
    ids: tuple[str, ...] = ()

    @classmethod
    def at(cls, cursor_ms: int) -> Bookmark:
        """A bookmark of which only the cursor is known."""
        return cls(cursor_ms=cursor_ms, read_to_ms=cursor_ms)


def later_bookmark(stored: Bookmark | None, published_cursor_ms: int | None) -> Bookmark | None:
    """Where to go on: from what was stored here, or from the cursor another poller has published since."""
    if published_cursor_ms is None or (stored is not None and stored.cursor_ms >= published_cursor_ms):
        return stored
    return Bookmark.at(published_cursor_ms)


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record that had not been read before, with its id."""

    utterance_id: str
    record: Record


class Transcript:
    """One speaker's transcript as it is read. Without a bookmark the first page only shows where the end is."""

    def __init__(self, device_id: str, bookmark: Bookmark | None = None) -> None:
        self._device_id = device_id
        self._is_primed = bookmark is not None
        self._cursor_ms = bookmark.cursor_ms if bookmark else -1
        self._read_to_ms = bookmark.read_to_ms if bookmark else -1
        # An id begins with the record's time, so the times need not be stored beside the ids.
        ids = bookmark.ids if bookmark else ()
        self._times_by_id = {utterance_id: ULID.from_str(utterance_id).milliseconds for utterance_id in ids}

    @property
    def bookmark(self) -> Bookmark | None:
        """How far the transcript has been read; None before the first page."""
        if not self._is_primed:
            return None
        return Bookmark(max(self._cursor_ms, 0), self._read_to_ms, tuple(self._times_by_id))

    def distrust_future(self, cloud_now_ms: int | None) -> None:
        """Begin anew when the bookmark lies ahead of the cloud's own time: it would hide all that is said till then."""
        if cloud_now_ms is not None and self._read_to_ms > cloud_now_ms + _BELIEVABLE_LEAD_MS:
            self._is_primed = False
            self._cursor_ms = self._read_to_ms = -1
            self._times_by_id.clear()

    def reaches_further_back(self, page: HistoryPage, limit: int) -> bool:
        """Whether new records may lie behind this page: its oldest record is new, and the page is not the last.

        A page that held unreadable records comes shorter than it was, so that the cloud's word on where the next one
        ends counts as well.
        """
        is_last = len(page.records) < limit and page.next_end_ms is None
        if not self._is_primed or is_last or not page.records:
            return False
        oldest = min(page.records, key=lambda record: record.time_ms)
        return self._is_new(record_id(self._device_id, oldest), oldest.time_ms)

    def take(self, records: Sequence[Record], limit: int, cloud_now_ms: int | None) -> tuple[NewRecord, ...]:
        """The new records among these (newest first, of one page or several), oldest first; they count as read.

        `limit` is what the page was asked to hold: a first page that is shorter shows the whole transcript.
        """
        is_first_page, self._is_primed = not self._is_primed, True
        fresh: dict[str, Record] = {}
        oldest_first = list(reversed(records))
        oldest_first.sort(key=lambda record: record.time_ms)
        for record in oldest_first:
            utterance_id = record_id(self._device_id, record)
            if self._is_new(utterance_id, record.time_ms):
                fresh.setdefault(utterance_id, record)
        for utterance_id, record in fresh.items():
            self._times_by_id[utterance_id] = record.time_ms
        self._advance((record.time_ms for record in fresh.values()), cloud_now_ms)
        if is_first_page and len(records) >= limit:
            self._read_to_ms = min(record.time_ms for record in records)
        self._forget_old_ids()
        return () if is_first_page else tuple(NewRecord(*item) for item in fresh.items())

    def id_of(self, record: Record) -> str:
        """The id of a record of this transcript."""
        return record_id(self._device_id, record)

    def _is_new(self, utterance_id: str, time_ms: int) -> bool:
        return time_ms > self._read_to_ms and utterance_id not in self._times_by_id

    def _advance(self, times_ms: Iterable[int], cloud_now_ms: int | None) -> None:
        for time_ms in times_ms:
            if cloud_now_ms is None or time_ms <= cloud_now_ms + _BELIEVABLE_LEAD_MS:
                self._cursor_ms = max(self._cursor_ms, time_ms)

    def _forget_old_ids(self) -> None:
        surplus = len(self._times_by_id) - _REMEMBERED_IDS
        if surplus <= 0:
            return
        by_age = sorted(self._times_by_id, key=self._times_by_id.__getitem__)
        for utterance_id in by_age[:surplus]:
            self._read_to_ms = max(self._read_to_ms, self._times_by_id.pop(utterance_id))
