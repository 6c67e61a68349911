"""How long a text takes: learned quickly, honestly uncertain, not upset by outliers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_speaker.speaking_rate import Extent, SpeakingRate, extent_of


@pytest.mark.parametrize(
    ("text", "extent"),
    [
        ("天空是蓝的。", Extent(5, 0, 1)),
        ("3.5度，Python 很好", Extent(5, 6, 3)),
        ("", Extent(0, 0, 0)),
        ("……", Extent(0, 0, 2)),
    ],
)
def test_what_is_counted(text: str, extent: Extent) -> None:
    assert extent_of(text) == extent


@pytest.mark.parametrize("seconds", [0.12, 0.2, 0.27, 0.35])
@pytest.mark.parametrize("mark_seconds", [0.0, 0.3])
def test_a_few_utterances_teach_the_rate(seconds: float, mark_seconds: float) -> None:
    chance = random.Random(7)
    rate = SpeakingRate()
    for _ in range(12):
        extent = Extent(chance.randint(8, 100), 0, chance.randint(1, 9))
        duration_s = extent.syllables * seconds + extent.marks * mark_seconds
        rate = rate.learned(extent, duration_s + chance.uniform(-0.02, 0.02), 0.015)
    extent = Extent(60, 0, 4)
    prediction = rate.predict(extent)
    assert prediction.duration_s == pytest.approx(60 * seconds + 4 * mark_seconds, abs=0.12)
    assert prediction.spread_s < 0.25


def test_the_first_guess_is_uncertain_enough() -> None:
    prediction = SpeakingRate().predict(Extent(30, 0, 2))
    for seconds in (0.15, 0.3):
        assert abs(30 * seconds + 0.4 - prediction.duration_s) < 2 * prediction.spread_s


def test_one_outlier_changes_little_and_a_lasting_change_is_followed() -> None:
    rate = SpeakingRate()
    extent = Extent(40, 0, 2)
    for _ in range(10):
        rate = rate.learned(extent, 8.4, 0.02)
    shaken = rate.learned(extent, 16.0, 0.02)
    assert shaken.predict(extent).duration_s == pytest.approx(8.4, abs=0.4)
    for _ in range(12):
        shaken = shaken.learned(extent, 12.0, 0.02)
    assert shaken.predict(extent).duration_s == pytest.approx(12.0, abs=0.3)


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 60), st.integers(0, 20), st.floats(0.01, 60)), max_size=30)
)
def test_nothing_measured_makes_a_prediction_senseless(measured: list[tuple[int, int, int, float]]) -> None:
    rate = SpeakingRate()
    for syllables, letters, marks, duration_s in measured:
        rate = rate.learned(Extent(syllables, letters, marks), duration_s, 0.02)
    prediction = rate.predict(Extent(50, 10, 5))
    assert 0 < prediction.duration_s < 1000
    assert prediction.spread_s > 0
