"""What the services cost: memory, processor, and how much sooner the first word comes."""

from __future__ import annotations

import asyncio

from bench.asking import QUESTION, ask, home_of
from bench.figures import median
from bench.table import Row, at_most
from migpt_shared.messages import Turn
from migpt_simulator import RequestKind
from tests.whole_system import WholeSystem

_BARS_MB = {"poller": 60.0, "speaker": 60.0, "brain": 200.0}


async def measure_resources(share: float) -> list[Row]:
    """Memory and processor of the services with two idle speakers."""
    settings = "\n[hearing]\nhot_for_s = 0.5\nwarm_for_s = 0.5\n"
    seconds = max(5.0, 60.0 * share)
    async with WholeSystem(home_of(2), settings=settings) as system:
        await asyncio.sleep(5)
        before = {service.name: service.cpu_s() for service in system.services}
        polls = system.simulator.home.requests.count(RequestKind.CONVERSATION)
        await asyncio.sleep(seconds)
        used = sum(service.cpu_s() - before[service.name] for service in system.services)
        polls = system.simulator.home.requests.count(RequestKind.CONVERSATION) - polls
        rows = [
            at_most(f"resident memory, {service.name}, idle", service.rss_mb(), _BARS_MB[service.name], "MB")
            for service in system.services
        ]
    rows.append(at_most("processor, all three idle", 100 * used / seconds, 2.0, "% of a core"))
    rows.append(at_most("transcript requests per second and speaker, idle", polls / seconds / 2, 1.0, "/s"))
    return rows


async def measure_first_word(share: float) -> list[Row]:
    """From `accepted` to the first TTS request: speaking while the model writes, against the whole answer at once."""
    times: dict[bool, list[float]] = {}
    for streaming in (True, False):
        section = f"streaming = {str(streaming).lower()}"
        async with WholeSystem(home_of(5), llm_section=section) as system:
            speakers = list(system.simulator.home.speakers.values())
            for number in range(max(1, round(2 * share))):
                questions = [f"{QUESTION}，{speaker.slug}首句{number}" for speaker in speakers]
                await asyncio.gather(*(ask(system, *pair) for pair in zip(speakers, questions, strict=True)))
            closed = [turn for turn in system.watcher.of(Turn) if not turn.is_open]
            times[streaming] = [turn.spans_ms["first_requested"] for turn in closed]
    sooner = 100 * (1 - median(times[True]) / median(times[False]))
    shown = f"{sooner:.0f} % ({median(times[True]):.0f} against {median(times[False]):.0f} ms)"
    return [Row("first TTS request sooner than with the whole answer at once", shown, "≥ 80 %", sooner >= 80)]
