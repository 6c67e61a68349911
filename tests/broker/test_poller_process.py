"""The poller as processes: from a configuration file, killed, and replaced by another."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio

from migpt_cli.broker import PrivateBroker
from migpt_shared.messages import Heard, HearingState, Speech
from migpt_simulator import DEFAULT_PASSWORD, RequestKind, SimulatedHome, Simulator

from .poller_bench import Witness, witness

HOME = {"household": "home", "speaker": "living_room"}


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatedHome(latency_s=0.04)) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def seen(broker: PrivateBroker, topic_prefix: str) -> AsyncIterator[Witness]:
    async with witness(broker, topic_prefix) as one:
        yield one


def config_file(folder: Path, broker: PrivateBroker, prefix: str, cloud: Simulator) -> Path:
    endpoints = "\n".join(f'{host} = "{cloud.url}"' for host in ("account", "mina", "conversation", "miot"))
    file = folder / "config.toml"
    file.write_text(
        f"""
data_dir = {json.dumps(str(folder / "data"))}
[mqtt]
url = "{broker.url}"
prefix = "{prefix}"
[households.home]
account = 1234567890
password = "{DEFAULT_PASSWORD}"
[households.home.endpoints]
{endpoints}
[households.home.speakers.living_room]
name = "客厅小爱"
""",
        encoding="utf-8",
    )
    return file


@asynccontextmanager
async def poller_process(config: Path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migpt_poller", "--config", str(config), stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_polls_once_a_second_when_it_is_quiet_and_stops_cleanly(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    async with poller_process(config_file(tmp_path, broker, topic_prefix, cloud)) as process:
        await seen.last(HearingState, lambda one: one.owner is not None and one.cursor is not None, **HOME)
        first = cloud.home.requests.count(RequestKind.CONVERSATION)
        begin = time.monotonic()
        cloud.home.speaker("living_room").say("你好", publish_delay_s=5)
        await seen.until(lambda: seen.texts() == ["你好"])
        polls = cloud.home.requests.count(RequestKind.CONVERSATION) - first
        assert polls <= time.monotonic() - begin + 2
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
    await seen.last(HearingState, lambda one: one.owner is None and one.cursor is not None, **HOME)


async def test_in_conversation_an_utterance_is_told_a_tenth_of_a_second_after_it_is_visible(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    async with poller_process(config_file(tmp_path, broker, topic_prefix, cloud)):
        await seen.last(HearingState, lambda one: one.owner is not None and one.cursor is not None, **HOME)
        seen.bus.publish(Speech(utterance="u1", text="叮", phase="speaking"), **HOME)
        await seen.last(HearingState, lambda one: one.interval_s == 0.1, **HOME)
        delays: list[float] = []
        for number in range(15):
            await asyncio.sleep(0.0137 * number)  # at any phase of the polling grid
            visible_at = time.monotonic()
            speaker.say(f"第{number}句", publish_delay_s=0)
            await seen.until(lambda expected=f"第{number}句": expected in seen.texts())  # type: ignore[misc]
            delays.append(time.monotonic() - visible_at)
    delays.sort()
    assert delays[len(delays) // 2] < 0.15  # half an interval, and one request of 0.04 s


async def test_when_a_poller_is_killed_another_goes_on_where_it_was(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    config = config_file(tmp_path, broker, topic_prefix, cloud)
    async with poller_process(config) as first:
        await seen.last(HearingState, lambda one: one.owner is not None and one.cursor is not None, **HOME)
        speaker.say("一", publish_delay_s=0)
        await seen.until(lambda: seen.texts() == ["一"])
        async with poller_process(config):
            former = seen.all(HearingState)[-1].owner
            first.kill()
            await first.wait()
            speaker.say("二", publish_delay_s=0)
            await seen.until(lambda: seen.texts() == ["一", "二"], timeout_s=20)
            assert seen.all(HearingState)[-1].owner not in (None, former)
    assert len({heard.id for heard in seen.all(Heard)}) == 2


async def test_a_configuration_that_is_wrong_ends_it_with_words(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[households.all]\naccount = 1\n[hearing]\nhot_interval_s = 9\nhott = 1\n")
    async with poller_process(config) as process:
        _, errors = await process.communicate()
    assert process.returncode == 2
    for problem in ("reserved", "hot_interval_s", "hott"):
        assert problem in errors.decode()
