"""A Home Assistant to test with, any: HA_URL, HA_TOKEN, MQTT_HOST and MQTT_PORT say where it and its broker are."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from filelock import FileLock

from tests.home_assistant.ha_client import HomeAssistant, Surroundings

_MISSING = "no Home Assistant to test with: HA_URL, HA_TOKEN, MQTT_HOST and MQTT_PORT say where one is"
_NO_CONTROL = "HA_CONTROL names no command that restarts Home Assistant and its broker"


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Surroundings]:
    """Where Home Assistant is. There is one only: modules that run side by side take turns."""
    found = Surroundings.from_environment()
    if found is None:
        pytest.skip(_MISSING)
    with FileLock(Path(tempfile.gettempdir()) / "migpt-test-home-assistant.lock"):
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ha(surroundings: Surroundings) -> AsyncIterator[HomeAssistant]:
    async with HomeAssistant(surroundings) as client:
        yield client


@pytest.fixture
def can_restart(surroundings: Surroundings) -> None:
    """Skips where Home Assistant and its broker cannot be restarted."""
    if surroundings.control is None:
        pytest.skip(_NO_CONTROL)
