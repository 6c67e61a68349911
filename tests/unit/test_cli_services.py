"""Which services `migpt up` runs."""

from __future__ import annotations

import pytest

from migpt_cli.up.supervisor import services_for
from migpt_shared.settings import Settings

HOUSEHOLD = {"account": "1"}
BRIDGED = {"account": "1", "home_assistant": {}}


@pytest.mark.parametrize(
    ("sections", "is_bridged"),
    [
        ({"households": {"home": HOUSEHOLD}}, False),
        ({"households": {"home": HOUSEHOLD}, "home_assistant": {}}, True),
        ({"households": {"home": HOUSEHOLD, "other": BRIDGED}}, True),
        ({"households": {}, "home_assistant": {}}, False),
        # Whoever wants no devices any more has those taken away that an earlier run left in Home Assistant.
        ({"households": {"home": HOUSEHOLD}, "home_assistant": {"discovery": False}}, True),
    ],
)
def test_the_bridge_runs_where_a_household_has_a_home_assistant(sections: dict[str, object], is_bridged: bool) -> None:
    services = services_for(Settings.model_validate(sections))
    assert {"poller", "brain", "speaker"} <= set(services)
    assert ("ha_bridge" in services) == is_bridged
