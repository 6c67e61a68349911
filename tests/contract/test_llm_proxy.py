"""Proxies: the one in the settings is really used, the environment's never for this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from migpt_brain.llm import FailureKind
from migpt_brain.llm.answers import Answers
from migpt_simulator.llm import LlmServer
from tests.contract.llm_asking import ask, script, settings

QUICK = {"first_token_s": 0.02, "tokens_per_s": 2000.0}


class ForwardProxy:
    """A plain HTTP proxy that goes only to loopback, and notes the requests made through it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        self.seen.append(f"{method.decode()} {target.decode()}")
        host, _, port = target.removeprefix(b"http://").partition(b"/")[0].partition(b":")
        if host != b"127.0.0.1":
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        up_reader, up_writer = await asyncio.open_connection(host.decode(), int(port))
        up_writer.write(head)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, up_writer))
                both.create_task(_copy(up_reader, writer))
        finally:
            writer.close()
            up_writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()


@asynccontextmanager
async def forward_proxy() -> AsyncIterator[ForwardProxy]:
    proxy = ForwardProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy


@pytest.fixture
def _dead_proxy_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


async def test_the_proxy_of_the_settings_is_used() -> None:
    async with LlmServer() as server, forward_proxy() as proxy:
        script(server, **QUICK)
        async with Answers(settings(server, proxy=proxy.url)) as answers:
            assert (await ask(answers)).text
        assert proxy.seen == [f"POST {server.base_url}/chat/completions"]


async def test_a_dead_proxy_of_the_settings_is_not_gone_around() -> None:
    async with LlmServer() as server:
        async with Answers(settings(server, proxy="http://127.0.0.1:9")) as answers:
            failure = (await ask(answers)).failure
        assert failure is not None
        assert failure.kind is FailureKind.UNREACHABLE
        assert not server.journal.entries


@pytest.mark.usefixtures("_dead_proxy_in_environment")
@pytest.mark.parametrize("proxy", ["", "none"])
async def test_proxy_variables_do_not_apply_to_this_machine(proxy: str) -> None:
    async with LlmServer() as server, Answers(settings(server, proxy=proxy)) as answers:
        script(server, **QUICK)
        assert (await ask(answers)).text


async def test_proxy_variables_apply_to_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LlmServer() as server, forward_proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        chosen = settings(server)
        elsewhere = chosen.presets["a"].model_copy(update={"base_url": "http://llm.invalid:1/v1"})
        async with Answers(chosen.model_copy(update={"presets": {"a": elsewhere}})) as answers:
            failure = (await ask(answers)).failure
        assert failure is not None
        assert failure.kind is FailureKind.SERVER_ERROR
        assert proxy.seen[0] == "POST http://llm.invalid:1/v1/chat/completions"
