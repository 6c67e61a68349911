"""A TOML text that keeps its comments while values change; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from migpt_shared.editing.places import MASK, Path, is_secret
from migpt_shared.settings import SettingsError


def parsed(text: str, name: str) -> tomlkit.TOMLDocument:
    """The text as a document. Raises SettingsError that names the file."""
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError) as error:
        raise SettingsError([f"{name}: is not valid TOML: {error}"]) from None


def get(document: Mapping[str, Any], path: Path) -> Any:
    """The value there; None when there is none."""
    here: Any = document
    for step in path:
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def put(document: MutableMapping[str, Any], path: Path, value: object) -> None:
    """Set the value there; sections on the way are made. Raises SettingsError when a value stands in the way."""
    here: Any = document
    for step in path[:-1]:
        if step not in here:
            here[step] = tomlkit.table()
        here = here[step]
        if not isinstance(here, MutableMapping):
            raise SettingsError([f"{'.'.join(path)}: {step} is no section"])
    here[path[-1]] = _plain(value)


def remove(document: MutableMapping[str, Any], path: Path) -> None:
    """Take the value or section away, if it is there."""
    holder = get(document, path[:-1]) if path[:-1] else document
    if isinstance(holder, MutableMapping) and path[-1] in holder:
        del holder[path[-1]]


def masked(document: MutableMapping[str, Any]) -> None:
    """Put a mask in the place of every secret."""
    for path, value in list(leaves(document)):
        if isinstance(value, str) and value and is_secret(path, value):
            put(document, path, MASK)


def unmasked(document: MutableMapping[str, Any], original: Mapping[str, Any]) -> None:
    """Put back what the masks stand for. Raises SettingsError for a mask that stands for nothing."""
    lost = []
    for path, value in list(leaves(document)):
        if value == MASK:
            before = get(original, path)
            if isinstance(before, str) and before:
                put(document, path, str(before))
            else:
                lost.append(f"{'.'.join(path)}: {MASK} stands for no secret here; write the secret itself")
    if lost:
        raise SettingsError(lost)


def leaves(section: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value with its place."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
