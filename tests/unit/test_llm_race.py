"""Retry, fallback and giving up, without clock and network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_brain.llm.failures import FailureKind
from migpt_brain.llm.race import Action, Ask, Failure, GiveUp, Race, Stop

ONE = [4.0]
TWO = [4.0, 4.0]


def _failure(kind: FailureKind, retry_after_s: float | None = None) -> Failure:
    return Failure(kind, "detail", retry_after_s)


def _begun(late: list[float], give_up_s: float = 7.0) -> Race:
    race = Race(late, give_up_s)
    assert race.begin(100.0) == [Ask(0)]
    return race


@pytest.mark.parametrize("kind", [FailureKind.SERVER_ERROR, FailureKind.UNREACHABLE, FailureKind.RATE_LIMITED])
def test_what_may_pass_is_tried_once_more_and_no_second_time(kind: FailureKind) -> None:
    race = _begun(ONE)
    assert race.failed(0, _failure(kind), 100.1) == []
    again_at = race.next_at()
    assert again_at is not None
    assert 100.1 < again_at <= 100.6
    assert race.tick(again_at) == [Ask(0)]
    assert race.failed(0, _failure(kind), 101.0) == [GiveUp(0, _failure(kind))]


@pytest.mark.parametrize(
    "kind", [FailureKind.REFUSED_KEY, FailureKind.BAD_REQUEST, FailureKind.BAD_ANSWER, FailureKind.TIMED_OUT]
)
def test_what_will_not_pass_goes_to_the_next_preset_at_once(kind: FailureKind) -> None:
    race = _begun(TWO)
    assert race.failed(0, _failure(kind), 100.1) == [Ask(1)]
    assert race.failed(1, _failure(FailureKind.REFUSED_KEY), 100.2) == [GiveUp(0, _failure(kind))]


@pytest.mark.parametrize(("retry_after_s", "is_tried_again"), [(0.0, True), (1.5, True), (1.6, False), (60.0, False)])
def test_a_short_retry_after_is_obeyed_a_long_one_is_not_waited_for(retry_after_s: float, is_tried_again: bool) -> None:
    race = _begun(TWO)
    actions = race.failed(0, _failure(FailureKind.RATE_LIMITED, retry_after_s), 100.1)
    if not is_tried_again:
        assert actions == [Ask(1)]
    elif retry_after_s:
        assert actions == []
        assert race.tick(100.1 + retry_after_s - 0.01) == []
        assert race.tick(100.1 + retry_after_s) == [Ask(0)]
    else:
        assert actions == [Ask(0)]


def test_the_next_is_asked_when_the_first_is_late_and_the_loser_is_stopped() -> None:
    race = _begun(TWO)
    assert race.next_at() == 104.0
    assert race.tick(103.9) == []
    assert race.tick(104.0) == [Ask(1)]
    assert race.spoke(1) == [Stop(0)]
    assert race.winner == 1
    assert race.next_at() is None
    assert race.tick(110.0) == []
    assert race.spoke(0) == []


def test_the_first_may_still_win_after_the_next_has_been_asked() -> None:
    race = _begun(TWO)
    race.tick(104.0)
    assert race.spoke(0) == [Stop(1)]


def test_a_hang_ends_in_time_for_a_spoken_sentence() -> None:
    race = _begun(ONE)
    assert race.next_at() == 107.0
    late = Failure(FailureKind.TIMED_OUT, "no answer within 7 s")
    assert race.tick(107.0) == [Stop(0), GiveUp(0, late)]


def test_all_are_stopped_when_time_is_up_and_the_first_failure_is_told() -> None:
    race = _begun(TWO)
    assert race.failed(0, _failure(FailureKind.REFUSED_KEY), 100.5) == [Ask(1)]
    assert race.tick(107.0) == [Stop(1), GiveUp(0, _failure(FailureKind.REFUSED_KEY))]


def test_a_third_preset_waits_for_the_second() -> None:
    race = Race([2.0, 2.0, 2.0], 7.0)
    assert race.begin(0.0) == [Ask(0)]
    assert race.tick(2.0) == [Ask(1)]
    assert race.next_at() == 4.0
    assert race.tick(4.0) == [Ask(2)]


def test_a_retry_that_would_come_too_late_is_not_made() -> None:
    race = _begun(ONE)
    failure = _failure(FailureKind.RATE_LIMITED, 1.5)
    assert race.failed(0, failure, 106.0) == [GiveUp(0, failure)]


def test_a_cured_request_is_sent_again_at_once_and_still_has_its_retry() -> None:
    race = _begun(ONE)
    assert race.failed(0, Failure(FailureKind.BAD_REQUEST, "temperature", curable=True), 100.1) == [Ask(0)]
    assert race.failed(0, _failure(FailureKind.EMPTY), 100.2) == [Ask(0)]
    assert race.failed(0, _failure(FailureKind.EMPTY), 100.3) == [GiveUp(0, _failure(FailureKind.EMPTY))]


@given(
    lanes=st.integers(1, 4),
    fates=st.lists(
        st.tuples(st.sampled_from(list(FailureKind)), st.floats(0, 3), st.none() | st.floats(0, 3)), max_size=30
    ),
)
def test_every_race_ends_and_no_lane_is_asked_more_than_twice(
    lanes: int, fates: list[tuple[FailureKind, float, float | None]]
) -> None:
    race = Race([1.0] * lanes, 7.0)
    now, asked, running = 0.0, [0] * lanes, set[int]()
    end: GiveUp | None = None

    def do(actions: list[Action]) -> None:
        nonlocal end
        for action in actions:
            assert end is None
            match action:
                case Ask(lane):
                    assert lane not in running
                    asked[lane] += 1
                    running.add(lane)
                case Stop(lane):
                    running.remove(lane)
                case GiveUp():
                    end = action

    do(race.begin(now))
    for kind, passed_s, retry_after_s in fates:
        if end is not None:
            break
        if running:
            lane = min(running)
            running.remove(lane)
            do(race.failed(lane, _failure(kind, retry_after_s), now))
        now += passed_s
        if end is None:
            do(race.tick(now))
    while end is None:
        due = race.next_at()
        assert due is not None
        now = max(now, due)
        do(race.tick(now))
    assert not running
    assert max(asked) <= 2
    assert now <= 7.0 + 3.0
