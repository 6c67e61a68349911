"""The intent model in the brain: how long a decision takes, and what learning from 500 corrections costs those who talk
meanwhile."""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from bench.asking import home_of
from bench.figures import median
from bench.table import Row, at_most
from migpt_brain.corrections import Correction, Corrections
from migpt_brain.intent.corpus import Utterance, load_corpus
from migpt_brain.intent_builder import ChildBuilder
from migpt_brain.routing import Router, RoutingContext
from migpt_shared.messages import Address, BrainState, Heard, new_id
from migpt_shared.settings import LlmSettings, RoutingSettings
from tests.whole_system import WholeSystem

_CORRECTIONS = 500
#: Turns before the learning begins: about as many as there is time for meanwhile.
_USUAL = 300
_HOME = Address("home", "s0")
_RETRAINED_WITHIN_S = 120.0


async def measure_intent(share: float) -> list[Row]:
    """Decisions in this process, then learning beside a running brain."""
    utterances = random.Random(1).sample(list(load_corpus().utterances()), max(500, round(5000 * share)))
    corrections = _labels(utterances)
    with tempfile.TemporaryDirectory() as folder:
        builder = ChildBuilder(Path(folder))
        model = (await builder.build(())).model
        router = Router.of(RoutingSettings(), LlmSettings(), model)
        times = [_decision_s(router, utterance.text) for utterance in utterances]
        began, worked_s = time.perf_counter(), _children_s()
        await builder.build(corrections)
        retrained_s, worked_s = time.perf_counter() - began, _children_s() - worked_s
    p99 = _high(times, 0.99)
    return [
        Row("decision on an utterance, median", f"{median(times) * 1e3:.2f} ms", "≤ 1 ms", median(times) <= 0.001),
        Row("decision on an utterance, p99", f"{p99 * 1e3:.2f} ms", "≤ 5 ms", p99 <= 0.005),
        at_most(f"learning {_CORRECTIONS} corrections", retrained_s, 5.0, note=f" ({worked_s:.1f} s of processor)"),
        *await _beside_a_brain(corrections),
    ]


def _labels(utterances: list[Utterance]) -> list[Correction]:
    """As many corrections as a household may give in years."""
    return [
        Correction(new_id(), number, "home", "s0", one.text, "llm" if one.template.label == "llm" else "native")
        for number, one in enumerate(utterances[:_CORRECTIONS])
    ]


def _decision_s(router: Router, text: str) -> float:
    context = RoutingContext(mode="auto", ai_on=True, home_connected=True, follows_answer=True)
    began = time.perf_counter()
    router.route(text, context)
    return time.perf_counter() - began


async def _beside_a_brain(corrections: list[Correction]) -> list[Row]:
    """How much later turns are accepted while the brain reads corrections, has them learnt and takes the model over."""
    async with WholeSystem(home_of(1), mode="auto") as system:
        await system.watcher.until(lambda: _learnt(system) is not None, _RETRAINED_WITHIN_S, "the intent model")
        usual = [await _accepted_s(system) for _ in range(_USUAL)]
        async with Corrections(Corrections.default_url(system.folder / "data")) as store:
            for correction in corrections:
                await store.keep(correction)
        meanwhile: list[float] = []
        began = time.monotonic()
        while _learnt(system) != len(corrections) and time.monotonic() - began < _RETRAINED_WITHIN_S:
            meanwhile.append(await _accepted_s(system))
        rss_mb = system.service("brain").rss_mb()
    later = _high(meanwhile, 0.95) - _high(usual, 0.95)
    note = f" ({len(meanwhile)} turns; worst {max(meanwhile) * 1e3:.0f} against {max(usual) * 1e3:.0f} ms)"
    return [
        at_most("turns while the brain learns later than before, p95", later, 0.02, "ms", note),
        at_most("resident memory, brain, after learning", rss_mb, 200.0, "MB"),
    ]


def _learnt(system: WholeSystem) -> int | None:
    state = system.watcher.latest.get((BrainState, (_HOME.household, _HOME.speaker)))
    return state.model.corrections if isinstance(state, BrainState) and state.model else None


async def _accepted_s(system: WholeSystem) -> float:
    """From an utterance on the bus to its turn on the bus, seconds."""
    await asyncio.sleep(0.02)
    turn = new_id()
    text = f"播放{turn}"
    began = time.perf_counter()
    heard = Heard(turn=turn, text=text, native_answer="好的", native_type="TTS", source="console")
    system.publish(heard, _HOME.speaker, _HOME.household)
    await system.watcher.until(lambda: system.watcher.turns(text), what="the turn")
    return time.perf_counter() - began


def _children_s() -> float:
    """Processor time of the child processes that have ended, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _high(values: list[float], share: float) -> float:
    return sorted(values)[round(share * (len(values) - 1))]
