"""What happens when people interrupt, and when the cloud or the model fails."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from bench.asking import QUESTION, ask, cut_after, home_of, say, sounds, visible_at
from bench.figures import median
from bench.table import Row, all_of, at_most
from migpt_shared.messages import Turn
from migpt_simulator import RequestKind
from migpt_simulator.journal import SoundCut, SoundEnded, SoundStarted
from migpt_simulator.live import LiveSpeaker
from migpt_simulator.llm_answers import SKY
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.whole_system import WholeSystem

_SPEAKERS = 6
#: Six short sentences, so that many turns take minutes, not an hour.
_SHORT = "蓝光的波长比较短。它到处都是。所以天空是蓝的。傍晚不一样。那时候剩下红光。这就是晚霞。"

Disturb = Callable[[WholeSystem], None]


def _silent_from(speaker: LiveSpeaker, since: float) -> float:
    """When our speech that was under way at `since` fell silent."""
    ends = [e.at for e in (*speaker.journal.of(SoundCut, since=since), *speaker.journal.of(SoundEnded, since=since))]
    return min(ends)


async def measure_interruption(share: float) -> list[Row]:
    """闭嘴, and a new question, in the middle of an answer."""
    rounds = max(1, round(3 * share))
    stops, llm_closed, old_stops, new_starts, cancelled = [], [], [], [], []

    async def speaking(system: WholeSystem, speaker: LiveSpeaker, question: str) -> None:
        since = time.monotonic()
        say(speaker, question)
        await sounds(speaker, since)
        await asyncio.sleep(random.uniform(0.3, 1.0))

    async def one(system: WholeSystem, speaker: LiveSpeaker) -> None:
        for number in range(rounds):
            first = f"{QUESTION}，{speaker.slug}打断{number}"
            await speaking(system, speaker, first)
            since = time.monotonic()
            speaker.say("闭嘴", None, publish_delay_s=0.8, native_delay_s=30)
            await system.watcher.closed(first)
            visible = await visible_at(speaker, "闭嘴", since)
            await cut_after(speaker, visible)
            stops.append(_silent_from(speaker, visible) - visible)
            entry = next(e for e in system.simulator.llm.journal.entries if e.question == first)
            if entry.outcome == "disconnected" and entry.ended is not None:
                llm_closed.append(entry.ended - visible)
            await asyncio.sleep(random.uniform(1, 2))

            old, new = f"{QUESTION}，{speaker.slug}旧{number}", f"{QUESTION}，{speaker.slug}新{number}"
            await speaking(system, speaker, old)
            since = time.monotonic()
            say(speaker, new)
            visible = await visible_at(speaker, new, since)
            await system.watcher.closed(new, 90)
            old_stops.append(_silent_from(speaker, visible) - visible)
            new_starts.append(min(e.at for e in speaker.journal.of(SoundStarted, since=visible)) - visible)
            cancelled.append(system.watcher.turns(old)[-1].phase == "cancelled")
            await asyncio.sleep(random.uniform(1, 2))

    async with WholeSystem(home_of(_SPEAKERS)) as system:
        # A long answer, so that the model is still writing when it is interrupted.
        long = (AnswerRule(match="打断", answer=SKY * 3), AnswerRule(match="旧", answer=SKY * 3))
        system.simulator.llm.control(LlmControl(answers=long))
        await asyncio.gather(*(one(system, speaker) for speaker in system.simulator.home.speakers.values()))
    return [
        at_most("闭嘴 visible → silence, median", median(stops), 0.2, note=f" ({len(stops)} times)"),
        at_most("闭嘴 visible → connection to the model closed, median", median(llm_closed), 0.2),
        at_most("new question visible → old answer silent, median", median(old_stops), 0.3),
        at_most("new question visible → new answer sounds, median", median(new_starts), 0.9),
        all_of("old answer cancelled by a new question", sum(cancelled), len(cancelled)),
    ]


async def measure_faults(share: float) -> list[Row]:
    """The cloud and the model fail; every answer must be heard all the same."""
    del share
    return [
        await _whole_answers("TTS refused three times (101/3012)", _busy_three_times),
        *await _expired_token(),
        await _whole_answers("the model answers 500 once", _llm(Behaviour(status=500))),
        await _whole_answers("the model answers 429 once", _llm(Behaviour(status=429, retry_after_s=0.5))),
        await _hanging_model(),
    ]


async def _whole_answers(what: str, disturb: Disturb) -> Row:
    good = 0

    async def one(system: WholeSystem, speaker: LiveSpeaker) -> None:
        nonlocal good
        figures = await ask(system, speaker, f"{QUESTION}，{speaker.slug}")
        good += figures.text == SKY

    async with WholeSystem(home_of(_SPEAKERS)) as system:
        disturb(system)
        await asyncio.gather(*(one(system, speaker) for speaker in system.simulator.home.speakers.values()))
    return all_of(f"{what}: answers heard whole", good, _SPEAKERS)


def _busy_three_times(system: WholeSystem) -> None:
    for speaker in system.simulator.home.speakers.values():
        speaker.be_busy(calls=3, only=frozenset({RequestKind.SPEAK}))


def _llm(behaviour: Behaviour) -> Disturb:
    def disturb(system: WholeSystem) -> None:
        system.simulator.llm.control(LlmControl(next=(behaviour,) * _SPEAKERS))

    return disturb


async def _expired_token() -> list[Row]:
    """The service token dies in the middle of an answer; another question follows."""
    good = 0

    async def one(system: WholeSystem, speaker: LiveSpeaker) -> None:
        nonlocal good
        question = f"{QUESTION}，{speaker.slug}令牌"
        since = time.monotonic()
        say(speaker, question)
        await sounds(speaker, since)
        system.simulator.home.account(speaker.spec.account).expire_service_tokens()
        await system.watcher.closed(question, 60)
        following = await ask(system, speaker, f"{QUESTION}，{speaker.slug}然后")
        good += "".join(speaker.journal.spoken(since=since)) == SKY * 2 and following.text == SKY

    async with WholeSystem(home_of(_SPEAKERS, accounts=_SPEAKERS)) as system:
        requests = system.simulator.home.requests
        before = requests.count(RequestKind.SERVICE_LOGIN)
        await asyncio.gather(*(one(system, speaker) for speaker in system.simulator.home.speakers.values()))
        logins = requests.count(RequestKind.SERVICE_LOGIN) - before
        passwords = requests.count(RequestKind.PASSWORD)
    return [
        all_of("token expires in the middle, next question: both answers heard whole", good, _SPEAKERS),
        at_most("logins per expired token", logins / _SPEAKERS, 1, ""),
        at_most("passwords sent per account", passwords / _SPEAKERS, 1, ""),
    ]


async def _hanging_model() -> Row:
    times = []

    async def one(system: WholeSystem, speaker: LiveSpeaker) -> None:
        question = f"{QUESTION}，{speaker.slug}"
        since = time.monotonic()
        say(speaker, question)
        visible = await visible_at(speaker, question, since)
        await sounds(speaker, since, 30)
        times.append(speaker.journal.of(SoundStarted, since=visible)[0].at - visible)
        await system.watcher.closed(question, 60)

    async with WholeSystem(home_of(_SPEAKERS)) as system:
        system.simulator.llm.control(LlmControl(default=Behaviour(hang_s=20.0)))
        await asyncio.gather(*(one(system, speaker) for speaker in system.simulator.home.speakers.values()))
    return at_most("the model hangs 20 s: a spoken sentence after, worst", max(times), 8)


async def measure_storm(share: float) -> list[Row]:
    """Many turns side by side while requests fail at random."""
    per_speaker = max(1, round(30 * share))
    wrong: Counter[str] = Counter()
    async with WholeSystem(home_of(10, {"seconds_per_char": 0.1}), answer=_SHORT) as system:
        system.simulator.home.configure_faults(busy=0.05, http_500=0.02, expired=0.01)

        async def one(speaker: LiveSpeaker) -> None:
            for number in range(per_speaker):
                question = f"{QUESTION}，{speaker.slug}第{number}个"
                since = time.monotonic()
                say(speaker, question)
                await system.watcher.closed(question, 90)
                heard = "".join(speaker.journal.spoken(since=since))
                if heard != _SHORT:
                    wrong["lost" if len(heard) < len(_SHORT) else "repeated or out of order"] += 1
                await asyncio.sleep(random.uniform(0.2, 1.0))

        await asyncio.gather(*(one(speaker) for speaker in system.simulator.home.speakers.values()))
        passwords = system.simulator.home.requests.count(RequestKind.PASSWORD)
        turns = len({turn.turn for turn in system.watcher.of(Turn)})
    good = 10 * per_speaker - wrong.total()
    note = f" {dict(wrong)}" if wrong else ""
    row = all_of(
        f"{turns} turns, 5 % busy, 2 % HTTP 500, 1 % expired token: heard whole and in order", good, 10 * per_speaker
    )
    return [
        replace(row, measured=row.measured + note),
        at_most("passwords sent meanwhile", passwords, 1, ""),
    ]
