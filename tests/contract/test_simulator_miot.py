"""api.io.mi.com of the simulator over HTTP: signed calls, asked by miservice-fork."""

from __future__ import annotations

import pytest

from migpt_simulator import (
    DEFAULT_ACCOUNT,
    BusyAnswer,
    Executed,
    Fault,
    NativeEnded,
    RequestKind,
    SimulatedHome,
    SimulatedSpeaker,
    SoundEnded,
    SpeechAccepted,
    SpeechPath,
    Woken,
)
from migpt_simulator.models import model_of
from tests.contract.simulated_client import running

_OFFLINE, _WRONG_COUNT, _NO_ACTION, _NOT_READABLE = -704042011, -704220025, -704040005, -704030013
_HARDWARE = ("LX06", "L05C", "LX04", "L06A", "L09A", "L15A", "OH2P", "X08C", "M01", "OH2", "L07A", "LX01")


def _home(*hardware: str) -> SimulatedHome:
    speakers = tuple(SimulatedSpeaker(slug=name.lower(), name=name, hardware=name) for name in hardware)
    return SimulatedHome(latency_s=0.0, speakers=speakers)


async def test_every_model_speaks_by_its_own_action_and_refuses_another() -> None:
    async with running(_home(*_HARDWARE)) as client:
        miot = client.miot()
        for hardware in _HARDWARE:
            speaker = client.sim.home.speaker(hardware.lower())
            speaker.configure(seconds_per_char=0.0, sound_delay_s=0.0)
            did, model = speaker.spec.miot_did, model_of(hardware)
            if model.play_text is None:
                assert await miot.miot_action(did, (5, 1), ["喂"]) == _NO_ACTION
                continue
            play = (model.play_text.siid, model.play_text.aiid)
            assert await miot.miot_action(did, play, ["喂"]) == 0
            await speaker.until(lambda journal: journal.of(SoundEnded))
            assert speaker.journal.of(SpeechAccepted)[0].path is SpeechPath.MIOT
            assert await miot.miot_action(did, play, ["两", "个"]) == _WRONG_COUNT
            assert await miot.miot_action(did, (99, 9), []) == _NO_ACTION


async def test_wake_up_takes_a_text_on_some_models() -> None:
    async with running(_home("LX06", "LX04")) as client:
        miot = client.miot()
        plain, touch = client.sim.home.speaker("lx06"), client.sim.home.speaker("lx04")
        assert await miot.miot_action(plain.spec.miot_did, (5, 3), []) == 0
        assert await miot.miot_action(plain.spec.miot_did, (5, 3), ["x"]) == _WRONG_COUNT
        assert await miot.miot_action(touch.spec.miot_did, (5, 2), []) == _WRONG_COUNT
        assert await miot.miot_action(touch.spec.miot_did, (5, 2), [""]) == 0
        assert [len(one.journal.of(Woken)) for one in (plain, touch)] == [1, 1]
        assert plain.is_listening


@pytest.mark.parametrize(
    ("hardware", "action", "loud", "quiet"),
    [("LX06", (5, 5), False, True), ("LX06", (5, 5), "0", "1"), ("LX04", (5, 4), 1, 0)],
)
async def test_silent_execution_by_each_models_encoding(
    hardware: str, action: tuple[int, int], loud: object, quiet: object
) -> None:
    async with running(_home(hardware)) as client:
        miot, speaker = client.miot(), client.sim.home.speaker(hardware.lower())
        speaker.configure(native_delay_s=0.0, native_duration_s=0.0)
        assert await miot.miot_action(speaker.spec.miot_did, action, ["几点了", loud]) == 0
        await speaker.until(lambda journal: journal.of(NativeEnded))
        assert await miot.miot_action(speaker.spec.miot_did, action, ["开灯", quiet]) == 0
        assert [event.silent for event in speaker.journal.of(Executed)] == [False, True]
        assert await miot.miot_action(speaker.spec.miot_did, action, ["开灯"]) == _WRONG_COUNT


async def test_wrong_types_and_signatures() -> None:
    async with running() as client:
        miot, speaker = client.miot(), client.sim.home.speaker("living_room")
        with pytest.raises(Exception, match="'code': -8"):
            await miot.miot_action(speaker.spec.miot_did, (5, 1), [3])
        with pytest.raises(Exception, match="'code': -8"):
            await miot.miio_request("/miotspec/action", {"params": "x"})
        good = miot.account.token["xiaomiio"]
        miot.account.token["xiaomiio"] = ("AAAAAAAAAAAAAAAAAAAAAA==", good[1])
        with pytest.raises(Exception, match="invalid signature"):
            await miot.device_list()
        rc4 = await client.send(
            "POST",
            "/app/home/device_list",
            form={"data": "", "rc4_hash__": "x"},
            cookies={"userId": DEFAULT_ACCOUNT, "serviceToken": good[1]},
        )
        assert "RC4" in rc4.text


async def test_properties() -> None:
    async with running(_home("LX06", "L05C", "LX05", "L07A")) as client:
        miot = client.miot()

        def did(slug: str) -> str:
            return client.sim.home.speaker(slug).spec.miot_did

        assert await miot.miot_set_prop(did("lx06"), (2, 1), 20) == 0
        assert await miot.miot_get_prop(did("lx06"), (2, 1)) == 20
        assert await miot.miot_set_prop(did("lx06"), (2, 1), 200) == -704220035
        assert await miot.miot_set_prop(did("lx06"), (9, 1), 1) == -704040002
        rows = await miot.miot_request(
            "prop/get", [{"did": did("lx06"), "siid": 3, "piid": 1}, {"did": "1", "siid": 3, "piid": 1}]
        )
        assert [row["code"] for row in rows] == [_NOT_READABLE, -704090001]
        assert await miot.miot_get_prop(did("l05c"), (3, 1)) == 1  # always "playing"
        assert await miot.miot_get_prop(did("lx05"), (3, 1)) == 0
        assert await miot.miot_get_prop(did("l07a"), (4, 1)) == 0


async def test_the_home_list_shows_models_and_presence() -> None:
    async with running() as client:
        client.sim.home.speaker("bedroom").set_online(is_online=False)
        devices = await client.miot().device_list("full")
        assert [(device["model"], device["isOnline"]) for device in devices] == [
            ("xiaomi.wifispeaker.lx06", True),
            ("xiaomi.wifispeaker.l05c", False),
        ]
        assert await client.miot().miio_request("/v2/message/v2/check_new_msg", {}) == {"new_msg": False}


async def test_offline_busy_and_timed_out() -> None:
    async with running() as client:
        miot, speaker = client.miot(), client.sim.home.speaker("living_room")
        did = speaker.spec.miot_did
        speaker.set_online(is_online=False)
        assert await miot.miot_action(did, (5, 1), ["喂"]) == _OFFLINE
        assert await miot.miot_get_prop(did, (2, 1)) is None
        speaker.set_online(is_online=True)
        speaker.configure(device_timeout_s=0.05)
        speaker.be_busy(calls=1)
        assert await miot.miot_action(did, (5, 1), ["喂"]) == -704053100
        speaker.be_busy(calls=1, answer=BusyAnswer.TIMEOUT)
        assert await miot.miot_action(did, (5, 1), ["喂"]) == -704083036
        client.sim.home.faults.script(Fault.BUSY, kind=RequestKind.SPEAK)
        assert await miot.miot_action(did, (5, 1), ["喂"]) == -704053100
        speaker.configure(new_speech="refused")
        assert await miot.miot_action(did, (5, 1), ["喂"]) == 0
        assert await miot.miot_action(did, (5, 1), ["喂"]) == -704053100
        assert await miot.miot_action("424242", (5, 1), ["喂"]) == -704090001


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("http_401", 401, "<html>"),
        ("code_2", 200, '"code": 2'),
        ("code_3", 200, '"code": 3'),
        ("message", 200, "EXPIRED"),
    ],
)
async def test_expired_tokens_in_every_wording(answer: str, status: int, body: str) -> None:
    async with running() as client:
        client.sim.home.account().configure(expired_miot_answer=answer)
        cookies = {"userId": DEFAULT_ACCOUNT, "serviceToken": await client.token("xiaomiio")}
        client.sim.home.account().expire_service_tokens("xiaomiio")
        got = await client.send("POST", "/app/home/device_list", cookies=cookies, form={"data": "{}"})
        assert got.status == status
        assert body in got.text
