"""The speaker service against a real broker and the simulated cloud."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

import aiomqtt
import pytest

from migpt_cli.broker import PrivateBroker
from migpt_shared.messages import Native, Pause, Play, Result, Say, SetVolume, Speech, SpeechState, Stop, Wake
from migpt_simulator import (
    Executed,
    Fault,
    Journal,
    MediaPaused,
    MediaResumed,
    NativeEnded,
    NativeStarted,
    RequestKind,
    SoundCut,
    SoundEnded,
    SoundStarted,
    SpeechAccepted,
    VolumeSet,
    Woken,
)
from tests.broker.speaker_bench import ANSWER, running_speaker, speaker_bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHOLE = "".join(ANSWER)


def gaps_s(journal: Journal) -> list[float]:
    """Silences between utterances that follow each other."""
    ends, starts = journal.of(SoundEnded), journal.of(SoundStarted)[1:]
    return [start.at - end.at for end, start in zip(ends, starts, strict=False)]


async def test_an_answer_is_heard_whole_in_order_with_short_gaps(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        turn = bench.brain.turn()
        await bench.brain.answer(turn)
        await bench.brain.spoken(turn, 5)
        journal = bench.living_room.journal
        assert "".join(journal.spoken()) == WHOLE
        assert max(gaps_s(journal)) < 0.5
        phases = bench.brain.phases(turn)
        assert phases[:3] == [("requested", [0]), ("speaking", [0]), ("spoken", [0])]
        assert sorted(seq for phase, seqs in phases if phase == "spoken" for seq in seqs) == [0, 1, 2, 3, 4, 5]
        state = bench.brain.all(SpeechState)
        assert any(one.activity == "speaking" for one in state)
        await bench.brain.until(lambda: bench.brain.all(SpeechState)[-1].activity == "idle")


async def test_the_first_sentence_goes_out_at_once(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        delays = []
        for _ in range(5):
            turn = bench.brain.turn()
            await asyncio.sleep(0.1)
            before = time.monotonic()
            bench.brain.sentence(turn, 0, "好的。", last=True)
            await bench.brain.spoken(turn, 0)
            delays.append(bench.living_room.journal.of(SpeechAccepted)[-1].at - before - 0.04)
        assert median(delays) < 0.02


async def test_xiaoai_is_paused_once_when_a_heard_turn_opens(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        speaker = bench.living_room
        speaker.say("为什么天是蓝的", "我来为你查一下这个问题的答案", native_delay_s=0.0, publish_delay_s=0.0)
        await speaker.until(lambda journal: journal.of(NativeStarted))
        opened = time.monotonic()
        turn = bench.brain.turn(source="speaker")
        await speaker.until(lambda journal: journal.of(NativeEnded))
        assert speaker.journal.of(NativeEnded)[0].at - opened < 0.1
        await bench.brain.answer(turn)
        await bench.brain.spoken(turn, 5)
        assert "".join(speaker.journal.spoken()) == WHOLE
        assert bench.simulator.home.requests.count(RequestKind.PAUSE) == 1


@pytest.mark.parametrize("how", ["cuts", "queues", "refused"])
@pytest.mark.parametrize("lag_s", [0.0, 1.5])
async def test_whatever_a_speaker_does_with_new_speech_all_is_heard(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, how: str, lag_s: float
) -> None:
    behaviour = {"new_speech": how, "status_lag_s": lag_s}
    async with speaker_bench(broker, topic_prefix, tmp_path, behaviour=behaviour) as bench:
        speaker = bench.living_room
        for _ in range(2):
            speaker.say("为什么天是蓝的", "我来为你查一下这个问题的答案", native_delay_s=0.0, publish_delay_s=0.0)
            await speaker.until(lambda journal: len(journal.of(NativeStarted)) > len(journal.of(NativeEnded)))
            turn = bench.brain.turn(source="speaker")
            await speaker.until(lambda journal: len(journal.of(NativeStarted)) == len(journal.of(NativeEnded)))
            await bench.brain.answer(turn, every_s=0.2)
            await bench.brain.spoken(turn, 5, timeout_s=40)
        assert "".join(speaker.journal.spoken()) == WHOLE * 2
        assert not speaker.journal.of(SoundCut)


async def test_a_speaker_that_is_busy_three_times_loses_nothing(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path, speech={"retry_delays_s": [0.1, 0.2, 0.4]}) as bench:
        bench.living_room.be_busy(calls=3, only=frozenset({RequestKind.SPEAK}))
        turn = bench.brain.turn()
        await bench.brain.answer(turn)
        await bench.brain.spoken(turn, 5)
        assert "".join(bench.living_room.journal.spoken()) == WHOLE
        retries = [one for one in bench.brain.all(Speech) if one.phase == "retrying"]
        assert [one.attempt for one in retries] == [2, 3, 4]
        assert all(one.error for one in retries)


@pytest.mark.parametrize("fault", [Fault.HTTP_500, Fault.EXPIRED, Fault.HTML, Fault.TRUNCATED, Fault.TIMEOUT])
async def test_a_failing_cloud_loses_and_repeats_nothing(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, fault: Fault
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        turn = bench.brain.turn()
        bench.simulator.home.faults.script(fault, kind=RequestKind.SPEAK, count=2)
        await bench.brain.answer(turn)
        await bench.brain.spoken(turn, 5)
        assert "".join(bench.living_room.journal.spoken()) == WHOLE
        assert bench.simulator.home.requests.count(RequestKind.PASSWORD) == 1


async def test_a_speaker_that_never_answers_is_stood_in_for(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    speech = {"retry_delays_s": [0.05, 0.05]}
    async with speaker_bench(broker, topic_prefix, tmp_path, speech=speech, stand_in=True) as bench:
        bench.living_room.be_busy(for_s=60, only=frozenset({RequestKind.SPEAK}))
        turn = bench.brain.turn()
        await bench.brain.answer(turn)
        await bench.brain.spoken(turn, 5)
        assert "".join(bench.bedroom.journal.spoken()) == WHOLE
        spoken = [one for one in bench.brain.all(Speech) if one.phase == "spoken" and one.turn == turn]
        assert {one.spoken_by for one in spoken} == {"bedroom"}


async def test_without_a_stand_in_it_is_said_that_it_failed(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path, speech={"retry_delays_s": [0.05]}) as bench:
        bench.living_room.be_busy(for_s=60, only=frozenset({RequestKind.SPEAK}))
        result = await bench.brain.result(bench.brain.send(Say(text="晚饭好了")))
        assert not result.ok
        assert result.error
        assert bench.brain.phases(None)[-1] == ("failed", [])


async def test_stop_silences_at_once_and_drops_the_rest(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        turn = bench.brain.turn()
        await bench.brain.answer(turn)
        await bench.living_room.until(lambda journal: journal.of(SoundStarted))
        before = time.monotonic()
        request = bench.brain.send(Stop())
        await bench.living_room.until(lambda journal: journal.of(SoundCut))
        assert bench.living_room.journal.of(SoundCut)[0].at - before < 0.2
        assert (await bench.brain.result(request)).ok
        bench.brain.sentence(turn, 6, "这句话不该再说了。")
        result = await bench.brain.result(bench.brain.send(Say(text="好了")))
        assert result.ok
        assert bench.living_room.journal.spoken() == ["好了"]


async def test_a_new_turn_ends_the_old_answer(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        old = bench.brain.turn()
        await bench.brain.answer(old)
        await bench.living_room.until(lambda journal: journal.of(SoundStarted))
        before = time.monotonic()
        bench.brain.turn(turn=old, phase="cancelled")
        new = bench.brain.turn(source="speaker")
        bench.brain.sentence(old, 6, "旧的回答。")
        bench.brain.sentence(new, 0, "新的回答。", last=True)
        await bench.brain.spoken(new, 0)
        assert bench.living_room.journal.of(SoundCut)[0].at - before < 0.2
        assert bench.living_room.journal.spoken() == ["新的回答。"]
        assert ("interrupted", [0]) in bench.brain.phases(old)


async def test_an_alarm_cuts_a_reply_which_is_then_said_again(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        turn = bench.brain.turn()
        bench.brain.sentence(turn, 0, "这是一个相当长的回答，它说了一半就被打断。", last=True)
        await bench.living_room.until(lambda journal: journal.of(SoundStarted))
        request = bench.brain.send(Say(text="着火了！", priority="alarm", repeat=2, volume=80))
        assert (await bench.brain.result(request)).ok
        await bench.brain.spoken(turn, 0)
        assert bench.living_room.journal.spoken() == [
            "着火了！", "着火了！", "这是一个相当长的回答，它说了一半就被打断。"
        ]  # fmt: skip
        assert [one.volume for one in bench.living_room.journal.of(VolumeSet)] == [80, 40]


async def test_music_goes_on_after_a_notice(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        bench.living_room.act(lambda core, now: core.room.play_media(now, "晴天"))
        assert (await bench.brain.result(bench.brain.send(Say(text="晚饭好了")))).ok
        await bench.living_room.until(lambda journal: journal.of(MediaResumed))
        assert bench.living_room.journal.of(MediaPaused)
        assert bench.living_room.journal.spoken() == ["晚饭好了"]


async def test_a_broadcast_is_spoken_everywhere_with_one_result_each(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path, services=2) as bench:
        request = bench.brain.send(Say(text="晚饭好了"), speaker="all")
        for speaker in ("living_room", "bedroom"):
            assert (await bench.brain.result(request, speaker=speaker)).ok
            assert bench.simulator.home.speaker(speaker).journal.spoken() == ["晚饭好了"]
        assert len([one for one in bench.brain.all(Result) if one.request == request]) == 1


async def test_a_group_answers_in_unison(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        bench.bedroom.configure(seconds_per_char=0.16)
        turn = bench.brain.turn(speakers=["bedroom", "living_room"])
        for seq, text in enumerate(ANSWER[:3]):
            for speaker in ("bedroom", "living_room"):
                bench.brain.sentence(turn, seq, text, speaker=speaker, last=seq == 2)
        await bench.brain.spoken(turn, 2)
        await bench.brain.spoken(turn, 2, speaker="bedroom")
        one, other = (speaker.journal.of(SoundStarted) for speaker in (bench.living_room, bench.bedroom))
        assert [start.text for start in one] == [start.text for start in other] == list(ANSWER[:3])
        assert max(abs(left.at - right.at) for left, right in zip(one, other, strict=True)) < 0.15


async def test_commands_for_the_player_and_xiaoai(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        brain, speaker = bench.brain, bench.living_room
        assert (await brain.result(brain.send(SetVolume(value=25)))).ok
        assert speaker.volume == 25
        await brain.until(lambda: brain.all(SpeechState)[-1].volume == 25)
        assert (await brain.result(brain.send(Native(text="打开灯", silent=True)))).ok
        assert [one.text for one in speaker.journal.of(Executed)] == ["打开灯"]
        speaker.act(lambda core, now: core.room.play_media(now, "晴天"))
        assert (await brain.result(brain.send(Pause()))).ok
        assert speaker.journal.of(MediaPaused)
        assert (await brain.result(brain.send(Play()))).ok
        assert speaker.journal.of(MediaResumed)
        assert (await brain.result(brain.send(Wake()))).ok
        assert speaker.journal.of(Woken)


async def test_a_text_without_a_word_is_refused_in_words(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        result = await bench.brain.result(bench.brain.send(Say(text="……")))
        assert not result.ok
        assert "no word" in (result.error or "")


async def test_another_instance_goes_on_where_the_first_stopped(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path, services=0) as bench:
        brain = bench.brain
        async with running_speaker(bench.settings):
            await bench.owned()
            turn = brain.turn()
            await brain.answer(turn, every_s=0.0)
            await bench.living_room.until(lambda journal: journal.of(SoundStarted))
        await brain.until(lambda: brain.all(SpeechState)[-1].owner is None)
        taken_up = {seq for phase, seqs in brain.phases(turn) for seq in seqs if phase in ("speaking", "spoken")}
        async with running_speaker(bench.settings):
            await brain.until(lambda: brain.all(SpeechState)[-1].owner is not None)
            for seq, text in enumerate(ANSWER):
                if seq not in taken_up:
                    brain.sentence(turn, seq, text, last=seq == len(ANSWER) - 1)
            await brain.spoken(turn, 5)
        assert "".join(bench.living_room.journal.spoken()) == WHOLE
        assert not bench.living_room.journal.of(SoundCut)


async def test_what_was_learned_survives_a_restart(broker: PrivateBroker, topic_prefix: str, tmp_path: Path) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path, services=0) as bench:
        async with running_speaker(bench.settings):
            await bench.owned()
            for _ in range(3):
                assert (await bench.brain.result(bench.brain.send(Say(text="今天晚上八点钟家里要来客人。")))).ok
            learned = bench.brain.all(SpeechState)[-1].seconds_per_character
            await bench.brain.until(lambda: bench.brain.all(SpeechState)[-1].activity == "idle")
        assert learned == pytest.approx(0.12, abs=0.02)
        before = len(bench.brain.all(SpeechState))
        async with running_speaker(bench.settings):
            await bench.brain.until(
                lambda: any(one.owner is not None for one in bench.brain.all(SpeechState)[before + 1 :])
            )
            assert bench.brain.all(SpeechState)[-1].seconds_per_character == pytest.approx(learned, abs=0.005)


@pytest.mark.parametrize("payload", [b"", b"{", b'{"volume": 3}', b'{"text": 7}', b"\xff\xfe", b"x" * 1_000_000])
async def test_a_malformed_say_is_answered_and_changes_nothing(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, payload: bytes
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        host, port = broker.url.removeprefix("mqtt://").split(":")
        async with aiomqtt.Client(host, int(port)) as client:
            await client.publish(f"{topic_prefix}/home/living_room/do/say", payload, qos=1)
        await bench.brain.until(lambda: bench.brain.all(Result))
        result = bench.brain.all(Result)[-1]
        assert not result.ok
        assert result.error
        assert (await bench.brain.result(bench.brain.send(Say(text="晚饭好了")))).ok
        assert bench.living_room.journal.spoken() == ["晚饭好了"]


@pytest.mark.parametrize("payload", [b"", b"{", b'{"turn": 7}', b"\xff\xfe", b"[]", b"null"])
async def test_malformed_turns_and_sentences_are_dropped(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, payload: bytes
) -> None:
    async with speaker_bench(broker, topic_prefix, tmp_path) as bench:
        host, port = broker.url.removeprefix("mqtt://").split(":")
        turn = bench.brain.turn()
        async with aiomqtt.Client(host, int(port)) as client:
            for topic in ("turn", "sentence"):
                await client.publish(f"{topic_prefix}/home/living_room/{topic}", payload, qos=1)
        bench.brain.sentence(turn, 0, "好的。", last=True)
        await bench.brain.spoken(turn, 0)
