"""The cloud and the speakers misbehave; every sentence is heard all the same, once and in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from migpt_shared.messages import Account, Speech
from migpt_simulator import NativeAnswer, NewSpeech, RequestKind, SimulatedHome, SimulatedSpeaker
from migpt_simulator.faults import Fault
from migpt_simulator.journal import SoundCut, SoundStarted
from tests.whole_system import WholeSystem

ANSWER = (
    "天空看起来是蓝色的，因为阳光被空气散射了。蓝光的波长比较短。所以它散得到处都是。傍晚就不一样了。那时候剩下红光。"
)

NATIVE = NativeAnswer(text="这个我还不会", duration_s=4.0)
QUESTION = "为什么天是蓝的"


def home(**settings: object) -> SimulatedHome:
    behaviour = {"seconds_per_char": 0.1, "publish_delay_s": 0.3, "native_delay_s": 0.3, **settings}
    return SimulatedHome(
        latency_s=0.02,
        speakers=(SimulatedSpeaker(slug="living_room", name="客厅小爱", settings=behaviour),),
    )


async def heard_whole(system: WholeSystem, question: str = QUESTION) -> None:
    speaker = system.simulator.home.speaker("living_room")
    since = time.monotonic()
    speaker.say(question, NATIVE)
    turn = await system.watcher.closed(question, 60)
    assert turn.phase == "done", turn
    assert "".join(speaker.journal.spoken(since=since)) == ANSWER
    assert not speaker.journal.of(SoundCut, since=since)


async def test_a_speaker_that_refuses_three_times() -> None:
    async with WholeSystem(answer=ANSWER, home=home()) as system:
        system.simulator.home.speaker("living_room").be_busy(calls=3, only=frozenset({RequestKind.SPEAK}))
        await heard_whole(system)
        assert "retrying" in {speech.phase for speech in system.watcher.of(Speech)}


@pytest.mark.parametrize("new_speech", list(NewSpeech))
async def test_what_a_new_text_does_to_the_old_does_not_matter(new_speech: NewSpeech) -> None:
    async with WholeSystem(answer=ANSWER, home=home(new_speech=new_speech.value)) as system:
        await heard_whole(system)


async def test_status_that_comes_late() -> None:
    async with WholeSystem(answer=ANSWER, home=home(status_lag_s=1.5)) as system:
        for number in range(2):
            await heard_whole(system, f"{QUESTION}，{number}")


async def test_a_token_that_expires_in_the_middle_costs_one_login_and_no_word() -> None:
    async with WholeSystem(answer=ANSWER, home=home()) as system:
        speaker = system.simulator.home.speaker("living_room")
        requests = system.simulator.home.requests
        before = requests.count(RequestKind.SERVICE_LOGIN)
        since = time.monotonic()
        speaker.say(QUESTION, NATIVE)
        await speaker.until(lambda journal: journal.of(SoundStarted, since=since))
        system.simulator.home.account().expire_service_tokens()
        assert (await system.watcher.closed(QUESTION)).phase == "done"
        assert "".join(speaker.journal.spoken(since=since)) == ANSWER
        await heard_whole(system, f"{QUESTION}，之后")
        assert requests.count(RequestKind.SERVICE_LOGIN) - before == 1
        assert requests.count(RequestKind.PASSWORD) == 1


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.NULLS, Fault.NO_RECORDS])
async def test_malformed_transcripts_do_not_end_hearing(fault: Fault) -> None:
    async with WholeSystem(answer=ANSWER, home=home()) as system:
        system.simulator.home.faults.script(fault, kind=RequestKind.CONVERSATION, count=5)
        await heard_whole(system)


async def test_a_captcha_is_a_state_not_a_crash() -> None:
    async with WholeSystem(answer=ANSWER, home=home()) as system:
        account = system.simulator.home.account()
        account.configure(needs_captcha=True)
        account.expire_service_tokens()
        account.expire_pass_tokens()
        await system.watcher.until(
            lambda: any(state.needs_captcha for state in system.watcher.of(Account)), 30, "the captcha state"
        )
        state = next(state for state in system.watcher.of(Account) if state.needs_captcha)
        assert not state.ok
        assert state.reason
        passwords = system.simulator.home.requests.count(RequestKind.PASSWORD)
        assert passwords <= 2, "one at the start and one that met the captcha"
        for service in system.services:
            assert service._process is not None
            assert service._process.returncode is None, service.tail()


async def test_many_turns_with_random_faults_lose_nothing() -> None:
    settings = {"seconds_per_char": 0.1, "publish_delay_s": 0.3, "native_delay_s": 0.3}
    speakers = tuple(SimulatedSpeaker(slug=f"s{n}", name=f"小爱{n}", settings=settings) for n in range(4))
    async with WholeSystem(answer=ANSWER, home=SimulatedHome(latency_s=0.02, speakers=speakers)) as system:
        system.simulator.home.configure_faults(busy=0.05, http_500=0.02, expired=0.01)

        async def talk(slug: str) -> None:
            speaker = system.simulator.home.speaker(slug)
            for number in range(5):
                since = time.monotonic()
                question = f"{QUESTION}，{slug}第{number}次"
                speaker.say(question, NATIVE)
                await system.watcher.closed(question, 60)
                assert "".join(speaker.journal.spoken(since=since)) == ANSWER, question

        async with asyncio.TaskGroup() as talking:
            for speaker in speakers:
                talking.create_task(talk(speaker.slug))
        assert system.simulator.home.requests.count(RequestKind.PASSWORD) == 1
