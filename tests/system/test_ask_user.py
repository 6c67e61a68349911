"""A program asks the person at a speaker, and gets what the person says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import AskUser, BrainState, Result, Say, Stop, Turn
from migpt_simulator import NativeAnswer, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import NativeEnded, SoundStarted
from migpt_simulator.live import LiveSpeaker
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from tests.whole_system import WholeSystem

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

QUICK = {"seconds_per_char": 0.05, "publish_delay_s": 0.3, "native_delay_s": 0.4}
#: What XiaoAI would say to an answer, if it were left to it.
XIAOAI = NativeAnswer(text="小爱不明白你要什么", duration_s=8.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="L05C", settings=QUICK),
        ),
    )
    async with WholeSystem(home, mode="ai") as running:
        running.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.05, tokens_per_s=300)))
        yield running


async def asked(system: WholeSystem, ask: AskUser, speaker: str = "living_room") -> LiveSpeaker:
    """Ask, and wait until the question has been heard in the room."""
    live, since = system.simulator.home.speaker(speaker), time.monotonic()
    system.publish(ask, speaker)
    await live.until(lambda journal: ask.question in "".join(journal.spoken(since=since)), 20)
    return live


async def result_of(system: WholeSystem, ask: AskUser) -> Result:
    await system.watcher.until(lambda: of(system, ask), what=f"the result of {ask.question!r}")
    [result] = of(system, ask)
    return result


def of(system: WholeSystem, ask: AskUser) -> list[Result]:
    return [result for result in system.watcher.of(Result) if result.request == ask.id]


def was_asked(system: WholeSystem, question: str) -> bool:
    return any(entry.question == question for entry in system.simulator.llm.journal.entries)


async def test_the_answer_comes_back_and_xiaoai_is_kept_from_answering_it(system: WholeSystem) -> None:
    ask = AskUser(question="客厅的灯要关掉吗", choices=["要", "不要"], timeout_s=30)
    speaker = await asked(system, ask)
    since = time.monotonic()
    speaker.say("好的关吧", XIAOAI)
    speaker_turn = await system.watcher.closed("好的关吧")
    result = await result_of(system, ask)
    assert result.ok
    assert result.value == {"outcome": "choice", "choice": "要", "text": "好的关吧", "question": "客厅的灯要关掉吗"}
    assert (speaker_turn.route, speaker_turn.reason, speaker_turn.phase) == ("control", "answer", "done")
    journal = await speaker.until(lambda journal: journal.of(NativeEnded, since=since), 10)
    assert journal.of(NativeEnded, since=since)[0].heard_s < 4.0, "XiaoAI was silenced"
    assert not was_asked(system, "好的关吧")
    assert speaker.journal.spoken(since=since) == []


async def test_only_one_utterance_is_the_answer(system: WholeSystem) -> None:
    ask = AskUser(question="想听什么音乐", choices=["民谣", "摇滚", "爵士"], timeout_s=30)
    speaker = await asked(system, ask)
    speaker.say("第二个", XIAOAI)
    assert (await result_of(system, ask)).value["choice"] == "摇滚"
    speaker.say("为什么天是蓝的", XIAOAI)
    assert (await system.watcher.closed("为什么天是蓝的")).route == "llm"


async def test_what_is_none_of_the_choices_is_told_to_both_sides(system: WholeSystem) -> None:
    ask = AskUser(question="红茶还是绿茶", choices=["红茶", "绿茶"], timeout_s=30)
    speaker = await asked(system, ask)
    since = time.monotonic()
    speaker.say("我还没睡醒", XIAOAI)
    result = await result_of(system, ask)
    assert not result.ok
    assert "none of the choices" in str(result.error)
    assert (result.value["outcome"], result.value["choice"]) == ("none", None)
    assert result.value["text"] == "我还没睡醒"
    assert (await system.watcher.closed("我还没睡醒")).phase == "done"
    assert "".join(speaker.journal.spoken(since=since)) == "没听出来是哪一个。"


async def test_silence_is_a_result_too(system: WholeSystem) -> None:
    ask = AskUser(question="有人在家吗", choices=["有", "没有"], timeout_s=1)
    await asked(system, ask)
    result = await result_of(system, ask)
    assert not result.ok
    assert result.value["outcome"] == "timeout"
    assert "nobody answered" in str(result.error)


async def test_without_choices_any_answer_comes_back(system: WholeSystem) -> None:
    ask = AskUser(question="明天几点叫你起床", timeout_s=30)
    speaker = await asked(system, ask, "bedroom")
    speaker.say("六点四十吧", XIAOAI)
    result = await result_of(system, ask)
    assert result.ok
    assert (result.value["outcome"], result.value["choice"], result.value["text"]) == ("free", None, "六点四十吧")


async def test_a_new_question_takes_the_place_of_the_old(system: WholeSystem) -> None:
    old = AskUser(question="要不要开窗", choices=["要", "不要"], timeout_s=60)
    new = AskUser(question="要不要开空调", choices=["要", "不要"], timeout_s=30)
    await asked(system, old)
    speaker = await asked(system, new)
    replaced = await result_of(system, old)
    assert not replaced.ok
    assert replaced.value["outcome"] == "replaced"
    speaker.say("不用了谢谢", XIAOAI)
    assert (await result_of(system, new)).value["choice"] == "不要"
    assert len(of(system, old)) == 1


async def test_a_stop_leaves_the_question_open(system: WholeSystem) -> None:
    ask = AskUser(question="晚饭吃面还是吃饭", choices=["吃面", "吃饭"], timeout_s=30)
    speaker = await asked(system, ask)
    assert (await system.send(Stop())).ok
    assert not of(system, ask)
    speaker.say("吃面吧", XIAOAI)
    assert (await result_of(system, ask)).value["choice"] == "吃面"


async def test_a_question_that_is_stopped_before_it_begins_was_not_asked(system: WholeSystem) -> None:
    long = Say(text="这是一条很长的通知，" * 20, priority="alarm")
    system.publish(long, "bedroom")
    speaker, since = system.simulator.home.speaker("bedroom"), time.monotonic()
    await speaker.until(lambda journal: journal.of(SoundStarted, since=since), 20)
    ask = AskUser(question="听得见我吗", choices=["听得见", "听不见"], timeout_s=30)
    system.publish(ask, "bedroom")
    assert (await system.send(Stop(), "bedroom")).ok
    result = await result_of(system, ask)
    assert not result.ok
    assert result.value["outcome"] == "not_asked"


async def test_who_wants_silence_does_not_answer(system: WholeSystem) -> None:
    ask = AskUser(question="要听新闻吗", choices=["要", "不要"], timeout_s=60)
    speaker = await asked(system, ask)
    speaker.say("闭嘴", XIAOAI)
    result = await result_of(system, ask)
    assert (result.ok, result.value["outcome"]) == (False, "none")
    assert (await system.watcher.closed("闭嘴")).reason == "control_phrase"


async def test_every_speaker_of_a_household_is_asked_by_itself(system: WholeSystem) -> None:
    ask = AskUser(question="谁要喝水", choices=["我要", "不要"], timeout_s=2)
    since = time.monotonic()
    system.publish(ask, "all")
    rooms = [system.simulator.home.speaker(name) for name in ("living_room", "bedroom")]
    for room in rooms:
        await room.until(lambda journal: "谁要喝水" in "".join(journal.spoken(since=since)), 20)
    rooms[1].say("我要喝", XIAOAI)
    await system.watcher.until(lambda: len(of(system, ask)) == 2, what="a result for each speaker")
    assert {result.value["outcome"] for result in of(system, ask)} == {"choice", "timeout"}


async def test_a_question_without_words_is_refused(system: WholeSystem) -> None:
    result = await system.send(AskUser(question="？！"))
    assert not result.ok
    assert "no word" in str(result.error)


async def test_a_brain_that_ends_tells_the_asker(system: WholeSystem) -> None:
    ask = AskUser(question="现在方便吗", choices=["方便", "不方便"], timeout_s=60)
    await asked(system, ask)
    brain = system.service("brain")
    await brain.stop()
    result = await result_of(system, ask)
    assert (result.ok, result.value["outcome"]) == (False, "given_up")
    await brain.start()
    await system.watcher.until(
        lambda: all(
            isinstance(one, BrainState) and one.owner
            for key, one in system.watcher.latest.items()
            if key[0] is BrainState
        ),
        60,
        "the brain again",
    )
    again = AskUser(question="那现在呢", choices=["方便", "不方便"], timeout_s=30)
    speaker = await asked(system, again)
    speaker.say("不方便", XIAOAI)
    assert (await result_of(system, again)).value["choice"] == "不方便"


async def test_nothing_went_wrong(system: WholeSystem) -> None:
    for service in system.services:
        assert "Traceback" not in service.log.read_text(), service.name
    assert not [turn for turn in system.watcher.of(Turn) if turn.phase == "failed"]
