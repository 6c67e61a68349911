"""A device that its user deletes in a real Home Assistant."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.home_assistant.ha_client import HomeAssistant, HomeAssistantError
from tests.home_assistant.household import Household, home, household, publish, retained, speaker

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: One that Home Assistant has never seen: it fails to delete a device whose triggers came, went and came again
#: (seen with 2026.11: a TypeError in its device_trigger.py).
NEW = f"room_{secrets.token_hex(4)}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha, simulated=home(speaker(NEW, "客房小爱"))) as running:
        yield running


async def delete(ha: HomeAssistant, device: dict[str, object]) -> None:
    """As its user does on the device's page."""
    try:
        await ha.ws({"type": "config/device_registry/remove", "device_id": device["id"]})
    except HomeAssistantError:  # the older name of the command
        entries = device["config_entries"]
        assert isinstance(entries, list)
        command = {"type": "config/device_registry/remove_config_entry", "config_entry_id": entries[0]}
        await ha.ws({**command, "device_id": device["id"]})


async def test_it_stays_away_until_home_assistant_starts_anew(ha: HomeAssistant, house: Household) -> None:
    url, identity = ha.surroundings.broker_url, house.device(NEW)
    device = await ha.device(identity)
    assert device is not None
    await delete(ha, device)
    await asyncio.sleep(5)
    assert await ha.device(identity) is None
    assert not await retained(url, f"homeassistant/device/{identity}/config")
    await publish(url, "homeassistant/status", "online")
    await ha.until_state(house.entity("binary_sensor.online", NEW), "on", 20)
