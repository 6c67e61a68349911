"""Every page in a real browser: it opens, fits on a desktop and on a phone, and what is clicked happens."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from playwright.async_api import Browser, expect

from migpt_shared.messages import BrainState, Presence, Say, SetVolume, Speech, Stop, Turn
from tests.console.browsing import DESKTOP, NEEDS_CHROMIUM, PHONE, Visit, visit
from tests.console.console_process import API_KEY, ConsoleHouse

pytestmark = [NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module")]

PATHS = ("/", "/speakers", "/history", "/health", "/login", "/settings")
TABS = ("basics", "api", "home", "voice", "console", "advanced")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_every_page_opens_and_fits(
    browser: Browser, house: ConsoleHouse, viewport: dict[str, int], dark: bool
) -> None:
    async with visit(browser, house, viewport, color_scheme="dark" if dark else "light") as guest:
        foreign: list[str] = []
        guest.page.on("request", lambda request: foreign.append(request.url) if house.url not in request.url else None)
        for path in (*PATHS, *(f"/settings?tab={tab}" for tab in TABS)):
            await guest.go(path)
            await expect(guest.page.locator(".content")).to_be_visible()
            too_wide = await guest.page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert too_wide <= 1, f"{path} is {too_wide} px wider than the window"
            assert await guest.page.evaluate("() => Quasar.Dark.isActive") is dark
        assert [url for url in foreign if not url.startswith(("data:", "blob:", "ws://127.0.0.1"))] == []


async def test_a_typed_utterance_is_answered_before_ones_eyes(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/")
    await guest.choose("say-to", "客厅")
    await guest.field("say-text").fill("为什么天是蓝的呢")
    await guest.part("say-send").click()
    card = guest.page.locator(".turn", has_text="为什么天是蓝的呢").first
    await expect(card.locator(".chip").first).to_have_text("大模型")
    await expect(card.locator(".sentence[data-state=speaking]").first).to_be_visible()
    await expect(card).to_have_attribute("data-phase", "done")
    await expect(card.locator(".answer")).to_contain_text("晚上就看不见了")
    await card.locator("summary").click()
    await expect(card.locator(".waterfall .took").first).to_contain_text("ms")
    turn = await house.watcher.closed("为什么天是蓝的呢")
    assert turn.source == "console"


async def test_what_is_said_in_the_room_appears_and_can_be_stopped(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/")
    house.simulator.home.speaker("living_room").say("请讲一个很长的故事")
    card = guest.page.locator(".turn", has_text="请讲一个很长的故事").first
    await expect(card.locator(".sentence").first).to_be_visible()
    await card.locator("[data-action=stop]").click()
    await expect(card).to_have_attribute("data-phase", "cancelled")
    assert (await house.watcher.closed("请讲一个很长的故事")).phase == "cancelled"


async def test_forgetting_asks_the_brain_and_empties_the_history(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/")
    await guest.choose("say-to", "卧室")
    await guest.field("say-text").fill("记住我的秘密")
    await guest.page.keyboard.press("Enter")
    card = guest.page.locator(".turn", has_text="记住我的秘密").first
    await expect(card).to_have_attribute("data-phase", "done", timeout=60_000)
    async with asyncio.timeout(20):
        while "记住我的秘密" not in await _history(guest):
            await asyncio.sleep(0.1)
    await card.locator("[data-action=forget]").click()
    async with asyncio.timeout(20):
        while "记住我的秘密" in await _history(guest):
            await asyncio.sleep(0.1)


async def _history(guest: Visit) -> str:
    answer = await guest.page.request.get(f"{guest.url}/history/export.jsonl")
    return await answer.text()


async def test_two_browsers_see_the_same_at_once(guest: Visit, browser: Browser, house: ConsoleHouse) -> None:
    async with visit(browser, house, PHONE) as other:
        await guest.go("/")
        await other.go("/")
        await guest.field("say-text").fill("两个浏览器")
        await guest.page.keyboard.press("Enter")
        for one in (guest, other):
            await expect(
                one.page.locator(".turn", has_text="两个浏览器").first.locator(".sentence").first
            ).to_be_visible()


async def test_history_is_searched_filtered_and_exported(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/")
    await guest.choose("say-to", "客厅")
    await guest.field("say-text").fill("=历史里的公式")
    await guest.page.keyboard.press("Enter")
    await house.watcher.closed("=历史里的公式")
    async with asyncio.timeout(20):
        while "历史里的公式" not in await _history(guest):
            await asyncio.sleep(0.1)
    await guest.go("/history")
    await guest.field("history-words").fill("公式 散射")
    await expect(guest.page.locator(".past .turn")).to_have_count(1)
    await expect(guest.page.locator(".past .heard")).to_have_text("=历史里的公式")
    await guest.field("history-words").fill("100%_没有")
    await expect(guest.page.locator(".past .turn")).to_have_count(0)
    table = await guest.page.request.get(f"{guest.url}/history/export.csv?words=公式")
    assert "'=历史里的公式" in (await table.body()).decode("utf-8-sig")
    assert json.loads((await _history(guest)).splitlines()[0])["household"] == "home"


async def test_a_speaker_is_made_to_speak_and_set(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/speakers")
    card = guest.part("speaker-living_room")
    await expect(card.locator(".name")).to_have_text("客厅小爱")
    await card.locator("input[data-mark=say]").fill("晚饭好了")
    await card.locator("[data-mark=say-it]").click()
    await house.watcher.until(
        lambda: any(one.text == "晚饭好了" and one.phase == "spoken" for one in house.watcher.of(Speech)),
        30,
        "the words to be spoken",
    )
    await card.locator("[data-mark=ai]").click()
    await house.watcher.until(lambda: not _brain(house).ai, 20, "the AI switch to be off")
    await card.locator("[data-mark=ai]").click()
    await house.watcher.until(lambda: _brain(house).ai, 20, "the AI switch to be on again")
    box = await card.locator(".q-slider").bounding_box()
    assert box is not None
    await guest.page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    await house.watcher.until(lambda: house.watcher.of(SetVolume), 20, "the volume")
    await guest.field("broadcast-text").fill("全家注意")
    await guest.part("broadcast-send").click()
    await house.watcher.until(
        lambda: (
            {
                one
                for one in ("living_room", "bedroom")
                if any("全家注意" in s.text for s in house.watcher.of(Speech, one))
            }
            == {"living_room", "bedroom"}
        ),
        30,
        "both speakers to speak",
    )
    await guest.part("stop-all").click()
    await house.watcher.until(lambda: house.watcher.of(Stop), 20, "the stop")


def _brain(house: ConsoleHouse) -> BrainState:
    state = house.watcher.latest[BrainState, ("home", "living_room")]
    assert isinstance(state, BrainState)
    return state


async def test_the_doctor_examines_a_speaker(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/speakers")
    await guest.part("speaker-living_room").locator("[data-mark=doctor]").click()
    await expect(guest.part("doctor-state")).to_have_text("检查完了", timeout=60_000)
    findings = guest.page.locator(".finding")
    await expect(findings).to_have_count(6)
    assert await guest.page.locator(".finding.is-bad").count() == 0


async def test_health_shows_services_figures_and_lines(guest: Visit, house: ConsoleHouse) -> None:
    logs = house.folder / "data" / "logs"
    logs.mkdir(exist_ok=True)
    line = {"event": "something_odd", "service": "brain", "level": "warning", "timestamp": "2026-01-01T10:00:00Z"}
    (logs / "services.jsonl").write_text(
        json.dumps(line) + "\n" + json.dumps({**line, "event": "all_fine", "level": "info"}) + "\n", encoding="utf-8"
    )
    await guest.go("/health")
    for service in ("poller", "brain", "speaker", "console"):
        await expect(guest.part("processes").get_by_text(service, exact=True)).to_be_visible()
    await expect(guest.page.locator(".tile", has_text="消息服务器")).to_contain_text("已连接")
    await expect(guest.part("latency-summary")).to_contain_text("中位数")
    await expect(guest.page.locator(".line")).to_have_count(2)
    await guest.part("log-trouble").click()
    await expect(guest.page.locator(".line")).to_have_count(1)
    await expect(guest.page.locator(".line")).to_contain_text("something_odd")
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {API_KEY}"}) as client:
        metrics = (await client.get(f"{house.url}/metrics")).text
    assert 'migpt_account_ok{household="home"} 1.0' in metrics
    assert 'migpt_turns_total{phase="done",route="llm"}' in metrics


async def test_whatever_people_and_models_say_stays_text(guest: Visit, house: ConsoleHouse) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"
    turn = Turn(
        turn="01XSS", text=f"问 {attack}", route="llm", reason="x", reason_text=attack, phase="done", owner="brain/x",
        preset=attack, reply_so_far=f"答 {attack}", cuts=[0, 3 + len(attack)], error=attack, complete=True,
    )  # fmt: skip
    await guest.go("/")
    house.publish(turn, speaker="evil")
    card = guest.page.locator(".turn[data-turn='01XSS']")
    await expect(card).to_contain_text("{{7*7}}")
    await expect(card.locator(".answer")).to_contain_text("<img src=x")
    house.bus.publish(Presence(status="online", counters={attack: 3}), service="client", instance="evil")
    async with asyncio.timeout(20):
        while "onerror" not in await _history(guest):
            await asyncio.sleep(0.1)
    for path in ("/history", "/health", "/speakers"):
        await guest.go(path)
    assert await guest.page.locator("img[src=x]").count() == 0
    house.bus.clear(Turn, household="home", speaker="evil")


async def test_english_is_a_setting(guest: Visit, house: ConsoleHouse) -> None:
    config = house.config.read_text(encoding="utf-8")
    house.config.write_text('language = "en"\n' + config, encoding="utf-8")
    try:
        async with asyncio.timeout(20):
            while "Speakers" not in await guest.page.locator("nav").inner_text():
                await guest.go("/")
        for path in (*PATHS, *(f"/settings?tab={tab}" for tab in TABS)):
            await guest.go(path)
            shown = await guest.page.locator(".content").inner_text()
            known = ("卧室小爱", "客厅小爱", "中文")
            chinese = [line for line in shown.splitlines() if any("\u4e00" <= c <= "\u9fff" for c in line)]
            if path in ("/login", "/settings?tab=voice", "/settings?tab=console", "/settings?tab=home"):
                assert [line for line in chinese if line not in known] == []
    finally:
        house.config.write_text(config, encoding="utf-8")


async def test_a_page_lives_on_after_the_console_was_killed(guest: Visit, house: ConsoleHouse) -> None:
    await guest.go("/")
    await house.service("console").kill()
    await house.service("console").start()
    await house.until_listening()
    # The page loads itself anew, and the session still holds.
    await house.send(Say(text="嗨"))
    async with asyncio.timeout(60):
        while True:
            await house.until_known()
            house.simulator.home.speaker("living_room").say("请问你还在吗")
            try:
                await expect(guest.page.locator(".turn", has_text="请问你还在吗").first).to_be_visible(timeout=15_000)
            except AssertionError:
                continue
            break
