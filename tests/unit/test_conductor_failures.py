"""What becomes of speech when the cloud or the speaker fails, and what is put right afterwards; in simulated time."""

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
