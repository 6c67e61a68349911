"""A whole system with a console, and a browser, for each file of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.console.browsing import Visit, chromium, visit
from tests.console.console_process import ConsoleHouse

ANSWER = "天空是蓝色的。因为阳光被散射了。晚上就看不见了。"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[ConsoleHouse]:
    async with ConsoleHouse(answer=ANSWER) as running:
        await running.until_known()
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def guest(browser: Browser, house: ConsoleHouse) -> AsyncIterator[Visit]:
    async with visit(browser, house) as one:
        yield one
