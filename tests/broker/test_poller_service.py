"""The poller with a real broker and a simulated Xiaomi cloud."""

from __future__ import annotations

import asyncio
import itertools
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from migpt_cli.broker import PrivateBroker
from migpt_poller.heard_ids import record_id
from migpt_poller.service import PollerService
from migpt_shared.messages import (
    Account,
    Heard,
    HearingState,
    Login,
    Native,
    Presence,
    SpeakerInfo,
    Speech,
    Turn,
)
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.xiaomi import Record
from migpt_shared.xiaomi.speaker_choice import SpeakerNamesError
from migpt_simulator import (
    AccountBehaviour,
    Fault,
    LiveSpeaker,
    RequestKind,
    SimulatedAccount,
    SimulatedHome,
    SimulatedSpeaker,
    Simulator,
)
from migpt_simulator.speaker import Question

from .poller_bench import Witness, household, poller_settings, running_poller, witness

HOME = {"household": "home", "speaker": "living_room"}


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatedHome(latency_s=0.01)) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def seen(broker: PrivateBroker, topic_prefix: str) -> AsyncIterator[Witness]:
    async with witness(broker, topic_prefix) as one:
        yield one


def said(speaker: LiveSpeaker, text: str, *, ago_s: float = 0.0) -> None:
    """A person said it so long ago by the cloud's clock; the record shows up now."""
    question = Question(text, None, 0.0, 60.0, 0.0, True)
    clock = speaker._home.clock
    speaker.act(lambda core, now: core.say(now, clock.wall_ms(now) - round(ago_s * 1000), question))


async def listening(seen: Witness, household: str = "home", speaker: str = "living_room") -> HearingState:
    """Wait until the speaker is polled and the end of its transcript is known."""
    return await seen.last(
        HearingState, lambda state: state.owner is not None and state.cursor is not None,
        household=household, speaker=speaker,
    )  # fmt: skip


async def test_two_utterances_within_one_poll_are_heard_in_order(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    said(speaker, "从前说的", ago_s=3)
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        said(speaker, "第一句", ago_s=1.2)
        said(speaker, "第二句", ago_s=0.2)
        await seen.until(lambda: len(seen.texts(**HOME)) == 2)
        assert seen.texts() == ["第一句", "第二句"]
        first = seen.all(Heard)[0]
        record = Record(first.spoken_at or 0, await request_id(cloud, "第一句"), "第一句", ())
        assert first.id == first.turn == record_id(speaker.spec.device_id, record)
        state = await seen.last(HearingState, lambda one: one.last_heard == "第二句")
        assert state.cursor == seen.all(Heard)[-1].spoken_at


async def request_id(cloud: Simulator, query: str) -> str:
    speaker = cloud.home.speaker("living_room")
    page = speaker.act(lambda core, now: core.conversation.page(now, until_ms=None, limit=10))
    return next(record.request_id for record in page.records if record.query == query)


async def test_what_a_speaker_is_and_how_the_login_stands_is_told(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})) as host:
        info = await seen.last(SpeakerInfo, lambda _: True, **HOME)
        assert (info.name, info.hardware, info.area, info.rom) == ("客厅小爱", "LX06", "客厅", "1.88.51")
        assert cloud.home.speaker("living_room").spec.device_id not in info.model_dump_json()
        account = await seen.last(Account, lambda one: one.ok, household="home")
        assert account.service_token_age_s is not None
        state = await listening(seen)
        assert (state.owner, state.online, state.budget) == (host.src, True, 100_000)
    await seen.last(HearingState, lambda one: one.owner is None and one.cursor is not None, **HOME)


async def test_speakers_that_nobody_named_are_all_heard_under_derived_names(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    households: dict[str, object] = {"home": household(cloud, speakers={})}
    bedroom = cloud.home.speaker("bedroom")
    slug = f"l05c_{bedroom.spec.device_id[-4:]}"
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, households)):
        await listening(seen, speaker=slug)
        said(bedroom, "晚安")
        await seen.until(lambda: seen.texts(speaker=slug) == ["晚安"])
    assert len({one.uid for one in seen.all(SpeakerInfo)}) == 2


async def test_after_a_restart_it_goes_on_where_it_was(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    settings = poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})
    async with running_poller(settings):
        await listening(seen)
        said(speaker, "停机前")
        await seen.until(lambda: seen.texts() == ["停机前"])
    for number in range(12):
        said(speaker, f"太久以前{number}", ago_s=40 - number)
    said(speaker, "不久以前", ago_s=8)
    said(speaker, "刚才", ago_s=1)
    # Of the disk and the broker either is enough.
    for data_dir in (tmp_path, tmp_path / "another host"):
        data_dir.mkdir(exist_ok=True)
        moved = settings.model_copy(update={"data_dir": data_dir})
        seen.deliveries.clear()
        async with running_poller(moved):
            if data_dir == tmp_path:
                await seen.until(lambda: len(seen.texts()) == 2)
                state = await seen.last(HearingState, lambda one: one.missed > 0)
                assert state.missed == 12
            else:
                await listening(seen)
                said(speaker, "又一句")
                await seen.until(lambda: "又一句" in seen.texts())
        assert seen.texts() == (["不久以前", "刚才"] if data_dir == tmp_path else ["又一句"])


@pytest.mark.parametrize("skew_s", [-86_400.0, 86_400.0])
async def test_a_local_clock_that_is_wrong_by_a_day_does_not_matter(
    skew_s: float, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    async with Simulator(SimulatedHome(latency_s=0.01, clock_skew_s=skew_s)) as cloud:
        speaker = cloud.home.speaker("living_room")
        said(speaker, "从前")
        async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
            await listening(seen)
            said(speaker, "现在", ago_s=1)
            await seen.until(lambda: seen.texts() == ["现在"])
            assert seen.all(HearingState)[-1].missed == 0


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.TRUNCATED, Fault.NULLS, Fault.NO_RECORDS, Fault.HTTP_500, Fault.EXPIRED]
)
async def test_nothing_is_lost_or_doubled_when_the_cloud_answers_nonsense(
    fault: Fault, cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        said(speaker, "一")
        await seen.until(lambda: seen.texts() == ["一"])
        cloud.home.faults.script(fault, count=2, kind=RequestKind.CONVERSATION)
        said(speaker, "二", ago_s=0.5)
        said(speaker, "三", ago_s=0.1)
        await seen.until(lambda: len(seen.texts()) == 3)
        assert seen.texts() == ["一", "二", "三"]
    assert cloud.home.requests.count(RequestKind.PASSWORD) == 1


async def test_a_cloud_that_hangs_at_the_start_is_waited_for(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    for fault in (Fault.HTTP_500, Fault.HTML, Fault.TRUNCATED):
        cloud.home.faults.script(fault, kind=RequestKind.DEVICE_LIST)
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        said(cloud.home.speaker("living_room"), "你好")
        await seen.until(lambda: seen.texts() == ["你好"])


async def test_a_token_that_expires_costs_one_login_and_no_utterance(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        logins = cloud.home.requests.count(RequestKind.SERVICE_LOGIN)
        assert cloud.home.account().expire_service_tokens() > 0
        said(speaker, "还在吗")
        await seen.until(lambda: seen.texts() == ["还在吗"])
        assert seen.all(Account)[-1].ok
    assert cloud.home.requests.count(RequestKind.SERVICE_LOGIN) == logins + 1
    assert cloud.home.requests.count(RequestKind.PASSWORD) == 1


async def test_tokens_that_are_refused_for_ever_bring_no_storm(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    account = SimulatedAccount(behaviour=AccountBehaviour(service_token_life_s=0.0001))
    async with Simulator(SimulatedHome(latency_s=0.01, accounts=(account,))) as cloud:
        async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
            state = await seen.last(Account, lambda one: not one.ok)
            assert state.reason
            first = cloud.home.requests.count()
            with pytest.raises(TimeoutError):
                await seen.until(lambda: cloud.home.requests.count() - first > 6, 5)
            assert cloud.home.requests.count() - first <= 6
        assert cloud.home.requests.count(RequestKind.PASSWORD) == 1


async def test_a_household_that_cannot_log_in_disturbs_no_other_and_can_be_helped(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    accounts = (SimulatedAccount(), SimulatedAccount(account="222", behaviour=AccountBehaviour(rejects_password=True)))
    speakers = (
        SimulatedSpeaker(slug="living_room", name="客厅小爱"),
        SimulatedSpeaker(slug="office", name="办公室", account="222"),
    )
    async with Simulator(SimulatedHome(latency_s=0.01, accounts=accounts, speakers=speakers)) as cloud:
        households: dict[str, object] = {
            "home": household(cloud),
            "work": household(cloud, "222", speakers={"office": {"name": "办公室"}}),
        }
        async with running_poller(poller_settings(broker, topic_prefix, tmp_path, households)):
            await listening(seen)
            trouble = await seen.last(Account, lambda one: one.needs_login, household="work")
            assert trouble.reason
            said(cloud.home.speaker("living_room"), "听得见吗")
            await seen.until(lambda: seen.texts() == ["听得见吗"])
            refused = cloud.home.requests.count(RequestKind.PASSWORD)
            assert refused == 2  # one for each household

            cloud.home.account("222").configure(rejects_password=False)
            seen.bus.publish(Login(), household="work")
            await listening(seen, "work", "office")
            assert (await seen.last(Account, lambda one: one.ok, household="work")).reason is None
            said(cloud.home.speaker("office"), "我也在")
            await seen.until(lambda: seen.texts(household="work") == ["我也在"])


async def test_a_speaker_that_goes_offline_and_comes_back_is_told(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    settings = poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)}, presence_every_s=1)
    async with running_poller(settings):
        await listening(seen)
        speaker.set_online(is_online=False)
        await seen.last(HearingState, lambda one: one.online is False)
        speaker.set_online(is_online=True)
        await seen.last(HearingState, lambda one: one.online is True)
        said(speaker, "回来了")
        await seen.until(lambda: seen.texts() == ["回来了"])


async def test_it_tells_again_until_a_turn_answers(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        said(cloud.home.speaker("living_room"), "有人吗")
        await seen.until(lambda: seen.all(Heard))
        told_at = time.monotonic()
        brain = Presence(status="online", since=1)
        seen.bus.publish(brain, service="brain", instance="b1")
        await seen.until(lambda: len(seen.all(Heard)) == 2)
        assert time.monotonic() - told_at < 1.0
        await seen.until(lambda: len(seen.all(Heard)) == 3)
        assert time.monotonic() - told_at == pytest.approx(1.5, abs=0.3)
        seen.bus.publish(brain, service="brain", instance="b1")  # it lives on: no news
        heard = seen.all(Heard)[0]
        turn = Turn(turn=heard.id, text=heard.text, route="native", reason="mode", phase="done", owner="brain/b1")
        seen.bus.publish(turn, **HOME)
        with pytest.raises(TimeoutError):
            await seen.until(lambda: len(seen.all(Heard)) > 3, 3.5)  # past the time of the next repeat
        assert len(seen.all(Heard)) == 3
        assert {one.id for one in seen.all(Heard)} == {heard.id}


async def test_what_we_said_or_had_done_is_not_heard_once(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    speaker = cloud.home.speaker("living_room")
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        seen.bus.publish(Speech(utterance="u1", text="因为大气会散射阳光。", phase="speaking"), **HOME)
        seen.bus.publish(Native(text="播放周杰伦的歌"), household="home", speaker="all")
        await seen.bus.flushed()
        said(speaker, "因为大气会散射阳光")
        said(speaker, "播放周杰伦的歌")
        said(speaker, "大声点")
        await seen.until(lambda: "大声点" in seen.texts())
        said(speaker, "播放周杰伦的歌")
        await seen.until(lambda: len(seen.texts()) == 2)
        assert seen.texts() == ["大声点", "播放周杰伦的歌"]


async def test_an_answer_that_appears_later_is_told_with_the_same_id(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        cloud.home.speaker("living_room").say("量子纠缠", "我不太明白", publish_delay_s=0.1, answer_delay_s=0.8)
        await seen.until(lambda: any(one.native_answer for one in seen.all(Heard)))
        first, last = seen.all(Heard)[0], seen.all(Heard)[-1]
        assert (first.native_answer, first.native_type) == (None, "none")
        assert (last.native_answer, last.native_type, last.id) == ("我不太明白", "TTS", first.id)


async def test_an_utterance_makes_it_poll_ten_times_a_second_and_never_more(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    settings = poller_settings(
        broker, topic_prefix, tmp_path, {"home": household(cloud)}, idle_interval_s=1, warm_interval_s=0.4, hot_for_s=2
    )
    async with running_poller(settings):
        await listening(seen)
        speaker = cloud.home.speaker("living_room")
        # A turn that is being spoken wakes it at once, although the next idle poll is up to a second away.
        seen.bus.publish(Speech(utterance="u1", text="叮", phase="speaking"), **HOME)
        hot = await seen.last(HearingState, lambda one: one.interval_s == 0.1)
        assert hot.interval_s == 0.1
        begin = time.monotonic()
        polls: list[float] = []
        async with asyncio.timeout(10):
            while len(polls) < 20:
                await asyncio.sleep(0.05)
                found = cloud.home.requests.of(RequestKind.CONVERSATION, speaker=speaker.slug, since=begin)
                polls = [one.at for one in found]
        assert polls[19] - polls[0] > 1.8
        gaps = sorted(later - earlier for earlier, later in itertools.pairwise(polls))
        assert gaps[len(gaps) // 2] == pytest.approx(0.1, abs=0.01)
        seen.bus.publish(Speech(utterance="u1", text="叮", phase="spoken"), **HOME)
        await seen.last(HearingState, lambda one: one.interval_s == 0.4)


async def test_devices_that_cannot_be_told_apart_end_the_start_with_both_names(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    twins = tuple(
        SimulatedSpeaker(slug=slug, name=f"小爱{slug}", device_id=f"{slug}-0000-1a2b") for slug in ("one", "two")
    )
    async with Simulator(SimulatedHome(latency_s=0.01, speakers=twins)) as cloud:
        settings = poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud, speakers={})})
        host = ServiceHost(PollerService, "poller", settings, mqtt_bus(settings), watchdog=False)
        with pytest.raises(ExceptionGroup) as died:
            async with asyncio.timeout(5):
                await host.run(asyncio.Event())
    told = "".join(traceback.format_exception(died.value))
    assert died.value.subgroup(SpeakerNamesError) is not None
    assert "one-0000-1a2b" in told
    assert "two-0000-1a2b" in told


async def test_a_broken_file_of_the_cursor_and_a_full_disk_do_not_end_hearing(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    file = tmp_path / "poller" / "home" / "living_room.json"
    file.parent.mkdir(parents=True)
    file.mkdir()  # neither readable nor replaceable
    async with running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})):
        await listening(seen)
        said(cloud.home.speaker("living_room"), "你好")
        await seen.until(lambda: seen.texts() == ["你好"])


async def test_changed_settings_take_effect_without_a_restart(
    cloud: Simulator, broker: PrivateBroker, topic_prefix: str, tmp_path: Path, seen: Witness
) -> None:
    both = {"living_room": {"name": "客厅小爱"}, "bedroom": {"name": "卧室小爱"}}
    before = poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})
    after = poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud, speakers=both)})
    async with running_poller(before) as host:
        await listening(seen)
        host._service.reconfigure(after)
        await listening(seen, speaker="bedroom")
        seen.deliveries.clear()
        said(cloud.home.speaker("living_room"), "客厅")
        said(cloud.home.speaker("bedroom"), "卧室")
        await seen.until(lambda: sorted(seen.texts()) == ["卧室", "客厅"])


async def test_a_broker_that_dies_gets_everything_anew_and_loses_no_utterance(
    cloud: Simulator, mosquitto: Path, topic_prefix: str, tmp_path: Path
) -> None:
    async with (
        PrivateBroker(mosquitto) as broker,
        witness(broker, topic_prefix) as seen,
        running_poller(poller_settings(broker, topic_prefix, tmp_path, {"home": household(cloud)})),
    ):
        await listening(seen)
        await broker.kill()
        seen.deliveries.clear()
        said(cloud.home.speaker("living_room"), "还听得见吗")
        await broker.start()
        await listening(seen)
        await seen.last(SpeakerInfo, lambda one: one.area == "客厅", **HOME)
        await seen.last(Account, lambda one: one.ok)
        await seen.until(lambda: seen.texts() == ["还听得见吗"])
