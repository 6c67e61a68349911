"""Names for parts of a page that do not change with language or looks."""

from __future__ import annotations


def mark(name: str) -> str:
    """Props that give an element this name, as `data-mark`. What cannot stand in a name is left out of it."""
    plain = "".join(character if character.isalnum() or character in "-_" else "_" for character in name)
    return f'data-mark="{plain}"'
