"""How soon and how smoothly answers come: in conversation, idle, with other rates of speech and other speakers."""

from __future__ import annotations

import asyncio
import random
import time

from bench.asking import QUESTION, ask, home_of
from bench.figures import Sample, median, percentile
from bench.table import Row, all_of, at_most
from migpt_simulator import NewSpeech, RequestKind
from migpt_simulator.live import LiveSpeaker
from migpt_simulator.llm_answers import SKY
from tests.whole_system import WholeSystem

#: A conversation: the next question comes this long after the answer's end, at a random moment.
PAUSE_S = (0.5, 4.0)


async def converse(system: WholeSystem, speaker: LiveSpeaker, rounds: int, sample: Sample) -> None:
    """Questions one after the other; the first only warms up and is not counted."""
    for number in range(rounds + 1):
        figures = await ask(system, speaker, f"{QUESTION}，{speaker.slug}第{number}次")
        if number:
            sample.answers.append(figures)
        await asyncio.sleep(random.uniform(*PAUSE_S))


async def conversation(count: int, rounds: int, *, settings: str = "", **behaviour: object) -> tuple[Sample, float]:
    """Several speakers in conversation side by side. Returns the sample and the hot request rate per speaker."""
    sample = Sample()
    async with WholeSystem(home_of(count, behaviour), settings=settings) as system:
        begun = time.monotonic()
        await asyncio.gather(*(converse(system, s, rounds, sample) for s in system.simulator.home.speakers.values()))
        polls = system.simulator.home.requests.of(RequestKind.CONVERSATION, since=begun)
        rate = len(polls) / (time.monotonic() - begun) / count
    return sample, rate


async def idle(count: int, rounds: int) -> Sample:
    """Questions at idle: the hot and warm times are shortened, the idle interval is the shipped one."""
    sample = Sample()
    settings = '\n[hearing]\nhot_for_s = 0.5\nwarm_for_s = 0.5\nnight_from = "03:00"\nnight_to = "03:01"\n'
    async with WholeSystem(home_of(count), settings=settings) as system:

        async def one(speaker: LiveSpeaker) -> None:
            for number in range(rounds):
                await asyncio.sleep(random.uniform(3, 5))
                sample.answers.append(await ask(system, speaker, f"{QUESTION}，{speaker.slug}闲{number}"))

        await asyncio.gather(*(one(speaker) for speaker in system.simulator.home.speakers.values()))
    return sample


def whole(what: str, sample: Sample) -> Row:
    """Every answer was heard to its last word, none cut."""
    return all_of(what, sum(answer.text == SKY and not answer.cut for answer in sample.answers), len(sample.answers))


async def measure_conversation(share: float) -> list[Row]:
    sample, rate = await conversation(10, max(1, round(10 * share)))
    first, chunk, native = sample.of("to_first_tts_s"), sample.of("chunk_to_tts_s"), sample.of("native_heard_s")
    overhead = sample.of("overhead_s")
    count = f" ({len(first)} questions)"
    return [
        at_most("record visible → first TTS request, in conversation, median", median(first), 0.58, note=count),
        at_most("the same, p95", percentile(first, 0.95), 0.72),
        at_most("transcript requests per second while in conversation", rate, 10, "/s"),
        at_most("first chunk complete at the model → TTS request, median", median(chunk), 0.012, "ms"),
        at_most("the same, p99", percentile(chunk, 0.99), 0.040, "ms"),
        at_most("silence between two utterances, 0.20 s per character, median", median(sample.gaps()), 0.40),
        at_most("record visible → last word, minus pure speech, median", median(overhead), 1.75),
        at_most("TTS requests per answer, median", median(sample.of("tts_calls")), 3, ""),
        at_most("XiaoAI's own answer heard, in conversation, median", median(native), 0.15),
        whole("answers heard whole", sample),
    ]


async def measure_idle(share: float) -> list[Row]:
    sample = await idle(10, max(1, round(5 * share)))
    count = f" ({len(sample.answers)} questions)"
    return [
        at_most(
            "record visible → first TTS request, idle, median", median(sample.of("to_first_tts_s")), 1.05, note=count
        ),
        at_most("XiaoAI's own answer heard, idle, median", median(sample.of("native_heard_s")), 0.6),
    ]


async def measure_pacing(share: float) -> list[Row]:
    rounds = max(1, round(3 * share))
    slow, _ = await conversation(10, rounds, seconds_per_char=0.27)
    late, _ = await conversation(10, rounds, status_lag_s=1.5)
    rows = [
        at_most("silence between two utterances, 0.27 s per character, median", median(slow.gaps()), 0.40),
        at_most("the same with status 1.5 s late, median", median(late.gaps()), 0.9),
    ]
    rows.append(whole("answers heard whole, 0.27 s per character", slow))
    rows.append(whole("answers heard whole, status 1.5 s late", late))
    for new_speech in NewSpeech:
        sample, _ = await conversation(6, 1, new_speech=new_speech.value)
        rows.append(whole(f"answers heard whole where a new TTS {new_speech.value} the old", sample))
    return rows
