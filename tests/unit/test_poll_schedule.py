"""How often a speaker's transcript is read."""

from datetime import time

import pytest
from pydantic import ValidationError

from migpt_poller.backoff import wait_after_failures_s
from migpt_poller.cadence import Attention, Pace, PollGrid, is_within, pace_interval_s
from migpt_shared.settings.hearing import HearingSettings

NOON, MIDNIGHT = time(12), time(0)
SETTINGS = HearingSettings()


def attention(now: float = 0.0) -> Attention:
    return Attention(SETTINGS, last_activity=now)


def test_nobody_has_spoken_yet() -> None:
    assert attention().pace(0.0, NOON) is Pace.IDLE


def test_after_an_utterance_it_is_hot_then_warm_then_idle() -> None:
    ear = attention()
    ear.person_spoke(100.0)
    assert [ear.pace(at, NOON) for at in (100.0, 114.9, 115.0, 174.9, 175.0, 3600.0)] == [
        Pace.HOT, Pace.HOT, Pace.WARM, Pace.WARM, Pace.IDLE, Pace.IDLE
    ]  # fmt: skip


def test_it_stays_hot_while_an_answer_is_spoken_and_15_s_after_its_end() -> None:
    ear = attention()
    ear.person_spoke(0.0)
    for at in (5.0, 30.0, 55.0):
        ear.answer_is_spoken(at)
    assert ear.pace(80.0, NOON) is Pace.HOT
    ear.answer_ended(80.0)
    assert ear.pace(94.9, NOON) is Pace.HOT
    assert ear.pace(95.1, NOON) is Pace.WARM


def test_an_answer_whose_end_is_never_reported_does_not_keep_it_hot_for_ever() -> None:
    ear = attention()
    ear.answer_is_spoken(0.0)
    assert ear.pace(60.0, NOON) is Pace.HOT
    assert ear.pace(76.0, NOON) is Pace.WARM


def test_after_an_hour_without_speech_it_is_night_by_day_too() -> None:
    ear = attention(now=10.0)
    assert ear.pace(3609.0, NOON) is Pace.IDLE
    assert ear.pace(3610.0, NOON) is Pace.NIGHT


def test_at_night_who_is_still_up_is_heard_quickly() -> None:
    ear = attention(now=0.0)
    assert ear.pace(599.0, MIDNIGHT) is Pace.IDLE
    assert ear.pace(600.0, MIDNIGHT) is Pace.NIGHT
    ear.person_spoke(700.0)
    assert ear.pace(701.0, MIDNIGHT) is Pace.HOT
    assert ear.pace(700 + 15 + 60 + 1, MIDNIGHT) is Pace.IDLE
    assert ear.pace(1301.0, MIDNIGHT) is Pace.NIGHT


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(time(23, 29), False), (time(23, 30), True), (time(0), True), (time(6, 29, 59), True), (time(6, 30), False)],
)
def test_the_night_goes_past_midnight(moment: time, expected: bool) -> None:
    assert is_within(moment, SETTINGS.night_from, SETTINGS.night_to) is expected


def test_equal_ends_mean_no_night() -> None:
    assert not is_within(time(3), time(6), time(6))


def test_intervals_are_the_configured_ones() -> None:
    assert [pace_interval_s(SETTINGS, pace) for pace in Pace] == [0.1, 0.4, 1.0, 3.0]


def test_the_grid_is_kept_from_start_to_start_without_drift() -> None:
    grid = PollGrid()
    grid.begin(0.0, 0.1)
    for turn in range(1, 1000):
        due = grid.due(0.1)
        assert due == pytest.approx(turn * 0.1)
        grid.begin(due + 0.004, 0.1)  # the loop wakes up a little late every time


def test_a_slow_request_is_not_made_up_for_by_a_burst() -> None:
    grid = PollGrid()
    grid.begin(0.0, 0.1)
    grid.begin(0.75, 0.1)  # the one before took 0.75 s
    assert grid.due(0.1) == pytest.approx(0.85)


def test_a_shorter_interval_takes_effect_at_once() -> None:
    grid = PollGrid()
    grid.begin(10.0, 3.0)
    assert grid.due(3.0) == 13.0
    assert grid.due(0.1) == pytest.approx(10.1)


def test_no_more_than_ten_requests_in_any_second_when_hot() -> None:
    grid, starts, now = PollGrid(), [], 0.0
    for turn in range(400):
        now = max(now, grid.due(0.1)) + (0.03 if turn % 7 == 0 else 0.001)  # now and then the loop is busy
        grid.begin(now, 0.1)
        starts.append(now)
    assert max(sum(1 for other in starts if at <= other < at + 1.0) for at in starts) <= 11
    assert len(starts) / (starts[-1] - starts[0]) <= 10.1


def test_waits_double_and_end_at_15_s() -> None:
    assert [wait_after_failures_s(count, jitter=1.0) for count in (1, 2, 3, 4, 7, 50)] == [
        0.25, 0.5, 1.0, 2.0, 15.0, 15.0
    ]  # fmt: skip
    assert wait_after_failures_s(3, jitter=0.0) == 0.5
    with pytest.raises(ValueError, match="no failure"):
        wait_after_failures_s(0, jitter=0.5)


def test_settings_refuse_intervals_in_the_wrong_order_and_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="must not get shorter"):
        HearingSettings(hot_interval_s=1.0, warm_interval_s=0.4)
    with pytest.raises(ValidationError, match="Extra inputs"):
        HearingSettings.model_validate({"hot_s": 0.1})
    with pytest.raises(ValidationError, match="hot_interval_s"):
        HearingSettings(hot_interval_s=0.001)


def test_settings_read_times_of_day_as_people_write_them() -> None:
    settings = HearingSettings.model_validate({"night_from": "22:15", "night_to": time(7)})
    assert (settings.night_from, settings.night_to) == (time(22, 15), time(7))
