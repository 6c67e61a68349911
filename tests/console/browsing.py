"""A real browser in front of a console."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.console.console_process import PASSWORD, ConsoleHouse

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
NEEDS_CHROMIUM = pytest.mark.skipif(not CHROMIUM, reason="no Chromium (apt install chromium): pages are not tested")

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

#: A loaded machine is slow, not wrong.
expect.set_options(timeout=30_000)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser of this machine."""
    async with async_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """A page with what went wrong on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    async def enter(self) -> None:
        """Set the password, or log in with it."""
        await self.page.goto(f"{self.url}/")
        if "/enter" not in self.page.url:
            return
        await self.page.fill("input[name=password]", PASSWORD)
        if await self.page.locator("input[name=again]").count():
            await self.page.fill("input[name=again]", PASSWORD)
        await self.page.click("button[type=submit]")
        await expect(self.page.locator(".content")).to_be_visible()

    async def go(self, path: str) -> None:
        """Open a page and wait until it is live."""
        await self.page.goto(f"{self.url}{path}")
        await self.page.wait_for_function("() => window.did_handshake")
        await self.page.wait_for_load_state("networkidle")  # nothing that comes late draws a form again

    def part(self, mark: str) -> Locator:
        """The element that the console marks so."""
        return self.page.locator(f"[data-mark~='{mark}']")

    def field(self, mark: str) -> Locator:
        """What is typed into, of the element that is marked so."""
        own = ", ".join(f"{kind}[data-mark~='{mark}']" for kind in ("input", "textarea"))
        within = ", ".join(f"[data-mark~='{mark}'] {kind}" for kind in ("input", "textarea"))
        return self.page.locator(f"{own}, {within}").first

    async def choose(self, mark: str, option: str) -> None:
        """Choose in a drop-down."""
        await self.part(mark).first.click()
        await self.page.locator(".q-menu .q-item", has_text=option).first.click()


@asynccontextmanager
async def visit(
    browser: Browser, house: ConsoleHouse, viewport: dict[str, int] = DESKTOP, **options: object
) -> AsyncIterator[Visit]:
    """A browser of its own, logged in; fails when anything broke on the page."""
    context = await browser.new_context(viewport=viewport, locale="zh-CN", **options)  # type: ignore[arg-type]
    try:
        one = Visit(await context.new_page(), house.url)
        await one.enter()
        yield one
        assert one.errors == []
    finally:
        await context.close()
