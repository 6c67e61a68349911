"""Every record is heard once and in order: several in one poll, many while the poller was away, late ones, ties."""

from __future__ import annotations

import dataclasses

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from migpt_poller.catch_up import CatchUp
from migpt_poller.transcript import Bookmark, NewRecord, Transcript, later_bookmark
from migpt_shared.xiaomi import HistoryPage, NativeAnswer, Record

DEVICE = "device"
START_MS = 1_763_817_600_000


class Cloud:
    """A transcript as the cloud serves it: newest first, `until_ms` inclusive."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.requests = 0

    def add(self, query: str, time_ms: int, request_id: str | None = None) -> Record:
        record = Record(time_ms, query if request_id is None else request_id, query, ())
        self.records.append(record)
        return record

    def page(self, limit: int, until_ms: int | None) -> HistoryPage:
        self.requests += 1
        matching = [record for record in self.records if until_ms is None or record.time_ms <= until_ms]
        newest = list(reversed(matching))
        newest.sort(key=lambda record: record.time_ms, reverse=True)
        behind = newest[limit].time_ms if len(newest) > limit else None
        return HistoryPage(tuple(newest[:limit]), None, behind)


def poll(cloud: Cloud, transcript: Transcript, limit: int = 3, cloud_now_ms: int | None = None) -> list[str]:
    return [one.record.query for one in poll_records(cloud, transcript, limit, cloud_now_ms)]


def poll_records(
    cloud: Cloud, transcript: Transcript, limit: int = 3, cloud_now_ms: int | None = None
) -> tuple[NewRecord, ...]:
    look = CatchUp(transcript, limit)
    while look.request is not None:
        look.add(cloud.page(look.request.limit, look.request.until_ms))
    return transcript.take(look.records, limit, cloud_now_ms)


def primed(cloud: Cloud) -> Transcript:
    transcript = Transcript(DEVICE)
    assert poll(cloud, transcript) == []
    return transcript


def test_the_first_look_only_shows_where_the_end_is() -> None:
    cloud = Cloud()
    cloud.add("老问题", START_MS)
    transcript = primed(cloud)
    assert transcript.bookmark is not None
    assert transcript.bookmark.cursor_ms == START_MS
    assert poll(cloud, transcript) == []


def test_two_utterances_within_one_poll_are_both_heard_oldest_first() -> None:
    cloud = Cloud()
    transcript = primed(cloud)
    cloud.add("第一句", START_MS)
    cloud.add("第二句", START_MS + 900)
    assert poll(cloud, transcript) == ["第一句", "第二句"]
    assert poll(cloud, transcript) == []


def test_a_usual_look_takes_one_request() -> None:
    cloud = Cloud()
    for number in range(10):
        cloud.add(f"旧{number}", START_MS + number)
    transcript = primed(cloud)
    cloud.add("新", START_MS + 1000)
    cloud.requests = 0
    assert poll(cloud, transcript) == ["新"]
    assert cloud.requests == 1


def test_forty_utterances_while_away_are_all_read() -> None:
    cloud = Cloud()
    cloud.add("旧", START_MS)
    bookmark = primed(cloud).bookmark
    for number in range(40):
        cloud.add(f"句{number}", START_MS + 1000 * (number + 1))
    assert poll(cloud, Transcript(DEVICE, bookmark)) == [f"句{number}" for number in range(40)]


def test_records_of_one_millisecond_are_all_read_even_if_they_fill_whole_pages() -> None:
    cloud = Cloud()
    cloud.add("旧", START_MS)
    transcript = primed(cloud)
    for number in range(70):
        cloud.add(f"句{number}", START_MS + 5)
    assert poll(cloud, transcript) == [f"句{number}" for number in range(70)]


def test_a_record_that_shows_up_behind_a_newer_one_is_heard() -> None:
    cloud = Cloud()
    cloud.add("旧", START_MS)
    transcript = primed(cloud)
    cloud.add("后说的", START_MS + 3000)
    assert poll(cloud, transcript) == ["后说的"]
    cloud.add("先说的", START_MS + 2000)
    assert poll(cloud, transcript) == ["先说的"]
    assert transcript.bookmark is not None
    assert transcript.bookmark.cursor_ms == START_MS + 3000


def test_the_same_time_with_and_without_request_id() -> None:
    cloud = Cloud()
    transcript = primed(cloud)
    cloud.add("开灯", START_MS, request_id="")
    assert poll(cloud, transcript) == ["开灯"]
    cloud.add("关灯", START_MS, request_id="")
    cloud.add("谢谢", START_MS, request_id="r3")
    assert poll(cloud, transcript) == ["关灯", "谢谢"]


def test_an_answer_that_appears_later_makes_no_new_record() -> None:
    cloud = Cloud()
    transcript = primed(cloud)
    cloud.add("几点了", START_MS)
    poll(cloud, transcript)
    cloud.records[0] = dataclasses.replace(cloud.records[0], answers=(NativeAnswer("TTS", "三点"),))
    assert poll(cloud, transcript) == []


def test_a_page_with_unreadable_records_is_not_taken_for_the_last() -> None:
    transcript = Transcript(DEVICE, Bookmark.at(START_MS))
    newest = Record(START_MS + 9, "9", "新", ())
    assert transcript.reaches_further_back(HistoryPage((newest,), None, START_MS + 5), limit=3)
    assert not transcript.reaches_further_back(HistoryPage((newest,), None, None), limit=3)


def test_reading_back_ends_even_if_the_cloud_repeats_itself_for_ever() -> None:
    transcript = Transcript(DEVICE, Bookmark.at(START_MS))
    look = CatchUp(transcript, 1)
    requests = 0
    while look.request is not None:
        requests += 1
        look.add(HistoryPage((Record(START_MS + 10, "x", "又来了", ()),) * look.request.limit, None, 1))
    assert requests <= 12
    assert len(transcript.take(look.records, 1, None)) == 1


def test_the_later_of_disk_and_broker_counts() -> None:
    stored = Bookmark(cursor_ms=100, read_to_ms=50, ids=())
    assert later_bookmark(stored, None) == stored
    assert later_bookmark(stored, 100) == stored
    assert later_bookmark(stored, 101) == Bookmark(101, 101)
    assert later_bookmark(None, 7) == Bookmark(7, 7)
    assert later_bookmark(None, None) is None


def test_a_bookmark_ahead_of_the_clouds_time_is_not_believed() -> None:
    cloud = Cloud()
    cloud.add("旧", START_MS)
    transcript = Transcript(DEVICE, Bookmark.at(START_MS + 86_400_000))
    transcript.distrust_future(START_MS + 1000)
    assert poll(cloud, transcript) == []
    cloud.add("新", START_MS + 2000)
    assert poll(cloud, transcript) == ["新"]


def test_a_record_from_the_far_future_does_not_move_the_cursor() -> None:
    cloud = Cloud()
    cloud.add("旧", START_MS)
    transcript = primed(cloud)
    cloud.add("未来", START_MS + 10**10)
    assert poll(cloud, transcript, cloud_now_ms=START_MS + 5000) == ["未来"]
    cloud.add("现在", START_MS + 6000)
    assert poll(cloud, transcript, cloud_now_ms=START_MS + 6000) == ["现在"]
    assert transcript.bookmark is not None
    assert transcript.bookmark.cursor_ms == START_MS + 6000


def test_what_is_remembered_is_bounded() -> None:
    cloud = Cloud()
    transcript = primed(cloud)
    for number in range(2000):
        cloud.add(f"句{number}", START_MS + number)
        assert poll(cloud, transcript) == [f"句{number}"]
    assert transcript.bookmark is not None
    assert len(transcript.bookmark.ids) <= 128


class Reading(RuleBasedStateMachine):
    """Any interleaving of utterances, polls, broken look-ups and restarts: each record once, each poll in order."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud()
        self.time_ms = START_MS
        self.expected: list[str] = []
        self.read: list[str] = []

    @initialize(old=st.integers(0, 6), limit=st.integers(1, 5))
    def begin(self, old: int, limit: int) -> None:
        self.limit = limit
        for number in range(old):
            self.cloud.add(f"旧{number}", START_MS - 10 + number)
        self.transcript = Transcript(DEVICE)
        assert poll(self.cloud, self.transcript, self.limit) == []

    @rule(count=st.integers(1, 30), step_ms=st.integers(0, 3), has_request_id=st.booleans())
    def people_speak(self, count: int, step_ms: int, has_request_id: bool) -> None:
        self.time_ms += 1
        for _ in range(count):
            self.time_ms += step_ms
            query = f"句{len(self.expected)}"
            self.cloud.add(query, self.time_ms, None if has_request_id else "")
            self.expected.append(query)

    @rule()
    def poll(self) -> None:
        new = poll_records(self.cloud, self.transcript, self.limit)
        times = [one.record.time_ms for one in new]
        assert times == sorted(times)
        self.read += [one.record.query for one in new]
        assert self.read == self.expected

    @rule(pages=st.integers(0, 2))
    def a_look_breaks_off(self, pages: int) -> None:
        look = CatchUp(self.transcript, self.limit)
        for _ in range(pages):
            if look.request is not None:
                look.add(self.cloud.page(look.request.limit, look.request.until_ms))

    @rule()
    def restart_with_the_disk(self) -> None:
        self.transcript = Transcript(DEVICE, self.transcript.bookmark)

    @rule()
    def another_poller_takes_over_by_the_cursor_alone(self) -> None:
        self.poll()
        bookmark = self.transcript.bookmark
        assert bookmark is not None
        self.transcript = Transcript(DEVICE, Bookmark.at(bookmark.cursor_ms))

    @invariant()
    def nothing_twice(self) -> None:
        assert len(set(self.read)) == len(self.read)


Reading.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=25, deadline=None)
test_any_interleaving_reads_each_record_once = Reading.TestCase
