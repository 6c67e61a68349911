"""Who comes in: the first visit, passwords, limits, other sites, WebSockets, proxies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import httpx2
import pytest
import pytest_asyncio

from tests.console.console_process import API_KEY, PASSWORD, ConsoleHouse

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html"}
#: What asks for the setup code, as from the log.
FROM_AFAR = {"X-Forwarded-For": "203.0.113.9"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[ConsoleHouse]:
    async with ConsoleHouse(replicas=("console",)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def client(house: ConsoleHouse) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=house.url, timeout=60) as one:
        yield one


async def log_in(client: httpx2.AsyncClient, password: str = PASSWORD, **headers: str) -> httpx2.Response:
    return await client.post("/enter", data={"password": password, "again": password}, headers=headers)


async def test_1_nothing_but_the_entrance_is_open(client: httpx2.AsyncClient) -> None:
    for path in ("/", "/settings", "/history/export.csv", "/anything"):
        answer = await client.get(path, headers=PAGE)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/enter?to={path}")
        assert (await client.get(path)).status_code == 401
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/metrics", headers={"Authorization": f"Bearer {API_KEY}"})).status_code == 200
    assert (await client.get("/healthz")).json()["ok"]


async def test_2_the_first_visit_sets_the_password_only_from_this_machine(
    house: ConsoleHouse, client: httpx2.AsyncClient
) -> None:
    for headers in (FROM_AFAR, {"Host": "evil.example"}):
        assert (await log_in(client, **headers)).status_code == 403
    log = (house.folder / "console-0.log").read_text(encoding="utf-8").splitlines()
    code = next(entry["code"] for entry in map(json.loads, log) if entry["event"] == "console_setup_code")
    assert (await log_in(client, "short")).status_code == 422
    wrong = await client.post("/enter", data={"password": PASSWORD, "again": "different", "code": code})
    assert wrong.status_code == 422
    done = await client.post(
        "/enter",
        data={"password": PASSWORD, "again": PASSWORD, "code": code},
        headers={"X-Forwarded-For": "203.0.113.8"},
    )
    assert done.status_code == 303
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    kept = (house.folder / "data" / "console" / "password").read_text(encoding="utf-8")
    assert kept.startswith("$argon2id$")
    assert (await client.get("/", headers=PAGE)).status_code == 200


async def test_3_other_sites_cannot_act(house: ConsoleHouse, client: httpx2.AsyncClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await log_in(client, **headers)).status_code == 403
        assert (await client.post("/leave", headers=headers)).status_code == 403
    assert (await log_in(client, Origin=house.url, **{"X-Forwarded-For": "203.0.113.7"})).status_code == 303
    answer = await client.get("/", headers=PAGE)
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_4_a_websocket_needs_a_session_and_our_origin(house: ConsoleHouse, client: httpx2.AsyncClient) -> None:
    await log_in(client, **{"X-Forwarded-For": "203.0.113.6"})
    cookie = f"migpt_session={client.cookies['migpt_session']}"
    url = f"{house.url}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Origin": house.url}, {"Cookie": cookie, "Origin": "https://evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url, headers=headers)
        async with session.ws_connect(url, headers={"Cookie": cookie, "Origin": house.url}) as socket:
            assert (await socket.receive_str()).startswith("0")
        polling = await session.post(
            f"{house.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling", headers={"Origin": house.url}
        )
        assert polling.status == 401


async def test_5_a_proxy_may_put_us_under_a_path(client: httpx2.AsyncClient) -> None:
    ingress = {**PAGE, "X-Ingress-Path": "/api/hassio_ingress/abc"}
    assert (await client.get("/", headers=ingress)).headers["location"] == "/api/hassio_ingress/abc/enter?to=/"
    assert 'action="/api/hassio_ingress/abc/enter' in (await client.get("/enter", headers=ingress)).text
    done = await log_in(client, **ingress, **{"X-Forwarded-For": "203.0.113.5"})
    assert done.headers["location"] == "/api/hassio_ingress/abc/"
    page = (await client.get("/", headers=ingress)).text
    assert "/api/hassio_ingress/abc/_nicegui" in page
    hostile = {**PAGE, "X-Forwarded-Prefix": '/"><script>alert(1)</script>'}
    assert "<script>alert" not in (await client.get("/enter", headers=hostile)).text


async def test_6_leaving_ends_the_session(client: httpx2.AsyncClient) -> None:
    await log_in(client, **{"X-Forwarded-For": "203.0.113.4"})
    token = client.cookies["migpt_session"]
    assert (await client.get("/", headers=PAGE)).status_code == 200
    assert (await client.post("/leave")).status_code == 303
    client.cookies.clear()
    answer = await client.get("/", headers={**PAGE, "Cookie": f"migpt_session={token}"})
    assert answer.status_code == 303


async def test_7_a_restart_logs_nobody_out_and_an_open_redirect_leads_nowhere(
    house: ConsoleHouse, client: httpx2.AsyncClient
) -> None:
    for to in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = await client.post(
            f"/enter?to={to}", data={"password": PASSWORD}, headers={"X-Forwarded-For": "203.0.113.3"}
        )
        assert answer.headers["location"] == "/"
    await house.service("console").kill()
    await house.service("console").start()
    await house.until_listening()
    assert (await client.get("/", headers=PAGE)).status_code == 200


async def test_8_guessing_is_slow(client: httpx2.AsyncClient) -> None:
    client.cookies.clear()
    far = {"X-Forwarded-For": "198.51.100.1"}
    codes = [(await log_in(client, "not the password", **far)).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]
    assert (await log_in(client, **far)).status_code == 429
    results = await asyncio.gather(*(log_in(client, "guess", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(60)))
    assert 429 in {result.status_code for result in results}
