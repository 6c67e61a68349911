"""Which of the offered answers an utterance means: as said, nearly as said, by its number, or as a yes or no. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Literal

from migpt_brain.asked.numerals import in_digits
from migpt_brain.home.yes_no import yes_or_no
from migpt_brain.word_lists import WordList, load_words
from migpt_shared.spoken_form import normalise

#: So alike, 0 to 1, an utterance has to be to an answer that was not understood exactly, and so much more than to the
#: next one.
_ALIKE, _AHEAD = 0.6, 0.15
#: Whoever talks longer than this, in characters, has not just said yes or a number; and no more is looked through.
_LONGEST_ANSWER, _LONGEST = 40, 200
#: So much may follow a yes or no, in characters.
_LITTLE = 5
_NUMBER = re.compile(r"(?:第|选项?|选择|要)*(\d{1,2})(?:个|项|号|种|条|款|样|位)?(?:那个|选项)?")
_LETTER = re.compile(r"(?:选项?|选择|要)?([a-h])(?:项|选项|个)?")


class _Words(WordList):
    fillers: tuple[str, ...]
    negations: tuple[str, ...]
    refusals: tuple[str, ...]
    yes_starts: tuple[str, ...]
    no_starts: tuple[str, ...]
    undecided: tuple[str, ...]
    last: tuple[str, ...]
    first: tuple[str, ...]
    ordinals: tuple[tuple[str, ...], ...]
    homophones: tuple[str, ...]


@cache
def _words() -> _Words:
    words = load_words("asked/choices.toml", _Words)
    names = ("fillers", "negations", "refusals", "yes_starts", "no_starts", "undecided", "last", "first")
    plain = {name: tuple(map(_plain, getattr(words, name))) for name in names}
    ordinals = tuple(tuple(map(_plain, ways)) for ways in words.ordinals)
    return words.model_copy(update={**plain, "ordinals": ordinals})


@cache
def _sounds() -> dict[int, str]:
    return {ord(character): alike[0] for alike in _words().homophones for character in alike}


def _plain(text: str) -> str:
    """As it compares: without punctuation, spaces and case, numbers in digits."""
    return in_digits(normalise(text))


def _as_heard(text: str) -> str:
    """As it may have been misheard: characters that sound alike are one."""
    return in_digits(normalise(text).translate(_sounds()))


def choice_for(utterance: str, choices: Sequence[str]) -> str | None:
    """The one of `choices` that is meant; None: none of them, or it cannot be told which."""
    offers = [_Offer(utterance, choices, written) for written in (_plain, _as_heard)]
    if any(offer.is_undecided for offer in offers):
        return None
    for way in _WAYS:
        for offer in offers:
            place = way(offer)
            if place is not None:
                return choices[place]
    return _most_alike(_as_heard(utterance[:_LONGEST]), [_as_heard(choice) for choice in choices], choices)


class _Offer:
    """What was said beside the answers, all in one writing. Each way to find the one that is meant gives its place, or
    None where it gives none or several."""

    def __init__(self, utterance: str, choices: Sequence[str], written: Callable[[str], str]) -> None:
        self._written = written
        self._said = written(utterance[:_LONGEST])
        self._choices = [written(choice) for choice in choices]
        self._fillers = self._all(_words().fillers)
        is_short = len(self._said) <= _LONGEST_ANSWER
        self._forms = _without_fillers(self._said, self._fillers) if is_short else frozenset({self._said})

    @property
    def is_undecided(self) -> bool:
        return not self._said or self._said in self._all(_words().undecided)

    def exact(self) -> int | None:
        if self._said in self._choices:
            return self._choices.index(self._said)
        return _only(place for place, choice in enumerate(self._choices) if choice in self._forms)

    def said_within(self) -> int | None:
        """The answer that the utterance contains; 不要 goes before 要, and 不要红色 is not 红色."""
        found = [choice for choice in self._choices if choice and choice in self._said]
        longest = [choice for choice in found if not any(choice in other for other in found if other != choice)]
        if len(longest) != 1 or self._is_denied(longest[0], self._said):
            return None
        return self._choices.index(longest[0])

    def yes_or_no(self) -> int | None:
        verdict = self._verdict()
        if verdict is None:
            return None
        stances = [self._stance(choice) for choice in self._choices]
        place = _only(place for place, stance in enumerate(stances) if stance == verdict)
        if place is None and verdict == "yes" and len(stances) == 2 and stances.count("no") == 1:
            return 1 - stances.index("no")
        return place

    def _verdict(self) -> Literal["yes", "no"] | None:
        if len(self._said) > _LONGEST_ANSWER:
            return None
        verdicts = {yes_or_no(form, "") for form in self._forms}
        if "no" in verdicts:
            return "no"
        if "yes" in verdicts:
            return "yes"
        if self._begins_with(_words().no_starts):
            return "no"
        return "yes" if self._begins_with(_words().yes_starts) else None

    def _begins_with(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words begins the utterance and little else is said."""
        said = self._said
        return any(said.startswith(word) and len(said) - len(word) <= _LITTLE for word in self._all(words))

    def part_of_one(self) -> int | None:
        """The answer of which the utterance names a part, such as 蓝 for 蓝色的灯."""
        telling = {self._said, *self._forms.difference(self._fillers)}
        named = [
            [form for form in telling if form in choice and not self._is_denied(form, choice)]
            for choice in self._choices
        ]
        return _only(place for place, parts in enumerate(named) if parts)

    def by_number(self) -> int | None:
        """The answer whose number is said: 第二个, 选B, the last one."""
        words, count = _words(), len(self._choices)
        for form in (self._said, *sorted(self._forms)):
            place: int | None = None
            if number := _NUMBER.fullmatch(form):
                place = int(number[1]) - 1
            elif letter := _LETTER.fullmatch(form):
                place = ord(letter[1]) - ord("a")
            elif form in self._all(words.last):
                place = count - 1
            elif form in self._all(words.first):
                place = 0
            else:
                place = _only(n for n, ways in enumerate(words.ordinals) if form in ways)
            if place is not None and 0 <= place < count:
                return place
        return None

    def _all(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self._written, words))

    def _is_denied(self, part: str, text: str) -> bool:
        """Whether, wherever the part stands in the text, a negation stands before it."""
        negations = self._all(_words().negations)
        places = [found.start() for found in re.finditer(re.escape(part), text)]
        return all(text[:place].endswith(negations) for place in places)

    def _stance(self, choice: str) -> Literal["yes", "no"] | None:
        if choice.startswith(self._all(_words().refusals)):
            return "no"
        return yes_or_no(choice, "")


#: The surest way first; each is tried on what was said before it is tried on what may have been misheard.
_WAYS = (_Offer.exact, _Offer.said_within, _Offer.yes_or_no, _Offer.part_of_one, _Offer.by_number)


def _most_alike(said: str, offered: Sequence[str], choices: Sequence[str]) -> str | None:
    """The answer that is most like what was heard, if it is clearly so."""
    if said.startswith(tuple(map(_as_heard, _words().negations))):
        return None
    ranked = sorted(((_likeness(said, each), place) for place, each in enumerate(offered)), reverse=True)
    best, place = ranked[0] if ranked else (0.0, 0)
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    return choices[place] if best >= _ALIKE and best - second >= _AHEAD else None


def _likeness(said: str, choice: str) -> float:
    """How much of the answer is in the best part of what was said, 0 to 1; short answers have to be said exactly."""
    if len(choice) < 3:
        return 0.0
    parts = [said[start : start + len(choice)] for start in range(max(1, len(said) - len(choice) + 1))]
    return max(SequenceMatcher(None, part, choice, autojunk=False).ratio() for part in parts)


def _only(places: Iterable[int]) -> int | None:
    found = list(places)
    return found[0] if len(found) == 1 else None


def _without_fillers(said: str, fillers: tuple[str, ...]) -> frozenset[str]:
    """The utterance, and what is left of it when fillers are taken off its ends in any order."""
    forms, todo = {said}, [said]
    while todo:
        form = todo.pop()
        for filler in fillers:
            for shorter in (form.removeprefix(filler), form.removesuffix(filler)):
                if shorter and shorter not in forms:
                    forms.add(shorter)
                    todo.append(shorter)
    return frozenset(forms)
