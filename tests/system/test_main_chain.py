"""From a heard sentence to a spoken answer: all services as processes, real mosquitto, simulated cloud and model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import (
    Ask,
    BrainState,
    Forget,
    Native,
    Reply,
    Result,
    Say,
    Sentence,
    SetAi,
    SetMode,
    SetPreset,
    SetVolume,
    Speech,
    Stop,
    Turn,
)
from migpt_simulator import NativeAnswer, RequestKind, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import (
    Executed,
    NativeEnded,
    SoundCut,
    SoundEnded,
    SoundStarted,
    SpeechAccepted,
    VolumeSet,
)
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.whole_system import WholeSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}
NATIVE = NativeAnswer(text="这个我还不会", duration_s=4.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="L05C", settings=QUICK),
        ),
    )
    async with WholeSystem(home, llm_section="first_token_deadline_s = 2\nanswer_deadline_s = 3") as running:
        running.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.1, tokens_per_s=200)))
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _usual_behaviour(system: WholeSystem) -> AsyncIterator[None]:
    yield
    system.simulator.llm.control(LlmControl(reset=True, default=Behaviour(first_token_s=0.1, tokens_per_s=200)))


def answers(system: WholeSystem, question: str, answer: str, **behaviour: object) -> None:
    rule = AnswerRule(match=question, answer=answer, behaviour=Behaviour.model_validate(behaviour))
    system.simulator.llm.control(LlmControl(answers=(rule,)))


async def test_a_question_is_heard_answered_and_spoken(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "为什么海是咸的", "因为河水把盐带进了大海。水会蒸发，盐留了下来。年复一年，海就咸了。")
    since = time.monotonic()
    speaker.say("为什么海是咸的", NATIVE)
    turn = await system.watcher.closed("为什么海是咸的")
    assert turn.phase == "done"
    assert turn.route == "llm"
    assert turn.reason
    assert turn.complete
    assert (
        "".join(speaker.journal.spoken(since=since))
        == "因为河水把盐带进了大海。水会蒸发，盐留了下来。年复一年，海就咸了。"
    )
    assert turn.reply_so_far == "因为河水把盐带进了大海。水会蒸发，盐留了下来。年复一年，海就咸了。"
    [native] = speaker.journal.of(NativeEnded, since=since)
    assert native.heard_s < 4.0, "XiaoAI was silenced"
    assert {"first_token", "first_sentence", "first_requested"} <= turn.spans_ms.keys()


async def test_the_messages_of_a_turn_come_in_order_and_carry_its_id(system: WholeSystem) -> None:
    answers(system, "讲讲月亮", "月亮绕着地球转。它自己不发光。")
    system.simulator.home.speaker("living_room").say("讲讲月亮", NATIVE)
    closed = await system.watcher.closed("讲讲月亮")
    phases = [turn.phase for turn in system.watcher.turns("讲讲月亮")]
    assert phases[0] == "accepted"
    assert phases[-1] == "done"
    assert list(dict.fromkeys(phases)) == ["accepted", "thinking", "speaking", "done"]
    sentences = [sentence for sentence in system.watcher.of(Sentence) if sentence.turn == closed.turn]
    assert [sentence.seq for sentence in sentences] == list(range(len(sentences)))
    assert [sentence.last for sentence in sentences] == [False] * (len(sentences) - 1) + [True]
    speeches = [speech for speech in system.watcher.of(Speech) if speech.turn == closed.turn]
    assert {"requested", "speaking", "spoken"} <= {speech.phase for speech in speeches}


async def test_two_utterances_within_one_poll_are_both_heard(system: WholeSystem) -> None:
    """Seed regression: of two utterances within one poll the first was lost."""
    speaker = system.simulator.home.speaker("bedroom")
    speaker.say("第一句在前", None, publish_delay_s=0.5)
    speaker.say("第二句在后", None, publish_delay_s=0.5)
    await system.watcher.closed("第二句在后")
    first, second = system.watcher.turns("第一句在前")[-1], system.watcher.turns("第二句在后")[-1]
    assert first.phase == "cancelled"
    assert first.reason == "superseded"
    assert first.sentences_sent == 0
    assert second.phase == "done"


async def test_stop_phrase_silences_and_closes_the_connection_to_the_model(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "讲个长故事", "从前有座山，山里有座庙。" * 40, tokens_per_s=20)
    since = time.monotonic()
    speaker.say("讲个长故事", NATIVE)
    await speaker.until(lambda journal: journal.of(SoundStarted, since=since))
    speaker.say("闭嘴", None)
    turn = await system.watcher.closed("讲个长故事")
    assert turn.phase == "cancelled"
    await speaker.until(lambda journal: journal.of(SoundCut, since=since))
    entry = next(e for e in system.simulator.llm.journal.entries if e.question == "讲个长故事")
    await system.simulator.llm.journal.changed_since(entry.revision, 5) if entry.ended is None else None
    assert entry.outcome == "disconnected"
    control = await system.watcher.closed("闭嘴")
    assert (control.route, control.phase) == ("control", "done")


async def test_a_new_question_takes_the_place_of_the_old(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "旧的问题", "旧的回答很长很长很长。" * 30, tokens_per_s=30)
    since = time.monotonic()
    speaker.say("旧的问题", NATIVE)
    await speaker.until(lambda journal: journal.of(SoundStarted, since=since))
    cut_from = time.monotonic()
    speaker.say("新的问题", NATIVE)
    new = await system.watcher.closed("新的问题")
    assert new.phase == "done"
    assert system.watcher.turns("旧的问题")[-1].phase == "cancelled"
    accepted = [event.at for event in speaker.journal.of(SpeechAccepted, since=cut_from) if "旧" not in event.text]
    assert not [e for e in speaker.journal.of(SpeechAccepted, since=min(accepted)) if "旧" in e.text]


async def test_device_commands_stay_with_xiaoai_in_ai_mode(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    before = len(system.simulator.llm.journal.entries)
    since = time.monotonic()
    speaker.say("音量调到五十", NativeAnswer(text="好的", duration_s=0.4))
    turn = await system.watcher.closed("音量调到五十")
    assert (turn.route, turn.phase) == ("native", "done")
    await speaker.until(lambda journal: journal.of(NativeEnded, since=since))
    [native] = speaker.journal.of(NativeEnded, since=since)
    assert native.cut_by is None
    assert len(system.simulator.llm.journal.entries) == before


async def test_markdown_emoji_addresses_and_thinking_are_not_read_aloud(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    raw = "<think>用户想要列表</think># 结果😀\n1. **苹果**：3.5元，见 https://example.com/a?b=1 。\n2. 梨：`2.0`元。\n"
    answers(system, "水果多少钱", raw, reasoning="让我想想")
    since = time.monotonic()
    speaker.say("水果多少钱", NATIVE)
    assert (await system.watcher.closed("水果多少钱")).phase == "done"
    spoken = "".join(speaker.journal.spoken(since=since))
    assert not any(mark in spoken for mark in ("<think>", "用户想要", "#", "**", "`", "😀", "http", "让我想想"))
    for word in ("苹果", "3.5元", "梨", "2.0"):
        assert word in spoken


async def test_a_tail_without_punctuation_is_spoken(system: WholeSystem) -> None:
    """Seed regression: a tail without punctuation was lost or hung."""
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "尾巴问题", "第一句话说完了。最后没有标点")
    since = time.monotonic()
    speaker.say("尾巴问题", NATIVE)
    assert (await system.watcher.closed("尾巴问题")).phase == "done"
    assert "最后没有标点" in "".join(speaker.journal.spoken(since=since))


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"status": 500},
        {"status": 429, "retry_after_s": 60},
        {"hang_s": 20},
        {"answer": ""},
        {"status": 502, "html": True},
        {"end": "reset", "end_after_chars": 0},
    ],
    ids=["wrong_key", "error_500", "rate_limit", "hangs", "empty", "html", "reset"],
)
async def test_every_failure_of_the_model_ends_in_a_spoken_sentence(
    system: WholeSystem, fault: dict[str, object]
) -> None:
    """Seed regression: an empty answer was spoken after an HTTP error."""
    speaker = system.simulator.home.speaker("living_room")
    question = f"坏的模型{sorted(fault.items())}"[:40]
    system.simulator.llm.control(LlmControl(default=Behaviour.model_validate(fault)))
    since = time.monotonic()
    speaker.say(question, NATIVE)
    turn = await system.watcher.closed(question)
    assert turn.phase == "failed"
    assert turn.error
    assert speaker.journal.spoken(since=since), "a sentence was heard"
    assert all(text.strip() for text in speaker.journal.spoken(since=since))


async def test_an_answer_that_breaks_off_says_so(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "断掉的回答", "第一句是完整的。第二句也是。第三句就" * 3, end="truncated", end_after_chars=20)
    since = time.monotonic()
    speaker.say("断掉的回答", NATIVE)
    turn = await system.watcher.closed("断掉的回答")
    assert turn.phase == "failed"
    spoken = "".join(speaker.journal.spoken(since=since))
    assert spoken.startswith("第一句是完整的。")
    assert "没有取到" in spoken


async def test_the_conversation_is_remembered_and_forgotten(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    answers(system, "记住", "我记住了，你叫小明。")
    speaker.say("请记住我叫小明", NATIVE)
    await system.watcher.closed("请记住我叫小明")
    speaker.say("我叫什么名字", NATIVE)
    await system.watcher.closed("我叫什么名字")
    entry = system.simulator.llm.journal.entries[-1]
    said = [str(message["content"]) for message in entry.messages]
    assert any("小明" in text for text in said[:-1])
    result = await system.send(Forget(what="all"), "bedroom")
    assert result.ok
    speaker.say("再问一次名字", NATIVE)
    await system.watcher.closed("再问一次名字")
    said = [str(message["content"]) for message in system.simulator.llm.journal.entries[-1].messages]
    assert not any("小明" in text for text in said)


async def test_say_is_spoken_verbatim(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    since = time.monotonic()
    result = await system.send(Say(text="晚饭好了，快来吃。"))
    assert result.ok
    await speaker.until(lambda journal: journal.of(SoundEnded, since=since))
    assert speaker.journal.spoken(since=since) == ["晚饭好了，快来吃。"]


async def test_what_we_say_is_not_heard_as_a_question(system: WholeSystem) -> None:
    """Echo guard: the speaker's own words come back in the transcript."""
    speaker = system.simulator.home.speaker("living_room")
    since = time.monotonic()
    await system.send(Say(text="请大家来吃饭"))
    await speaker.until(lambda journal: journal.of(SoundEnded, since=since))
    speaker.say("请大家来吃饭", None)
    speaker.say("然后真的问题", None, publish_delay_s=0.6)
    await system.watcher.closed("然后真的问题")
    assert not system.watcher.turns("请大家来吃饭")


async def test_an_ask_is_answered_aloud(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "讲个冷笑话", "从前有个人，他很冷。")
    since = time.monotonic()
    result = await system.send(Ask(text="讲个冷笑话"))
    assert result.ok
    turn = await system.watcher.closed("讲个冷笑话")
    assert turn.source == "mqtt"
    assert "".join(speaker.journal.spoken(since=since)) == "从前有个人，他很冷。"
    assert not system.simulator.home.requests.of(RequestKind.PAUSE, speaker="living_room", since=since)


async def test_an_ask_that_is_not_spoken_goes_to_the_asker_alone(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    answers(system, "悄悄告诉我", "好的。只告诉你。")
    since = time.monotonic()
    ask = Ask(text="悄悄告诉我", speak=False, src="test/asker")
    assert (await system.send(ask)).ok
    await system.watcher.until(lambda: any(reply.end for reply in system.watcher.of(Reply)))
    replies = system.watcher.of(Reply)
    assert "".join(reply.text for reply in replies) == "好的。只告诉你。"
    assert [reply.seq for reply in replies] == list(range(len(replies)))
    assert not system.watcher.turns("悄悄告诉我")
    assert not speaker.journal.of(SpeechAccepted, since=since)


async def test_an_ask_to_all_is_one_turn_spoken_on_every_speaker(system: WholeSystem) -> None:
    answers(system, "告诉大家", "大家好。今天不用加班。")
    before, since = len(system.simulator.llm.journal.entries), time.monotonic()
    system.publish(Ask(text="告诉大家"), speaker="all")
    turn = await system.watcher.closed("告诉大家")
    assert turn.phase == "done"
    assert sorted(turn.speakers) == ["bedroom", "living_room"]
    assert len(system.simulator.llm.journal.entries) == before + 1
    for speaker in system.simulator.home.speakers.values():
        assert "".join(speaker.journal.spoken(since=since)) == "大家好。今天不用加班。"


async def test_a_broadcast_is_spoken_by_everyone_with_a_result_each(system: WholeSystem) -> None:
    since = time.monotonic()
    say = Say(text="出发了。")
    system.publish(say, speaker="all", household="all")
    for speaker in system.simulator.home.speakers.values():
        await speaker.until(lambda journal: journal.of(SoundEnded, since=since))
    await system.watcher.until(lambda: sum(r.request == say.id for r in system.watcher.of(Result)) == 2)


async def test_switches(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    assert (await system.send(SetAi(value=False), "bedroom")).ok
    speaker.say("关掉以后的问题", NativeAnswer(text="小爱答", duration_s=0.3))
    assert (await system.watcher.closed("关掉以后的问题")).route == "native"
    assert (await system.send(SetAi(value=True), "bedroom")).ok
    assert (await system.send(SetMode(value="native"), "bedroom")).ok
    speaker.say("随便什么问题", NativeAnswer(text="小爱答", duration_s=0.3))
    assert (await system.watcher.closed("随便什么问题")).route == "native"
    speaker.say("请问关键词还算吗", NATIVE)
    assert (await system.watcher.closed("请问关键词还算吗")).route == "llm"
    assert (await system.send(SetMode(value="ai"), "bedroom")).ok
    unknown = await system.send(SetPreset(value="nobody"), "bedroom")
    assert not unknown.ok
    assert "nobody" in str(unknown.error)
    state = system.watcher.latest[BrainState, ("home", "bedroom")]
    assert isinstance(state, BrainState)
    assert (state.ai, state.mode, state.preset) == (True, "ai", "simulated")


async def test_native_directive_and_volume(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("living_room")
    since = time.monotonic()
    assert (await system.send(Native(text="播放周杰伦的歌"))).ok
    await speaker.until(lambda journal: [e for e in journal.of(Executed, since=since) if e.text == "播放周杰伦的歌"])
    assert (await system.send(SetVolume(value=33))).ok
    await speaker.until(lambda journal: [e for e in journal.of(VolumeSet, since=since) if e.volume == 33])


@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("set/volume", b'{"id": "BADVOLUME", "value": 300}', "100"),
        ("set/mode", b'{"id": "BADMODE", "value": "loud"}', "auto"),
        ("do/say", b'{"id": "BADSAY", "text": ""}', "text"),
        ("do/ask", b'{"id": "BADASK", "text": 5}', "text"),
    ],
)
async def test_bad_commands_get_a_result_a_person_understands(
    system: WholeSystem, topic: str, payload: bytes, words: str
) -> None:
    request = payload.split(b'"')[3].decode()
    system.bus._line.publish(f"migpt/home/living_room/{topic}", payload, retain=False)
    await system.watcher.until(lambda: any(r.request == request for r in system.watcher.of(Result)))
    [result] = [r for r in system.watcher.of(Result) if r.request == request]
    assert not result.ok
    assert words in str(result.error)


async def test_a_control_phrase_just_before_a_question_takes_effect(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    assert (await system.send(SetMode(value="native"), "bedroom")).ok
    speaker.say("打开高级对话", None, publish_delay_s=0.5)
    speaker.say("紧接着的问题", NATIVE, publish_delay_s=0.5)
    turn = await system.watcher.closed("紧接着的问题")
    assert (turn.route, turn.phase) == ("llm", "done")
    # Heard a poll earlier, its confirmation is cut off by the question.
    assert system.watcher.turns("打开高级对话")[-1].phase in ("done", "cancelled")


async def test_an_ask_to_all_that_is_not_spoken_is_answered_once(system: WholeSystem) -> None:
    answers(system, "悄悄问大家", "只有一个回答。")
    before = len(system.simulator.llm.journal.entries)
    ask = Ask(text="悄悄问大家", speak=False, src="test/all")
    system.publish(ask, speaker="all")

    def replies() -> list[Reply]:
        return [d.message for d in system.watcher.deliveries if d.places.get("request") == ask.id]  # type: ignore[misc]

    await system.watcher.until(lambda: any(reply.end for reply in replies()))
    await system.watcher.until(lambda: sum(r.request == ask.id for r in system.watcher.of(Result)) == 2)
    assert [reply.seq for reply in replies()] == list(range(len(replies())))
    assert len(system.simulator.llm.journal.entries) == before + 1


@pytest.mark.parametrize("src", ["/x", "a+/b", "nobody", "a/b/c"])
async def test_an_ask_that_cannot_be_answered_is_refused(system: WholeSystem, src: str) -> None:
    result = await system.send(Ask(text="答给谁", speak=False, src=src))
    assert not result.ok
    assert "service/instance" in str(result.error)


async def test_stop_at_one_speaker_of_a_group_ends_the_answer_on_all(system: WholeSystem) -> None:
    answers(system, "说给大家听", "很长很长的一句话。" * 30, tokens_per_s=30)
    since = time.monotonic()
    system.publish(Ask(text="说给大家听"), speaker="all")
    for speaker in system.simulator.home.speakers.values():
        await speaker.until(lambda journal: journal.of(SoundStarted, since=since))
    assert (await system.send(Stop(), "living_room")).ok
    assert (await system.watcher.closed("说给大家听")).phase == "cancelled"


async def test_a_question_at_one_speaker_of_a_group_ends_the_answer_on_all(system: WholeSystem) -> None:
    answers(system, "再说给大家", "很长很长的一句话。" * 30, tokens_per_s=30)
    since = time.monotonic()
    system.publish(Ask(text="再说给大家"), speaker="all")
    for speaker in system.simulator.home.speakers.values():
        await speaker.until(lambda journal: journal.of(SoundStarted, since=since))
    system.simulator.home.speaker("living_room").say("插一句话", NATIVE)
    assert (await system.watcher.closed("再说给大家")).phase == "cancelled"
    assert (await system.watcher.closed("插一句话")).phase == "done"


async def test_stop_with_nothing_to_stop_is_fine(system: WholeSystem) -> None:
    assert (await system.send(Stop())).ok


async def test_every_turn_has_ended(system: WholeSystem) -> None:
    def open_turns() -> list[Turn]:
        return [turn for turn in {turn.turn: turn for turn in system.watcher.of(Turn)}.values() if turn.is_open]

    await system.watcher.until(lambda: not open_turns(), what="the end of every turn")
    for service in system.services:
        assert "Traceback" not in service.log.read_text(), service.name
