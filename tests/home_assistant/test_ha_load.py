"""Ten speakers beside a real Home Assistant: all of them appear without a complaint, and no change of state is lost."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, household
from tests.home_assistant.many_changes import CHANGES_PER_S, SPEAKERS, ten_speakers, volumes_change, volumes_seen
from tests.home_assistant.test_ha_devices import PERSONAS, expected

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha, simulated=ten_speakers(), settings=PERSONAS, replicas=("poller", "ha_bridge")) as running:
        yield running


async def test_ten_speakers_appear_without_a_complaint(ha: HomeAssistant, house: Household) -> None:
    entities = await ha.entities()
    assert await ha.troubles(house.began_at) == []
    for address in house.addresses():
        assert expected(house.device(address.speaker)) <= entities.keys()


async def test_a_hundred_changes_a_second_are_all_seen(ha: HomeAssistant, house: Household) -> None:
    began = time.time()
    async with volumes_seen(ha, house) as seen:
        sent = await volumes_change(house, seconds=5)
        await seen.until_complete(list(sent))
    assert len(sent) == 5 * CHANGES_PER_S
    assert len({unit for unit, _ in sent}) == SPEAKERS
    assert seen.missing(list(sent)) == []
    assert await ha.troubles(began) == []
