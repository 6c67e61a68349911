"""What becomes of commands that a shell sent, and what is told at which level."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from migpt_cli.directory import KnownSpeaker
from migpt_cli.residents import Residents
from migpt_cli.shell.call_log import calls
from migpt_cli.shell.errands import Errand, Errands, Remark, begin_errand
from migpt_cli.shell.news import message_line, news_of, trouble_of
from migpt_cli.story_view import Look
from migpt_shared.bus import Cleared, Delivery
from migpt_shared.language import Phrase
from migpt_shared.messages import (
    Account,
    Address,
    Ask,
    BrainState,
    Command,
    Presence,
    Result,
    Say,
    SetAi,
    SpeakerInfo,
    SpeechState,
    Stop,
    Turn,
)
from migpt_shared.messages.presence import Health
from tests.unit.cli_story_teller import Teller, whole_turn

DONE = Phrase(zh="{speaker}：好了", en="{speaker}: done")
TURN = "01K9ZJ5T2M6W0V3B8QH4N7X1CE"


def speaker(slug: str, *, brain: str | None = "brain/1", speech: str | None = "speaker/1") -> KnownSpeaker:
    info = SpeakerInfo(uid="0" * 12, name=slug, hardware="LX06", area=None, device_tail="abcd")
    return KnownSpeaker(Address("home", slug), info, None, BrainState(owner=brain), SpeechState(owner=speech))


KITCHEN, LIVING = speaker("kitchen"), speaker("living_room")


def sent(command: Command, *speakers: KnownSpeaker, done: Phrase | None = DONE) -> tuple[Errand, list[Remark]]:
    return begin_errand(command, speakers, 100.0, done)


def result(command: Command, *, ok: bool = True, **fields: Any) -> Result:
    return Result(request=command.id, ok=ok, **fields)


def turn(phase: str, **fields: Any) -> Turn:
    body = {"turn": TURN, "text": "x", "route": "llm", "reason": "r", "owner": "brain/1", "phase": phase, **fields}
    return Turn.model_validate(body)


def words(remarks: list[Remark]) -> list[str]:
    return [remark.phrase.in_("en", **remark.values) for remark in remarks]


def test_a_command_to_two_is_over_when_both_have_answered() -> None:
    command = SetAi(value=True)
    one, unserved = sent(command, KITCHEN, LIVING)
    assert not unserved
    assert words(one.result(KITCHEN.address, result(command), 101)) == ["home/kitchen（kitchen）: done"]
    assert one.result(KITCHEN.address, result(command), 101) == []
    assert one.result(LIVING.address, result(SetAi(value=False)), 101) == []
    assert not one.is_over
    [remark] = one.result(LIVING.address, result(command, ok=False, error="broken"), 102)
    assert remark.is_problem
    assert "broken" in remark.phrase.in_("en", **remark.values)
    assert one.is_over
    assert not one.is_good


def test_who_has_no_owner_is_told_at_once_and_not_waited_for() -> None:
    silent = speaker("attic", brain=None)
    one, unserved = sent(Ask(text="x"), silent, LIVING, done=None)
    assert len(unserved) == 1
    assert set(one.waiting) == {LIVING.address}
    assert not one.is_good
    only_speech, unserved = sent(Say(text="x"), silent)
    assert not unserved
    assert only_speech.waiting
    assert not sent(Stop(), silent)[0].waiting  # both services have to act


def test_an_ask_is_over_when_its_turn_has_ended() -> None:
    command = Ask(text="x")
    one, _ = sent(command, LIVING, done=None)
    assert one.result(LIVING.address, result(command, value={"turn": TURN}), 101) == []
    assert not one.is_over
    assert one.turn(turn("speaking"), 130) == []
    assert one.gives_up_at == 190
    assert one.turn(turn("done"), 131) == []
    assert one.is_over
    assert one.is_good


@pytest.mark.parametrize(
    ("phase", "error", "told", "is_good"),
    [
        ("failed", "no key", ["the answer is not complete: no key"], False),
        ("failed", None, ["the answer is not complete: failed"], False),
        ("done", "the rest is missing", ["the answer is not complete: the rest is missing"], True),
        ("cancelled", "superseded", [], False),
    ],
)
def test_an_answer_that_did_not_come(phase: str, error: str | None, told: list[str], is_good: bool) -> None:
    command = Ask(text="x")
    one, _ = sent(command, LIVING, done=None)
    one.result(LIVING.address, result(command, value={"turn": TURN}), 101)
    assert words(one.turn(turn(phase, error=error), 102)) == told
    assert one.is_over
    assert one.is_good == is_good


def test_a_turn_may_end_before_the_result_of_its_ask() -> None:
    errands, command = Errands(), Ask(text="停止")
    one, _ = sent(command, LIVING, done=None)
    errands.under_way.append(one)
    assert list(errands.turn(turn("done"), 101)) == []
    assert list(errands.result(LIVING.address, result(command, value={"turn": TURN}), 101)) == []
    assert one.is_over
    assert errands.is_own(TURN)


def test_silence_is_told() -> None:
    one, _ = sent(Say(text="x" * 100), KITCHEN, LIVING)
    assert one.gives_up_at == 100 + 45 + 40
    assert len(one.give_up()) == 2
    assert one.is_over
    assert not one.is_good
    command = Ask(text="x")
    asked, _ = sent(command, LIVING, done=None)
    assert asked.gives_up_at == 105
    asked.result(LIVING.address, result(command, value={"turn": TURN}), 101)
    assert words(asked.give_up()) == ["no news; no longer waiting for this answer."]


LOOK = Look("en", lambda address: address.speaker)


def told(level: Any, *, is_own: bool = False) -> list[str]:
    teller = Teller(has_room=False)
    beats = [
        *teller.heard(1.0), *teller.turn(1.1, "accepted"), *teller.sentence(1.5, 0, "因为散射。"),
        *teller.speech(1.6, "requested", [0], "因为散射。"), *teller.speech(1.9, "speaking", [0], "因为散射。"),
        *teller.speech(2.9, "spoken", [0], "因为散射。"), *teller.turn(3.0, "done", reply_so_far="因为散射。"),
    ]  # fmt: skip
    return [line for beat in beats if (line := news_of(beat, level, LOOK, is_own=is_own)) is not None]


def test_levels() -> None:
    assert told("quiet") == []
    assert told("quiet", is_own=True) == ["living_room  因为散射。"]
    normal, debug = told("normal"), told("debug")
    assert len(normal) == 4
    assert set(normal) < set(debug)
    assert any("speaking" in line for line in debug)


def test_a_failure_is_told_at_every_level() -> None:
    teller = Teller(has_room=False)
    [*_, beat] = [*teller.turn(1.0, "accepted"), *teller.turn(2.0, "failed", error="no key")]
    for level in ("quiet", "normal", "debug"):
        line = news_of(beat, level, LOOK, is_own=False)
        assert line is not None
        assert "no key" in line
        assert news_of(beat, level, LOOK, is_own=True) is None, "the errand tells"


def test_a_login_that_breaks_is_told_once() -> None:
    good, bad = Account(ok=True), Account(ok=False, reason="captcha")
    assert trouble_of(good, "home", None) is None
    assert trouble_of(bad, "home", good) == "home: captcha"
    assert trouble_of(bad, "home", bad) is None
    assert trouble_of(Account(ok=False, reason="sms"), "home", bad) == "home: sms"


def test_other_messages_are_lines_at_debug() -> None:
    places = {"household": "home", "speaker": "living_room"}
    line = message_line(Delivery(SpeechState(owner="speaker/1", volume=30), places, False, 0.0))
    assert line is not None
    assert line.startswith('SpeechState home/living_room {"')
    assert '"volume":30' in line
    assert message_line(Delivery(turn("done"), places, False, 0.0)) is None


def test_the_log_of_calls() -> None:
    [call] = calls(whole_turn().book.stories, 5)
    assert (call.speaker, call.source, call.answered_by, call.ended) == ("home/living_room", "speaker", "llm", "done")
    assert (call.first_token_ms, call.first_sentence_ms) == (300.0, 450.0)
    assert call.total_ms == pytest.approx(3098)
    assert call.at.astimezone(UTC) <= datetime.now(UTC)
    assert calls(whole_turn().book.stories, 0) == []
    native = Teller()
    native.turn(1.0, "done", route="native")
    assert calls(native.book.stories, 5) == []


def test_residents_come_and_go() -> None:
    residents = Residents()

    def take(service: str, status: str = "online", *, ok: bool = True) -> bool:
        presence = Presence.model_validate(
            {"status": status, "health": Health(ok=ok, detail="stuck" if not ok else "")}
        )
        return residents.take(Delivery(presence, {"service": service, "instance": "1"}, False, 0.0))

    assert residents.missing() == ["poller", "brain", "speaker"]
    for service in ("ha_bridge", "speaker", "poller"):
        assert take(service)
    assert [one.service for one in residents.sorted()] == ["poller", "speaker", "ha_bridge"]
    assert residents.missing() == ["brain"]
    take("speaker", ok=False)
    assert [one.is_well for one in residents.sorted()] == [True, False, True]
    take("poller", "offline")
    assert residents.take(Cleared(Presence, {"service": "speaker", "instance": "1"}))
    assert [one.service for one in residents.sorted()] == ["ha_bridge"]
    assert not residents.take(Cleared(Turn, {"household": "home", "speaker": "x"}))
