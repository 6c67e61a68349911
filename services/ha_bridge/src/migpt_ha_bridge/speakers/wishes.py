"""What the settings want Home Assistant to be shown of a household; pure."""

from __future__ import annotations

from importlib.metadata import version

from migpt_ha_bridge.speakers.discovery import Manner
from migpt_ha_bridge.speakers.paths import Paths
from migpt_ha_bridge.speakers.view import Wishes
from migpt_shared.settings import Settings

#: What a device's page links to while there is no console: the integration's own page.
_INTEGRATION_PAGE = "homeassistant://config/integrations/integration/mqtt"


def wishes_of(settings: Settings, household: str) -> Wishes:
    """A household that has no Home Assistant (any more) is not to be shown."""
    configured = settings.households.get(household)
    home = settings.home_of(household) if configured is not None else None
    manner = Manner(
        language=settings.language,
        version=version("migpt-ha-bridge"),
        configuration_url=(home.console_url if home is not None else "") or _INTEGRATION_PAGE,
        suggests_areas=home is not None and home.suggest_areas,
        is_only_household=len(settings.households) <= 1,
    )
    if configured is None or home is None or not home.discovery:
        return Wishes(manner, is_shown=False)
    return Wishes(
        manner,
        speakers=frozenset(configured.speakers) or None,
        leave_out=frozenset(home.leave_out),
        presets=tuple(dict.fromkeys((*settings.llm.chain, *settings.llm.presets))),
        personas=tuple(settings.llm.personas),
        commands_home=home.url is not None,
    )


def paths_of(settings: Settings, household: str) -> Paths | None:
    """Where the household's Home Assistant looks; None when it has none."""
    if household not in settings.households or (home := settings.home_of(household)) is None:
        return None
    return Paths(settings.mqtt.prefix, household, home.discovery_prefix, home.birth_topic)
