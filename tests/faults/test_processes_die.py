"""Every process may die at any moment: what a person then notices is at most one late sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from migpt_shared.membership import NEWCOMER_S
from migpt_shared.messages import Ask, BrainState, HearingState, SpeechState, Turn
from migpt_simulator import NativeAnswer, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import SoundStarted
from migpt_simulator.live import LiveSpeaker
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from tests.whole_system import SERVICES, WholeSystem

ANSWER = (
    "天空看起来是蓝色的，因为阳光被空气散射了。蓝光的波长比较短。所以它散得到处都是。傍晚就不一样了。那时候剩下红光。"
)

NATIVE = NativeAnswer(text="这个我还不会", duration_s=4.0)


def one_speaker(**settings: object) -> SimulatedHome:
    behaviour = {"seconds_per_char": 0.1, "publish_delay_s": 0.3, "native_delay_s": 0.3, **settings}
    return SimulatedHome(
        latency_s=0.02,
        speakers=(SimulatedSpeaker(slug="living_room", name="客厅小爱", settings=behaviour),),
    )


def room(system: WholeSystem) -> LiveSpeaker:
    return system.simulator.home.speaker("living_room")


async def ask_until_it_sounds(system: WholeSystem, question: str) -> float:
    since = time.monotonic()
    room(system).say(question, NATIVE)
    await room(system).until(lambda journal: journal.of(SoundStarted, since=since), 20)
    return since


def assert_no_two_voices_and_order(system: WholeSystem, since: float, *, at_most_twice: int = 1) -> None:
    """Nothing lost, nothing out of order; at most so many utterances heard twice."""
    spoken = room(system).journal.spoken(since=since)
    distinct = list(dict.fromkeys(spoken))
    assert len(spoken) - len(distinct) <= at_most_twice, spoken
    position = -1
    for text in distinct:
        found = ANSWER.find(text)
        assert found > position or found == -1, spoken
        position = max(position, found)


async def test_the_brain_dies_in_the_middle_of_an_answer() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        system.simulator.llm.control(LlmControl(default=Behaviour(tokens_per_s=20)))
        since = await ask_until_it_sounds(system, "为什么天是蓝的")
        await system.service("brain").kill()
        await system.service("brain").start()
        turn = await system.watcher.closed("为什么天是蓝的")
        assert turn.phase in ("done", "failed")
        spoken = "".join(room(system).journal.spoken(since=since))
        assert "没有取到" in spoken or spoken.endswith(ANSWER[-5:]) or "请再问一次" in spoken
        room(system).say("为什么天空是蓝色，再说一遍", NATIVE)
        assert (await system.watcher.closed("为什么天空是蓝色，再说一遍")).phase == "done"


async def test_the_brain_dies_before_the_first_word_and_the_question_is_answered_again() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        system.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=1.5)))
        since = time.monotonic()
        room(system).say("为什么天是蓝的", NATIVE)
        await system.watcher.until(lambda: system.watcher.turns("为什么天是蓝的"))
        await system.service("brain").kill()
        system.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.1)))
        await system.service("brain").start()
        turn = await system.watcher.closed("为什么天是蓝的")
        assert turn.phase == "done"
        assert turn.take == 1
        assert "".join(room(system).journal.spoken(since=since)) == ANSWER


async def test_the_speaker_service_dies_in_the_middle_of_an_answer() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        since = await ask_until_it_sounds(system, "为什么天是蓝的")
        await system.service("speaker").kill()
        await system.service("speaker").start()
        turn = await system.watcher.closed("为什么天是蓝的", 60)
        assert turn.phase == "done"
        spoken = "".join(dict.fromkeys(room(system).journal.spoken(since=since)))
        for sentence in ANSWER.split("。"):
            assert sentence in spoken
        assert_no_two_voices_and_order(system, since)


async def test_the_poller_dies_and_hears_what_was_said_meanwhile() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        await system.service("poller").kill()
        room(system).say("为什么天是蓝的", NATIVE)
        await system.service("poller").start()
        turn = await system.watcher.closed("为什么天是蓝的")
        assert turn.phase == "done"
        assert len({turn.turn for turn in system.watcher.turns("为什么天是蓝的")}) == 1


async def test_the_broker_restarts_in_the_middle_of_an_answer() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        since = await ask_until_it_sounds(system, "为什么天是蓝的")
        await system.broker.kill()
        await system.broker.start()
        await system.watcher.until(lambda: system.watcher.connections == 2)
        turn = await system.watcher.closed("为什么天是蓝的", 60)
        assert turn.phase == "done"
        spoken = "".join(dict.fromkeys(room(system).journal.spoken(since=since)))
        for sentence in ANSWER.split("。"):
            assert sentence in spoken
        await system.watcher.until(system.is_ready, 30)
        room(system).say("为什么天空是蓝色，重启之后", NATIVE)
        assert (await system.watcher.closed("为什么天空是蓝色，重启之后")).phase == "done"


@pytest.mark.parametrize("name", SERVICES)
async def test_a_replica_takes_over_from_a_killed_one(name: str) -> None:
    kinds: dict[str, type[HearingState | BrainState | SpeechState]] = {
        "poller": HearingState,
        "brain": BrainState,
        "speaker": SpeechState,
    }
    async with WholeSystem(answer=ANSWER, home=one_speaker(), replicas=(*SERVICES, name)) as system:
        [address] = system.addresses()
        owner = system.owner_of(kinds[name], address)
        assert owner is not None
        replicas = [service for service in system.services if service.name == name]
        victim = next(s for s in replicas if owner.split("/")[1] in s.log.read_text())
        await ask_until_it_sounds(system, "为什么天是蓝的")
        await victim.kill()
        turn = await system.watcher.closed("为什么天是蓝的", 60)
        assert turn.phase in ("done", "failed")
        await system.watcher.until(lambda: system.owner_of(kinds[name], address) not in (None, owner))
        room(system).say("为什么天空是蓝色，换人之后", NATIVE)
        assert (await system.watcher.closed("为什么天空是蓝色，换人之后")).phase == "done"


@pytest.mark.parametrize("name", SERVICES)
async def test_a_frozen_replica_loses_its_speakers_within_its_silence(name: str) -> None:
    kinds: dict[str, type[HearingState | BrainState | SpeechState]] = {
        "poller": HearingState,
        "brain": BrainState,
        "speaker": SpeechState,
    }
    async with WholeSystem(answer=ANSWER, home=one_speaker(), replicas=(*SERVICES, name)) as system:
        [address] = system.addresses()
        replicas = [service for service in system.services if service.name == name]
        # The newcomer counts after 5 s; from then on it can take over.
        await system.watcher.until(lambda: len(system.instances(name)) == 2)
        await asyncio.sleep(NEWCOMER_S)
        owner = system.owner_of(kinds[name], address)
        assert owner is not None
        victim = next(s for s in replicas if owner.split("/")[1] in s.log.read_text())
        os.kill(victim.pid, signal.SIGSTOP)
        frozen = time.monotonic()
        try:
            room(system).say("为什么天是蓝的，冻住之后", NATIVE)
            await system.watcher.until(lambda: system.owner_of(kinds[name], address) not in (None, owner), 30)
            # The broker gives up on a silent client after one and a half keep-alives, 7.5 s.
            assert time.monotonic() - frozen < 15
        finally:
            os.kill(victim.pid, signal.SIGCONT)
        turn = await system.watcher.closed("为什么天是蓝的，冻住之后", 60)
        assert turn.phase == "done"
        assert len({one.turn for one in system.watcher.turns("为什么天是蓝的，冻住之后")}) == 1
        spoken = room(system).journal.spoken(since=frozen)
        assert len(spoken) - len(dict.fromkeys(spoken)) <= 1, spoken
        # What has thawed finds that somebody else is responsible, and leaves it to them.
        since = time.monotonic()
        room(system).say("为什么天空是蓝色，解冻之后", NATIVE)
        assert (await system.watcher.closed("为什么天空是蓝色，解冻之后", 60)).phase == "done"
        assert "".join(room(system).journal.spoken(since=since)) == ANSWER


async def test_two_brains_never_answer_one_utterance_twice() -> None:
    async with WholeSystem(
        answer=ANSWER, home=one_speaker(seconds_per_char=0.1), replicas=(*SERVICES, "brain")
    ) as system:
        for number in range(5):
            since = time.monotonic()
            question = f"为什么天是蓝的，第{number}次"
            room(system).say(question, NATIVE)
            await system.watcher.closed(question)
            assert "".join(room(system).journal.spoken(since=since)) == ANSWER


async def test_a_clean_stop_is_quick_and_leaves_no_ghost() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        for service in system.services:
            begun = time.monotonic()
            assert await service.stop() == 0, service.tail()
            assert time.monotonic() - begun < 6
        from migpt_shared.messages import Presence

        await system.watcher.until(
            lambda: not [kind for kind, places in system.watcher.latest if kind is Presence], what="no presence left"
        )
        [address] = system.addresses()
        assert system.owner_of(BrainState, address) is None
        assert not [turn for turn in system.watcher.of(Turn) if turn.is_open]


async def test_a_retained_command_is_not_obeyed_at_every_connect() -> None:
    async with WholeSystem(answer=ANSWER, home=one_speaker()) as system:
        await system.service("brain").stop()
        system.bus._line.publish("migpt/home/living_room/do/ask", "保留的问题".encode(), retain=True)
        await system.service("brain").start()
        await system.watcher.until(system.is_ready, 30)
        system.publish(Ask(text="之后的问题"))
        await system.watcher.closed("之后的问题")
        assert not system.watcher.turns("保留的问题")
