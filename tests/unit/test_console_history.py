"""The history: what is kept is found again, and what is forgotten is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from migpt_console.history import Filter, HistoryStore, HistoryUnavailableError, PastTurn, past_turn
from migpt_shared.messages import Address, Turn


def past(number: int, text: str = "问题", speaker: str = "a", route: str = "llm") -> PastTurn:
    turn = Turn.model_validate(
        {"turn": f"01{number:04}", "text": text, "route": route, "reason": "x", "phase": "done", "owner": "brain/x",
         "reply_so_far": f"回答{number}", "ts": 1_000 + number, "spans_ms": {"first_token": 1.5}}
    )  # fmt: skip
    return past_turn(Address("home", speaker), turn)


async def test_turns_are_found_by_words_speaker_route_and_time(tmp_path: Path) -> None:
    async with HistoryStore(tmp_path / "h" / "history.db") as store:
        await store.record([past(1, "天气 100%"), past(2, "讲个故事", "b"), past(3, "开灯", route="home")])
        assert [one.turn for one in await store.find(Filter())] == ["010003", "010002", "010001"]
        assert [one.turn for one in await store.find(Filter(words="故事 回答2"))] == ["010002"]
        assert await store.count(Filter(words="100%")) == 1
        assert await store.count(Filter(words="%")) == 1
        assert await store.count(Filter(words="_")) == 0
        assert await store.count(Filter(speaker="home/b")) == 1
        assert await store.count(Filter(route="home")) == 1
        assert await store.count(Filter(since_ms=1_002, before_ms=1_003)) == 1
        assert [one.turn async for one in store.every(Filter())] == ["010003", "010002", "010001"]
        assert (await store.find(Filter(), limit=1))[0] == past(3, "开灯", route="home")


async def test_a_turn_that_is_told_again_is_kept_once(tmp_path: Path) -> None:
    async with HistoryStore(tmp_path / "history.db") as store:
        await store.record([past(1, "旧")])
        await store.record([past(1, "新")])
        assert [one.text for one in await store.find(Filter())] == ["新"]


async def test_forgetting(tmp_path: Path) -> None:
    async with HistoryStore(tmp_path / "history.db") as store:
        await store.record([past(1), past(2), past(3, speaker="b"), past(4, speaker="b")])
        await store.forget("home", "a", last=True)
        assert [one.turn for one in await store.find(Filter())] == ["010004", "010003", "010001"]
        await store.forget("home", "all", last=True)
        assert [one.turn for one in await store.find(Filter())] == ["010003"]
        await store.record([past(5)])
        await store.forget_before(1_004)
        assert [one.turn for one in await store.find(Filter())] == ["010005"]
        await store.forget("all", "all")
        assert await store.count(Filter()) == 0


async def test_a_file_that_is_no_database_is_told_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("this is no database", encoding="utf-8")
    with pytest.raises(HistoryUnavailableError):
        async with HistoryStore(tmp_path / "history.db"):
            pass
    with pytest.raises(HistoryUnavailableError):
        await HistoryStore(tmp_path / "x.db").find(Filter())
