"""Every message of the catalogue keeps what the design promises."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_shared import reference
from migpt_shared.messages import (
    CATALOGUE,
    COMMANDS,
    BadMessageError,
    Command,
    Forget,
    Login,
    Message,
    Say,
    SetAi,
    SetMode,
    SetVolume,
    Stop,
    Turn,
    decode,
    encode,
    place_of,
    traffic_of,
)

ROOT = Path(__file__).parents[2]
PLACES = {
    "household": "home",
    "speaker": "living_room",
    "service": "brain",
    "instance": "a1",
    "request": "R1",
}
every_kind = pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)


def topic_of(kind: type[Message]) -> str:
    return kind.channel.topic("migpt", **{place: PLACES[place] for place in kind.channel.placeholders})


#: Topic, retained, expiry in seconds: the contract that clients outside rely on.
PROMISED = {
    "migpt/home/living_room/heard": (False, 15),
    "migpt/home/living_room/turn": (True, 86400),
    "migpt/home/living_room/sentence": (False, 60),
    "migpt/home/living_room/speech": (False, None),
    "migpt/home/living_room/do/say": (False, 30),
    "migpt/home/living_room/do/ask": (False, 30),
    "migpt/home/living_room/do/ask_user": (False, 30),
    "migpt/home/living_room/do/stop": (False, 30),
    "migpt/home/living_room/do/native": (False, 30),
    "migpt/home/living_room/do/wake": (False, 30),
    "migpt/home/living_room/do/play": (False, 30),
    "migpt/home/living_room/do/pause": (False, 30),
    "migpt/home/living_room/do/correct": (False, 30),
    "migpt/home/living_room/do/forget": (False, 30),
    "migpt/home/living_room/set/ai": (False, None),
    "migpt/home/living_room/set/mode": (False, None),
    "migpt/home/living_room/set/preset": (False, None),
    "migpt/home/living_room/set/persona": (False, None),
    "migpt/home/living_room/set/volume": (False, None),
    "migpt/home/living_room/result": (False, None),
    "migpt/reply/brain/a1/R1": (False, 60),
    "migpt/home/living_room/info": (True, None),
    "migpt/home/living_room/state/hearing": (True, None),
    "migpt/home/living_room/state/brain": (True, None),
    "migpt/home/living_room/state/speech": (True, None),
    "migpt/home/living_room/event": (False, None),
    "migpt/home/account": (True, None),
    "migpt/home/do/login": (False, 30),
    "migpt/home/ha/ask": (False, 20),
    "migpt/home/ha/call": (False, 20),
    "migpt/home/ha/look": (False, 20),
    "migpt/home/ha/answer": (False, 20),
    "migpt/home/ha/state": (True, None),
    "migpt/home/ha/entities": (True, None),
    "migpt/service/brain/a1": (True, 15),
}


def test_topics_retain_flags_and_expiries_are_as_promised() -> None:
    actual = {topic_of(kind): (kind.channel.retain, kind.channel.expires_s) for kind in CATALOGUE}
    assert actual == PROMISED


def test_no_topic_means_two_things() -> None:
    for one, other in combinations(CATALOGUE, 2):
        assert other.channel.parse("migpt", topic_of(one)) is None, (one, other)


@every_kind
def test_the_example_survives_the_wire(kind: type[Message]) -> None:
    message = kind.model_validate(kind.example)
    body = encode(message, "test/1")
    assert decode(kind, body) == message.model_copy(update={"src": "test/1"})
    assert {"id", "turn", "ts", "src"} <= json.loads(body).keys()


@every_kind
def test_the_example_is_valid_by_its_schema(kind: type[Message]) -> None:
    jsonschema.validate(kind.example, json.loads(reference.schema(kind)))


@every_kind
def test_topics_lead_back_to_their_kind(kind: type[Message]) -> None:
    place = place_of("migpt", topic_of(kind))
    assert place is not None
    assert place.kind is kind
    assert place.values == {name: PLACES[name] for name in kind.channel.placeholders}


@every_kind
def test_every_field_is_documented(kind: type[Message]) -> None:
    assert kind.__doc__
    for name, field in kind.model_fields.items():
        assert field.description, f"{kind.__name__}.{name}"


@every_kind
def test_unknown_fields_are_ignored_so_that_newer_senders_are_understood(kind: type[Message]) -> None:
    assert decode(kind, json.dumps({**kind.example, "invented_tomorrow": 1}).encode())


@every_kind
def test_somebody_writes_and_somebody_reads(kind: type[Message]) -> None:
    traffic = traffic_of(kind)
    assert traffic.writers
    assert traffic.readers


BAD = [
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b'"text"',
    b"{" + b'"a":{' * 5000,
    b'{"ts": "yesterday"}',
    b'{"ts": NaN}',
    b"1" * 1_000_000,
    b'{"id": 5}',
    b'{"text": {"x": 1}}',
]


@every_kind
@pytest.mark.parametrize("payload", BAD, ids=range(len(BAD)))
def test_malformed_payloads_are_refused_in_words(kind: type[Message], payload: bytes) -> None:
    try:
        decode(kind, payload)
    except BadMessageError as error:
        assert error.reason
        assert len(error.reason) < 2000
    else:
        # Plain text is a legal form of a command; a payload that is ignored cannot be malformed.
        assert issubclass(kind, Command)
        assert kind.plain in (None, "text", "value", "question")


@every_kind
@given(payload=st.binary(max_size=200))
def test_no_payload_breaks_the_decoder(kind: type[Message], payload: bytes) -> None:
    try:
        decode(kind, payload)
    except BadMessageError as error:
        assert error.reason


@pytest.mark.parametrize(
    ("kind", "payload", "field", "value"),
    [
        (Say, "晚饭好了", "text", "晚饭好了"),
        (Say, "两行\n\n", "text", "两行\n"),
        (Say, '  {"text": "x"}', "text", "x"),
        (Say, "[1]", "text", "[1]"),
        (Say, '{ "text": "x"}', "text", '{ "text": "x"}'),
        (SetAi, "ON", "value", True),
        (SetAi, "off\n", "value", False),
        (SetAi, '{"value": true}', "value", True),
        (SetAi, '{"ai": "Off"}', "value", False),
        (SetMode, "AI", "value", "ai"),
        (SetVolume, "35", "value", 35),
        (Forget, "all", "what", "all"),
    ],
)
def test_plain_text_and_json_forms(kind: type[Message], payload: str, field: str, value: object) -> None:
    assert getattr(decode(kind, payload.encode()), field) == value


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Say, ""),
        (Say, "{}"),
        (SetAi, "yes"),
        (SetAi, "1"),
        (SetVolume, "101"),
        (SetVolume, "laut"),
        (SetMode, "off"),
        (Forget, "everything"),
    ],
)
def test_bad_commands_change_nothing_and_say_why(kind: type[Message], payload: str) -> None:
    with pytest.raises(BadMessageError):
        decode(kind, payload.encode())


@pytest.mark.parametrize("payload", [b"", b"x", b"{}", b'{"id": "Q7"}', b'{"broken', b'{"id": 5, "src": {}}'])
@pytest.mark.parametrize("kind", [Stop, Login])
def test_commands_without_content_ignore_the_payload_but_keep_its_id(kind: type[Message], payload: bytes) -> None:
    message = decode(kind, payload)
    if b"Q7" in payload:
        assert message.id == "Q7"


def test_the_id_of_a_malformed_command_is_told_if_it_can_be_read() -> None:
    with pytest.raises(BadMessageError) as caught:
        decode(SetVolume, b'{"id": "Q7", "value": 300}')
    assert caught.value.request == "Q7"


@given(st.text(max_size=30))
def test_no_name_escapes_its_level_of_a_topic(name: str) -> None:
    try:
        topic = Turn.channel.topic("migpt", household=name, speaker="s")
    except ValueError:
        return
    assert topic.count("/") == 3
    assert not set("+#\0") & set(topic)


def test_generated_files_are_fresh() -> None:
    assert reference.outdated(ROOT) == [], "run ./migpt messages --write"


def test_every_command_has_a_ready_line() -> None:
    for kind in COMMANDS:
        line = reference.publish_line(kind)
        assert line.startswith("mosquitto_pub ")
        assert topic_of(kind).rsplit("/", 1)[-1] in line
