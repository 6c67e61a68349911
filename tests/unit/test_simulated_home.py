"""Descriptions of simulated homes, and which requests go wrong."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pydantic import ValidationError

from migpt_simulator import (
    Event,
    Fault,
    FaultRates,
    HomeFileError,
    NewSpeech,
    RequestKind,
    SimulatedAccount,
    SimulatedHome,
    SimulatedSpeaker,
    load_home,
)
from migpt_simulator.faults import FaultPlan

_FILE = """
seed = 7
latency_s = 0.1
[accounts.1111111111]
password = "one"
[accounts.2222222222]
password = "two"
[accounts.2222222222.behaviour]
needs_captcha = true
[speakers.study]
name = "书房小爱"
hardware = "OH2P"
account = "2222222222"
[speakers.study.settings]
new_speech = "queues"
[faults]
busy = 0.05
"""


def test_the_default_home_has_two_speakers_with_steady_ids() -> None:
    home = SimulatedHome()
    assert [(one.slug, one.name, one.hardware) for one in home.speakers] == [
        ("living_room", "客厅小爱", "LX06"),
        ("bedroom", "卧室小爱", "L05C"),
    ]
    assert home == SimulatedHome()
    assert all(one.miot_did.isdigit() and one.device_id.count("-") == 4 for one in home.speakers)


def test_a_home_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "home.toml"
    path.write_text(_FILE, encoding="utf-8")
    home = load_home(path)
    assert [one.account for one in home.accounts] == ["1111111111", "2222222222"]
    assert home.accounts[1].behaviour.needs_captcha
    assert home.speakers[0].behaviour().new_speech is NewSpeech.QUEUES
    assert not home.speakers[0].behaviour().pause_silences  # OH2P
    assert (home.seed, home.latency_s, home.faults.busy) == (7, 0.1, 0.05)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed =", "Invalid value"),
        ("seed = 'x'", "seed"),
        ("speakers = 3", "tables"),
        ("[speakers]\nx = 3", "tables"),
        ("[speakers.x]\nname='x'\naccount='9'", "not described"),
        ("[speakers.x]\nname='x'\n[speakers.x.settings]\nspeed=1", "speed"),
        ("[speakers.X-1]\nname='x'", "pattern"),
        ("[accounts.abc]\npassword='x'", "pattern"),
        ("nonsense = 1", "nonsense"),
    ],
)
def test_a_bad_home_file_is_refused_with_file_and_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "home.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HomeFileError) as caught:
        load_home(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_home_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HomeFileError, match=r"nowhere\.toml: No such file"):
        load_home(tmp_path / "nowhere.toml")


def test_equal_names_are_refused() -> None:
    twin = SimulatedSpeaker(slug="a", name="a")
    with pytest.raises(ValidationError, match="the same slug twice"):
        SimulatedHome(speakers=(twin, twin))
    with pytest.raises(ValidationError, match="the same account twice"):
        SimulatedHome(accounts=(SimulatedAccount(), SimulatedAccount()))


def _plan(**rates: float) -> FaultPlan:
    return FaultPlan(random.Random(3), FaultRates().changed(dict(rates)))


def test_rates_hold_and_equal_seeds_repeat() -> None:
    drawn = [_plan(busy=0.05, http_500=0.02) for _ in range(2)]
    results = [[plan.draw(RequestKind.SPEAK, "a") for _ in range(10_000)] for plan in drawn]
    assert results[0] == results[1]
    assert 400 < results[0].count(Fault.BUSY) < 600
    assert 130 < results[0].count(Fault.HTTP_500) < 270


def test_faults_come_only_where_they_fit() -> None:
    plan = _plan(busy=1.0)
    assert plan.draw(RequestKind.CONVERSATION, "a") is None
    assert plan.draw(RequestKind.STATUS, "a") is Fault.BUSY
    plan = _plan(http_500=1.0)
    assert plan.draw(RequestKind.PASSWORD, None) is None
    plan.rates = plan.rates.changed({"login_too": True})
    assert plan.draw(RequestKind.PASSWORD, None) is Fault.HTTP_500
    plan = _plan(no_records=1.0)
    assert plan.draw(RequestKind.SPEAK, "a") is None
    assert plan.draw(RequestKind.CONVERSATION, "a") is Fault.NO_RECORDS


def test_scripts_come_first_for_kind_and_speaker_and_run_out() -> None:
    plan = _plan()
    plan.script(Fault.HTML, kind=RequestKind.CONVERSATION, speaker="a", count=2)
    plan.script(Fault.HTTP_500)
    assert plan.draw(RequestKind.CONVERSATION, "b") is Fault.HTTP_500
    assert plan.draw(RequestKind.STATUS, "a") is None
    assert [plan.draw(RequestKind.CONVERSATION, "a") for _ in range(3)] == [Fault.HTML, Fault.HTML, None]


def test_scripts_that_can_never_come_are_refused() -> None:
    plan = _plan()
    with pytest.raises(ValueError, match="cannot go wrong"):
        plan.script(Fault.BUSY, kind=RequestKind.CONVERSATION)
    with pytest.raises(ValueError, match="at least 1"):
        plan.script(Fault.HTML, count=0)


_README = Path(__file__).parents[2] / "simulator" / "README.md"


def test_the_readmes_home_file_is_the_default_living_room(tmp_path: Path) -> None:
    block = _README.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    path = tmp_path / "home.toml"
    path.write_text(block, encoding="utf-8")
    home = load_home(path)
    assert home.speakers[0].device_id == SimulatedHome().speakers[0].device_id
    assert home.accounts == SimulatedHome().accounts


def test_the_readme_names_every_event_kind_and_fault() -> None:
    text = _README.read_text(encoding="utf-8")
    names = [event.kind() for event in Event.__subclasses__()] + [*RequestKind, *Fault]
    assert [name for name in names if f"`{name}`" not in text] == []
