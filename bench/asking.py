"""People who ask the simulated speakers."""

from __future__ import annotations

import random
import time

from bench.figures import AnswerFigures, figures_of
from migpt_simulator import NativeAnswer, SimulatedAccount, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import Journal, RecordVisible, SoundCut, SoundEnded, SoundStarted
from migpt_simulator.live import LiveSpeaker
from tests.whole_system import WholeSystem

#: The model's answer to everything that contains it: six sentences, about 160 characters.
QUESTION = "为什么天是蓝的"
#: XiaoAI's own answer sounds for 4 s if nobody silences it.
NATIVE = NativeAnswer(text="这个问题我还不太会", duration_s=4.0)


def home_of(count: int, behaviour: dict[str, object] | None = None, *, accounts: int = 1) -> SimulatedHome:
    """Equal speakers of that behaviour, spread over so many accounts."""
    names = [f"123456789{n}" for n in range(accounts)]
    return SimulatedHome(
        accounts=tuple(SimulatedAccount(account=name) for name in names),
        speakers=tuple(
            SimulatedSpeaker(
                slug=f"s{n}",
                name=f"小爱{n}",
                hardware="LX06",
                account=names[n % accounts],
                settings=behaviour or {},
            )
            for n in range(count)
        ),
        seed=random.randrange(1 << 30),
    )


def say(speaker: LiveSpeaker, question: str) -> None:
    """A person asks; XiaoAI begins its own answer when the record becomes visible, one second later."""
    speaker.say(question, NATIVE, publish_delay_s=1.0, native_delay_s=1.0)


async def ask(system: WholeSystem, speaker: LiveSpeaker, question: str) -> AnswerFigures:
    """Ask, wait until the turn is closed, and read the figures. Every question must be asked in words of its own."""
    since = time.monotonic()
    say(speaker, question)
    await system.watcher.closed(question, 90)
    await speaker.until(lambda journal: journal.of(SoundEnded, since=since), 5)
    return figures_of(system.simulator, speaker, question, since)


async def sounds(speaker: LiveSpeaker, since: float, timeout_s: float = 20) -> None:
    """Wait until speech of ours is heard."""
    await speaker.until(lambda journal: journal.of(SoundStarted, since=since), timeout_s)


async def visible_at(speaker: LiveSpeaker, text: str, since: float) -> float:
    """When the record of something said after `since` became visible; waits for it."""

    def records(journal: Journal) -> list[RecordVisible]:
        return [event for event in journal.of(RecordVisible, since=since) if event.text == text]

    return records(await speaker.until(records, 10))[0].at


async def cut_after(speaker: LiveSpeaker, since: float) -> None:
    """Wait until speech of ours is cut."""
    await speaker.until(lambda journal: journal.of(SoundCut, since=since), 5)
