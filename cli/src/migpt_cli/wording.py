"""In which language help texts speak, which are made before any option is read."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

from migpt_cli.problem import environment_language
from migpt_shared.language import Language, Phrase

DEFAULT_CONFIG = Path("config.toml")


@cache
def help_language() -> Language:
    """MIGPT_LANGUAGE, else the language of the config file that is used by default, else Chinese."""
    if os.environ.get("MIGPT_LANGUAGE"):
        return environment_language()
    try:
        content = tomllib.loads(Path(os.environ.get("MIGPT_CONFIG") or DEFAULT_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "zh"
    return "en" if content.get("language") == "en" else "zh"


def words(zh: str, en: str) -> str:
    """A help text."""
    return Phrase(zh, en).in_(help_language())
