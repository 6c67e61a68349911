"""Which pages of the transcript to ask for, so that no new record is overlooked however many came at once."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_poller.transcript import Transcript
from migpt_shared.xiaomi import HistoryPage, Record

_FURTHER_LIMIT = 20
_LARGEST_LIMIT = 100

#: Reading back ends here at the latest; what lies further back is far too old to be answered.
_MOST_PAGES = 12


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to ask for: so many records, the newest of them not later than `until_ms` (None: the newest there are)."""

    limit: int
    until_ms: int | None = None


class CatchUp:
    """Reads from the newest record back to what is already known, page by page.

    Ask for `request`, hand what came to `add`, until `request` is None; then `records` has all of it, newest first.
    """

    def __init__(self, transcript: Transcript, first_limit: int) -> None:
        self.request: PageRequest | None = PageRequest(first_limit)
        self.records: list[Record] = []
        self._transcript = transcript
        self._pages = 0

    def add(self, page: HistoryPage) -> None:
        """The page that was asked for."""
        if self.request is None:
            raise RuntimeError("no page was asked for")
        self._pages += 1
        self.records.extend(page.records)
        if self._pages >= _MOST_PAGES or not self._transcript.reaches_further_back(page, self.request.limit):
            self.request = None
        else:
            self.request = _page_behind(self.request, min(record.time_ms for record in page.records))


def _page_behind(request: PageRequest, oldest_ms: int) -> PageRequest:
    # The upper end is inclusive, and records may share a time: the oldest record is asked for once more. Should a
    # whole page be of one time, it is asked for larger, and only at the limit the time itself is left behind.
    if oldest_ms != request.until_ms:
        return PageRequest(_FURTHER_LIMIT, oldest_ms)
    if request.limit < _LARGEST_LIMIT:
        return PageRequest(_LARGEST_LIMIT, oldest_ms)
    return PageRequest(_LARGEST_LIMIT, oldest_ms - 1)
