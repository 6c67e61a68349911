"""The simulated conversation history over HTTP."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

import pytest

from migpt_simulator import Fault, NativeAnswer, NativeKind, RecordVisible, RequestKind, SimulatedHome, SimulatedSpeaker
from tests.contract.simulated_client import Client, running


async def _history(client: Client, slug: str = "living_room", **query: str) -> dict[str, object]:
    hardware = client.sim.home.speaker(slug).spec.hardware
    answer = await client.send(
        "GET",
        "/device_profile/v2/conversation",
        cookies=await client.cookies(slug),
        query={"source": "dialogu", "hardware": hardware, "limit": "5", **query},
    )
    body = answer.json()
    assert (answer.status, body["code"]) == (200, 0)
    assert isinstance(body["data"], str)  # JSON inside a JSON string
    return dict(json.loads(body["data"]))


def _records(data: dict[str, object]) -> list[dict[str, object]]:
    records = data["records"]
    assert isinstance(records, list)
    return records


@pytest.mark.parametrize(
    ("native", "types"),
    [
        (NativeAnswer(NativeKind.TTS, "三点"), ["TTS"]),
        (NativeAnswer(NativeKind.LLM, "三点"), ["LLM"]),
        (NativeAnswer(NativeKind.AUDIO, "好的", 1.0, "晴天"), ["TTS", "AUDIO"]),
        (NativeAnswer(NativeKind.NONE), []),
    ],
)
async def test_a_record_appears_when_it_is_due_with_its_answers(native: NativeAnswer, types: list[str]) -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        await client.token()
        said = speaker.say("几点了", native, publish_delay_s=0.3)
        assert _records(await _history(client)) == []
        journal = await speaker.until(lambda journal: journal.of(RecordVisible))
        assert journal.of(RecordVisible)[0].at == pytest.approx(said.visible_at)
        data = await _history(client)
        (record,) = _records(data)
        assert (record["query"], record["requestId"], record["time"]) == ("几点了", said.request_id, said.time_ms)
        assert abs(said.time_ms / 1000 - time.time()) < 5
        answers = record["answers"]
        assert isinstance(answers, list)
        assert [answer["type"] for answer in answers] == types
        if types and types != ["TTS", "AUDIO"]:
            assert answers[0][types[0].lower()]["text"] == "三点"
        if "AUDIO" in types:
            assert answers[1]["audio"]["audioInfoList"][0]["title"] == "晴天"
        assert data["nextEndTime"] == 0


async def test_an_answer_may_come_after_its_record() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        await client.token()
        speaker.say("几点了", "三点", publish_delay_s=0.0, answer_delay_s=0.2)
        assert _records(await _history(client))[0]["answers"] == []
        await speaker.until(lambda journal: len(journal.of(RecordVisible)) == 2)
        assert _records(await _history(client))[0]["answers"]


async def test_paging_by_the_inclusive_cursor() -> None:
    async with running() as client:
        speaker = client.sim.home.speaker("living_room")
        times = []
        for text in ("一", "二", "三"):
            client.sim.home.clock.skew_s += 1.0  # distinct stamps without waiting
            times.append(speaker.say(text, publish_delay_s=0.0).time_ms)
        page = await _history(client, limit="2")
        assert [record["query"] for record in _records(page)] == ["三", "二"]
        older = await _history(client, limit="2", timestamp=str(page["nextEndTime"]))
        assert [record["query"] for record in _records(older)] == ["一"]
        inclusive = await _history(client, timestamp=str(times[1]))
        assert [record["query"] for record in _records(inclusive)] == ["二", "一"]
        # A client whose clock is behind does not see what is new.
        assert _records(await _history(client, timestamp=str(times[0] - 1))) == []


async def test_the_date_header_is_the_clouds_own_clock() -> None:
    async with running(SimulatedHome(latency_s=0.0, clock_skew_s=3600.0)) as client:
        speaker = client.sim.home.speaker("living_room")
        said = speaker.say("几点了", publish_delay_s=0.0)
        answer = await client.send(
            "GET", "/device_profile/v2/conversation?hardware=LX06", cookies=await client.cookies("living_room")
        )
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert date - time.time() == pytest.approx(3600, abs=3)
        assert said.time_ms / 1000 - date == pytest.approx(0, abs=3)


async def test_wrong_hardware_and_models_without_history_get_no_records() -> None:
    home = SimulatedHome(latency_s=0.0, speakers=(SimulatedSpeaker(slug="hd", name="HD", hardware="M01"),))
    async with running(home) as client:
        client.sim.home.speaker("hd").say("几点了", publish_delay_s=0.0)
        assert _records(await _history(client, "hd")) == []
        latest = await client.mina().get_latest_ask(client.sim.home.speaker("hd").spec.device_id)
        assert latest[0]["response"]["answer"][0]["question"] == "几点了"
    async with running() as client:
        client.sim.home.speaker("living_room").say("几点了", publish_delay_s=0.0)
        assert _records(await _history(client, hardware="L05C")) == []
        assert len(_records(await _history(client))) == 1
        bad = await client.send(
            "GET", "/device_profile/v2/conversation?timestamp=x", cookies=await client.cookies("living_room")
        )
        assert bad.json()["code"] == 601


async def test_an_offline_speakers_history_is_there_at_once() -> None:
    async with running() as client:
        client.sim.home.speaker("living_room").set_online(is_online=False)
        began = time.monotonic()
        assert _records(await _history(client)) == []
        assert time.monotonic() - began < 1.0


async def test_malformed_histories() -> None:
    async with running() as client:
        home = client.sim.home
        path, cookies = "/device_profile/v2/conversation?hardware=LX06", await client.cookies("living_room")
        home.faults.script(Fault.NO_RECORDS, kind=RequestKind.CONVERSATION)
        assert (await client.send("GET", path, cookies=cookies)).json()["data"] is None
        home.faults.script(Fault.NULLS, kind=RequestKind.CONVERSATION)
        (record,) = _records(await _history(client))
        assert set(record.values()) == {None}
        home.faults.script(Fault.EXPIRED, kind=RequestKind.CONVERSATION)
        assert (await client.send("GET", path, cookies=cookies)).status == 401
        assert (await client.send("GET", path, cookies=cookies)).status == 401
