"""The rules of one speaker, each race in simulated time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from migpt_shared.messages import Native, Pause, Play, SetVolume, Speech, Stop
from migpt_shared.settings import SpeechSettings
from migpt_shared.xiaomi import SpeakPath
from migpt_speaker import orders
from migpt_speaker.orders import Outcome, OutcomeKind
from migpt_speaker.voice import Ways
from tests.unit.conductor_run import ConductorRun
from tests.unit.speaker_model import Overlap, SpeakerModel

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


# failures


def test_a_busy_speaker_is_asked_again_and_nothing_is_lost() -> None:
    run = ConductorRun(outcomes={orders.Speak: [BUSY, BUSY, BUSY]})
    run.turn(0.0)
    answer(run, 0.1)
    run.run_until(60)
    assert run.heard() == "".join(SIX)
    moments = [moment for moment, _ in run.commands(orders.Speak)][:4]
    waits = [round(after - before - 0.04, 2) for before, after in pairwise(moments)]
    assert waits == [0.3, 0.8, 2]
    retries = [speech for speech in run.speeches() if speech.phase == "retrying"]
    assert [speech.attempt for speech in retries] == [2, 3, 4]


def test_after_the_last_attempt_it_is_said_that_it_failed() -> None:
    run = ConductorRun(settings=SpeechSettings(retry_delays_s=(0.1, 0.1)), outcomes={orders.Speak: [BUSY] * 3})
    run.turn(0.0)
    answer(run, 0.1, texts=SIX[:2], every_s=2.0)
    run.run_until(20)
    failed = [speech for speech in run.speeches() if speech.phase == "failed"]
    assert [(speech.seqs, speech.error) for speech in failed] == [([0], BUSY.reason)]
    assert run.whole() == [SIX[1]]


@pytest.mark.parametrize(("outcome", "attempts"), [(BUSY, 3), (OFFLINE, 1)])
def test_the_stand_in_gets_what_cannot_be_spoken(outcome: Outcome, attempts: int) -> None:
    run = ConductorRun(
        settings=SpeechSettings(retry_delays_s=(0.1, 0.1)),
        ways=Ways(SpeakPath.MINA, None, stand_in="bedroom"),
        outcomes={orders.Speak: [outcome] * 9},
    )
    run.turn(0.0)
    answer(run, 0.1, texts=SIX[:1])
    run.run_until(2.0)
    assert len(run.commands(orders.Speak)) == attempts
    assert [(one.utterance.text, one.stand_in) for one in run.handed] == [(SIX[0], "bedroom")]
    run.do(3.0, lambda now: run.conductor.handed_over(run.handed[0].utterance.id, None, now))
    run.run_until(5.0)
    assert (run.speeches()[-1].phase, run.speeches()[-1].spoken_by) == ("spoken", "bedroom")


def test_a_stop_reaches_the_stand_in() -> None:
    run = ConductorRun(ways=Ways(SpeakPath.MINA, None, stand_in="bedroom"), outcomes={orders.Speak: [OFFLINE]})
    run.say(0.0, "晚饭好了。")
    run.do(2.0, lambda now: run.conductor.stop(Stop(), now))
    run.run_until(3.0)
    assert [one.stand_in for one in run.recalled] == ["bedroom"]


def test_an_answer_lost_on_the_way_is_not_said_twice() -> None:
    run = ConductorRun()
    run.outcomes[orders.Speak] = [UNCLEAR]
    run.turn(0.0)
    run.sentence(0.1, 0, SIX[0], last=True)

    def take_it_all_the_same() -> None:
        run.model.speak(SIX[0], 0.12)

    run.at(0.12, take_it_all_the_same)
    run.run_until(20)
    assert run.heard() == SIX[0]
    assert run.phases()[-1] == ("spoken", (0,))


def test_a_request_lost_on_the_way_is_said_again() -> None:
    run = ConductorRun(outcomes={orders.Speak: [UNCLEAR, UNCLEAR]})
    run.turn(0.0)
    answer(run, 0.1)
    run.run_until(40)
    assert run.heard() == "".join(SIX)


def test_a_path_on_which_nothing_is_heard_is_left_for_good() -> None:
    run = ConductorRun(silent_paths={SpeakPath.MINA})
    run.turn(0.0)
    answer(run, 0.1)
    run.run_until(60)
    assert run.heard() == "".join(SIX)
    paths = [command.path for _, command in run.commands(orders.Speak) if isinstance(command, orders.Speak)]
    assert paths[:2] == [SpeakPath.MINA, SpeakPath.MIOT]
    assert set(paths[1:]) == {SpeakPath.MIOT}
    assert run.conductor.voice.ways.proven is SpeakPath.MIOT


def test_a_text_that_is_taken_but_never_spoken_fails_in_words() -> None:
    run = ConductorRun()
    run.say(0.0, "你好，这是第一句话。")
    run.run_until(10)
    run.silent_paths = {SpeakPath.MINA}
    run.say(10.0, "你好，这是第二句话。")
    run.run_until(40)
    assert run.speeches()[-1].phase == "failed"
    assert "without speaking" in (run.speeches()[-1].error or "")


@pytest.mark.parametrize("status", ["never", "stuck", "absent"])
@pytest.mark.parametrize("rate_s", [0.2, 0.27])
def test_a_status_that_makes_no_sense_loses_nothing(status: str, rate_s: float) -> None:
    run = ConductorRun(model=SpeakerModel(seconds_per_character=rate_s, status=status))  # type: ignore[arg-type]
    run.ways = run.conductor.voice.ways = Ways(SpeakPath.MINA, None)
    for turn in range(3):
        run.turn(turn * 100.0, f"t{turn}")
        answer(run, turn * 100.0 + 0.1, turn=f"t{turn}")
    run.run_until(300)
    assert run.heard() == "".join(SIX) * 3
    assert not any(played.was_cut for played in run.model.heard())
    assert run.conductor.pacer.knowledge.status_is_usable is False


@pytest.mark.parametrize("overlap", ["cut", "queue", "refuse"])
def test_without_a_status_each_device_comes_out_whole(overlap: Overlap) -> None:
    run = ConductorRun(model=SpeakerModel(seconds_per_character=0.3, status="never", overlap=overlap))
    run.conductor.pacer.knowledge = run.knowledge.reopened(has_usable_status=False)
    for turn in range(3):
        run.turn(turn * 100.0, f"t{turn}")
        answer(run, turn * 100.0 + 0.1, turn=f"t{turn}")
    run.run_until(300)
    whole = "".join(run.whole())
    assert whole == "".join(SIX) * 3 or overlap == "cut"
    assert run.looks <= 3, "a status that means nothing is not asked for"


# what is put right afterwards


def test_the_volume_of_a_message_is_restored() -> None:
    run = ConductorRun()
    run.say(0.0, "着火了！", volume=80, priority="alarm")
    run.say(0.1, "晚饭好了。")
    run.do(1.0, lambda now: run.conductor.set_volume(SetVolume(value=20), now))
    run.run_until(20)
    assert run.model.volumes == [80, 20]
    assert run.conductor.surroundings.volume == 20


def test_music_goes_on_after_speech() -> None:
    run = ConductorRun()
    run.model.native(-10.0, 300, is_music=True)
    run.say(0.0, "晚饭好了。")
    run.run_until(20)
    assert len(run.commands(orders.Resume)) == 1


@pytest.mark.parametrize("ending", ["stop", "pause", "setting"])
def test_music_stays_off_when_that_is_wanted(ending: str) -> None:
    run = ConductorRun(settings=SpeechSettings(resume_media=ending != "setting"))
    run.model.native(-10.0, 300, is_music=True)
    run.say(0.0, "今天晚上八点钟家里要来客人。")
    if ending == "stop":
        run.do(1.0, lambda now: run.conductor.stop(Stop(), now))
    if ending == "pause":
        run.do(1.0, lambda now: run.conductor.errand(Pause(), now))
    run.run_until(20)
    assert not run.commands(orders.Resume)


def test_errands_wait_until_nothing_is_spoken() -> None:
    run = ConductorRun()
    run.turn(0.0)
    answer(run, 0.1, texts=SIX[:1])
    run.do(0.5, lambda now: run.conductor.errand(Native(text="播放音乐"), now))
    run.do(0.6, lambda now: run.conductor.errand(Play(), now))
    run.run_until(20)
    spoken = next(moment for moment, one in run.messages if isinstance(one, Speech) and one.phase == "spoken")
    assert [type(command) for moment, command in run.sent if moment >= spoken] == [orders.Execute, orders.Resume]
    assert all(result.ok for result in run.results())


# taking over


def test_what_another_instance_left_speaking_is_waited_for() -> None:
    run = ConductorRun()
    run.model.speak("前一个进程说的话还没有说完。", -0.5)
    run.do(0.0, lambda now: run.conductor.acquired(now))
    run.turn(0.01, retained=True, phase="speaking")
    run.sentence(0.2, 1, SIX[1])
    run.sentence(0.2, 2, SIX[2], last=True)
    run.run_until(20)
    assert run.whole() == ["前一个进程说的话还没有说完。", SIX[1] + SIX[2]]


def test_nothing_is_asked_of_the_cloud_while_nothing_happens() -> None:
    run = ConductorRun()
    run.do(0.0, lambda now: run.conductor.acquired(now))
    run.turn(1.0, source="speaker")
    answer(run, 1.5)
    run.run_until(60)
    before = run.looks
    run.run_until(3600)
    assert run.looks == before
    assert run.conductor.next_wakeup(run.now) is None
