"""A day's requests: they last until midnight, conversations come first, hearing never stops."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_poller.cadence import Attention, Pace
from migpt_poller.request_budget import RequestBudget, quiet_requests_until_midnight, stretched_interval_s
from migpt_shared.settings.hearing import HearingSettings

SETTINGS = HearingSettings()
TODAY = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def budget(speakers: int, used: int = 0, day: date = TODAY) -> RequestBudget:
    account = RequestBudget(SETTINGS, speakers_in_account=speakers)
    for number in range(speakers):
        account.take_over(f"s{number}", day, used if number == 0 else 0, TODAY)
    return account


def test_a_first_speaker_has_100_000_and_each_further_one_50_000() -> None:
    assert SETTINGS.requests_per_day(0) == 0
    assert SETTINGS.requests_per_day(1) == 100_000
    assert SETTINGS.requests_per_day(4) == 250_000
    assert budget(4).per_speaker == 62_500


def test_quiet_polling_knows_day_and_night() -> None:
    assert quiet_requests_until_midnight(SETTINGS, time(0)) == pytest.approx(6.5 * 1200 + 17 * 3600 + 0.5 * 1200)
    assert quiet_requests_until_midnight(SETTINGS, time(12)) == pytest.approx(11.5 * 3600 + 0.5 * 1200)
    assert quiet_requests_until_midnight(SETTINGS, time(23, 45)) == pytest.approx(300)


def test_what_was_used_earlier_today_counts_and_what_was_used_yesterday_does_not() -> None:
    assert budget(1, used=40_000).used("s0", TODAY) == 40_000
    assert budget(1, used=40_000, day=TODAY - timedelta(days=1)).used("s0", TODAY) == 0


def test_counting_starts_anew_at_midnight() -> None:
    account = budget(1, used=99_000)
    assert account.pressure(MIDNIGHT.replace(hour=12)) > 5
    tomorrow = MIDNIGHT + timedelta(days=1)
    assert account.pressure(tomorrow) < 1
    account.spend("s0", tomorrow.date())
    assert account.used("s0", tomorrow.date()) == 1


def test_a_speaker_that_was_handed_over_takes_its_share_along() -> None:
    account = budget(2, used=10_000)
    before = account.pressure(MIDNIGHT)
    account.hand_over("s0")
    assert account.pressure(MIDNIGHT) < before
    assert account.used("s0", TODAY) == 0


def test_without_speakers_there_is_no_pressure() -> None:
    assert RequestBudget(SETTINGS).pressure(MIDNIGHT) == 0


def test_with_requests_to_spare_no_interval_stretches() -> None:
    pressure = budget(1).pressure(MIDNIGHT)
    assert [stretched_interval_s(SETTINGS, pace, pressure) for pace in Pace] == [0.1, 0.4, 1.0, 3.0]


def test_ten_speakers_from_midnight_on_still_have_quick_conversations() -> None:
    pressure = budget(10).pressure(MIDNIGHT)
    assert pressure > 1
    assert stretched_interval_s(SETTINGS, Pace.HOT, pressure) == 0.1
    assert 1.0 < stretched_interval_s(SETTINGS, Pace.IDLE, pressure) < 1.5


@given(used=st.integers(0, 1_000_000), second=st.integers(0, 86_399), speakers=st.integers(1, 20))
def test_no_interval_is_ever_longer_than_5_s_or_shorter_than_configured(used: int, second: int, speakers: int) -> None:
    pressure = budget(speakers, used).pressure(MIDNIGHT + timedelta(seconds=second))
    intervals = [stretched_interval_s(SETTINGS, pace, pressure) for pace in Pace]
    assert all(interval <= 5.0 for interval in intervals)
    assert all(
        interval >= configured - 1e-9 for interval, configured in zip(intervals, (0.1, 0.4, 1.0, 3.0), strict=True)
    )
    assert intervals == sorted(intervals)


def test_an_interval_configured_longer_than_5_s_is_kept() -> None:
    slow = HearingSettings(idle_interval_s=8, night_interval_s=20)
    assert stretched_interval_s(slow, Pace.IDLE, 50.0) == 8
    assert stretched_interval_s(slow, Pace.NIGHT, 0.2) == 20


def _day(speakers: int, turns: list[float], hot_all_day: bool = False) -> tuple[int, float]:
    """A whole day poll by poll: requests made, and the longest interval used."""
    account = budget(speakers)
    ears = [Attention(SETTINGS, last_activity=0.0) for _ in range(speakers)]
    due = [0.0] * speakers
    waiting = sorted(turns)
    longest = 0.0
    while (now := min(due)) < 86_400:
        number = due.index(now)
        while waiting and waiting[0] <= now:
            ears[0].answer_ended(waiting.pop(0) + 15)  # about 15 s of answering
        local = MIDNIGHT + timedelta(seconds=now)
        account.spend(f"s{number}", TODAY)
        pace = Pace.HOT if hot_all_day else ears[number].pace(now, local.time())
        interval_s = stretched_interval_s(SETTINGS, pace, account.pressure(local))
        longest = max(longest, interval_s)
        due[number] = now + interval_s
    return sum(account.used(f"s{number}", TODAY) for number in range(speakers)), longest


def test_a_day_with_30_turns_on_one_speaker_stays_within_100_000() -> None:
    requests, longest = _day(1, [7 * 3600 + turn * 1900.0 for turn in range(30)])
    assert requests <= 100_000
    assert longest <= 3.0


def test_talking_without_end_does_not_exhaust_the_budget_before_midnight() -> None:
    requests, longest = _day(1, [], hot_all_day=True)
    assert requests <= 100_500
    assert longest <= 5.0
