"""What the poller keeps on disk, what it knows of brains, and how long it leaves a session in trouble alone."""

from datetime import date
from pathlib import Path

import pytest

from migpt_poller.backoff import login_wait_s
from migpt_poller.hearing_store import HearingStore, StoredHearing
from migpt_poller.transcript import Bookmark
from migpt_shared.appearances import Appearances
from migpt_shared.messages import Address, Presence
from migpt_shared.xiaomi import CaptchaNeeded, LoginCoolingDown, StoreUnusable, TokenExpired, XiaomiError

ADDRESS = Address("home", "living_room")
STORED = StoredHearing(
    uid="3f9a1c07be42",
    cursor_ms=5,
    read_to_ms=3,
    ids=("01KANVHD3VV9376RW52CH1ZK35",),
    day=date(2026, 11, 22),
    requests=7,
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    store = HearingStore(tmp_path / "poller")
    assert store.load(ADDRESS, STORED.uid) is None
    store.save(ADDRESS, STORED)
    assert HearingStore(tmp_path / "poller").load(ADDRESS, STORED.uid) == STORED
    assert STORED.bookmark == Bookmark(5, 3, ("01KANVHD3VV9376RW52CH1ZK35",))
    assert [file.name for file in (tmp_path / "poller" / "home").iterdir()] == ["living_room.json"]


def test_what_was_stored_of_another_device_is_not_taken(tmp_path: Path) -> None:
    store = HearingStore(tmp_path)
    store.save(ADDRESS, STORED)
    assert store.load(ADDRESS, "000000000000") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"uid": "3f9a1c07be42", "cursor_ms": "soon"}',
        STORED.model_dump_json().replace("01KANVHD3VV9376RW52CH1ZK35", "not a ulid").encode(),
    ],
)
def test_a_file_that_is_not_what_was_written_counts_as_none(content: bytes, tmp_path: Path) -> None:
    store = HearingStore(tmp_path)
    store.save(ADDRESS, STORED)
    (tmp_path / "home" / "living_room.json").write_bytes(content)
    assert store.load(ADDRESS, STORED.uid) is None


def test_a_folder_that_cannot_be_written_is_no_end(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    store = HearingStore(tmp_path)
    store.save(ADDRESS, STORED)
    assert store.load(ADDRESS, STORED.uid) is None


def presence(since: int, status: str = "online") -> Presence:
    return Presence.model_validate({"status": status, "since": since})


def test_a_brain_is_news_when_it_appears_and_not_while_it_lives() -> None:
    brains = Appearances()
    assert brains.seen("a", presence(1), 0.0)
    assert [brains.seen("a", presence(1), at) for at in (5.0, 10.0, 15.0)] == [False] * 3
    assert brains.seen("b", presence(1), 15.0)


def test_a_brain_is_news_again_after_a_restart_an_absence_or_a_goodbye() -> None:
    brains = Appearances()
    brains.seen("a", presence(1), 0.0)
    assert brains.seen("a", presence(2), 1.0)
    assert brains.seen("a", presence(2), 20.0)
    assert not brains.seen("a", presence(2, "offline"), 21.0)
    assert brains.seen("a", presence(2), 22.0)


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (CaptchaNeeded(), 60.0),
        (StoreUnusable("read-only"), 60.0),
        (TokenExpired("refused"), 5.0),
        (LoginCoolingDown(20.0, "no"), 20.0),
        (LoginCoolingDown(3600.0, "no"), 60.0),
        (LoginCoolingDown(0.0, "no"), 1.0),
    ],
)
def test_a_session_in_trouble_is_left_alone(error: XiaomiError, wait_s: float) -> None:
    assert login_wait_s(error) == wait_s
