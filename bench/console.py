"""The console's weight and speed: memory, start, and how soon an event on the broker stands on a page.

    .venv/bin/python -m bench.console

Needs Chromium for the last. Ends with 1 when a bar is missed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

import httpx2

from migpt_shared.messages import Turn
from tests.console.browsing import CHROMIUM, Visit, chromium, visit
from tests.console.console_process import ConsoleHouse

STARTS = 5
EVENTS = 60
BURST_S = 60.0
TURNS_PER_S = 50

BARS = {"start_s": 1.6, "rss_mb": 140.0, "rss_after_burst_mb": 140.0, "live_s": 1.5, "event_to_page_p50_ms": 150.0}

#: Notes when a card is there, by the page's own clock.
_WATCH = """() => { window.seen = {}; new MutationObserver(() => {
  for (const card of document.querySelectorAll('[data-turn]')) window.seen[card.dataset.turn] ??= Date.now();
}).observe(document.body, {subtree: true, childList: true, attributes: true}); }"""


def _turn(number: int) -> Turn:
    return Turn(
        turn=f"01BENCH{number:06}",
        text=f"第 {number} 个问题",
        route="llm",
        reason="bench",
        phase="done",
        owner="brain/bench",
        reply_so_far="一个不长不短的回答。",
        complete=True,
    )


async def _start(house: ConsoleHouse) -> float:
    """Seconds from the start of the process to the first answer with status 200."""
    began = time.monotonic()
    await house.service("console").start()
    async with httpx2.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{house.url}/enter")).status_code == 200:
                    return time.monotonic() - began
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.005)


async def _events(house: ConsoleHouse, guest: Visit) -> float:
    """Median time from publishing to the card on the page, ms."""
    await guest.page.evaluate(_WATCH)
    published: dict[str, float] = {}
    for number in range(EVENTS):
        turn = _turn(number)
        published[turn.turn] = time.time() * 1000
        house.publish(turn)
        await asyncio.sleep(0.25)
    seen = await guest.page.evaluate("() => window.seen")
    missing = [turn for turn in published if turn not in seen]
    if missing:
        raise RuntimeError(f"{len(missing)} turns never came to the page")
    return float(statistics.median(seen[turn] - at for turn, at in published.items()))


async def _burst(house: ConsoleHouse) -> None:
    """Fifty turns a second for a minute."""
    began = time.monotonic()
    number = EVENTS
    while time.monotonic() - began < BURST_S:
        for _ in range(TURNS_PER_S // 10):
            house.publish(_turn(number))
            number += 1
        await asyncio.sleep(0.1)


async def _measure() -> dict[str, float]:
    figures: dict[str, float] = {}
    async with ConsoleHouse(replicas=("console",)) as house:
        console = house.service("console")
        starts = []
        for _ in range(STARTS):
            await console.stop()
            starts.append(await _start(house))
        figures["start_s"] = statistics.median(starts)
        await house.until_listening()
        if not CHROMIUM:
            figures["rss_mb"] = console.rss_mb()
            return figures
        async with chromium() as browser, visit(browser, house) as guest:
            began = time.monotonic()
            await guest.go("/")
            figures["live_s"] = time.monotonic() - began
            for path in ("/speakers", "/history", "/health", "/settings", "/"):
                await guest.go(path)
            figures["rss_mb"] = console.rss_mb()
            figures["event_to_page_p50_ms"] = await _events(house, guest)
            await _burst(house)
            await asyncio.sleep(2)
            figures["cards_after_burst"] = await guest.page.locator(".turn").count()
            figures["rss_after_burst_mb"] = console.rss_mb()
    return figures


def main() -> None:
    """Measure, print, judge."""
    figures = asyncio.run(_measure())
    is_good = True
    for name, value in figures.items():
        bar = BARS.get(name)
        verdict = "" if bar is None else f"  (bar {bar:g}{'' if value <= bar else ', MISSED'})"
        is_good = is_good and (bar is None or value <= bar)
        print(f"{name:24} {value:8.2f}{verdict}")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
