"""The rules of one speaker, each race in simulated time."""

from __future__ import annotations

import pytest

from migpt_shared.messages import Stop
from migpt_shared.settings import SpeechSettings
from migpt_speaker import orders
from migpt_speaker.orders import Outcome, OutcomeKind
from tests.unit.conductor_run import ConductorRun
from tests.unit.speaker_model import SpeakerModel

BUSY = Outcome(OutcomeKind.BUSY, "ROM端未响应")
UNCLEAR = Outcome(OutcomeKind.UNCLEAR, "HTTP 500")
OFFLINE = Outcome(OutcomeKind.OFFLINE, "the speaker is offline")

SIX = (
    "因为大气会散射阳光，", "蓝光波长短，散射得最厉害。", "所以天空看起来是蓝色的。",
    "傍晚的时候，阳光要穿过更厚的大气，", "蓝光都散射掉了。", "这就是晚霞的来历。",
)  # fmt: skip


def answer(run: ConductorRun, at: float, texts: tuple[str, ...] = SIX, turn: str = "t1", every_s: float = 0.3) -> None:
    for seq, text in enumerate(texts):
        run.sentence(at + seq * every_s, seq, text, turn, last=seq == len(texts) - 1)


# sentences


def test_the_first_sentence_leaves_at_once_and_the_rest_is_joined() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.5)
    run.run_until(40)
    assert run.commands(orders.Speak)[0][0] == 0.5
    assert len(run.commands(orders.Speak)) == 2
    assert run.whole() == [SIX[0], "".join(SIX[1:])]
    assert run.phases() == [
        ("requested", (0,)), ("speaking", (0,)), ("spoken", (0,)),
        ("requested", (1, 2, 3, 4, 5)), ("speaking", (1, 2, 3, 4, 5)), ("spoken", (1, 2, 3, 4, 5)),
    ]  # fmt: skip


def test_joined_texts_stay_within_the_cap() -> None:
    run = ConductorRun(settings=SpeechSettings(max_chars=30))
    run.turn(0.0)
    answer(run, 0.1, every_s=0.0)
    run.run_until(40)
    assert all(len(text) <= 30 for text in run.whole())
    assert run.heard() == "".join(SIX)


def test_a_long_sentence_is_spoken_in_pieces_and_reported_once() -> None:
    run = ConductorRun(settings=SpeechSettings(max_chars=30))
    text = "从前有一座山，山上有一座庙，庙里有一个老和尚，老和尚正在给小和尚讲故事。"
    run.turn(0.0)
    run.sentence(0.1, 0, text, last=True)
    run.run_until(40)
    assert run.heard() == text
    assert [phase for phase, _ in run.phases()].count("spoken") == 1
    assert run.phases()[-1] == ("spoken", (0,))


def test_sentences_are_spoken_once_and_in_order_however_they_come() -> None:
    run = ConductorRun()
    run.turn(0.0)
    for moment, seq in ((0.1, 1), (0.15, 0), (0.2, 1), (0.25, 0), (0.3, 2), (5.0, 1)):
        run.sentence(moment, seq, SIX[seq])
    run.run_until(40)
    assert run.heard() == "".join(SIX[:3])
    assert run.commands(orders.Speak)[0][0] == pytest.approx(0.15)
    assert run.conductor.voice.answers.repeated == 3


def test_who_sends_a_sentence_again_is_told_again_how_it_fared() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.sentence(0.1, 0, "第一句话在这里。")
    run.sentence(0.1, 1, "第二句话在这里。", last=True)
    run.run_until(20.0)
    assert run.phases()[-1] == ("spoken", (1,))
    before = len(run.speeches())
    run.sentence(21.0, 0, "第一句话在这里。")
    run.sentence(21.0, 1, "第二句话在这里。", last=True)
    run.run_until(22.0)
    assert run.phases()[before:] == [("spoken", (0,)), ("spoken", (1,))]
    assert run.whole() == ["第一句话在这里。", "第二句话在这里。"]
    # In another turn nothing is told of this one.
    run.turn(30.0, "t2")
    run.sentence(30.1, 0, "别的话。", "t2", last=True)
    run.run_until(40.0)
    assert {speech.turn for speech in run.speeches()[before + 2 :]} == {"t2"}


def test_a_gap_is_waited_for_a_little_and_counted() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.sentence(0.1, 1, SIX[1])
    run.run_until(20)
    assert run.commands(orders.Speak)[0][0] == pytest.approx(0.4)
    assert run.conductor.voice.answers.missing == 1


def test_a_sentence_may_be_a_little_ahead_of_its_turn() -> None:
    run = ConductorRun()
    run.sentence(0.0, 0, SIX[0])
    run.turn(0.2)
    run.sentence(0.3, 0, "谁的？", "unknown")
    run.run_until(20)
    assert run.whole() == [SIX[0]]
    assert run.conductor.book.dropped == 1


def test_only_the_owner_of_the_turn_is_obeyed() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.turn(0.01, owner="brain/2")  # lost the claim
    run.sentence(0.1, 0, "我是别人。", src="brain/2")
    run.sentence(0.2, 0, SIX[0])
    run.run_until(20)
    assert run.whole() == [SIX[0]]


def test_a_higher_take_voids_what_is_not_yet_spoken() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.sentence(0.1, 0, SIX[0])
    run.sentence(0.2, 1, SIX[1])
    run.turn(0.5, take=1, owner="brain/2", phase="thinking")
    run.sentence(0.6, 0, "重新回答。", take=1, src="brain/2")
    run.sentence(0.7, 1, "旧的。")
    run.run_until(20)
    assert run.whole() == [SIX[0], "重新回答。"]


def test_another_brain_may_bring_a_complete_turn_to_its_end() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.sentence(0.1, 0, SIX[0])
    run.turn(0.5, phase="speaking", owner="brain/2", complete=True)
    run.sentence(0.6, 1, SIX[1], src="brain/2", last=True)
    run.run_until(20)
    assert run.heard() == "".join(SIX[:2])


# silence


def test_xiaoai_is_paused_once_and_at_once() -> None:
    run = ConductorRun()
    run.model.native(-1.0, 5)
    run.turn(0.0, source="speaker")
    run.turn(0.1, source="speaker", phase="thinking")
    answer(run, 0.5)
    run.run_until(40)
    assert [moment for moment, _ in run.commands(orders.Silence)] == [0.0]
    assert run.heard() == "".join(SIX)


@pytest.mark.parametrize(
    "fields",
    [{"source": "mqtt"}, {"source": "speaker", "take": 1}, {"source": "speaker", "retained": True},
     {"source": "speaker", "route": "native"}, {"source": "speaker", "route": "control"}],
)  # fmt: skip
def test_what_is_not_ours_to_silence_is_not_silenced(fields: dict[str, object]) -> None:
    run = ConductorRun()
    run.turn(0.0, **fields)  # type: ignore[arg-type]
    run.run_until(5)
    assert not run.commands(orders.Silence)


def test_xiaoai_that_begins_after_the_pause_is_paused_once_more() -> None:
    run = ConductorRun()
    run.model.native(0.3, 4)
    run.turn(0.0, source="speaker")
    run.run_until(5)
    assert len(run.commands(orders.Silence)) == 2
    assert run.model.played[0].end < 0.75


def test_our_own_speech_is_never_silenced() -> None:
    run = ConductorRun(model=SpeakerModel(lag_s=1.5))
    for turn in range(5):
        start = turn * 60.0
        run.at(start + 0.9, lambda start=start: run.model.native(start + 0.9, 4))  # type: ignore[misc]
        run.turn(start + 1.0, f"t{turn}", source="speaker")
        answer(run, start + 1.3, turn=f"t{turn}")
        run.run_until(start + 60)
    assert run.heard() == "".join(SIX) * 5
    assert not any(played.was_cut for played in run.model.heard())


def test_a_speaker_that_ignores_pause_is_stopped() -> None:
    run = ConductorRun()
    run.conductor.routine._traits = type(run.traits)(pause_is_effective=False)
    run.turn(0.0, source="speaker")
    run.run_until(1)
    assert run.commands(orders.Silence)[0][1] == orders.Silence(by_stop=True)


def test_a_refused_pause_is_tried_again_and_does_not_hold_up_speech_for_long() -> None:
    run = ConductorRun(outcomes={orders.Silence: [BUSY, BUSY, BUSY]})
    run.turn(0.0, source="speaker")
    run.sentence(0.1, 0, SIX[0])
    run.run_until(20)
    assert len(run.commands(orders.Silence)) == 3
    assert run.commands(orders.Speak)[0][0] < 0.7


# interruption


def test_a_new_turn_ends_the_old_answer() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1)
    run.turn(2.0, phase="cancelled")
    run.turn(2.002, "t2", source="speaker")
    run.sentence(2.01, 3, SIX[3])
    run.sentence(2.5, 0, "新的回答。", "t2", last=True)
    run.run_until(20)
    assert [moment for moment, _ in run.commands(orders.Silence)] == [2.002]
    assert run.model.heard()[0].was_cut
    assert run.whole() == ["新的回答。"]
    assert run.phases(turn="t1")[-1] == ("interrupted", (0,))


def test_a_cancelled_turn_is_silenced_even_if_nothing_follows() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1)
    run.turn(2.0, phase="cancelled")
    run.run_until(20)
    assert run.model.heard()[0].end < 2.1
    assert len(run.commands(orders.Speak)) == 1


def test_music_that_somebody_asked_for_is_left_alone() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1)
    run.at(1.5, lambda: run.model.silence(1.5))  # the wake word ended our answer
    run.at(1.8, lambda: run.model.native(1.8, 60, is_music=True))
    run.turn(2.0, phase="cancelled")
    run.turn(2.002, "t2", source="speaker", route="native")
    run.run_until(20)
    assert not run.commands(orders.Silence)


def test_stop_ends_everything_but_alarms_that_have_not_begun() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1)
    run.say(0.5, "晚饭好了。")
    run.do(2.0, lambda now: run.conductor.stop(Stop(id="stop"), now))
    run.sentence(2.1, 6, "还有一句。")
    run.say(2.2, "着火了！", priority="alarm")
    run.run_until(20)
    assert run.model.heard()[0].end < 2.1
    assert run.whole() == ["着火了！"]
    results = {result.request: result.ok for result in run.results()}
    assert results["stop"]
    assert sorted(results.values()) == [False, True, True]


def test_stop_overtakes_a_request_that_hangs() -> None:
    run = ConductorRun(request_s={orders.Speak: 3.0}, device_at_s=0.5)
    run.turn(0.0)
    run.sentence(0.1, 0, "这是一个相当长的回答，长得足以被打断。")
    run.do(0.2, lambda now: run.conductor.stop(Stop(), now))
    run.run_until(20)
    assert run.commands(orders.Silence)[0][0] == pytest.approx(0.2)
    assert not run.whole(), "the request that was taken late was silenced too"


def test_an_alarm_cuts_a_reply_which_is_said_again() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1, texts=SIX[:2])
    run.say(1.0, "着火了！", priority="alarm", repeat=2)
    run.run_until(30)
    assert run.whole() == ["着火了！", "着火了！", SIX[0], SIX[1]]
    assert run.phases(turn="t1")[:4] == [
        ("requested", (0,)), ("speaking", (0,)), ("interrupted", (0,)), ("requested", (0,))
    ]  # fmt: skip


def test_a_notice_waits_for_the_end_of_the_answer() -> None:
    run = ConductorRun()
    run.turn(0.0)
    run.sentence(0.1, 0, SIX[0])
    run.say(0.2, "晚饭好了。")
    run.sentence(6.0, 1, SIX[1], last=True)
    run.run_until(40)
    assert run.whole() == [SIX[0], SIX[1], "晚饭好了。"]


def test_an_announcement_that_is_talked_into_is_said_again_after_the_answer() -> None:
    run = ConductorRun()
    run.say(0.0, "今天晚上八点钟家里要来客人，请大家做好准备。")
    run.turn(2.0, source="speaker")
    run.sentence(2.5, 0, SIX[0], last=True)
    run.run_until(40)
    assert run.whole() == [SIX[0], "今天晚上八点钟家里要来客人，请大家做好准备。"]


def test_a_notice_does_not_talk_over_xiaoai() -> None:
    run = ConductorRun()
    run.model.native(0.0, 3)
    run.say(1.0, "晚饭好了。")
    run.run_until(20)
    assert run.model.played[0].end == 3
    assert run.whole() == ["晚饭好了。"]


def test_what_is_too_old_is_not_begun() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1)
    run.say(0.5, "晚饭好了。", expires_s=5.0)
    run.run_until(40)
    assert "晚饭好了。" not in run.whole()
    assert ("expired", ()) in run.phases()
    assert not run.results()[0].ok


# rescue


def test_what_xiaoai_cannot_answer_is_silenced_at_once_and_answered() -> None:
    run = ConductorRun()
    run.at(0.5, lambda: run.model.native(0.5, 6.0))
    run.turn(0.0, route="native", source="speaker")
    run.turn(2.0, route="llm", reason="rescued", source="speaker", take=1)
    run.sentence(2.8, 0, "泰山高一千五百多米。", take=1, last=True)
    run.run_until(20)
    silences = run.commands(orders.Silence)
    assert silences[0][0] == 2.0
    [native] = [played for played in run.model.played if played.is_native]
    assert native.end == pytest.approx(2.02)
    assert run.whole()[-1] == "泰山高一千五百多米。"


def test_a_rescue_learnt_from_a_retained_message_does_not_silence() -> None:
    run = ConductorRun()
    run.turn(0.0, route="native", source="speaker")
    run.turn(2.0, route="llm", source="speaker", take=1, retained=True)
    run.run_until(5)
    assert not run.commands(orders.Silence)


def test_a_stopped_turn_is_not_rescued() -> None:
    run = ConductorRun()
    run.turn(0.0, route="native", source="speaker")
    run.do(1.0, lambda now: run.conductor.stop(Stop(), now))
    run.turn(1.1, route="llm", source="speaker", take=1)
    run.sentence(1.2, 0, "泰山高一千五百多米。", take=1, last=True)
    run.run_until(20)
    assert "泰山" not in run.heard()


# answers to questions of programs


@pytest.mark.parametrize("begins_at", [0.0, 0.9, 2.0])
def test_xiaoai_is_kept_from_answering_what_was_an_answer(begins_at: float) -> None:
    run = ConductorRun()
    run.at(begins_at, lambda: run.model.native(begins_at, 6.0))
    run.turn(0.1, route="control", reason="answer", source="speaker")
    run.run_until(20)
    [native] = [played for played in run.model.played if played.is_native]
    assert native.end < begins_at + 2.0
    assert len(run.commands(orders.Silence)) <= 2


def test_other_control_phrases_leave_xiaoai_alone() -> None:
    run = ConductorRun()
    run.at(0.9, lambda: run.model.native(0.9, 6.0))
    run.turn(0.1, route="control", reason="control_phrase", source="speaker")
    run.run_until(20)
    assert not run.commands(orders.Silence)


def test_after_an_answer_the_status_is_not_asked_for_ever() -> None:
    run = ConductorRun()
    run.turn(0.1, route="control", reason="answer", source="speaker")
    run.run_until(10)
    looks = run.looks
    run.run_until(3600)
    assert run.looks == looks
