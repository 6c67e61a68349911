"""Single marks within a line: what `*`, `~`, `<`, `\\frac` and the like become in speech.

Every rule is a function `(before, text, at, language) -> Spoken | None`. `before` is the end of what was given out so
far (two characters at least), `text[at]` is the mark. None asks for more text: the answer would depend on what follows.
A newline decides everything, so at the end of an answer one is appended.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import NamedTuple

from migpt_brain import written_forms as forms
from migpt_shared.language import Language


class Spoken(NamedTuple):
    """What a mark becomes, and where reading goes on."""

    text: str
    end: int


Rule = Callable[[str, str, int, Language], Spoken | None]

_RUN = re.compile(r"(.)\1*", re.DOTALL)
_RANGE_LEFT = frozenset("%℃℉°元块天年月日时点分秒个岁号米克斤次倍页人")
_NO_PAUSE_AFTER = frozenset("\n，。！？；：、…,.!?;:（(")


def _run(text: str, at: int) -> int | None:
    """The end of the run of one repeated mark; None when it might go on."""
    match = _RUN.match(text, at)
    end = match.end() if match else at
    return end if end < len(text) else None


def _is_ascii_alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()


def pause(before: str, language: Language) -> str:
    """A comma, or nothing where there is a pause already."""
    last = before[-2:].rstrip(" ")[-1:]
    return "" if last and last in _NO_PAUSE_AFTER else forms.PAUSE.in_(language)


def as_pause(before: str, _text: str, at: int, language: Language) -> Spoken | None:
    return Spoken(pause(before, language), at + 1)


def as_space(_before: str, _text: str, at: int, _language: Language) -> Spoken | None:
    return Spoken(" ", at + 1)


def as_nothing(_before: str, _text: str, at: int, _language: Language) -> Spoken | None:
    return Spoken("", at + 1)


def star(before: str, text: str, at: int, _language: Language) -> Spoken | None:
    """Emphasis is silent; a single star between numbers multiplies."""
    end = _run(text, at)
    if end is None:
        return None
    if end == at + 1:
        if before[-1] in "0123456789)" and text[end] in "0123456789(":
            return Spoken("×", end)
        if before[-1] == " " and before[-2:-1] in tuple("0123456789)") and text[end] == " ":
            if end + 1 == len(text):
                return None
            if text[end + 1] in "0123456789(":
                return Spoken("×", end)
    return Spoken("", end)


def underscore(before: str, text: str, at: int, _language: Language) -> Spoken | None:
    """Emphasis is silent; within a name such as `snake_case` it separates words."""
    end = _run(text, at)
    if end is None:
        return None
    joins = end == at + 1 and _is_ascii_alnum(before[-1]) and _is_ascii_alnum(text[end])
    return Spoken(" " if joins else "", end)


def tilde(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """Strike-through is silent; `3~5` is a range."""
    end = _run(text, at)
    if end is None:
        return None
    is_range = end == at + 1 and text[end].isdigit() and (before[-1].isdigit() or before[-1] in _RANGE_LEFT)
    return Spoken(forms.RANGE.in_(language) if is_range else "", end)


def long_dash(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """A range between digits, otherwise a pause."""
    if before[-1].isdigit():
        if at + 1 == len(text):
            return None
        if text[at + 1].isdigit():
            return Spoken(forms.RANGE.in_(language), at + 1)
    return as_pause(before, text, at, language)


def hyphen(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """One stays; two or more, and arrows, are a pause."""
    end = _run(text, at)
    if end is None:
        return None
    if text[end] == ">":
        return Spoken(pause(before, language), end + 1)
    return Spoken(text[at] if end == at + 1 else pause(before, language), end)


def equals(before: str, text: str, at: int, language: Language) -> Spoken | None:
    end = _run(text, at)
    if end is None:
        return None
    if text[end] == ">":
        return Spoken(pause(before, language), end + 1)
    return Spoken("=", end)


def hash_sign(before: str, _text: str, at: int, _language: Language) -> Spoken | None:
    """Silent, but in C#."""
    is_name = before[-1].isascii() and before[-1].isalpha()
    return Spoken("#" if is_name else "", at + 1)


def dollar(before: str, text: str, at: int, _language: Language) -> Spoken | None:
    """A price keeps it; around a formula it is silent."""
    end = _run(text, at)
    if end is None:
        return None
    is_price = end == at + 1 and text[end].isdigit() and not before[-1].isalnum()
    return Spoken("$" if is_price else "", end)


_EXPONENT = re.compile(r"\^(?:\{([^{}\\\n]{1,12})\}|(-?[0-9]+|[A-Za-z]))")
_EXPONENT_BEGUN = re.compile(r"\^(?:\{[^{}\\\n]{0,12}|-?[0-9]*)?\Z")


def caret(before: str, text: str, at: int, language: Language) -> Spoken | None:
    if not (before[-1].isalnum() or before[-1] in ")）"):
        return Spoken("", at + 1)
    if _EXPONENT_BEGUN.match(text, at):
        return None
    match = _EXPONENT.match(text, at)
    if not match:
        return Spoken("", at + 1)
    exponent = match[1] or match[2]
    phrase = forms.POWERS.get(exponent, forms.POWER)
    return Spoken(phrase.in_(language, exponent=exponent), match.end())


def closing_brace(_before: str, text: str, at: int, _language: Language) -> Spoken | None:
    """Silent; between the two halves of a LaTeX fraction it is the stroke."""
    if at + 1 == len(text):
        return None
    return Spoken("/", at + 2) if text[at + 1] == "{" else Spoken("", at + 1)


_LATEX = re.compile(r"\\([A-Za-z]+)")


def backslash(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """LaTeX commands in words, its delimiters silent; a markdown escape leaves the mark that it protects."""
    if at + 1 == len(text):
        return None
    if command := _LATEX.match(text, at):
        if command.end() == len(text):
            return None
        name = command[1]
        if name in forms.SILENT_LATEX:
            return Spoken("", command.end())
        if name not in forms.LATEX_WORDS:
            return Spoken(name, command.end())
        phrase = forms.LATEX_WORDS[name]
        return Spoken(pause(before, language) if phrase is forms.PAUSE else phrase.in_(language), command.end())
    following = text[at + 1]
    if following in "()[]":
        return Spoken("", at + 2)
    if following in ",;:! \\":
        return Spoken(" ", at + 2)
    if following in "$%&":
        return Spoken(following, at + 2)
    return Spoken("", at + 1)


def apostrophe(before: str, text: str, at: int, _language: Language) -> Spoken | None:
    """Kept within an English word, silent as a quote."""
    if not _is_ascii_alnum(before[-1]):
        return Spoken("", at + 1)
    if at + 1 == len(text):
        return None
    return Spoken("'" if text[at + 1].isascii() and text[at + 1].isalpha() else "", at + 1)


_CELL_BORDER = re.compile(r"\|[ \t|]*")


def bar(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """A pause between the cells of a table, nothing at its edges."""
    match = _CELL_BORDER.match(text, at)
    end = match.end() if match else at + 1
    if end == len(text):
        return None
    return Spoken("" if text[end] in "\r\n" else pause(before, language), end)


_GREATER = re.compile(r">(>*)[ \t]*")


def greater(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """`>` compares before a number, and otherwise separates the steps of a menu path."""
    match = _GREATER.match(text, at)
    end = match.end() if match else at + 1
    if end == len(text):
        return None
    if match and match[1]:
        return Spoken(" ", end)
    if text[at + 1] == "=":
        return Spoken(forms.GREATER.in_(language) + forms.OR_EQUAL.in_(language).lstrip(), at + 2)
    is_tight = end == at + 1 and _is_ascii_alnum(before[-1]) and _is_ascii_alnum(text[end])
    if is_tight or text[end].isdigit() or text[end] == "-":
        return Spoken(forms.GREATER.in_(language), end)
    return Spoken("" if text[end] == "\n" else pause(before, language), end)


def less(before: str, text: str, at: int, language: Language) -> Spoken | None:
    """A `<` that opens no tag."""
    end = _run(text, at)
    if end is None:
        return None
    if end > at + 1:
        return Spoken(" ", end)
    if text[end] == "-":
        return Spoken(pause(before, language), end + 1)
    if text[end] == "=":
        return Spoken(forms.LESS.in_(language) + forms.OR_EQUAL.in_(language).lstrip(), end + 1)
    return Spoken("" if text[end] == "\n" else forms.LESS.in_(language), end)


_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5});")
_ENTITY_BEGUN = re.compile(r"&(?:[A-Za-z]{0,8}|#[0-9]{0,6}|#x[0-9A-Fa-f]{0,5})\Z")


def ampersand(_before: str, text: str, at: int, language: Language) -> Spoken | None:
    """HTML entities as what they stand for, where that is spoken."""
    if _ENTITY_BEGUN.match(text, at):
        return None
    match = _ENTITY.match(text, at)
    meaning = html.unescape(match[0]) if match else "&"
    if not match or meaning == match[0]:
        return Spoken("&", at + 1)
    if meaning == "<":
        return Spoken(forms.LESS.in_(language), match.end())
    if meaning == ">":
        return Spoken(forms.GREATER.in_(language), match.end())
    if meaning.isspace():
        return Spoken(" ", match.end())
    return Spoken(meaning if meaning.isalnum() or meaning in "&℃°×÷±" else "", match.end())


#: The rule for each mark that needs no memory of its own.
RULES: dict[str, Rule] = {
    "*": star,
    "_": underscore,
    "~": tilde,
    "～": tilde,
    "—": long_dash,
    "–": long_dash,
    "―": long_dash,
    "-": hyphen,
    "=": equals,
    "#": hash_sign,
    "$": dollar,
    "^": caret,
    "}": closing_brace,
    "\\": backslash,
    "'": apostrophe,
    "’": apostrophe,
    "‘": as_nothing,
    "＇": apostrophe,
    "|": bar,
    ">": greater,
    "&": ampersand,
    "•": as_pause,
    "\t": as_space,
    "\u3000": as_space,
    "\xa0": as_space,
    **dict.fromkeys(forms.QUOTES, as_nothing),
}
