"""Cuts a text that is too long for one TTS request, and joins sentences into one request."""

from __future__ import annotations

import re

__all__ = ["CAP", "joined", "pieces_of"]

#: Longest text of one request, characters. About 100 to 200 are safe; longer ones were cut or stayed silent.
CAP = 120

_SENTENCE_ENDS = "。！？；…!?;\n"
_CLAUSE_ENDS = "，、：,: ）)》」”"
_IN_NUMBERS = ".,:/%"
_WHITE = re.compile(r"\s+")


def pieces_of(text: str, cap: int = CAP) -> tuple[str, ...]:
    """`text` in pieces of at most `cap` characters, cut at punctuation where there is some in the later half.

    Only white space, and marks without a word beside them, are lost; a text without a word gives no piece.
    """
    rest = _WHITE.sub(" ", text).strip()
    pieces: list[str] = []
    while len(rest) > cap:
        cut = _cut(rest, cap)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    pieces.append(rest)
    return tuple(piece for piece in pieces if any(character.isalnum() for character in piece))


def _cut(text: str, cap: int) -> int:
    """Where the first piece of `text`, longer than `cap`, ends."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for position in range(cap, cap // 2, -1):
            # A dot or comma between digits belongs to a number.
            inside_number = position < len(text) and text[position].isdigit() and text[position - 2].isdigit()
            if text[position - 1] in ends and not inside_number:
                return position
    # No punctuation: at least never inside a number or a Latin word, if that can be helped.
    for position in range(cap, cap // 2, -1):
        before, after = text[position - 1], text[position]
        in_word = _is_latin(before) and _is_latin(after)
        in_number = (before in _IN_NUMBERS and after.isdigit()) or (before.isdigit() and after in _IN_NUMBERS)
        if not (in_word or in_number):
            return position
    return cap


def joined(left: str, right: str) -> str:
    """Two sentences as one text, so that the voice rests between them."""
    if not left or not right:
        return left or right
    if left[-1].isspace() or right[0].isspace():
        return left + right
    if not left[-1].isalnum():
        return f"{left} {right}" if left[-1].isascii() and _is_latin(right[0]) else left + right
    return f"{left}, {right}" if _is_latin(left[-1]) and _is_latin(right[0]) else f"{left}，{right}"


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
