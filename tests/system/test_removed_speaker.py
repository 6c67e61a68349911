"""A speaker that is taken out of the configuration leaves nothing on the broker, whether or not anything runs then."""

from __future__ import annotations

import asyncio
import contextlib
import time

import aiomqtt
import pytest

from migpt_shared.messages import Ask, HearingState
from migpt_simulator import SimulatedHome, SimulatedSpeaker
from tests.whole_system import SERVICES, WholeSystem


def two_speakers() -> SimulatedHome:
    quick = {"seconds_per_char": 0.03}
    return SimulatedHome(
        latency_s=0.01,
        speakers=tuple(
            SimulatedSpeaker(slug=slug, name=slug, hardware="LX06", settings=quick) for slug in ("bedroom", "kitchen")
        ),
    )


async def kept(system: WholeSystem, *filters: str) -> set[str]:
    """The topics that the broker keeps."""
    found = set()
    async with aiomqtt.Client("127.0.0.1", system.broker.port) as client:
        for one in filters:
            await client.subscribe(one, qos=1)
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.5):
                    message = await anext(client.messages)
                found |= {message.topic.value} if message.retain else set()
    return found


def remove(system: WholeSystem, slug: str) -> None:
    lines = system.config.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"[households.home.speakers.{slug}]")
    system.config.write_text("\n".join(lines[:start] + lines[start + 2 :]), encoding="utf-8")


@pytest.mark.parametrize("is_running", [True, False], ids=["while running", "while stopped"])
async def test_a_removed_speaker_leaves_nothing(is_running: bool) -> None:
    bridged = (*SERVICES, "ha_bridge")
    async with WholeSystem(two_speakers(), settings="\n[home_assistant]\n", replicas=bridged) as system:
        system.publish(Ask(text="你好"), "kitchen")
        await system.watcher.closed("你好")
        before = await kept(system, "migpt/home/kitchen/#")
        assert {"info", "turn", "availability"} <= {topic.rsplit("/", 1)[1] for topic in before}
        if not is_running:
            for service in system.services:
                await service.stop()
        remove(system, "kitchen")
        if not is_running:
            for service in system.services:
                await service.start()
        end = time.monotonic() + 60
        while (left := await kept(system, "migpt/home/kitchen/#")) and time.monotonic() < end:
            await asyncio.sleep(0.2)
        assert left == set()
        devices = {topic.split("/")[2] for topic in await kept(system, "homeassistant/device/+/config")}
        assert len(devices) == 2, "the other speaker, and the bridge"
        await system.watcher.until(
            lambda: system.owner_of(HearingState, system.addresses()[0]) is not None, what="the other to be heard"
        )
        assert await kept(system, "migpt/home/bedroom/#")
