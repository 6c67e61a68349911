"""XiaoAI goes first; where it cannot answer, the language model takes over in time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from migpt_shared.messages import BrainState, SetAi, SetMode, Turn
from migpt_simulator import NativeAnswer, SimulatedHome, SimulatedSpeaker
from migpt_simulator.conversation import NativeKind
from migpt_simulator.journal import MediaStarted, NativeEnded, NativeStarted, Paused, SpeechAccepted
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.whole_system import WholeSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}
REFUSAL = NativeAnswer(text="抱歉，这个问题我还不会，我正在学习呢", duration_s=6.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    with pytest.MonkeyPatch.context() as patch:
        # Whatever the intent model thinks, XiaoAI goes first.
        patch.setenv("MIGPT_ROUTING__LLM_THRESHOLD", "0.999999999")
        async with _system() as running:
            yield running


@asynccontextmanager
async def _system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="L05C", settings=QUICK),
        ),
    )
    async with WholeSystem(home, mode="auto") as running:
        running.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.1, tokens_per_s=200)))
        known = running.watcher.latest
        await running.watcher.until(lambda: all(one.model for one in known.values() if isinstance(one, BrainState)))
        yield running


def answers(system: WholeSystem, question: str, answer: str) -> None:
    system.simulator.llm.control(LlmControl(answers=(AnswerRule(match=question, answer=answer),)))


def was_asked(system: WholeSystem, question: str) -> bool:
    return any(entry.question == question for entry in system.simulator.llm.journal.entries)


async def test_a_refusal_seen_with_the_question_is_answered_at_once(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "泰山的石刻是谁写的", "历代帝王和文人都写过。")
    since = time.monotonic()
    speaker.say("泰山的石刻是谁写的", REFUSAL)
    turn = await system.watcher.closed("泰山的石刻是谁写的")
    assert (turn.route, turn.reason, turn.phase, turn.take) == ("llm", "rescued", "done", 0)
    assert "".join(speaker.journal.spoken(since=since)) == "历代帝王和文人都写过。"
    [native] = speaker.journal.of(NativeEnded, since=since)
    assert native.heard_s < 4.0, "XiaoAI was silenced"


async def test_a_refusal_that_comes_later_makes_the_same_turn_the_models(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "黄山的松树为什么弯", "因为风大。")
    since = time.monotonic()
    speaker.say("黄山的松树为什么弯", REFUSAL, answer_delay_s=2.0)
    turn = await system.watcher.closed("黄山的松树为什么弯")
    assert (turn.route, turn.reason, turn.phase, turn.take) == ("llm", "rescued", "done", 1)
    story = system.watcher.turns("黄山的松树为什么弯")
    assert {one.turn for one in story} == {turn.turn}
    assert [(one.route, one.phase) for one in story if one.phase == "accepted"] == [
        ("native", "accepted"), ("llm", "accepted"),
    ]  # fmt: skip
    assert "".join(speaker.journal.spoken(since=since)) == "因为风大。"
    [native] = speaker.journal.of(NativeEnded, since=since)
    assert native.heard_s < 4.0, "XiaoAI was silenced as soon as its refusal was known"
    first = speaker.journal.of(SpeechAccepted, since=since)[0]
    assert first.at - since < 8.0


@pytest.mark.parametrize("answer_delay_s", [0.0, 1.5])
async def test_a_command_that_was_obeyed_is_never_taken_over(system: WholeSystem, answer_delay_s: float) -> None:
    speaker = system.simulator.home.speaker("living_room")
    text = f"打开客厅的灯{answer_delay_s}"
    since = time.monotonic()
    speaker.say(text, NativeAnswer(text="好的，已打开客厅灯", duration_s=1.0), answer_delay_s=answer_delay_s)
    turn = await system.watcher.closed(text)
    assert (turn.route, turn.phase, turn.take) == ("native", "done", 0)
    assert time.monotonic() - since < 0.3 + answer_delay_s + 2.5, "the turn ended once XiaoAI had answered"
    assert not was_asked(system, text)
    await speaker.until(lambda journal: journal.of(NativeEnded, since=since))
    assert not speaker.journal.of(Paused, since=since)
    assert speaker.journal.of(NativeEnded, since=since)[0].heard_s == pytest.approx(1.0, abs=0.05)


async def test_music_is_not_taken_for_a_refusal(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    since = time.monotonic()
    music = NativeAnswer(kind=NativeKind.AUDIO, text="我不太明白的歌，请听", duration_s=3.0, title="我不太明白")
    speaker.say("来一首我不太明白", music)
    turn = await system.watcher.closed("来一首我不太明白")
    assert (turn.route, turn.phase) == ("native", "done")
    await speaker.until(lambda journal: journal.of(MediaStarted, since=since))
    assert not speaker.journal.of(Paused, since=since)


async def test_nobody_waits_longer_than_8_s(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    since = time.monotonic()
    speaker.say("一直没有回答的问题", REFUSAL, answer_delay_s=9.0, native_delay_s=30)
    turn = await system.watcher.closed("一直没有回答的问题")
    assert (turn.route, turn.phase, turn.error) == ("native", "done", None)
    assert 6.0 < time.monotonic() - since < 10.0
    assert not was_asked(system, "一直没有回答的问题")


async def test_what_is_said_meanwhile_leaves_xiaoai_its_turn(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    speaker.say("慢吞吞的指令", REFUSAL, answer_delay_s=5.0)
    await system.watcher.until(lambda: system.watcher.turns("慢吞吞的指令"))
    speaker.say("请问新的问题", None)
    assert (await system.watcher.closed("请问新的问题")).route == "llm"
    first = system.watcher.turns("慢吞吞的指令")[-1]
    assert (first.route, first.phase, first.reason) == ("native", "done", "classified_native")


@pytest.mark.parametrize("way", ["ai_off", "mode_native"])
async def test_no_rescue_where_the_ai_is_not_wanted(system: WholeSystem, way: str) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    off, on = (SetAi(value=False), SetAi(value=True)) if way == "ai_off" else (
        SetMode(value="native"), SetMode(value="auto"),
    )  # fmt: skip
    assert (await system.send(off, "bedroom")).ok
    for text, delay_s in ((f"小爱不会的一{way}", 0.0), (f"小爱不会的二{way}", 1.0)):
        speaker.say(text, REFUSAL, answer_delay_s=delay_s)
        turn = await system.watcher.closed(text)
        assert (turn.route, turn.reason, turn.phase) == ("native", way, "done")
        assert not was_asked(system, text)
    assert (await system.send(on, "bedroom")).ok


async def test_what_is_switched_off_meanwhile_is_not_rescued(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    since = time.monotonic()
    speaker.say("等着被救的问题", REFUSAL, answer_delay_s=2.5)
    await system.watcher.until(lambda: system.watcher.turns("等着被救的问题"))
    assert (await system.send(SetAi(value=False), "bedroom")).ok
    turn = await system.watcher.closed("等着被救的问题")
    assert (turn.route, turn.phase) == ("native", "done")
    assert speaker.journal.of(NativeStarted, since=since)
    assert not was_asked(system, "等着被救的问题")
    assert (await system.send(SetAi(value=True), "bedroom")).ok


async def test_every_turn_has_ended(system: WholeSystem) -> None:
    last = {turn.turn: turn for turn in system.watcher.of(Turn)}
    await system.watcher.until(lambda: not [t for t in last.values() if t.is_open], what="the end of every turn")
    for service in system.services:
        assert "Traceback" not in service.log.read_text(), service.name
