"""What the brain knows of a household's Home Assistant."""

from __future__ import annotations

import pytest

from migpt_brain.home.link import HomeLink
from migpt_shared.messages import HomeCode, HomeState, Presence


class NoBus:
    is_connected = True

    def publish(self, message: object, **places: str) -> None:
        raise AssertionError("nothing is asked here")

    def clear(self, kind: object, **places: str) -> None:
        raise AssertionError("nothing is cleared here")


BRIDGE = "ha_bridge/b1"


def link(state: HomeState | None, *, is_alive: bool = True) -> HomeLink:
    home = HomeLink(NoBus())
    if is_alive:
        home.bridge_seen("b1", Presence(status="online"))
    if state is not None:
        home.state_seen("home", state)
    return home


def test_connected_while_the_bridge_lives() -> None:
    home = link(HomeState(connected=True, owner=BRIDGE, src=BRIDGE))
    assert home.is_connected("home")
    assert home.trouble("home") is None
    assert not home.is_connected("other")
    home.bridge_seen("b1", Presence(status="offline"))
    assert not home.is_connected("home")
    assert home.trouble("home") == "unreachable"
    home.bridge_seen("b1", Presence(status="online"))
    assert home.is_connected("home")


def test_the_last_word_of_a_bridge_that_died_long_ago_is_not_believed() -> None:
    home = link(HomeState(connected=True, owner=BRIDGE, src=BRIDGE), is_alive=False)
    assert not home.is_connected("home")
    assert home.trouble("home") == "unreachable"


@pytest.mark.parametrize(
    ("state", "trouble"),
    [
        (None, None),
        (HomeState(connected=False, owner=BRIDGE, src=BRIDGE), "unreachable"),
        (HomeState(connected=False, owner=BRIDGE, src=BRIDGE, code="not_authorised"), "not_authorised"),
        (HomeState(connected=False, owner=BRIDGE, src=BRIDGE, code="not_configured"), None),
        (HomeState(connected=False, owner=None, src=BRIDGE), None),
    ],
)
def test_what_is_wrong(state: HomeState | None, trouble: HomeCode | None) -> None:
    home = link(state)
    assert not home.is_connected("home")
    assert home.trouble("home") == trouble
