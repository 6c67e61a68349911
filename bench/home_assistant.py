"""Measures the bridge beside a real Home Assistant: `python -m bench.home_assistant [--share 0.1] [--write]`.

HA_URL, HA_TOKEN, MQTT_HOST and MQTT_PORT say where Home Assistant and its broker are. Everything else runs here: ten
simulated speakers, 10 ms per cloud request, all services as processes.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bench.table import Row, all_of, at_most, merged, table
from migpt_shared.messages import Command, Say, SetVolume, SpeechState
from migpt_simulator.journal import Event, SpeechAccepted, VolumeSet
from migpt_simulator.live import LiveSpeaker
from tests.home_assistant.ha_client import HomeAssistant, Surroundings
from tests.home_assistant.household import BRIDGED, Household, clean, household
from tests.home_assistant.many_changes import CHANGES_PER_S, ten_speakers, volumes_change, volumes_seen
from tests.home_assistant.test_ha_devices import expected
from tests.whole_system import SERVICES, ServiceProcess

RESULTS = Path(__file__).parent / "home_assistant.md"
_BURST_S = 5
_UNIT = "room_0"
_LOOK_AGAIN_S = 0.05
E = TypeVar("E", bound=Event)


@asynccontextmanager
async def without_bridge(ha: HomeAssistant) -> AsyncIterator[tuple[Household, ServiceProcess]]:
    """Ten speakers that Home Assistant does not know yet, and the bridge that is to tell it."""
    await clean(ha.surroundings.broker_url)
    section = f'url = "{ha.surroundings.url}"\ntoken = "{ha.surroundings.token}"\n'
    async with Household(ha.surroundings, ten_speakers(), section=section, replicas=SERVICES) as house:
        bridge = ServiceProcess("ha_bridge", house.config, house.folder / "ha_bridge.log")
        house.services.append(bridge)
        yield house, bridge
    await clean(ha.surroundings.broker_url)


async def measure_discovery(ha: HomeAssistant, share: float) -> list[Row]:
    """From the bridge's coming online to the last entity in Home Assistant's registry."""
    async with without_bridge(ha) as (house, bridge):
        wanted = set().union(*(expected(house.device(address.speaker)) for address in house.addresses()))
        wanted = {unique for unique in wanted if not unique.endswith("_persona")}
        assert wanted.isdisjoint(await ha.entities()), "Home Assistant has taken leave of an earlier run"
        began_at = time.time()
        await bridge.start()
        await house.watcher.until(house.bridges, 30, "the bridge to be online")
        began = time.monotonic()
        while True:
            if wanted <= (await ha.entities()).keys():
                break
            await asyncio.sleep(_LOOK_AGAIN_S)
        took_s = time.monotonic() - began
        await ha.until_state(house.entity("switch.ai", "room_9"), "on")
        await ha.until_state("binary_sensor.xiaoai_bridge_home_home_connected", "on")
        troubles = await ha.troubles(began_at)
        memory = bridge.rss_mb()
    return [
        at_most(f"ten speakers, {len(wanted)} entities in the registry, from the bridge's coming online", took_s, 3),
        Row("complaints in Home Assistant's log meanwhile", str(len(troubles)), "0", not troubles, is_count=True),
        at_most("resident memory of the bridge, ten speakers, both directions", memory, 60, "MB"),
    ]


async def measure_commands(ha: HomeAssistant, share: float) -> list[Row]:
    """From the message that Home Assistant publishes to what happens at the speaker."""
    volumes: list[float] = []
    speeches: list[float] = []
    async with household(ha, simulated=ten_speakers(), replicas=BRIDGED) as house:
        room = house.simulator.home.speaker(_UNIT)
        for number in range(max(3, round(30 * share))):
            since = time.monotonic()
            volume = 10 + number
            await ha.call("number.set_value", entity_id=house.entity("number.volume", _UNIT), value=volume)
            volumes.append((await event_of(room, VolumeSet, since)).at - await arrived(house, SetVolume, since))
            since = time.monotonic()
            await ha.call("notify.send_message", entity_id=house.entity("notify.say", _UNIT), message=f"第{number}次")
            speeches.append((await event_of(room, SpeechAccepted, since)).at - await arrived(house, Say, since))
            await ha.until_state(house.entity("binary_sensor.speaking", _UNIT), "off", 30)
    times = f" ({len(volumes)} times)"
    return [
        at_most("volume: from Home Assistant's message to the speaker, median", median(volumes), 0.1, "ms", times),
        at_most("announcement: from Home Assistant's message to the speaker, median", median(speeches), 0.1, "ms"),
    ]


async def measure_states(ha: HomeAssistant, share: float) -> list[Row]:
    """From a service's message to Home Assistant's own event of the change; one at a time, then very many."""
    calm_s, burst_s = max(2.0, 10 * share), max(1.0, _BURST_S * share)
    async with household(ha, simulated=ten_speakers(), replicas=("poller", "ha_bridge")) as house:
        async with volumes_seen(ha, house) as seen:
            calm = await volumes_change(house, seconds=calm_s, per_s=10)
            await seen.until_complete(list(calm))
        for address in house.addresses():
            house.publish(SpeechState(owner="speaker/test", volume=100), address.speaker)
        await ha.until_state(house.entity("number.volume", "room_9"), "100")
        async with volumes_seen(ha, house) as burst_seen:
            burst = await volumes_change(house, seconds=burst_s)
            await burst_seen.until_complete(list(burst))
    delays = [seen.at[change] - at for change, at in calm.items() if change in seen.at]
    found = len(burst) - len(burst_seen.missing(list(burst)))
    return [
        at_most("change of state → Home Assistant, median", median(delays), 0.15, "ms", f" ({len(delays)} changes)"),
        all_of(f"changes seen, {CHANGES_PER_S} a second for {burst_s:g} s", found, len(burst)),
    ]


async def arrived(house: Household, kind: type[Command], since: float) -> float:
    """When the command was on the broker, monotonic seconds."""

    def times() -> list[float]:
        return [
            one.arrived for one in house.watcher.deliveries if isinstance(one.message, kind) and one.arrived > since
        ]

    await house.watcher.until(times, what=kind.__name__)
    return times()[0]


async def event_of(room: LiveSpeaker, kind: type[E], since: float) -> E:
    """What happened at the speaker."""
    await room.until(lambda journal: journal.of(kind, since=since))
    return room.journal.of(kind, since=since)[0]


def median(values: list[float]) -> float:
    return statistics.median(values)


SCENARIOS = {"discovery": measure_discovery, "commands": measure_commands, "states": measure_states}


async def main() -> int:
    """Exit status 2 where there is no Home Assistant; 1 with --strict when something did not succeed every time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="part of the full number of repetitions, 0 to 1")
    parser.add_argument("--only", nargs="*", choices=list(SCENARIOS), help="these scenarios")
    parser.add_argument("--write", action="store_true", help=f"put the rows into {RESULTS.name}")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a count is not whole")
    arguments = parser.parse_args()
    surroundings = Surroundings.from_environment()
    if surroundings is None:
        print("HA_URL, HA_TOKEN, MQTT_HOST and MQTT_PORT must say where a Home Assistant is", file=sys.stderr)
        return 2
    rows: list[Row] = []
    async with HomeAssistant(surroundings) as ha:
        for name in arguments.only or SCENARIOS:
            print(f"… {name}", flush=True)
            measured = await SCENARIOS[name](ha, arguments.share)
            print(table(measured), flush=True)
            rows += measured
    if arguments.write:
        RESULTS.write_text(merged(RESULTS.read_text("utf-8") if RESULTS.exists() else "", rows), encoding="utf-8")
    return int(arguments.strict and any(row.is_count and not row.is_met for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
