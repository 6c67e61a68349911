"""The bridge on a real broker: what it publishes for Home Assistant, what it takes down, and who of several does so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from migpt_cli.broker import PrivateBroker
from migpt_shared.messages import Account, HearingState, Result, SpeakerInfo, SpeechState, Turn
from tests.broker.bridge_bench import UID, Bench, bench
from tests.whole_system import ServiceProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEVICES = {f"xiaoai_{UID}", "xiaoai_bridge_home"}


@pytest_asyncio.fixture(loop_scope="session")
async def home(broker: PrivateBroker, topic_prefix: str) -> AsyncIterator[Bench]:
    async with bench(broker, topic_prefix) as made:
        yield made


def turn(phase: str, **changes: object) -> Turn:
    body = {"turn": "t1", "text": "为什么", "route": "llm", "reason": "keyword", "phase": phase, "owner": "brain/1"}
    return Turn.model_validate(body | changes)


async def test_a_speaker_appears_with_all_that_is_known(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.devices() == DEVICES and home.state("volume") == "35")
        payload = json.loads(home.reader.standing[home.discovery()])
        read = {
            one["state_topic"]
            for one in payload["components"].values()
            if one["platform"] in ("number", "switch", "binary_sensor", "text")
        }
        await home.until(lambda: read <= home.reader.standing.keys())
        assert home.state("availability") == home.state("availability", "ha") == "online"
        await home.until(lambda: home.state("account", "ha") == "ok")


async def test_changes_are_published_as_they_come_and_once(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.state("volume") == "35")
        await home.quiet(0.3)
        before = len(home.reader.live)
        home.tell(SpeechState(owner="speaker/1", volume=36))
        home.tell(SpeechState(owner="speaker/1", volume=36))
        await home.until(lambda: home.state("volume") == "36")
        await home.quiet(0.3)
        new = [topic for topic, _ in home.reader.live[before:] if topic.endswith("/ha/volume")]
        assert len(new) == 1


async def test_events_are_told_live_and_once(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.devices() == DEVICES)
        for message in (turn("accepted"), turn("speaking"), turn("done", reply_so_far="因为。")):
            home.tell(message)
        await home.until(lambda: home.state("answer") == "因为。")
        await home.quiet(0.3)
        topic = f"{home.prefix}/home/living_room/event"
        told = [json.loads(payload) for where, payload in home.reader.live if where == topic]
        assert [(one["event_type"], one["text"]) for one in told] == [("question", "为什么"), ("answer", "因为。")]


async def test_a_refused_command_has_the_states_told_again(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.state("volume") == "35")
        await home.quiet(0.3)
        before = len(home.reader.live)
        home.tell(Result(request="r1", ok=False, error="there is no such preset"))
        await home.until(lambda: home.state("problem") == "there is no such preset")
        await home.until(
            lambda: (f"{home.prefix}/home/living_room/ha/preset", b"deepseek") in home.reader.live[before:]
        )


async def test_a_clean_stop_and_a_crash_are_seen(home: Bench, tmp_path: Path) -> None:
    home.tell_of_speaker()
    bridge = ServiceProcess("ha_bridge", home.config(tmp_path), tmp_path / "log")
    for end in (bridge.stop, bridge.kill):
        await bridge.start()
        await home.until(lambda: home.state("availability", "ha") == "online")
        await end()
        await home.until(lambda: home.state("availability", "ha") == "offline")
    assert home.devices() == DEVICES, "Home Assistant goes on knowing them"


async def test_of_two_bridges_one_publishes_and_the_other_takes_over(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge() as first, home.bridge() as second:
        await home.until(lambda: home.devices() == DEVICES and home.state("volume") == "35")
        await home.quiet(0.5)
        for volume, (gone, left) in ((36, (first, second)), (37, (second, None))):
            home.tell(SpeechState(owner="speaker/1", volume=volume))
            await home.until_state("volume", str(volume))
            await home.quiet(0.5)
            told = [payload for topic, payload in home.reader.live if topic.endswith("/ha/volume")]
            assert told.count(str(volume).encode()) == 1, "of two, one publishes"
            await gone.stop()
            if left is not None:
                await home.until(lambda: home.state("availability", "ha") == "online", 30)


async def test_a_returning_bridge_publishes_nothing_that_stands(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.devices() == DEVICES and home.state("volume") == "35")
        await home.quiet(0.5)
    await home.quiet(0.3)
    before = len(home.reader.live)
    async with home.bridge():
        await home.until(lambda: home.state("availability", "ha") == "online")
        await home.quiet(0.5)
        again = [topic for topic, _ in home.reader.live[before:] if "/living_room/ha/" in topic]
        assert again == []
        assert not [topic for topic, _ in home.reader.live[before:] if topic.startswith(home.discovery_prefix)]


async def test_what_an_earlier_run_left_is_taken_down(home: Bench) -> None:
    home.tell_of_speaker()
    home.tell_of_speaker("bedroom", "aaaaaaaaaaaa")
    everything = {*DEVICES, "xiaoai_aaaaaaaaaaaa"}
    async with home.bridge():
        await home.until(lambda: home.devices() == everything and home.state("volume", "bedroom") == "35")
        await home.quiet(0.3)
    settings = home.settings()
    household = settings.households["home"].model_copy(update={"speakers": {"living_room": None}})
    only_one = settings.model_copy(update={"households": {"home": household}})
    async with home.bridge(only_one):
        await home.until(lambda: home.devices() == DEVICES)
        await home.until(lambda: not [topic for topic in home.reader.standing if "/bedroom/ha/" in topic])
        assert home.state("volume") == "35"


async def test_a_speaker_whose_info_is_cleared_goes(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.devices() == DEVICES and home.state("volume") == "35")
        home.services.clear(SpeakerInfo, household="home", speaker="living_room")
        await home.until(lambda: home.devices() == {"xiaoai_bridge_home"})
        await home.until(lambda: not [topic for topic in home.reader.standing if "/living_room/ha/" in topic])


async def test_home_assistants_start_has_all_published_again(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.devices() == DEVICES and home.state("volume") == "35")
        await home.quiet(0.3)
        home.line.publish(home.discovery(), b"", retain=True)
        await home.quiet(0.3)
        assert f"xiaoai_{UID}" not in home.devices(), "it may have been deleted on purpose"
        before = len(home.reader.live)
        home.line.publish(f"{home.discovery_prefix}/status", b"online", retain=False)
        await home.until(lambda: home.devices() == DEVICES)
        await home.until(lambda: (f"{home.prefix}/home/living_room/ha/volume", b"35") in home.reader.live[before:])


async def test_other_settings_take_effect_at_once(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge() as bridge:
        await home.until(lambda: home.devices() == DEVICES and home.state("queue") == "0")
        bridge.reconfigure(home.settings({"leave_out": ["queue"]}))
        await home.until(lambda: home.state("queue") is None)
        await home.until(lambda: b'"queue"' not in home.reader.standing[home.discovery()])
        elsewhere = f"{home.discovery_prefix}/elsewhere"
        bridge.reconfigure(home.settings({"discovery_prefix": elsewhere}))
        await home.until(lambda: f"{elsewhere}/device/xiaoai_{UID}/config" in home.reader.standing)
        await home.until(lambda: not home.devices())
        bridge.reconfigure(home.settings({"discovery": False}))
        await home.until(lambda: not [topic for topic in home.reader.standing if topic.startswith(elsewhere)])
        await home.until(lambda: not [topic for topic in home.reader.standing if "/ha/availability" in topic])


async def test_a_speaker_that_is_offline_is_not_available(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.state("availability") == "online")
        home.tell(HearingState(owner="poller/1", online=False))
        await home.until(lambda: (home.state("availability"), home.state("online")) == ("offline", "OFF"))
        assert home.state("availability", "ha") == "online"


async def test_a_login_problem_is_told(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        await home.until(lambda: home.state("login_problem") == "OFF")
        home.tell(Account(ok=False, needs_captcha=True, reason="solve the captcha"))
        await home.until(lambda: home.state("login_problem") == "ON")
        await home.until(lambda: home.state("account", "ha") == "needs_captcha")


async def test_what_is_forgotten_is_taken_back(home: Bench) -> None:
    home.tell_of_speaker()
    async with home.bridge():
        home.tell(turn("done", text="秘密", reply_so_far="不说"))
        await home.until(lambda: home.state("heard") == "秘密")
        home.services.clear(Turn, household="home", speaker="living_room")
        await home.until(lambda: home.state("heard") == "None")
        await home.quiet(0.3)
        assert not [payload for payload in home.reader.standing.values() if "秘密".encode() in payload]
