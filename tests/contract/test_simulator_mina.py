"""api2.mina.mi.com of the simulator over HTTP: device list and ubus."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from migpt_simulator import (
    DEFAULT_ACCOUNT,
    BusyAnswer,
    Executed,
    Fault,
    MediaStarted,
    NativeEnded,
    NativeKind,
    RefusalReason,
    RequestKind,
    SimulatedAccount,
    SimulatedHome,
    SimulatedSpeaker,
    SoundEnded,
    SoundStarted,
    SpeechAccepted,
    SpeechPath,
    SpeechRefused,
    StatusQuirk,
    VolumeSet,
)
from tests.contract.simulated_client import Answer, Client, running

_FIELDS = {
    "deviceID", "serialNumber", "name", "alias", "current", "presence", "address", "miotDID", "hardware", "romVersion",
    "romChannel", "capabilities", "remoteCtrlType", "deviceSNProfile", "deviceProfile", "brokerEndpoint",
    "brokerIndex", "mac", "ssid",
}  # fmt: skip


async def _ubus(
    client: Client, path: str, method: str, message: object, *, slug: str = "living_room", **more: str
) -> dict[str, object]:
    form = {
        "deviceId": client.sim.home.speaker(slug).spec.device_id,
        "path": path,
        "method": method,
        "message": message if isinstance(message, str) else json.dumps(message),
        "requestId": "r",
        **more,
    }
    answer: Answer = await client.send("POST", "/remote/ubus", cookies=await client.cookies(), form=form)
    assert answer.status == 200
    return answer.json()


def _info(answer: dict[str, object]) -> dict[str, object]:
    data = answer["data"]
    assert isinstance(data, dict)
    assert (answer["code"], data["code"]) == (0, 0)
    return dict(json.loads(data["info"]))


async def test_the_device_list_has_every_field() -> None:
    async with running() as client:
        client.sim.home.speaker("bedroom").set_online(is_online=False)
        devices = await client.mina().device_list()
        assert [set(device) for device in devices] == [_FIELDS, _FIELDS]
        assert [device["presence"] for device in devices] == ["online", "offline"]
        assert [device["hardware"] for device in devices] == ["LX06", "L05C"]
        assert isinstance(devices[0]["miotDID"], str)
        assert devices[0]["capabilities"]["ai_protocol_3_0"] == 1


async def test_each_account_sees_its_own_speakers_only() -> None:
    home = SimulatedHome(
        latency_s=0.0,
        accounts=(SimulatedAccount(), SimulatedAccount(account="2222222222")),
        speakers=(
            SimulatedSpeaker(slug="mine", name="我的"),
            SimulatedSpeaker(slug="theirs", name="别人的", account="2222222222"),
        ),
    )
    async with running(home) as client:
        assert [device["name"] for device in await client.mina().device_list()] == ["我的"]
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "喂"}, slug="theirs"))["code"] == 601


async def test_cookies_are_needed_and_a_dead_token_is_401_html() -> None:
    async with running() as client:
        for cookies, missing in (({}, "userId"), ({"userId": DEFAULT_ACCOUNT}, "serviceToken")):
            body = (await client.send("GET", "/admin/v2/device_list?master=0", cookies=cookies)).json()
            assert body["code"] == 601
            assert missing in str(body["data"])
        good = await client.cookies()
        client.sim.home.account().expire_service_tokens()
        for cookies in (good, {**good, "serviceToken": "nonsense"}):
            answer = await client.send("GET", "/admin/v2/device_list?master=0", cookies=cookies)
            assert answer.status == 401
            assert answer.headers["Content-Type"].startswith("text/html")
        body = (await client.send("GET", "/remote/ubus")).json()
        assert "HttpRequestMethodNotSupportedException" in str(body)


async def test_miservice_renews_after_a_401() -> None:
    async with running() as client:
        mina = client.mina()
        await mina.device_list()
        client.sim.home.account().expire_service_tokens()
        assert len(await mina.device_list()) == 2


async def test_speech_is_heard_and_status_follows() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        mina = client.mina()
        await mina.text_to_speech(speaker.spec.device_id, "一二三")
        await speaker.until(lambda journal: journal.of(SoundStarted))
        status = json.loads((await mina.player_get_status(speaker.spec.device_id))["data"]["info"])
        assert status == {"status": 1, "volume": 40, "loop_type": 1}
        journal = await speaker.until(lambda journal: journal.of(SoundEnded))
        accepted, started, ended = journal
        assert isinstance(accepted, SpeechAccepted)
        assert accepted.path is SpeechPath.MINA
        assert started.at - accepted.at == pytest.approx(0.3)
        assert ended.at - started.at == pytest.approx(0.6)
        assert time.monotonic() - ended.at < 0.5
        status = json.loads((await mina.player_get_status(speaker.spec.device_id))["data"]["info"])
        assert status["status"] == 0


async def test_music_has_a_media_type_and_title() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        mina = client.mina()
        await mina.play_by_url(speaker.spec.device_id, "http://192.168.1.2/a.mp3")
        status = _info(await _ubus(client, "mediaplayer", "player_get_play_status", {}))
        assert (status["status"], status["media_type"]) == (1, 3)
        await mina.player_pause(speaker.spec.device_id)
        assert _info(await _ubus(client, "mediaplayer", "player_get_play_status", {}))["status"] == 2
        await mina.player_play(speaker.spec.device_id)
        await _ubus(client, "mediaplayer", "player_play_operation", {"action": "toggle"})
        await mina.player_stop(speaker.spec.device_id)
        # L05C gets the other call, player_play_music.
        bedroom = client.sim.home.speaker("bedroom")
        await mina.play_by_url(bedroom.spec.device_id, "http://192.168.1.2/b.mp3")
        assert bedroom.journal.of(MediaStarted)[0].title == "http://192.168.1.2/b.mp3"
        kinds = client.sim.home.requests.counts()
        wanted = (RequestKind.PLAY_URL, RequestKind.PAUSE, RequestKind.PLAY, RequestKind.TOGGLE, RequestKind.STOP)
        assert [kinds[kind] for kind in wanted] == [2, 1, 1, 1, 1]


async def test_volume_and_loop() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        mina = client.mina()
        await mina.player_set_volume(speaker.spec.device_id, 55)
        await mina.player_set_loop(speaker.spec.device_id, 0)
        assert speaker.journal.of(VolumeSet)[0].volume == speaker.volume == 55


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [(BusyAnswer.ROM, 101, "ROM端未响应"), (BusyAnswer.TIMEOUT, 100, "Timed out waiting 2000.00ms")],
)
async def test_a_busy_speaker_in_both_wordings(answer: BusyAnswer, code: int, text: str) -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        speaker.configure(device_timeout_s=0.2)
        speaker.be_busy(calls=1, answer=answer)
        await client.token()
        began = time.monotonic()
        body = await _ubus(client, "mibrain", "text_to_speech", {"text": "喂"})
        assert body["code"] == code
        assert text in str(body["data"])
        assert (time.monotonic() - began >= 0.2) is (answer is BusyAnswer.TIMEOUT)
        assert speaker.journal.of(SpeechRefused)[0].reason is RefusalReason.BUSY
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "喂"}))["code"] == 0


async def test_an_offline_speaker_and_a_refusing_one() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        speaker.configure(device_timeout_s=0.0, new_speech="refused")
        speaker.set_online(is_online=False)
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "喂"}))["code"] == 100
        assert speaker.journal.of(SpeechRefused)[0].reason is RefusalReason.OFFLINE
        speaker.set_online(is_online=True)
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "一"}))["code"] == 0
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "二"}))["code"] == 101


async def test_malformed_calls() -> None:
    async with running() as client:
        assert (await _ubus(client, "mibrain", "text_to_speech", {"text": "喂"}, deviceId=""))["code"] == 601
        assert (await _ubus(client, "mibrain", "text_to_speech", "not json"))["code"] == 601
        assert (await _ubus(client, "mibrain", "no_such_method", {}))["code"] == 101
        for path, method, message in (
            ("mibrain", "text_to_speech", {}),
            ("mediaplayer", "player_set_volume", {"volume": "x"}),
            ("mediaplayer", "player_play_music", {"music": "{}"}),
            ("mibrain", "ai_service", {"nlp": 1}),
        ):
            body = await _ubus(client, path, method, message)
            assert body["code"] == 0
            assert body["data"] == {"code": -1}


async def test_ai_service_executes_aloud_or_silently() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        speaker.configure(native_delay_s=0.0, publish_delay_s=0.0, native_duration_s=0.05)
        await _ubus(client, "mibrain", "ai_service", {"tts": 1, "nlp": 1, "nlp_text": "几点了"})
        await speaker.until(lambda journal: journal.of(NativeEnded))
        silent = {"nlp": 1, "nlp_text": "开灯", "nlp_execute": 1, "tts": 0, "tts_play": 0}
        await _ubus(client, "mibrain", "ai_service", silent)
        assert [(event.text, event.silent) for event in speaker.journal.of(Executed)] == [
            ("几点了", False),
            ("开灯", True),
        ]
        latest = await client.mina().get_latest_ask(speaker.spec.device_id)
        assert [message["response"]["answer"][0]["question"] for message in latest] == ["开灯", "几点了"]
        assert len(speaker.journal.of(NativeEnded)) == 1


async def test_status_without_a_status_field() -> None:
    async with running() as client:
        client.sim.home.speaker("living_room").configure(status_quirk=StatusQuirk.ABSENT)
        assert _info(await _ubus(client, "mediaplayer", "player_get_play_status", {})) == {"is_mic_mute": 0}


@pytest.mark.parametrize(
    ("fault", "status", "begins"),
    [
        (Fault.HTTP_500, 500, "Internal"),
        (Fault.HTML, 200, "<html>"),
        (Fault.TRUNCATED, 200, '{"code":0,"message":"Succ'),
        (Fault.EXPIRED, 401, "<html>"),
        (Fault.HANG, 504, "<html>"),
    ],
)
async def test_scripted_faults_change_nothing_on_the_speaker(fault: Fault, status: int, begins: str) -> None:
    async with running() as client:
        home = client.sim.home
        home.configure_faults(hang_s=0.1)
        home.faults.script(fault, kind=RequestKind.SPEAK, speaker="living_room")
        speaker = home.speaker("living_room")
        form = {"deviceId": speaker.spec.device_id, "path": "mibrain", "method": "text_to_speech"}
        form["message"] = '{"text":"喂"}'
        cookies = await client.cookies()
        answer = await client.send("POST", "/remote/ubus", cookies=cookies, form=form)
        assert answer.status == status
        assert answer.text.startswith(begins)
        assert not speaker.journal.of(SpeechAccepted)
        again = await client.send("POST", "/remote/ubus", cookies=cookies, form=form)
        assert again.status == (401 if fault is Fault.EXPIRED else 200)
        assert [request.fault for request in home.requests.of(RequestKind.SPEAK)] == [fault, None]


async def test_null_fields() -> None:
    async with running() as client:
        client.sim.home.faults.script(Fault.NULLS, count=2)
        assert (await _ubus(client, "mediaplayer", "player_get_play_status", {}))["data"] == {
            "code": None,
            "info": None,
        }
        assert await client.mina().device_list() is None


async def test_the_whole_latency_is_waited_and_state_is_read_at_its_end() -> None:
    async with running(SimulatedHome(latency_s=0.2)) as client:
        home = client.sim.home
        speaker = home.speaker("living_room")
        cookies = await client.cookies()
        form = {"deviceId": speaker.spec.device_id, "path": "mediaplayer", "method": "player_get_play_status"}
        form["message"] = "{}"
        speaker.say("几点了", native_delay_s=0.1)
        began = time.monotonic()
        answer = await client.send("POST", "/remote/ubus", cookies=cookies, form=form)
        assert 0.2 <= time.monotonic() - began < 0.4
        assert _info(answer.json())["status"] == 1
        (request,) = home.requests.of(RequestKind.STATUS)
        assert request.at - began < 0.1


async def test_until_tells_what_happened_when_it_gives_up() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        speaker.configure(native_kind=NativeKind.NONE)
        speaker.say("为什么")
        with pytest.raises(TimeoutError, match="为什么"):
            await speaker.until(lambda journal: journal.of(NativeEnded), timeout_s=0.05)


async def test_closing_does_not_wait_for_hanging_requests() -> None:
    async with running() as client:
        client.sim.home.faults.script(Fault.HANG, kind=RequestKind.DEVICE_LIST)
        hanging = asyncio.create_task(client.send("GET", "/admin/v2/device_list"))
        async with asyncio.timeout(5):
            while not client.sim.home.requests.count(RequestKind.DEVICE_LIST):
                await asyncio.wait({hanging}, timeout=0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    with pytest.raises(Exception, match=r"disconnected|closed|Connector"):
        await hanging
