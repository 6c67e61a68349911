"""What a visitor typed: an utterance, and the speaker to which it is said; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migpt_cli.demo.scenery import SPEAKERS
from migpt_cli.problem import ProblemError
from migpt_shared.language import Language, Phrase

_AT = re.compile(r"^@([^\s：:]+)[\s：:]*(.*)$", re.DOTALL)
_COLON = re.compile(r"^([^：:]{1,20})[：:]\s*(.+)$", re.DOTALL)
_LEAVING = frozenset({"退出", "再见", "quit", "exit", ":q", "/quit", "/exit", "q"})

_NO_SUCH_SPEAKER = Phrase(
    zh="没有叫“{word}”的音箱，有：{names}", en="no speaker is called {word!r}; there are: {names}"
)
_NOTHING_SAID = Phrase(zh="想对它说什么？", en="what do you want to say to it?")


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """Say `text` to the speaker `speaker` (a slug)."""

    speaker: str
    text: str


def wants_to_leave(line: str) -> bool:
    return line.strip().casefold() in _LEAVING


def spoken_line(line: str, speaker: str, language: Language) -> SpokenLine | None:
    """The utterance in a line, for `speaker` unless the line names another; None: an empty line.

    `@bedroom ...` must name a speaker, else ProblemError; `卧室：...` is taken for a name only if it is one.
    """
    line = line.strip()
    if not line:
        return None
    if named := _AT.match(line):
        word, text = named.group(1), named.group(2).strip()
        if not text:
            raise ProblemError(_NOTHING_SAID)
        return SpokenLine(find_speaker(word, language), text)
    if named := _COLON.match(line):
        word = named.group(1).strip()
        found = next((one.slug for one in SPEAKERS if one.is_called(word, language)), None)
        if found is not None:
            return SpokenLine(found, named.group(2).strip())
    return SpokenLine(speaker, line)


def find_speaker(word: str, language: Language) -> str:
    """The slug of the speaker that is called so. Raises ProblemError with the names there are."""
    for one in SPEAKERS:
        if one.is_called(word, language):
            return one.slug
    names = ", ".join(f"{one.slug}（{one.name.in_(language)}）" for one in SPEAKERS)
    raise ProblemError(_NO_SUCH_SPEAKER, word=word, names=names)
