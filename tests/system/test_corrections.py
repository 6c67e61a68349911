"""People say who should have answered; it counts at once, and the intent model learns it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import BrainState, Correct, Forget, SetMode, Turn
from migpt_simulator import NativeAnswer, SimulatedHome, SimulatedSpeaker
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.whole_system import WholeSystem

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}
XIAOAI = NativeAnswer(text="小爱的回答", duration_s=0.5)
TRAINED_WITHIN_S = 90.0
SHORT_ANSWERS = tuple(
    AnswerRule(match=word, answer="原来如此。") for word in ("为什么", "那", "今天", "现在", "明天", "怎么才能")
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="L05C", settings=QUICK),
        ),
    )
    async with WholeSystem(home, mode="auto") as running:
        quick = Behaviour(first_token_s=0.05, tokens_per_s=300)
        running.simulator.llm.control(LlmControl(default=quick, answers=SHORT_ANSWERS))
        await running.watcher.until(lambda: state(running).model, TRAINED_WITHIN_S, "the intent model")
        yield running


def state(system: WholeSystem, speaker: str = "living_room") -> BrainState:
    latest = system.watcher.latest[BrainState, ("home", speaker)]
    assert isinstance(latest, BrainState)
    return latest


async def heard(system: WholeSystem, text: str, speaker: str = "living_room") -> Turn:
    """Somebody says this once more; the end of its turn."""
    before = len(system.watcher.turns(text))
    system.simulator.home.speaker(speaker).say(text, XIAOAI)
    await system.watcher.until(
        lambda: [turn for turn in system.watcher.turns(text)[before:] if not turn.is_open], what=f"the end of {text!r}"
    )
    return system.watcher.turns(text)[-1]


async def corrections(system: WholeSystem, *arguments: str) -> tuple[int | None, str]:
    """`migpt corrections …` with the system's settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migpt_cli", "corrections", *arguments, "--config", str(system.config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=system.folder, env=dict(os.environ),
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def learnt(system: WholeSystem, number: int) -> None:
    await system.watcher.until(
        lambda: (model := state(system).model) and model.corrections == number,
        TRAINED_WITHIN_S,
        f"a model that has learnt {number} corrections",
    )


async def test_the_model_decides_and_says_how_sure_it_is(system: WholeSystem) -> None:
    question = await heard(system, "为什么天空是蓝色的")
    assert (question.route, question.reason, question.phase) == ("llm", "classified_llm", "done")
    assert question.p_llm is not None
    assert question.p_llm > 0.6
    command = await heard(system, "把音量调到三十")
    assert (command.route, command.reason, command.phase) == ("native", "classified_native", "done")
    assert command.p_llm is not None
    assert command.p_llm < 0.4


async def test_a_fragment_after_an_answer_is_for_the_model(system: WholeSystem) -> None:
    assert (await heard(system, "那明天呢", "bedroom")).route == "native"
    assert (await heard(system, "为什么海水是咸的", "bedroom")).route == "llm"
    follow_up = await heard(system, "那后天呢", "bedroom")
    assert (follow_up.route, follow_up.reason) == ("llm", "follow_up")
    assert (await heard(system, "明天天气怎么样", "bedroom")).route == "native"
    assert (await heard(system, "那大后天呢", "bedroom")).route == "native", "XiaoAI has answered since"


async def test_a_correction_counts_at_once_and_is_learnt(system: WholeSystem) -> None:
    first = await heard(system, "今天星期几")
    assert first.route == "native"
    before = state(system).model
    result = await system.send(Correct(target="llm"))
    assert result.ok
    assert result.value == {"text": "今天星期几", "target": "llm"}
    again = await heard(system, "今天，星期几？")
    assert (again.route, again.reason) == ("llm", "corrected_llm")
    await learnt(system, 1)
    assert before is not None
    assert state(system).model != before
    assert state(system, "bedroom").model == state(system).model, "announced for every speaker"


async def test_a_spoken_phrase_corrects_what_was_said_before(system: WholeSystem) -> None:
    speaker = system.simulator.home.speaker("bedroom")
    assert (await heard(system, "为什么夏天比冬天热", "bedroom")).route == "llm"
    since = time.monotonic()
    control = await heard(system, "这句不用你管", "bedroom")
    assert (control.route, control.phase) == ("control", "done")
    assert "".join(speaker.journal.spoken(since=since)) == "好，以后这句留给小爱。"
    again = await heard(system, "为什么夏天比冬天热", "bedroom")
    assert (again.route, again.reason, again.phase) == ("native", "corrected_native", "done")
    elsewhere = await heard(system, "为什么夏天比冬天热")
    assert elsewhere.route == "native", "it holds in the whole household"
    await learnt(system, 2)


async def test_what_should_have_been_answered_is_answered_at_once(system: WholeSystem) -> None:
    assert (await heard(system, "为什么夏天比冬天热", "bedroom")).route == "native"
    speaker, since = system.simulator.home.speaker("bedroom"), time.monotonic()
    before = len(system.watcher.turns("为什么夏天比冬天热"))
    control = await heard(system, "这句该你来答", "bedroom")
    assert (control.route, control.phase, control.reply_so_far) == ("control", "done", "")
    await system.watcher.until(
        lambda: [turn for turn in system.watcher.turns("为什么夏天比冬天热")[before:] if not turn.is_open],
        what="the answer",
    )
    answer = system.watcher.turns("为什么夏天比冬天热")[-1]
    assert (answer.route, answer.reason, answer.phase) == ("llm", "corrected_llm", "done")
    assert answer.turn != control.turn
    assert "".join(speaker.journal.spoken(since=since)) == "原来如此。", "in place of a confirmation"
    assert (await heard(system, "那后天呢", "bedroom")).reason == "follow_up"


async def test_where_the_model_must_not_answer_the_correction_is_only_confirmed(system: WholeSystem) -> None:
    assert (await system.send(SetMode(value="native"), "bedroom")).ok
    assert (await heard(system, "为什么夏天比冬天热", "bedroom")).route == "native"
    speaker, since = system.simulator.home.speaker("bedroom"), time.monotonic()
    assert (await heard(system, "这句该你来答", "bedroom")).phase == "done"
    assert "".join(speaker.journal.spoken(since=since)) == "好，以后这句由我来答。"
    assert (await system.send(SetMode(value="auto"), "bedroom")).ok


async def test_saying_that_it_was_for_xiaoai_ends_the_answer(system: WholeSystem) -> None:
    rule = AnswerRule(match="怎么才能", answer="这是很长的一句回答。" * 40)
    system.simulator.llm.control(LlmControl(answers=(rule, *SHORT_ANSWERS)))
    speaker, since = system.simulator.home.speaker("living_room"), time.monotonic()
    speaker.say("怎么才能跑得更快", XIAOAI)
    await system.watcher.until(
        lambda: any(turn.sentences_spoken for turn in system.watcher.turns("怎么才能跑得更快")),
        what="the answer to sound",
    )
    control = await heard(system, "这句不用你管")
    assert (control.route, control.phase) == ("control", "done")
    system.simulator.llm.control(LlmControl(answers=SHORT_ANSWERS))
    ended = await system.watcher.closed("怎么才能跑得更快")
    assert (ended.route, ended.phase) == ("llm", "cancelled")
    assert "".join(speaker.journal.spoken(since=since)).endswith("好，以后这句留给小爱。")
    assert (await heard(system, "怎么才能跑得更快")).reason == "corrected_native"
    status, _ = await corrections(system, "undo", "怎么才能跑得更快")
    assert status == 0


async def test_corrections_are_listed_exported_and_undone(system: WholeSystem) -> None:
    status, listed = await corrections(system, "list", "--json")
    assert status == 0
    known = json.loads(listed)
    assert [(one["text"], one["target"], one["speaker"]) for one in known] == [
        ("为什么夏天比冬天热", "llm", "bedroom"),
        ("今天星期几", "llm", "living_room"),
    ]
    status, table = await corrections(system, "list")
    assert status == 0
    assert "为什么夏天比冬天热" in table
    status, exported = await corrections(system, "export")
    assert status == 0
    assert [json.loads(line) for line in exported.splitlines()] == known[::-1]
    status, _ = await corrections(system, "undo", "今天星期几")
    assert status == 0
    await learnt(system, 1)
    assert (await heard(system, "今天星期几")).route == "native"
    status, _ = await corrections(system, "undo", "从来没说过")
    assert status == 1


async def test_forgetting_everything_leaves_the_corrections(system: WholeSystem) -> None:
    assert (await system.send(Forget(what="all"), "bedroom")).ok
    status, exported = await corrections(system, "export")
    assert status == 0
    assert len(exported.splitlines()) == 1


async def test_learning_delays_no_turn(system: WholeSystem) -> None:
    """While the trainer runs, an utterance is accepted as quickly as ever."""
    assert (await heard(system, "明天会下雪吗", "bedroom")).phase == "done"
    assert (await system.send(Correct(target="llm"), "bedroom")).ok
    assert state(system).model.corrections == 1  # type: ignore[union-attr]
    delays = []
    while state(system).model.corrections == 1:  # type: ignore[union-attr]
        turn = await heard(system, "为什么会下雨")
        delays.append(turn.spans_ms["first_sentence"])
    assert max(delays) < 1_000


async def test_after_a_restart_the_last_utterance_can_still_be_corrected(system: WholeSystem) -> None:
    assert (await heard(system, "现在几点了", "bedroom")).route == "native"
    brain = system.service("brain")
    await brain.stop()
    await system.watcher.until(lambda: state(system).owner is None, what="the brain to let go")
    await brain.start()
    await system.watcher.until(lambda: system.is_ready() and state(system).model, TRAINED_WITHIN_S, "the brain again")
    result = await system.send(Correct(target="llm"), "bedroom")
    assert result.ok
    assert result.value == {"text": "现在几点了", "target": "llm"}


async def test_with_nothing_said_there_is_nothing_to_correct() -> None:
    async with WholeSystem(SimulatedHome(), mode="auto", replicas=("poller", "brain", "speaker")) as fresh:
        result = await fresh.send(Correct(target="llm"), fresh.addresses()[0].speaker)
        assert not result.ok
        assert "nothing was said" in str(result.error)
        status, told = await corrections(fresh, "list")
        assert status == 0
        assert "do/correct" in told
        assert (await corrections(fresh, "undo"))[0] == 1


async def test_nothing_went_wrong(system: WholeSystem) -> None:
    for service in system.services:
        assert "Traceback" not in service.log.read_text(), service.name
