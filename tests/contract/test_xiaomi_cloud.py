"""What a household asks of Xiaomi, against a cloud that speaks the real protocol."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from shutil import which

import pytest

from migpt_shared.xiaomi import (
    CloudUnreachable,
    Device,
    Endpoints,
    MalformedAnswer,
    NativeAnswer,
    PlayStatus,
    SpeakerBusy,
    SpeakerOffline,
    SpeakPath,
    TokenStore,
    Unsupported,
    XiaomiCloud,
    XiaomiError,
)
from migpt_simulator import (
    BusyAnswer,
    Executed,
    Fault,
    Paused,
    Played,
    RequestKind,
    SimulatedHome,
    SimulatedSpeaker,
    Simulator,
    SoundStarted,
    SpeechAccepted,
    Stopped,
    VolumeSet,
    Woken,
)
from migpt_simulator import SpeechPath as SimulatedPath
from tests.contract.xiaomi_household import BY_PASSWORD, Household, simulated, until

HARDWARE = {"living_room": "LX06", "bedroom": "L05C", "touch": "LX04", "kitchen": "L06A", "old": "M01", "new": "OH2"}


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    speakers = tuple(SimulatedSpeaker(slug=slug, name=slug, hardware=name) for slug, name in HARDWARE.items())
    async with simulated(SimulatedHome(latency_s=0.0, speakers=speakers)) as simulator:
        yield Household(simulator, tmp_path / "home.json")


@pytest.fixture
async def cloud(household: Household) -> AsyncIterator[XiaomiCloud]:
    async with household.cloud(timeout_s=0.5) as cloud:
        yield cloud


async def test_devices(household: Household, cloud: XiaomiCloud) -> None:
    household.sim.home.speaker("bedroom").set_online(is_online=False)
    devices = {device.name: device for device in await cloud.devices()}
    assert {name: device.hardware for name, device in devices.items()} == HARDWARE
    assert not devices["bedroom"].is_online
    assert devices["kitchen"].is_online
    assert devices["kitchen"].miot_did == household.sim.home.speaker("kitchen").spec.miot_did
    assert "yunduantts" in devices["living_room"].capabilities


@pytest.mark.parametrize(
    ("slug", "path", "taken"),
    [
        ("living_room", SpeakPath.MINA, SimulatedPath.MINA),
        ("living_room", SpeakPath.MIOT, SimulatedPath.MIOT),
        ("bedroom", SpeakPath.MIOT, SimulatedPath.MIOT),
        ("old", SpeakPath.MINA, SimulatedPath.MINA),
    ],
)
async def test_speak(
    household: Household, cloud: XiaomiCloud, slug: str, path: SpeakPath, taken: SimulatedPath
) -> None:
    text = '你好，"世界" 3.5 #1 &=+%'
    await cloud.speak(household.device(slug), text, path=path)
    accepted = household.sim.home.speaker(slug).journal.last(SpeechAccepted)
    assert accepted is not None
    assert (accepted.text, accepted.path) == (text, taken)


async def test_player(household: Household, cloud: XiaomiCloud) -> None:
    device, speaker = household.device("living_room"), household.sim.home.speaker("living_room")
    assert await cloud.play_status(device) == PlayStatus(is_playing=False, volume=40, media_type=None)
    await cloud.set_volume(device, 33)
    await cloud.speak(device, "一二三四五六七八九十", path=SpeakPath.MINA)
    await speaker.until(lambda journal: journal.of(SoundStarted))
    assert (await cloud.play_status(device)).is_playing
    await cloud.pause(device)
    await cloud.play(device)
    await cloud.stop(device)
    assert [type(event) for event in speaker.journal if isinstance(event, Paused | Played | Stopped | VolumeSet)] == [
        VolumeSet, Paused, Played, Stopped,
    ]  # fmt: skip
    assert speaker.volume == 33
    with pytest.raises(ValueError, match="0 to 100"):
        await cloud.set_volume(device, 101)


@pytest.mark.parametrize("slug", ["living_room", "touch", "old", "new"])
@pytest.mark.parametrize("silent", [True, False])
async def test_execute_as_if_spoken(household: Household, cloud: XiaomiCloud, slug: str, silent: bool) -> None:
    await cloud.execute(household.device(slug), "播放周杰伦的歌", silent=silent)
    executed = household.sim.home.speaker(slug).journal.last(Executed)
    assert executed is not None
    assert (executed.text, executed.silent) == ("播放周杰伦的歌", silent)


@pytest.mark.parametrize("slug", ["living_room", "touch", "kitchen", "bedroom"])
async def test_wake(household: Household, cloud: XiaomiCloud, slug: str) -> None:
    await cloud.wake(household.device(slug))
    assert household.sim.home.speaker(slug).journal.last(Woken) is not None


async def test_what_a_model_cannot_do(household: Household, cloud: XiaomiCloud) -> None:
    with pytest.raises(Unsupported):
        await cloud.wake(household.device("old"))
    with pytest.raises(Unsupported):
        await cloud.speak(household.device("old"), "你好", path=SpeakPath.MIOT)
    assert household.sim.home.requests.count() == 0


async def test_history(household: Household, cloud: XiaomiCloud) -> None:
    device, speaker = household.device("living_room"), household.sim.home.speaker("living_room")
    household.sim.home.clock.skew_s = 5000.0
    assert (await cloud.history(device)).records == ()
    said = []
    for number in range(4):
        said.append(speaker.say(f"问题{number}", f"答{number}", publish_delay_s=0.0))
        await until(lambda: household.sim.home.clock.wall_ms(household.sim.home.clock.monotonic()) > said[-1].time_ms)
    newest = await cloud.history(device, limit=2)
    assert [record.query for record in newest.records] == ["问题3", "问题2"]
    assert newest.records[0].answers == (NativeAnswer("TTS", "答3"),)
    assert newest.records[0].request_id == said[3].request_id
    assert newest.cloud_now_ms is not None
    assert abs(newest.cloud_now_ms / 1000 - time.time() - 5000) < 3
    older = await cloud.history(device, until_ms=said[1].time_ms, limit=5)
    assert [record.query for record in older.records] == ["问题1", "问题0"]


async def test_history_of_a_model_without_a_transcript(household: Household, cloud: XiaomiCloud) -> None:
    household.sim.home.speaker("old").say("几点了", "八点", publish_delay_s=0.0)
    page = await cloud.history(household.device("old"))
    assert [(record.query, record.answers) for record in page.records] == [("几点了", (NativeAnswer("TTS", "八点"),))]
    assert page.cloud_now_ms is not None
    assert (household.count(RequestKind.LATEST_ASK), household.count(RequestKind.CONVERSATION)) == (1, 0)


@pytest.mark.parametrize(("answer", "code"), [(BusyAnswer.ROM, 101), (BusyAnswer.TIMEOUT, 100)])
async def test_a_busy_speaker(household: Household, cloud: XiaomiCloud, answer: BusyAnswer, code: int) -> None:
    device, speaker = household.device("living_room"), household.sim.home.speaker("living_room")
    speaker.configure(device_timeout_s=0.05)
    speaker.be_busy(calls=2, answer=answer)
    with pytest.raises(SpeakerBusy) as caught:
        await cloud.speak(device, "你好", path=SpeakPath.MINA)
    assert caught.value.code == code
    with pytest.raises(SpeakerBusy):
        await cloud.speak(device, "你好", path=SpeakPath.MIOT)
    await cloud.speak(device, "你好", path=SpeakPath.MINA)
    assert household.passwords_sent == 1  # a busy speaker is no reason to log in


async def test_an_offline_speaker(household: Household, cloud: XiaomiCloud) -> None:
    speaker = household.sim.home.speaker("living_room")
    speaker.configure(device_timeout_s=0.05)
    speaker.set_online(is_online=False)
    device = next(device for device in await cloud.devices() if device.name == "living_room")
    with pytest.raises(SpeakerOffline):
        await cloud.speak(device, "你好", path=SpeakPath.MINA)
    with pytest.raises(SpeakerOffline):
        await cloud.speak(device, "你好", path=SpeakPath.MIOT)


async def test_a_speaker_the_cloud_does_not_know(household: Household, cloud: XiaomiCloud) -> None:
    stranger = Device("no-such-id", "1", "x", "x", "LX06", "", True, "", frozenset())
    with pytest.raises(Unsupported):
        await cloud.speak(stranger, "你好", path=SpeakPath.MINA)
    with pytest.raises(XiaomiError):
        await cloud.speak(stranger, "你好", path=SpeakPath.MIOT)
    assert (await cloud.history(stranger)).records == ()


Call = Callable[[XiaomiCloud, Device], Awaitable[object]]
CALLS: dict[RequestKind, Call] = {
    RequestKind.DEVICE_LIST: lambda cloud, device: cloud.devices(),
    RequestKind.CONVERSATION: lambda cloud, device: cloud.history(device),
    RequestKind.STATUS: lambda cloud, device: cloud.play_status(device),
    RequestKind.SPEAK: lambda cloud, device: cloud.speak(device, "你好", path=SpeakPath.MINA),
    RequestKind.PAUSE: lambda cloud, device: cloud.pause(device),
    RequestKind.VOLUME: lambda cloud, device: cloud.set_volume(device, 20),
    RequestKind.WAKE: lambda cloud, device: cloud.wake(device),
    RequestKind.EXECUTE: lambda cloud, device: cloud.execute(device, "几点", silent=True),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.HTML, MalformedAnswer),
        (Fault.TRUNCATED, MalformedAnswer),
        (Fault.NULLS, MalformedAnswer),
        (Fault.HTTP_500, CloudUnreachable),
        (Fault.HANG, CloudUnreachable),
    ],
)
async def test_answers_that_are_none(
    household: Household, cloud: XiaomiCloud, kind: RequestKind, fault: Fault, error: type[XiaomiError]
) -> None:
    device, call = household.device("living_room"), CALLS[kind]
    household.sim.home.faults.script(fault, kind=kind)
    if (kind, fault) == (RequestKind.CONVERSATION, Fault.NULLS):  # a page with one record of nothing
        assert (await cloud.history(device)).records == ()
    else:
        with pytest.raises(XiaomiError) as caught:
            await call(cloud, device)
        assert type(caught.value) is error
    await call(cloud, device)
    assert cloud.account_state.ok
    assert household.passwords_sent == 1


async def test_a_transcript_without_records(household: Household, cloud: XiaomiCloud) -> None:
    household.sim.home.faults.script(Fault.NO_RECORDS, kind=RequestKind.CONVERSATION)
    assert (await cloud.history(household.device("living_room"))).records == ()


async def test_outside_of_its_block_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await XiaomiCloud(BY_PASSWORD, TokenStore(tmp_path / "x.json")).devices()


async def test_a_call_costs_less_than_3_ms(household: Household, cloud: XiaomiCloud) -> None:
    device = household.device("living_room")
    await cloud.play_status(device)
    before = time.process_time()
    for _ in range(100):
        await cloud.play_status(device)
    assert (time.process_time() - before) / 100 < 0.003  # the simulator's own share included


async def test_one_kept_connection_without_nagles_delay(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    create_connection = loop.create_connection

    async def watch(*arguments: object, **options: object) -> object:
        made = await create_connection(*arguments, **options)  # type: ignore[call-overload]
        connected.append(made[0].get_extra_info("socket"))
        return made

    monkeypatch.setattr(loop, "create_connection", watch)
    async with household.cloud() as cloud:
        for _ in range(5):
            await cloud.devices()
        assert len(connected) == 1
        assert connected[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@pytest.fixture(scope="module")
def self_made_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed (apt install openssl)")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return certificate, key


async def test_a_server_that_cannot_prove_who_it_is_gets_no_request(
    self_made_certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    certificate, key = self_made_certificate
    async with Simulator(tls_cert=certificate, tls_key=key) as simulator:
        url = simulator.url
        store = TokenStore(tmp_path / "home.json")
        async with XiaomiCloud(BY_PASSWORD, store, Endpoints(url, url, url, url)) as cloud:
            with pytest.raises(CloudUnreachable, match="certificate"):
                await cloud.devices()
        assert simulator.home.requests.count() == 0
