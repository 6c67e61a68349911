"""Settings and logins in a real browser: what is saved, what is never shown, and every way in."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, expect

from migpt_shared.messages import Speech
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD
from tests.console.browsing import NEEDS_CHROMIUM, Visit
from tests.console.console_process import API_KEY, PASSWORD, ConsoleHouse

pytestmark = [NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module")]

TABS = ("basics", "api", "home", "voice", "console", "advanced")


async def test_settings_are_saved_comments_stay_and_take_effect(guest: Visit, house: ConsoleHouse) -> None:
    before = house.config.read_text(encoding="utf-8")
    log = house.service("console").log
    times_read = log.read_text(encoding="utf-8").count("settings_changed")
    house.config.write_text("# 我的注释 stays\n" + before, encoding="utf-8")
    async with asyncio.timeout(30):
        while log.read_text(encoding="utf-8").count("settings_changed") == times_read:
            await asyncio.sleep(0.05)
    await guest.go("/settings?tab=voice")
    await guest.field("set-speech-max_chars").fill("99")
    await guest.part("save-speech").click()
    await expect(guest.page.locator(".q-notification", has_text="已保存")).to_be_visible()
    written = house.config.read_text(encoding="utf-8")
    assert written.startswith("# 我的注释 stays\n")
    assert "max_chars = 99" in written
    await guest.field("set-speech-max_chars").fill("5")
    await guest.part("save-speech").click()
    await expect(guest.page.locator(".q-notification", has_text="speech.max_chars")).to_be_visible()
    assert "max_chars = 99" in house.config.read_text(encoding="utf-8")
    await guest.part("reset-speech").click()
    await guest.part("sure").click()
    await expect(guest.page.locator(".q-notification", has_text="已恢复默认")).to_be_visible()
    assert "max_chars" not in house.config.read_text(encoding="utf-8")
    await expect(guest.field("set-speech-max_chars")).to_have_value("120")


async def test_no_secret_reaches_the_browser_and_a_new_one_goes_to_its_file(guest: Visit, house: ConsoleHouse) -> None:
    seen: list[str] = []
    guest.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: seen.append(str(frame))))
    for tab in TABS:
        await guest.go(f"/settings?tab={tab}")
        seen.append(await guest.page.content())
    for secret in ("sk-simulated", DEFAULT_PASSWORD, API_KEY):
        assert not any(secret in text for text in seen), "a secret was sent to the browser"
    await guest.go("/settings?tab=api")
    await guest.part("edit-simulated").click()
    await guest.field("set-llm-presets-simulated-api_key").fill("sk-new-for-test")
    await guest.part("save-llm-presets-simulated").click()
    await expect(guest.page.locator(".q-notification", has_text="已保存")).to_be_visible()
    assert "sk-new-for-test" in (house.folder / "secrets" / "llm.toml").read_text(encoding="utf-8")
    assert "sk-" not in house.config.read_text(encoding="utf-8")


async def test_a_preset_is_tried_added_chosen_and_removed(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/settings?tab=api")
    await guest.part("test-simulated").click()
    await expect(guest.part("trial-simulated")).to_contain_text("第一个词")
    await guest.part("models-simulated").click()
    await expect(guest.page.locator("[data-mark=model]").first).to_be_visible()
    await guest.field("new-preset").fill("ollama")
    await guest.part("add-preset").click()
    await guest.part("use-ollama").click()
    await expect(guest.part("preset-ollama").locator("[data-mark=in-use]")).to_be_visible()
    assert 'preset = "ollama"' in house.config.read_text(encoding="utf-8")
    await guest.part("use-simulated").click()
    await expect(guest.part("preset-simulated").locator("[data-mark=in-use]")).to_be_visible()
    await guest.part("remove-ollama").click()
    await guest.part("sure").click()
    await expect(guest.part("preset-ollama")).to_have_count(0)


async def test_the_editor_refuses_what_would_not_load(guest: Visit, house: ConsoleHouse) -> None:
    before = house.config.read_text(encoding="utf-8")
    await guest.go("/settings?tab=advanced")
    text = guest.page.locator(".cm-content")
    await expect(text).to_contain_text("data_dir")
    await text.click()
    await guest.page.keyboard.press("Control+Home")
    await guest.page.keyboard.type('nonsense = "x"\n')
    await guest.part("editor-save").click()
    await expect(guest.page.locator(".q-notification", has_text="nonsense")).to_be_visible()
    assert house.config.read_text(encoding="utf-8") == before
    await guest.part("editor-load").click()
    await expect(text).not_to_contain_text("nonsense")
    await text.click()
    await guest.page.keyboard.press("Control+Home")
    await guest.page.keyboard.type("# 手写的注释\n")
    await guest.part("editor-save").click()
    await expect(guest.page.locator(".q-notification", has_text="已保存")).to_be_visible()
    assert house.config.read_text(encoding="utf-8") == "# 手写的注释\n" + before


async def test_login_by_qr_code_ends_with_a_hello(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/login")
    await expect(guest.part("account-state-home")).to_have_text("已登录")
    await guest.part("show-qr").click()
    await expect(guest.page.locator(".qr svg")).to_be_visible()
    assert house.simulator.home.account(DEFAULT_ACCOUNT).scan_qr()
    await guest.part("say-hello").click()
    await house.watcher.until(
        lambda: any("登录成功" in one.text and one.phase == "spoken" for one in house.watcher.of(Speech)),
        30,
        "the hello",
    )


async def test_login_by_password_through_captcha_and_verification(guest: Visit, house: ConsoleHouse) -> None:
    account = house.simulator.home.account(DEFAULT_ACCOUNT)
    account.configure(needs_captcha=True, needs_verification=True)
    account.state.trusted_devices.clear()  # Xiaomi has never seen this installation
    try:
        await guest.go("/login")
        await guest.part("by-password").click()
        await guest.field("password").fill(DEFAULT_PASSWORD)
        await guest.part("send-password").click()
        await expect(guest.page.locator(".captcha img")).to_be_visible()
        await guest.field("captcha").fill("wrong")
        await guest.part("send-captcha").click()
        await expect(guest.page.locator(".stage .error")).to_be_visible()
        await guest.field("captcha").fill(house.simulator.home.passport.captcha_texts()[-1])
        await guest.part("send-captcha").click()
        await guest.part("send-code-phone").click()
        await expect(guest.part("code-state")).to_have_text("验证码已发送")
        await guest.field("code").fill(account.codes_sent()[-1])
        await guest.part("send-code").click()
        await expect(guest.part("say-hello")).to_be_visible()
    finally:
        account.configure(needs_captcha=False, needs_verification=False)


async def test_a_login_that_fails_says_what_to_do(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/login")
    await guest.part("by-token").click()
    await guest.field("pass-token").fill("V1:made-up")
    await guest.part("send-token").click()
    await expect(guest.part("login-error")).to_contain_text("passToken")
    await guest.part("by-password").click()
    await guest.field("password").fill("wrong")
    await guest.part("send-password").click()
    await expect(guest.part("login-error")).to_contain_text("扫码")


async def test_the_password_is_changed_and_every_browser_logs_in_again(guest: Visit, browser: Browser) -> None:
    other = "another password"
    for old, new in ((PASSWORD, other), (other, PASSWORD)):
        await guest.go("/settings?tab=console")
        await guest.field("old-password").fill("wrong")
        await guest.field("new-password").fill(new)
        await guest.part("change-password").click()
        await expect(guest.page.locator(".q-notification", has_text="密码不对")).to_be_visible()
        await guest.field("old-password").fill(old)
        await guest.part("change-password").click()
        await expect(guest.page.locator("input[name=password]")).to_be_visible()
        await guest.page.fill("input[name=password]", new)
        await guest.page.click("button[type=submit]")
        await expect(guest.page.locator(".content")).to_be_visible()
