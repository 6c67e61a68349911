"""Where spoken text may be cut: ends of sentences, pauses within them, and what must stay in one piece."""

from __future__ import annotations

import re
import unicodedata

SENTENCE_ENDS = "。！？｡!?.\n"
PAUSES = "，；：,;:"

_OPENING = "（(《〈【[「『“‘｛{"
_CLOSING = "）)》〉】]」』”’｝}"
#: A bracket that opened no further back than this is not torn apart.
_SHORT_BRACKET = 20
_IN_QUOTES = re.compile(rf"[{re.escape(_OPENING)}][^{re.escape(_CLOSING)}]*\Z")
_IN_BRACKETS = re.compile(rf"[（(《〈【\[｛{{][^{re.escape(_CLOSING)}]*\Z")

#: Also those that may end a sentence: joining two sentences costs less than tearing one.
_ABBREVIATIONS = frozenset(
    [
        *("mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "mt", "hon", "gov", "rev", "sgt", "capt", "lt"),
        *("vs", "etc", "eg", "ie", "cf", "approx", "est", "nos", "vol", "fig", "figs", "pp", "eds", "dept"),
        *("inc", "ltd", "co", "corp", "ave", "blvd", "rd", "tue", "tues", "thu", "thurs", "fri"),
        *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    ]
)
_WORD_BEFORE_DOT = re.compile(r"[A-Za-z.]+\Z")
_LIST_NUMBER = re.compile(r"(?<![A-Za-z0-9.])[0-9]{1,2}\Z")
_TOKEN_TAIL = re.compile(r"[!-~]+\Z")
_OF_ADDRESS = re.compile(r"[:/@=&#%]|\.[A-Za-z]")
LIST_MARK_ONLY = re.compile(r"\s*[(（]?(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3}|[A-Za-z])[.、．)）:：]\s*")
_AFTER_LIST_MARK = re.compile(r"(?:^|[\s，。；：,;])[(（]?(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})[、．)）]\s*\Z")


_GOOD_CUT = re.compile(r"[。！？；，：.!?;,:…]")
_FAIR_CUT = re.compile(r"[、—～\s)）》”]")
_AFTER_PARTICLE = re.compile(r"[的了着过吗呢吧](?![确话解不急去程于])")
_TWO_SPEAKABLE = re.compile(r"[^\W_].*?[^\W_]", re.DOTALL)


def ends_sentence(text: str, at: int, *, at_end: bool) -> bool | None:
    """Whether the mark at `text[at]` (one of SENTENCE_ENDS) ends a sentence; None: depends on the next character.

    `at_end`: nothing will follow `text`. A newline always does, Chinese marks do unless within a short bracket, "."
    only where it is no part of a number, an abbreviation, an address or the mark of a list.
    """
    mark = text[at]
    if mark == "\n":
        return True
    if mark == ".":
        ended = _dot_ends(text, at, at_end=at_end)
    elif mark in "!?":
        ended = _ascii_mark_ends(text, at, at_end=at_end)
    else:
        ended = True
    return ended and not is_within_short(text, at, quotes=False) if ended is not None else None


def pauses(text: str, at: int, *, at_end: bool) -> bool | None:
    """Whether speech pauses at `text[at]` (one of PAUSES); None: depends on the next character."""
    mark = text[at]
    if is_within_short(text, at, quotes=True):
        return False
    if mark == ":" or (mark in ",：" and at and text[at - 1].isdigit()):
        if at + 1 == len(text):
            return True if at_end else None
        following = text[at + 1]
        if following.isdigit() or (mark == ":" and not (following.isspace() or following > "\x7f")):
            return False
    return not (mark in ",;" and _is_in_address(text, at))


def forced_cut(text: str, bound: int) -> int | None:
    """The best place at or before `bound` to cut a text without an end; None when every place would tear something.

    `text` is longer than `bound`. Pauses are best, then weaker marks, particles, and at last the latest safe place.
    """
    for marks in (_GOOD_CUT, _FAIR_CUT, _AFTER_PARTICLE):
        for match in reversed(list(marks.finditer(text, max(1, bound // 5), bound))):
            if is_safe_cut(text, match.end()) and has_two_speakable(text, match.end()):
                return match.end()
    for at in range(bound, 1, -1):
        if is_safe_cut(text, at) and has_two_speakable(text, at):
            return at
    return None


def has_two_speakable(text: str, end: int) -> bool:
    """Whether `text[:end]` has at least two letters or digits."""
    return _TWO_SPEAKABLE.search(text, 0, end) is not None


def is_within_short(text: str, at: int, *, quotes: bool) -> bool:
    """Whether position `at` lies in a bracket (or quote) that opened shortly before."""
    pattern = _IN_QUOTES if quotes else _IN_BRACKETS
    return pattern.search(text, max(0, at - _SHORT_BRACKET - 1), at) is not None


def is_safe_cut(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` tears no number, word, address, list mark or bracket."""
    left, right = text[at - 1], text[at]
    if "!" <= left <= "~" and "!" <= right <= "~":
        return False
    if (left.isdigit() and not right.isspace()) or (right.isdigit() and not (left.isspace() or left in PAUSES)):
        return False
    if left in _OPENING or right in _CLOSING or right in "，。！？；：、…—,.!?;:～~":
        return False
    if unicodedata.category(right).startswith("M") or right == "\u200d" or left == "\u200d":
        return False
    before = text[:at].rstrip(" ")
    if before.endswith(".") and _dot_ends(text[: len(before)] + " ", len(before) - 1, at_end=False) is False:
        return False
    if left.isspace() and before[-1:].isdigit() and right.isdigit():
        return False
    return not (_AFTER_LIST_MARK.search(text, 0, at) or is_within_short(text, at, quotes=True))


def _dot_ends(text: str, at: int, *, at_end: bool) -> bool | None:
    if at + 1 == len(text):
        return True if at_end else None
    following = text[at + 1]
    if not (following.isspace() or following in "\"'”’」』" or following >= "\u2e80"):
        return False
    if _LIST_NUMBER.search(text, max(0, at - 4), at):
        return False
    word = _WORD_BEFORE_DOT.search(text, max(0, at - 12), at)
    if not word or word[0].endswith("."):
        return True
    return not (len(word[0]) == 1 or "." in word[0].strip(".") or word[0].lower() in _ABBREVIATIONS)


def _ascii_mark_ends(text: str, at: int, *, at_end: bool) -> bool | None:
    if at and not text[at - 1].isspace() and not _is_in_address(text, at):
        return True
    if at + 1 == len(text):
        return True if at_end else None
    return not "!" <= text[at + 1] <= "~"


def _is_in_address(text: str, at: int) -> bool:
    token = _TOKEN_TAIL.search(text, 0, at)
    return token is not None and _OF_ADDRESS.search(token[0]) is not None
