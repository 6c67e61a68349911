"""Reading the transcript, whatever shape it has."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_shared.xiaomi import HistoryPage, MalformedAnswer, NativeAnswer, PlayStatus, Record
from migpt_shared.xiaomi.conversation import page_from, page_from_nlp_results
from migpt_shared.xiaomi.devices import devices_from
from migpt_shared.xiaomi.playback import play_status_from


def record(time_ms: int, query: str = "今天天气", answers: object = None, **more: object) -> dict[str, object]:
    return {"time": time_ms, "query": query, "requestId": f"r{time_ms}", "answers": answers, "bitSet": [0], **more}


def page(*records: object, **more: object) -> HistoryPage:
    return page_from(json.dumps({"bitSet": [0, 1, 1], "records": records, **more}), 5000)


def test_records_come_newest_first_with_all_their_answers() -> None:
    tts = {"type": "TTS", "tts": {"text": "晴"}}
    llm = {"type": "LLM", "llm": {"text": "多云"}}
    audio = {"type": "AUDIO", "audio": {"audioInfoList": [{"title": "稻香", "artist": "周杰伦"}, {"title": "晴天"}]}}
    read = page(record(1, answers=[llm]), record(3, answers=[tts, audio]), record(2, answers=[]), nextEndTime=1)
    assert [entry.time_ms for entry in read.records] == [3, 2, 1]
    assert read.records[0].answers == (NativeAnswer("TTS", "晴"), NativeAnswer("AUDIO", "稻香、晴天"))
    assert read.records[1].answers == ()
    assert read.records[2].answers == (NativeAnswer("LLM", "多云"),)
    assert (read.next_end_ms, read.cloud_now_ms) == (1, 5000)


def test_an_answer_without_its_text_is_no_crash() -> None:
    read = page(record(1, answers=[{"type": "LLM"}, {"type": "TTS", "tts": None}, {"type": "NEW"}, None, "x"]))
    assert read.records[0].answers == (NativeAnswer("LLM", ""), NativeAnswer("TTS", ""))


@pytest.mark.parametrize("data", [None, "", "null", '{"records":[],"nextEndTime":0}', '{"records":null}', "{}"])
def test_no_records(data: object) -> None:
    assert page_from(data, None) == HistoryPage((), None, None)


@pytest.mark.parametrize("data", ["<html>", '{"records":[{"ti', "[]", "1", '{"records":{"a":1}}', [], 7])
def test_what_is_no_transcript(data: object) -> None:
    with pytest.raises(MalformedAnswer):
        page_from(data, None)


def test_a_broken_record_does_not_hide_the_others() -> None:
    broken = [None, 1, {}, {"time": None, "query": "a"}, {"time": 1}, {"time": 1, "query": None}, {"query": "a"}]
    read = page(*broken, record(9, "你好"), {"time": True, "query": "a"}, {"time": 2, "query": ""})
    assert [entry.query for entry in read.records] == ["你好"]


KEYS = """records time query answers type tts llm audio audioInfoList text requestId status result nlp meta response
answer content intention timestamp deviceID capabilities"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS.split()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_json_makes_the_readers_fail_otherwise_than_promised(data: Any) -> None:
    for given_as in (data, json.dumps(data)):
        for read in (
            lambda value: page_from(value, None),
            lambda value: page_from_nlp_results(value, None, until_ms=None, limit=5),
            play_status_from,
            devices_from,
        ):
            try:
                read(given_as)
            except MalformedAnswer:
                continue


def nlp(time_ms: object, *answers: object) -> dict[str, str]:
    meta = {"request_id": f"r{time_ms}", "timestamp": time_ms}
    return {"nlp": json.dumps({"meta": meta, "response": {"answer": answers}})}


def spoken(query: str, text: str) -> dict[str, object]:
    return {"domain": "d", "action": "a", "content": {"to_speak": text}, "intention": {"query": query}}


def test_the_last_answers_of_models_without_a_transcript() -> None:
    info = json.dumps({"result": [nlp("1", spoken("几点", "八点")), nlp("2", spoken("天气", "晴"), spoken("", "雨"))]})
    read = page_from_nlp_results(info, 7, until_ms=None, limit=5)
    assert read.records == (
        Record(2, "r2", "天气", (NativeAnswer("TTS", "晴"), NativeAnswer("TTS", "雨"))),
        Record(1, "r1", "几点", (NativeAnswer("TTS", "八点"),)),
    )
    assert read.cloud_now_ms == 7
    assert [entry.time_ms for entry in page_from_nlp_results(info, 7, until_ms=1, limit=5).records] == [1]
    assert [entry.time_ms for entry in page_from_nlp_results(info, 7, until_ms=None, limit=1).records] == [2]


def test_incomplete_last_answers_are_left_out() -> None:
    broken = [{}, {"nlp": "<"}, {"nlp": None}, None, nlp("3"), nlp(None, spoken("a", "b")), {"nlp": "[]"}]
    info = json.dumps({"result": [*broken, nlp("1", spoken("几点", "八点"))]})
    assert [entry.query for entry in page_from_nlp_results(info, None, until_ms=None, limit=5).records] == ["几点"]
    assert page_from_nlp_results(None, None, until_ms=None, limit=5).records == ()
    with pytest.raises(MalformedAnswer):
        page_from_nlp_results('{"result":', None, until_ms=None, limit=5)


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ('{"status":1,"volume":28,"loop_type":1}', PlayStatus(True, 28, None)),
        ('{"status":2,"volume":28,"media_type":3}', PlayStatus(False, 28, 3)),
        ('{"status":0,"volume":5}', PlayStatus(False, 5, None)),
        ('{"is_mic_mute":0}', PlayStatus(None, None, None)),
        ('{"status":null,"volume":null}', PlayStatus(None, None, None)),
        ("null", PlayStatus(None, None, None)),
        (None, PlayStatus(None, None, None)),
    ],
)
def test_play_status(info: object, status: PlayStatus) -> None:
    assert play_status_from(info) == status


@pytest.mark.parametrize("info", ["<html>", "[]", '{"status":'])
def test_what_is_no_play_status(info: object) -> None:
    with pytest.raises(MalformedAnswer):
        play_status_from(info)


def test_devices() -> None:
    entry = {
        "deviceID": "d-1", "serialNumber": "1/2", "name": "客厅", "alias": "Pro", "presence": "online", "miotDID": 77,
        "hardware": "LX06", "romVersion": "1.2", "capabilities": {"yunduantts": 1, "mesh": 0},
    }  # fmt: skip
    first, second = devices_from([entry, None, {"name": "no id"}, {"deviceID": "d-2", "capabilities": None}])
    assert (first.device_id, first.miot_did, first.is_online, first.rom) == ("d-1", "77", True, "1.2")
    assert first.capabilities == {"yunduantts"}
    assert (second.miot_did, second.is_online, second.hardware, second.capabilities) == (None, False, "", frozenset())
    assert devices_from([]) == ()


@pytest.mark.parametrize("data", [None, {"a": 1}, "x"])
def test_a_list_that_is_none_does_not_look_like_a_home_without_speakers(data: object) -> None:
    with pytest.raises(MalformedAnswer):
        devices_from(data)
