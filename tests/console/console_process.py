"""The whole system with a console, and what tests need of it: a key, a password, a session, a free port."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from migpt_cli.broker import free_port
from migpt_simulator import SimulatedHome
from tests.whole_system import SERVICES, WholeSystem

API_KEY = "key-of-the-api-for-tests"
PASSWORD = "correct horse battery"


class ConsoleHouse(WholeSystem):
    """`async with ConsoleHouse() as house:` is the whole system, its console listening at `house.url`."""

    def __init__(
        self, home: SimulatedHome | None = None, *, console: str = "requests_per_minute = 5000", **options: Any
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = f'\n[console]\nport = {self.port}\napi_key = "{API_KEY}"\n{console}\n' + options.pop("settings", "")
        replicas = options.pop("replicas", (*SERVICES, "console"))
        super().__init__(home, settings=settings, replicas=replicas, **options)

    async def _start(self) -> None:
        await super()._start()
        await self.until_listening()

    async def until_listening(self, timeout_s: float = 30.0) -> None:
        """Wait until the console answers and sees the broker."""
        async with asyncio.timeout(timeout_s), httpx2.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/healthz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def models(self) -> list[str]:
        """The names that the API offers now."""
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"{self.url}/v1/models", headers={"Authorization": f"Bearer {API_KEY}"})
        return [model["id"] for model in answer.json()["data"]]

    async def until_known(self, timeout_s: float = 20.0) -> None:
        """Wait until the console knows that every speaker is served."""
        async with asyncio.timeout(timeout_s):
            while len([name for name in await self.models() if name.startswith("migpt:")]) < len(self.addresses()):
                await asyncio.sleep(0.05)
