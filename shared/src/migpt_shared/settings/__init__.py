"""Typed settings from `config.toml`, `secrets/` and the environment."""

from migpt_shared.settings.base import Section, secret_from
from migpt_shared.settings.console import ConsoleSettings
from migpt_shared.settings.hearing import HearingSettings
from migpt_shared.settings.home_assistant import HomeAssistantSettings
from migpt_shared.settings.households import EndpointSettings, HouseholdSettings, SpeakerSettings
from migpt_shared.settings.llm import LlmSettings, PresetSettings
from migpt_shared.settings.mqtt import MqttSettings
from migpt_shared.settings.problems import SettingsError
from migpt_shared.settings.root import LogLevel, Settings, load_settings, settings_files
from migpt_shared.settings.routing import RoutingSettings
from migpt_shared.settings.speech import SpeechSettings

__all__ = [
    "ConsoleSettings",
    "EndpointSettings",
    "HearingSettings",
    "HomeAssistantSettings",
    "HouseholdSettings",
    "LlmSettings",
    "LogLevel",
    "MqttSettings",
    "PresetSettings",
    "RoutingSettings",
    "Section",
    "Settings",
    "SettingsError",
    "SpeakerSettings",
    "SpeechSettings",
    "load_settings",
    "secret_from",
    "settings_files",
]
