"""The settings as the command line uses them: which file, and where the broker is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError, ConfigUnusableError
from migpt_cli.wording import DEFAULT_CONFIG
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_shared.settings import Settings

_NO_BROKER = Phrase(
    zh="不知道消息服务器在哪里：{config} 里没有 mqtt.url，也没有正在运行的 ./migpt up（数据目录 {data_dir}）。",
    en="where is the broker? {config} has no mqtt.url, and no ./migpt up runs with the data folder {data_dir}.",
)


def config_path(given: Path | None) -> Path:
    """The config file: as given, else MIGPT_CONFIG, else config.toml here."""
    return given or Path(os.environ.get("MIGPT_CONFIG") or DEFAULT_CONFIG)


def read_settings(given: Path | None) -> Settings:
    """All settings. A file that nobody named may be missing. Raises ConfigUnusableError with all problems."""
    from migpt_shared.settings import SettingsError, load_settings

    config = config_path(given)
    is_named = given is not None or bool(os.environ.get("MIGPT_CONFIG"))
    try:
        return load_settings(config if is_named or config.exists() else None)
    except SettingsError as error:
        raise ConfigUnusableError(error.problems) from error


def settings_with_broker(given: Path | None) -> Settings:
    """The settings with a broker: `mqtt.url`, else that of a running `migpt up`. Raises CommandFailedError without."""
    from migpt_cli.up.run_note import read_run_note

    settings = read_settings(given)
    if settings.mqtt.url is not None:
        return settings
    note = read_run_note(settings.data_dir)
    if note is None:
        raise CommandFailedError(
            _NO_BROKER, exit_code=EXIT_UNUSABLE, config=config_path(given), data_dir=settings.data_dir
        )
    return with_broker_url(settings, note.mqtt_url)


def with_broker_url(settings: Settings, url: str) -> Settings:
    """The settings with this broker instead of theirs."""
    from migpt_shared.settings import MqttSettings

    mqtt = MqttSettings.model_validate({"url": url, "prefix": settings.mqtt.prefix})
    return settings.model_copy(update={"mqtt": mqtt})
