"""What a line may go on with; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from migpt_cli.directory import KnownSpeaker
from migpt_cli.shell.lines import COMMANDS, Verb
from migpt_shared.language import Language
from migpt_shared.messages import EVERYBODY

_SELECT = COMMANDS[Verb.SELECT].words


def completions(line: str, known: Sequence[KnownSpeaker], language: Language) -> list[tuple[str, str]]:
    """Words that the last word of `line` may become, each with a hint; none where free text is written."""
    words = line.split()
    is_new_word = not line or line[-1].isspace()
    last = "" if is_new_word else words[-1]
    before = words if is_new_word else words[:-1]
    if not before:
        return _fitting(last, _command_words(last, language)) if last else []
    if before[0].lower().lstrip("/") in _SELECT:
        return _fitting(last, _speaker_words(known, chosen=before[1:]))
    return []


def _command_words(last: str, language: Language) -> list[tuple[str, str]]:
    slash = "/" if last.startswith("/") else ""
    pairs = [(word, described.about.in_(language)) for described in COMMANDS.values() for word in described.words[:2]]
    return [(f"{slash}{word}", about) for word, about in pairs]


def _speaker_words(known: Sequence[KnownSpeaker], chosen: Sequence[str]) -> list[tuple[str, str]]:
    names = chain.from_iterable(
        [(speaker.name, str(speaker.address)), (speaker.address.speaker, speaker.name)] for speaker in known
    )
    return [(name, hint) for name, hint in [*names, (EVERYBODY, "")] if name not in chosen]


def _fitting(last: str, words: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(word, hint) for word, hint in words if word.lower().startswith(last.lower())]
