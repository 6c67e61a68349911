"""Adding and removing households in `config.toml` and `secrets/xiaomi.toml`; the rest stays as the person wrote it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from migpt_shared.messages import name_problem
from migpt_shared.settings import SettingsError, load_settings

SECRETS = Path("secrets", "xiaomi.toml")
_PRIVATE = 0o600


class HouseholdRefusedError(Exception):
    """The configuration stays as it was. The text says why."""


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household to be added. `speakers`: slug → name in Xiaomi's app; without any, all of the account are used."""

    name: str
    account: str
    password: str | None
    pass_token: str | None
    speakers: dict[str, str]


def with_household(text: str, new: NewHousehold) -> str:
    """The configuration with the household at its end. Raises HouseholdRefusedError."""
    if problem := name_problem(new.name):
        raise HouseholdRefusedError(problem)
    for slug in new.speakers:
        if problem := name_problem(slug):
            raise HouseholdRefusedError(problem)
    document = _parsed(text)
    households = _section(document, "households")
    if new.name in households:
        raise HouseholdRefusedError(f'there is a household "{new.name}" already')
    for name, other in households.items():
        if isinstance(other, dict) and str(other.get("account")) == new.account:
            raise HouseholdRefusedError(f'household "{name}" has this account already')
    entry = tomlkit.table()
    entry["account"] = new.account
    if new.speakers:
        speakers = tomlkit.table(is_super_table=True)
        for slug, called in new.speakers.items():
            speaker = tomlkit.table()
            speaker["name"] = called
            speakers[slug] = speaker
        entry["speakers"] = speakers
    households[new.name] = entry
    return tomlkit.dumps(document)


def with_secrets(text: str, new: NewHousehold) -> str:
    """The secrets with those of the household; what was there of it is gone."""
    document = _parsed(text)
    entry = tomlkit.table()
    for key, value in (("password", new.password), ("pass_token", new.pass_token)):
        if value is not None:
            entry[key] = value
    _section(document, "households")[new.name] = entry
    return tomlkit.dumps(document)


def without_household(text: str, name: str) -> str:
    """The file without the household, or unchanged if it has none of that name."""
    document = _parsed(text)
    households = document.get("households")
    if not isinstance(households, dict) or name not in households:
        return text
    del households[name]
    if not households:
        del document["households"]
    return tomlkit.dumps(document)


def add_household(config: Path, new: NewHousehold) -> None:
    """Write the household into both files. Raises HouseholdRefusedError, OSError."""
    content = with_household(_read(config), new)
    _check(config, content)
    secrets = config.parent / SECRETS
    if new.password is not None or new.pass_token is not None:
        # First: services that see the new household find its password there.
        secrets.parent.mkdir(mode=0o700, exist_ok=True)
        _replace(secrets, with_secrets(_read(secrets), new))
    _replace(config, content)


def remove_household(config: Path, name: str) -> None:
    """Take the household out of both files. Raises HouseholdRefusedError, OSError."""
    before = _read(config)
    content = without_household(before, name)
    if content == before:
        raise HouseholdRefusedError(f'{config} has no household "{name}"')
    secrets = config.parent / SECRETS
    if secrets.is_file():
        # First: secrets of a household that the configuration does not have are refused.
        _replace(secrets, without_household(_read(secrets), name))
    _replace(config, content)


def _section(document: tomlkit.TOMLDocument, name: str) -> Table:
    if name not in document:
        document[name] = tomlkit.table(is_super_table=True)
    section = document[name]
    if not isinstance(section, dict):
        raise HouseholdRefusedError(f"{name} is no section of the file")
    return section  # type: ignore[return-value]


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise HouseholdRefusedError(f"the file is not valid TOML: {error}") from error


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _check(config: Path, content: str) -> None:
    """Raises HouseholdRefusedError when the services would refuse the file."""
    handle, trial = tempfile.mkstemp(dir=config.parent, prefix=f".{config.name}.", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        load_settings(Path(trial))
    except SettingsError as error:
        raise HouseholdRefusedError("; ".join(error.problems)) from error
    finally:
        os.unlink(trial)


def _replace(file: Path, content: str) -> None:
    """The whole file at once, readable by its owner alone."""
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(content)
        os.chmod(unfinished, _PRIVATE)
        os.replace(unfinished, file)
    except BaseException:
        os.unlink(unfinished)
        raise
