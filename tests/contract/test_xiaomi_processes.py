"""Several processes share one account: the poller, the speaker service, the console."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, RequestKind, SimulatedHome
from tests.contract.xiaomi_household import Household, simulated, until

PROGRAM = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
from migpt_shared.xiaomi import Credentials, Endpoints, TokenStore, XiaomiCloud

async def main(url, path, account, password):
    credentials = Credentials(account, SecretStr(password))
    async with XiaomiCloud(credentials, TokenStore(Path(path)), Endpoints(url, url, url, url)) as cloud:
        while sys.stdin.readline():
            devices = await asyncio.gather(*(cloud.devices() for _ in range(3)))
            print("devices", len(devices[0]), cloud.account_state.ok, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def process(url: str, token_file: Path) -> AsyncIterator[Process]:
    arguments = ("-c", PROGRAM, url, str(token_file), DEFAULT_ACCOUNT, DEFAULT_PASSWORD)
    running = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def ask(running: Process) -> str:
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b"\n")
    async with asyncio.timeout(30):
        while line := (await running.stdout.readline()).decode():
            if line.startswith("devices"):
                return line.strip()
    assert running.stderr is not None
    raise AssertionError("the process ended: " + (await running.stderr.read()).decode())


async def test_three_processes_are_one_login_and_one_renewal(tmp_path: Path) -> None:
    async with simulated(SimulatedHome(latency_s=0.05)) as simulator:
        household = Household(simulator, tmp_path / "home.json")
        url, path = simulator.url, household.store.path
        async with process(url, path) as poller, process(url, path) as speaker, process(url, path) as console:
            three = (poller, speaker, console)
            assert await asyncio.gather(*(ask(one) for one in three)) == ["devices 2 True"] * 3
            logins = RequestKind.SERVICE_LOGIN, RequestKind.PASSWORD, RequestKind.STS
            assert [household.count(kind) for kind in logins] == [1, 1, 1]
            household.account.expire_service_tokens()
            assert await asyncio.gather(*(ask(one) for one in three)) == ["devices 2 True"] * 3
            assert [household.count(kind) for kind in logins] == [2, 1, 2]
            household.account.expire_service_tokens()
            household.account.expire_pass_tokens()
            assert await asyncio.gather(*(ask(one) for one in three)) == ["devices 2 True"] * 3
            assert household.passwords_sent == 2


async def test_a_process_killed_with_the_lock_in_its_hand_blocks_nobody(tmp_path: Path) -> None:
    async with simulated(SimulatedHome(latency_s=0.3)) as simulator:
        household = Household(simulator, tmp_path / "home.json")
        async with process(simulator.url, household.store.path) as first:
            asking = asyncio.create_task(ask(first))
            await until(lambda: household.count(RequestKind.SERVICE_LOGIN))
            first.kill()
            await asyncio.gather(asking, return_exceptions=True)
        simulator.home.latency_s = 0.0
        async with household.cloud() as cloud:
            assert len(await cloud.devices()) == 2
        assert household.passwords_sent == 1
