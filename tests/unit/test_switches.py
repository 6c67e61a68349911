"""What a person has set is told apart from what is configured, and survives a restart."""

from __future__ import annotations

from pathlib import Path

from migpt_brain.switches import Switches, SwitchFile
from migpt_shared.messages import Address, BrainState

A, B = Address("home", "a"), Address("home", "b")


def test_only_what_a_person_chose_is_taken_from_the_published_state() -> None:
    state = BrainState(owner=None, ai=False, mode="native", preset="old", chosen=["ai"])
    assert Switches.of(state) == Switches(ai=False)
    assert Switches(ai=False, mode="ai").chosen == ["ai", "mode"]
    assert Switches().chosen == []


def test_unknown_names_in_the_state_are_ignored() -> None:
    assert Switches.of(BrainState(owner=None, chosen=["owner", "tomorrow"])) == Switches()


async def test_switches_survive_a_restart(tmp_path: Path) -> None:
    file = SwitchFile(tmp_path / "brain" / "switches.json")
    await file.load()
    await file.put(A, Switches(ai=False))
    await file.put(B, Switches(preset="local"))
    again = SwitchFile(tmp_path / "brain" / "switches.json")
    await again.load()
    assert again.get(A) == Switches(ai=False)
    assert again.get(B) == Switches(preset="local")
    assert again.get(Address("home", "c")) is None


async def test_a_broken_file_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "switches.json"
    path.write_text("{broken")
    file = SwitchFile(path)
    await file.load()
    assert file.get(A) is None
    assert path.with_suffix(".broken").exists()
