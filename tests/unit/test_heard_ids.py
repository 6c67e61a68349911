"""A record has the same id for ever; what it says is told faithfully."""

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from migpt_poller.heard_ids import heard_of, record_id
from migpt_shared.xiaomi import NativeAnswer, Record

DEVICE = "6ff4f1d0-1a2b-4c3d-8e9f-0123456789ab"
RECORD = Record(1763817600123, "fada34f8fa0c3f40", "今天天气", ())


def test_an_id_is_a_ulid_that_bears_the_records_time() -> None:
    assert ULID.from_str(record_id(DEVICE, RECORD)).milliseconds == 1763817600123


def test_the_id_of_a_record_never_changes() -> None:
    assert record_id(DEVICE, RECORD) == "01KANVHD3VV9376RW52CH1ZK35"


def test_an_answer_that_appears_later_does_not_change_the_id() -> None:
    answered = Record(RECORD.time_ms, RECORD.request_id, RECORD.query, (NativeAnswer("TTS", "晴"),))
    assert record_id(DEVICE, answered) == record_id(DEVICE, RECORD)


def test_ids_tell_apart_devices_requests_and_times() -> None:
    ids = {
        record_id(device, Record(time_ms, request, "今天天气", ()))
        for device in (DEVICE, "other")
        for request in ("a", "b")
        for time_ms in (1, 2)
    }
    assert len(ids) == 8


def test_records_without_request_id_are_told_apart_by_their_text() -> None:
    first, second = Record(5, "", "开灯", ()), Record(5, "", "关灯", ())
    assert record_id(DEVICE, first) != record_id(DEVICE, second)
    assert record_id(DEVICE, first) == record_id(DEVICE, Record(5, "", "开灯", ()))


@given(time_ms=st.integers(-(2**70), 2**70), request=st.text(), query=st.text())
def test_any_record_has_an_id(time_ms: int, request: str, query: str) -> None:
    assert len(record_id(DEVICE, Record(time_ms, request, query, ()))) == 26


def test_what_was_heard() -> None:
    record = Record(1763817600123, "x", " 今天天气 ", (NativeAnswer("LLM", "晴 "),))
    heard = heard_of("01KANT7D7V0000000000000000", record)
    assert heard is not None
    assert heard.id == heard.turn == "01KANT7D7V0000000000000000"
    assert (heard.text, heard.spoken_at, heard.source) == ("今天天气", 1763817600123, "speaker")
    assert (heard.native_answer, heard.native_type) == ("晴", "LLM")


def test_a_record_without_answer_is_told_as_such() -> None:
    heard = heard_of("id", RECORD)
    assert heard is not None
    assert (heard.native_answer, heard.native_type) == (None, "none")


def test_a_music_request_counts_as_audio_whatever_is_said_first() -> None:
    heard = heard_of("id", Record(1, "x", "放首歌", (NativeAnswer("TTS", "好的"), NativeAnswer("AUDIO", "晴天"))))
    assert heard is not None
    assert (heard.native_answer, heard.native_type) == ("好的", "AUDIO")


def test_a_record_without_words_is_not_told() -> None:
    assert heard_of("id", Record(1, "x", " \n", ())) is None


def test_an_endless_text_is_cut_to_what_a_message_holds() -> None:
    heard = heard_of("id", Record(1, "x", "啊" * 5000, ()))
    assert heard is not None
    assert len(heard.text) == 2000
