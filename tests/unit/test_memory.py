"""The conversation store: bounded when told again, kept over restarts, forgotten on demand, sturdy against its file."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from migpt_brain.llm import ChatMessage
from migpt_brain.memory import Memory
from migpt_brain.store import StoreUnavailableError
from migpt_shared.messages import Address
from migpt_shared.token_estimate import estimate_tokens

LIVING_ROOM = Address("home", "living_room")
KITCHEN = Address("home", "kitchen")
MINUTE = 60.0
DAY = 24 * 60 * MINUTE


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _memory(folder: Path, clock: Clock) -> Memory:
    return Memory(Memory.default_url(folder), clock=clock)


async def _fill(
    memory: Memory, clock: Clock, count: int, *, every_s: float = MINUTE, speaker: Address = LIVING_ROOM
) -> None:
    for number in range(count):
        await memory.add(speaker, f"turn{number}", f"问题{number}", f"回答{number}")
        clock.now += every_s


def _texts(messages: tuple[ChatMessage, ...]) -> list[str]:
    return [message.content for message in messages]


async def test_exchanges_are_told_again_in_order(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 2)
        assert await memory.recent(LIVING_ROOM, 1000, 30) == (
            ChatMessage("user", "问题0"),
            ChatMessage("assistant", "回答0"),
            ChatMessage("user", "问题1"),
            ChatMessage("assistant", "回答1"),
        )


async def test_exchanges_of_the_same_moment_keep_the_order_of_their_turns(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 3, every_s=0)
        assert _texts(await memory.recent(LIVING_ROOM, 1000, 30))[::2] == ["问题0", "问题1", "问题2"]


async def test_speakers_do_not_hear_of_each_other(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 1)
        assert await memory.recent(KITCHEN, 1000, 30) == ()
        assert await memory.forget(KITCHEN, "all") == 0
        assert len(await memory.recent(LIVING_ROOM, 1000, 30)) == 2


async def test_tokens_bound_what_is_told_again(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 50)
        one_exchange = 2 * estimate_tokens("问题49") + 8
        for exchanges in (0, 1, 7):
            told = _texts(await memory.recent(LIVING_ROOM, exchanges * one_exchange, 24 * 60))
            assert told[::2] == [f"问题{number}" for number in range(50 - exchanges, 50)]
        assert await memory.recent(LIVING_ROOM, one_exchange - 1, 24 * 60) == ()


async def test_age_bounds_what_is_told_again(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 10)
        assert _texts(await memory.recent(LIVING_ROOM, 10_000, 3))[::2] == ["问题7", "问题8", "问题9"]
        assert await memory.recent(LIVING_ROOM, 10_000, 0) == ()


async def test_an_answer_grows_while_it_is_spoken(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await memory.add(LIVING_ROOM, "turn", "为什么天是蓝的", "")
        assert await memory.recent(LIVING_ROOM, 1000, 30) == ()
        await memory.add(LIVING_ROOM, "turn", "为什么天是蓝的", "因为散射。")
        await memory.add(LIVING_ROOM, "turn", "为什么天是蓝的", "因为散射。蓝光最强。")
        assert _texts(await memory.recent(LIVING_ROOM, 1000, 30)) == ["为什么天是蓝的", "因为散射。蓝光最强。"]


async def test_memory_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 1)
    async with _memory(tmp_path, clock) as memory:
        assert _texts(await memory.recent(LIVING_ROOM, 1000, 30)) == ["问题0", "回答0"]


async def test_forgetting(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await memory.add(LIVING_ROOM, "old", "很久以前", "好的。")
        clock.now += 8 * DAY
        await _fill(memory, clock, 3)
        assert await memory.forget(LIVING_ROOM, "last") == 1
        assert _texts(await memory.recent(LIVING_ROOM, 1000, 30))[::2] == ["问题0", "问题1"]
        assert await memory.forget(LIVING_ROOM, "conversation") == 2
        assert _texts(await memory.recent(LIVING_ROOM, 1000, 30 * 24 * 60)) == ["很久以前", "好的。"]
        assert await memory.forget(LIVING_ROOM, "all") == 1
        assert await memory.forget(LIVING_ROOM, "last") == 0


async def test_what_is_forgotten_is_gone_from_the_file(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await memory.add(LIVING_ROOM, "turn", "a very private question", "a discreet answer")
        await memory.forget(LIVING_ROOM, "all")
    assert b"private" not in b"".join(file.read_bytes() for file in (tmp_path / "brain").iterdir())


async def test_retention(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 10, every_s=DAY)
        await memory.add(KITCHEN, "turn", "新的", "好。")
        assert await memory.delete_older_than(3.5) == 7
        assert len(await memory.recent(LIVING_ROOM, 10_000, 60 * 24 * 60)) == 6
        assert len(await memory.recent(KITCHEN, 10_000, 60)) == 2
        clock.now += 1
        assert await memory.delete_older_than(0) == 4


async def test_two_brains_share_one_file(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as one, _memory(tmp_path, clock) as other:
        await asyncio.gather(
            *(memory.add(LIVING_ROOM, f"{turn}", "问", "答") for turn in range(20) for memory in (one, other))
        )
        assert len(await one.recent(LIVING_ROOM, 10_000, 30)) == 40


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_damaged_file_is_put_aside(tmp_path: Path, clock: Clock, content: bytes) -> None:
    file = tmp_path / "brain" / "memory.db"
    file.parent.mkdir()
    for number in (1, 2):
        file.write_bytes(content)
        with capture_logs() as logs:
            async with _memory(tmp_path, clock) as memory:
                await _fill(memory, clock, 1)
                assert len(await memory.recent(LIVING_ROOM, 1000, 30)) == 2
        aside = file.with_name(f"memory.db.damaged-{number}")
        assert aside.read_bytes() == content
        assert [(entry["event"], entry["kept_as"]) for entry in logs] == [("store_damaged", str(aside))]


async def test_a_file_damaged_in_its_middle_is_put_aside(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        for number in range(200):
            await memory.add(LIVING_ROOM, f"turn{number}", "问题" * 50, "回答" * 50)
    file = tmp_path / "brain" / "memory.db"
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\x55" * 8192
    file.write_bytes(content)
    with capture_logs() as logs:
        async with _memory(tmp_path, clock) as memory:
            assert await memory.recent(LIVING_ROOM, 1000, 30) == ()
    assert logs[0]["event"] == "store_damaged"


async def test_a_store_that_breaks_while_running_costs_the_memory_only(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 1)
        with sqlite3.connect(tmp_path / "brain" / "memory.db") as connection:
            connection.execute("DROP TABLE exchange")
        connection.close()
        with capture_logs() as logs:
            assert await memory.recent(LIVING_ROOM, 1000, 30) == ()
            await memory.add(LIVING_ROOM, "turn", "一个秘密", "好的")
            assert await memory.delete_older_than(1) == 0
        assert [entry["event"] for entry in logs] == ["memory_not_read", "memory_not_written", "memory_not_written"]
        assert all("no such table" in entry["reason"] and "秘密" not in str(entry) for entry in logs)
        with pytest.raises(StoreUnavailableError, match="no such table"):
            await memory.forget(LIVING_ROOM, "all")


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailableError, match=r"cannot be written .*make its folder writable"):
        await _memory(tmp_path / "data", clock).__aenter__()


async def test_a_file_that_cannot_be_opened_is_a_clear_error(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "brain" / "memory.db").mkdir(parents=True)
    with pytest.raises(StoreUnavailableError, match=r"unable to open database file.*llm.memory_url"):
        await _memory(tmp_path, clock).__aenter__()


async def test_a_newer_store_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    async with _memory(tmp_path, clock) as memory:
        await _fill(memory, clock, 1)
    with sqlite3.connect(tmp_path / "brain" / "memory.db") as connection:
        connection.execute("UPDATE memory_schema SET version = 99")
    connection.close()
    with pytest.raises(StoreUnavailableError, match="version 99"):
        await _memory(tmp_path, clock).__aenter__()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "no database address"),
        ("nonsense://x/y", "not installed"),
        ("sqlite:///x.db", "cannot be used"),
    ],
)
async def test_a_wrong_address_is_a_clear_error(
    url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailableError, match=words):
        await Memory(url).__aenter__()


async def test_in_memory(clock: Clock) -> None:
    async with Memory("sqlite+aiosqlite:///:memory:", clock=clock) as memory:
        await _fill(memory, clock, 2)
        assert len(await memory.recent(LIVING_ROOM, 1000, 30)) == 4


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("天空", 2), ("hello", 2), ("天空blue", 3), ("，。", 2)])
def test_tokens_are_estimated(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
