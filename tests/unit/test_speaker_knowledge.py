"""What is concluded from pauses and utterances about a late or useless status."""

from __future__ import annotations

from pathlib import Path

import pytest

from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.knowledge import Knowledge, LagEvidence
from migpt_speaker.profile import Profile, ProfileStore
from migpt_speaker.speaking_rate import Extent


def test_a_pause_and_an_utterance_that_are_late_alike_prove_a_late_status() -> None:
    knowledge = Knowledge().silenced(LagEvidence(1.4, 1.5))
    assert not knowledge.has_late_status
    knowledge = knowledge.began(1.8)
    assert knowledge.lag_s == 1.4
    assert knowledge.sound_onset_s == pytest.approx(0.4)


@pytest.mark.parametrize("onset_s", [0.3, 0.8, 3.0])
def test_a_late_pause_alone_proves_nothing(onset_s: float) -> None:
    assert not Knowledge().silenced(LagEvidence(1.4, 1.5)).began(onset_s).has_late_status


def test_late_sound_alone_proves_nothing() -> None:
    assert not Knowledge().began(1.8).began(1.8).began(1.8).has_late_status


def test_a_prompt_pause_disproves_a_lag() -> None:
    late = Knowledge().silenced(LagEvidence(1.4, 1.5)).began(1.8)
    assert not late.silenced(LagEvidence(0.0, 0.2)).has_late_status


def test_of_several_pauses_the_least_that_all_allow_counts() -> None:
    late = Knowledge().silenced(LagEvidence(1.0, 1.6)).began(1.8)
    assert late.silenced(LagEvidence(1.45, 1.5)).lag_s == 1.45
    assert late.silenced(LagEvidence(2.9, 3.0)).lag_s == 1.0
    assert late.silenced(LagEvidence(0.6, 0.7)).lag_s == 0.6


def test_speech_seen_sooner_than_the_lag_disproves_it() -> None:
    late = Knowledge().silenced(LagEvidence(1.4, 1.5)).began(1.8)
    assert not late.began(0.4).has_late_status


def test_a_status_without_sense_is_given_up_and_tried_again_later() -> None:
    knowledge = Knowledge().no_sense()
    assert knowledge.status_is_usable is None
    knowledge = knowledge.no_sense()
    assert knowledge.status_is_usable is False
    for _ in range(10):
        knowledge = knowledge.ended_blind()
    assert knowledge.status_is_usable is None
    assert knowledge.no_sense().status_is_usable is False


def test_a_model_whose_status_is_known_to_be_useless_is_not_tried() -> None:
    knowledge = Knowledge().reopened(has_usable_status=False)
    for _ in range(50):
        knowledge = knowledge.ended_blind()
    assert knowledge.status_is_usable is False


def test_an_utterance_that_lasts_longer_than_expected_teaches() -> None:
    extent = Extent(30, 0, 2)
    before = Knowledge().predict(extent).duration_s
    assert Knowledge().outlasted(extent, before + 2).predict(extent).duration_s > before + 0.5
    assert Knowledge().outlasted(extent, before - 2) == Knowledge()


def test_profiles_survive_on_disk(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "speech")
    knowledge = Knowledge().silenced(LagEvidence(1.4, 1.5)).began(1.8).spoke(Extent(30, 0, 2), 6.4, 0.02)
    profile = Profile(knowledge=knowledge, proven_path=SpeakPath.MIOT)
    store.save("0123456789ab", profile)
    assert store.load("0123456789ab") == profile
    assert [file.name for file in (tmp_path / "speech").iterdir()] == ["0123456789ab.json"]


@pytest.mark.parametrize("content", ["", "{", "null", '{"knowledge": {"rate": 7}}'])
def test_a_broken_profile_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "0123456789ab.json").write_text(content)
    assert ProfileStore(tmp_path).load("0123456789ab") is None
    assert ProfileStore(tmp_path).load("nobody") is None
