"""A simulated home and the clouds of the processes that serve it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from migpt_shared.xiaomi import Credentials, Device, Endpoints, TokenStore, XiaomiCloud
from migpt_shared.xiaomi.tokens import Tokens
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, LiveAccount, RequestKind, SimulatedHome, Simulator

BY_PASSWORD = Credentials(DEFAULT_ACCOUNT, SecretStr(DEFAULT_PASSWORD))


async def until(is_reached: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Waits for something that announces itself nowhere. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not is_reached():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def simulated(home: SimulatedHome) -> AsyncIterator[Simulator]:
    """A simulator that takes along what it still does for clients that went away: aiohttp's server forgets those."""
    before = asyncio.all_tasks()
    async with Simulator(home) as simulator:
        yield simulator
    left = [task for task in asyncio.all_tasks() - before if "RequestHandler" in repr(task.get_coro())]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class Household:
    """`now` is the clock of its clouds in Unix seconds, for tests to turn."""

    def __init__(self, simulator: Simulator, token_file: Path) -> None:
        self.sim = simulator
        self.store = TokenStore(token_file)
        self.now = 1_800_000_000.0

    @property
    def account(self) -> LiveAccount:
        return self.sim.home.account()

    @property
    def passwords_sent(self) -> int:
        return self.count(RequestKind.PASSWORD)

    @property
    def stored(self) -> Tokens:
        tokens = self.store.load()
        assert tokens is not None
        return tokens

    def count(self, kind: RequestKind) -> int:
        return self.sim.home.requests.count(kind)

    @asynccontextmanager
    async def cloud(self, credentials: Credentials = BY_PASSWORD, timeout_s: float = 5.0) -> AsyncIterator[XiaomiCloud]:
        """A cloud as another process would have it."""
        url = self.sim.url
        cloud = XiaomiCloud(
            credentials,
            TokenStore(self.store.path),
            Endpoints(url, url, url, url),
            timeout_s=timeout_s,
            clock=lambda: self.now,
        )
        async with cloud:
            yield cloud

    def device(self, slug: str) -> Device:
        """A speaker as the cloud lists it."""
        spec = self.sim.home.speaker(slug).spec
        return Device(
            device_id=spec.device_id,
            miot_did=spec.miot_did,
            name=spec.name,
            alias=spec.alias,
            hardware=spec.hardware,
            serial_number=spec.serial_number,
            is_online=True,
            rom=spec.rom,
            capabilities=frozenset(),
        )
