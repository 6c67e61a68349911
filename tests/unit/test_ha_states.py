"""What Home Assistant reads of speakers and services: texts that fit, and nothing that is not known."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_ha_bridge.speakers.bridge_entities import ACCOUNT_STATES, bridge_entities
from migpt_ha_bridge.speakers.facts import HouseholdFacts, ServiceFacts, SpeakerFacts
from migpt_ha_bridge.speakers.paths import AVAILABILITY
from migpt_ha_bridge.speakers.speaker_entities import ROUTES, speaker_entities
from migpt_ha_bridge.speakers.states import (
    CONVERSATION_KEYS,
    STATE_COLUMNS,
    account_state,
    bridge_states,
    forgotten_states,
    shortened,
    speaker_states,
)
from migpt_shared.messages import Account, BrainState, Health, HearingState, Presence, SpeechState, Turn


def turn(**changes: object) -> Turn:
    body = {"turn": "t1", "text": "为什么天是蓝的", "route": "llm", "reason": "keyword", "phase": "done", "owner": "b"}
    return Turn.model_validate(body | changes)


def all_known(**changes: object) -> SpeakerFacts:
    told = turn(reply_so_far="因为散射。", spans_ms={"first_speaking": 502.3}, **changes)
    return SpeakerFacts(
        hearing=HearingState(owner="p", online=True, transcript_delay_p50_s=1.4, requests_today=7, budget=100),
        brain=BrainState(owner="b", preset="deepseek", tokens_today=12),
        speech=SpeechState(owner="s", activity="speaking", volume=35, queue_length=2),
        turn=told,
        answered=told,
        asked="问",
        ordered="播放",
        problem="the preset is unknown",
    )


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@given(st.text(max_size=300))
def test_a_state_fits_on_the_page(text: str) -> None:
    short = shortened(text)
    assert columns(short) <= STATE_COLUMNS
    assert "\n" not in short
    if columns(" ".join(text.split())) <= STATE_COLUMNS:
        assert short == " ".join(text.split())
    else:
        assert short.endswith("…")


def test_the_whole_text_is_in_the_attributes() -> None:
    text = "长" * 5000
    states = speaker_states(SpeakerFacts(turn=turn(text=text), answered=turn(text=text, reply_so_far=text)), None)
    for key in ("heard", "answer"):
        assert columns(states[key]) <= STATE_COLUMNS
        attributes = states[f"{key}_attributes"]
        assert json.loads(attributes)["text"] == text
        assert len(attributes.encode()) < 16_384, "the recorder drops longer ones"


def test_what_is_known_is_shown() -> None:
    states = speaker_states(all_known(), Account(ok=True, service_token_age_s=5400))
    assert states[AVAILABILITY] == "online"
    shown = {key: text for key, text in states.items() if not key.endswith("_attributes")}
    assert shown == {
        AVAILABILITY: "online", "online": "ON", "transcript_delay": "1.4", "requests_today": "7",
        "ai": "ON", "mode": "auto", "preset": "deepseek", "persona": "None", "tokens_today": "12",
        "speaking": "ON", "volume": "35", "queue": "2", "login_problem": "OFF", "token_age": "1.5",
        "heard": "为什么天是蓝的", "route": "llm", "reason": "keyword", "first_word": "0.502",
        "answer": "因为散射。", "ask": "问", "native": "播放", "problem": "the preset is unknown",
    }  # fmt: skip


def test_every_state_has_a_reader_and_every_reader_a_state() -> None:
    read = {key for entity in speaker_entities(["deepseek"], ["poet"]) for key in entity.keys}
    assert set(speaker_states(all_known(), Account(ok=True))) - {AVAILABILITY} == read
    bridge_read = {key for entity in bridge_entities() for key in entity.keys}
    assert set(bridge_states(HouseholdFacts(), {})) == bridge_read


def test_of_what_is_not_known_nothing_is_said() -> None:
    assert speaker_states(SpeakerFacts(), None) == {}


@pytest.mark.parametrize(("online", "availability", "shown"), [
    (True, "online", "ON"), (False, "offline", "OFF"), (None, "online", "None"),
])  # fmt: skip
def test_a_speaker_is_unavailable_only_when_the_cloud_says_so(
    online: bool | None, availability: str, shown: str
) -> None:
    states = speaker_states(SpeakerFacts(hearing=HearingState(owner=None, online=online)), None)
    assert (states[AVAILABILITY], states["online"]) == (availability, shown)


@pytest.mark.parametrize(("mode", "shown"), [("auto", "auto"), ("ai", "AI"), ("native", "native")])
def test_modes_are_shown_as_they_can_be_chosen(mode: str, shown: str) -> None:
    state = BrainState.model_validate({"owner": "b", "mode": mode})
    options = next(entity for entity in speaker_entities([], []) if entity.key == "mode").more["options"]
    assert isinstance(options, list)
    assert speaker_states(SpeakerFacts(brain=state), None)["mode"] == shown
    assert shown in options


def test_xiaoais_own_answer_is_an_answer() -> None:
    left = turn(route="native")
    assert speaker_states(SpeakerFacts(answered=left, native_answer="今天晴"), None)["answer"] == "今天晴"


def test_what_is_forgotten_is_said_no_more() -> None:
    speaker = all_known(text="秘密", reason_text="秘密")
    before = speaker_states(speaker, None)
    speaker.forget_conversation()
    after = before | forgotten_states() | speaker_states(speaker, None)
    assert "秘密" in str(before)
    assert not {
        key for key in CONVERSATION_KEYS if "秘密" in after[key] or "散射" in after[key] or "播放" in after[key]
    }


@pytest.mark.parametrize(
    ("account", "word"),
    [
        (None, "unknown"),
        (Account(ok=True), "ok"),
        (Account(ok=False), "trouble"),
        (Account(ok=False, needs_captcha=True, needs_login=True), "needs_captcha"),
        (Account(ok=False, needs_verification=True), "needs_verification"),
        (Account(ok=False, needs_login=True), "needs_login"),
    ],
)
def test_an_account_in_one_word(account: Account | None, word: str) -> None:
    assert account_state(account) == word
    assert word in ACCOUNT_STATES


def test_a_service_is_well_while_one_lives_and_none_complains() -> None:
    service = ServiceFacts()
    assert not service.healthy
    service.seen("a", Presence(status="online", version="1"), 0.0)
    service.seen("b", Presence(status="online", version="1", health=Health(ok=False, detail="no cloud")), 1.0)
    assert (service.healthy, service.details, service.versions) == (False, ["no cloud"], ["1"])
    service.seen("b", Presence(status="offline"), 2.0)
    assert service.healthy
    service.expire(15.1)
    assert not service.healthy


@pytest.mark.parametrize("route", ROUTES)
def test_the_route_is_one_of_its_options(route: str) -> None:
    assert speaker_states(SpeakerFacts(turn=turn(route=route)), None)["route"] == route
