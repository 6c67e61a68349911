"""Whatever the speaker is like: every word is heard whole, in order, and nobody waits longer than need be."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migpt_speaker import orders
from migpt_speaker.orders import Outcome, OutcomeKind
from tests.unit.conductor_run import ConductorRun
from tests.unit.speaker_model import Overlap, SpeakerModel

_CHARACTERS = "天空之所以呈现蓝色是因为太阳光进入大气层以后被空气分子散射而波长较短的蓝光比红光散射得更强烈"

slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sentences = st.lists(
    st.builds(
        lambda length, start: (_CHARACTERS * 3)[start : start + length] + "，" * (length // 25) + "。",
        st.integers(2, 40),
        st.integers(0, len(_CHARACTERS)),
    ),
    min_size=1,
    max_size=6,
)
speakers = st.builds(
    SpeakerModel,
    seconds_per_character=st.floats(0.12, 0.35),
    onset_s=st.floats(0.1, 0.8),
    lag_s=st.sampled_from([0.0, 0.0, 0.6, 1.5, 2.2]),
    overlap=st.sampled_from(["cut", "queue", "refuse"]),
    counts_marks=st.booleans(),
)


def converse(run: ConductorRun, answers: list[list[str]], pace_s: float, native_s: float) -> list[str]:
    """Questions that XiaoAI begins to answer itself, one after the other; what was to be heard."""
    start = 10.0
    for number, texts in enumerate(answers):
        turn = f"t{number}"
        begins = start - native_s
        run.at(begins, lambda begins=begins: run.model.native(begins, 4.0))  # type: ignore[misc]
        run.turn(start, turn, source="speaker")
        for seq, text in enumerate(texts):
            run.sentence(start + 0.4 + seq * pace_s, seq, text, turn, last=seq == len(texts) - 1)
        start += 140.0
        run.run_until(start - 20.0)
    return [text for texts in answers for text in texts]


@slow
@given(
    model=speakers,
    answers=st.lists(sentences, min_size=1, max_size=4),
    pace_s=st.floats(0.0, 3.0),
    native_s=st.floats(-0.3, 2.5),
    device_at_s=st.floats(0.0, 0.039),
)
def test_every_word_is_heard_whole_and_in_order(
    model: SpeakerModel, answers: list[list[str]], pace_s: float, native_s: float, device_at_s: float
) -> None:
    run = ConductorRun(model=model, device_at_s=device_at_s)
    wanted = converse(run, answers, pace_s, native_s)
    # What XiaoAI begins in the middle of our first utterance may cut it: nobody can know of it before.
    cut_by_xiaoai = native_s < 0
    if not cut_by_xiaoai:
        assert run.heard() == "".join(wanted)
        assert not any(played.was_cut for played in run.model.heard())
    reported = [seq for phase, seqs in run.phases() for seq in seqs if phase == "spoken"]
    assert len(reported) == len(wanted)
    assert run.conductor.next_wakeup(run.now) is None


@slow
@given(
    model=speakers,
    texts=sentences,
    failures=st.lists(st.sampled_from([OutcomeKind.BUSY, OutcomeKind.UNCLEAR]), max_size=4),
)
def test_failing_requests_lose_and_repeat_nothing(
    model: SpeakerModel, texts: list[str], failures: list[OutcomeKind]
) -> None:
    run = ConductorRun(model=model)
    run.outcomes[orders.Speak] = [Outcome(kind, "it failed") for kind in failures]
    wanted = converse(run, [texts], 0.3, 0.5)
    assert run.heard() == "".join(wanted)


@pytest.mark.parametrize("overlap", ["cut", "queue", "refuse"])
@pytest.mark.parametrize("rate_s", [0.2, 0.27])
@pytest.mark.parametrize(("lag_s", "median_s", "worst_s"), [(0.0, 0.40, 0.45), (1.5, 0.9, 2.0)])
@pytest.mark.parametrize("device_at_s", [0.001, 0.039])
def test_silences_between_utterances_are_short(
    rate_s: float, overlap: Overlap, lag_s: float, median_s: float, worst_s: float, device_at_s: float
) -> None:
    run = ConductorRun(
        model=SpeakerModel(seconds_per_character=rate_s, lag_s=lag_s, overlap=overlap), device_at_s=device_at_s
    )
    answers = [
        [
            (_CHARACTERS * 3)[start * 7 % 40 : start * 7 % 40 + 12 + start * 11 % 25] + "。"
            for start in range(turn, turn + 6)
        ]
        for turn in range(10)
    ]
    wanted = converse(run, answers, 0.4, 0.3)
    assert run.heard() == "".join(wanted)
    gaps = [later.start - earlier.end for earlier, later in pairwise(run.model.heard())]
    within_answers = [gap for gap in gaps if gap < 10]
    assert len(within_answers) >= 10
    assert median(within_answers) <= median_s
    assert max(within_answers) <= worst_s
    looks_per_answer = run.looks / len(answers)
    assert looks_per_answer < 250
