"""The utterances that the intent model learns from: text files of sentences with alternatives and blanks.

`corpus/<label>/<domain>.txt` holds one sentence a line. `(a|b|)` is a choice, an empty alternative may be left out;
`{name}` is a blank that is filled from `corpus/slots/*.txt`, where a line is `name = value、value、value`. Lines that
begin with # are comments. Files that are added are found by themselves.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, get_args

from migpt_shared.spoken_form import normalise

Label = Literal["native", "home", "llm"]
LABELS: tuple[Label, ...] = get_args(Label)

#: A line's alternatives are all heard at least once up to this many fillings; more add nothing.
MOST_FILLINGS = 24
_SLOTS = "slots"
_PIECE = re.compile(r"\(([^(){}]*(?:\{[^(){}|]+\}[^(){}]*)*)\)|\{([^(){}|]+)\}|([^(){}|]+)")
_BLANK = re.compile(r"\{([^{}]+)\}")


class CorpusError(ValueError):
    """A corpus file is not written as it should be; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Template:
    """One line of the corpus. `domain` is its file's name without the ending."""

    label: Label
    domain: str
    text: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence as it may be heard, in the form that the model sees."""

    text: str
    template: Template
    weight: float
    """Its share of its template, so that a line counts by how many forms it has and not by how often it is filled."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything the model learns from. Lines are in the order of the files, files in the order of their names."""

    templates: tuple[Template, ...]
    slots: Mapping[str, tuple[str, ...]]

    def utterances(self) -> Iterator[Utterance]:
        """The filled templates; the same corpus always gives the same. Raises CorpusError for an unknown blank."""
        for template in self.templates:
            texts = tuple(self._fillings(template))
            weight = len(texts) ** 0.5 / len(texts)
            for text in texts:
                yield Utterance(text, template, weight)

    def fingerprint(self) -> str:
        """Changes whenever the corpus does."""
        content = [f"{template.label} {template.domain} {template.text}" for template in self.templates]
        content += [f"{name} {values}" for name, values in sorted(self.slots.items())]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()

    def _fillings(self, template: Template) -> Iterator[str]:
        dice = random.Random(template.text)
        pieces = [_Choice(alternatives, dice) for alternatives in _pieces(template)]
        blanks: dict[str, _Choice] = {}
        seen: set[str] = set()
        several = sum(len(piece.alternatives) > 1 for piece in pieces) or "{" in template.text
        for _ in range(MOST_FILLINGS if several else 1):
            text = "".join(piece.next() for piece in pieces)
            while blank := _BLANK.search(text):
                name = blank[1]
                if name not in blanks:
                    blanks[name] = _Choice(self._values(name, template), dice)
                text = text[: blank.start()] + blanks[name].next() + text[blank.end() :]
            heard = normalise(text)
            if heard not in seen:
                seen.add(heard)
                yield heard

    def _values(self, name: str, template: Template) -> tuple[str, ...]:
        if name not in self.slots:
            raise CorpusError(
                f"{template.label}/{template.domain}: nothing fills the blank {{{name}}}: {template.text}"
            )
        return self.slots[name]


class _Choice:
    """Deals the alternatives out in a shuffled order, each once before any comes again."""

    def __init__(self, alternatives: tuple[str, ...], dice: random.Random) -> None:
        self.alternatives = alternatives
        self._dice = dice
        self._left: list[str] = []

    def next(self) -> str:
        if not self._left:
            self._left = self._dice.sample(self.alternatives, len(self.alternatives))
        return self._left.pop()


def load_corpus() -> Corpus:
    """The corpus that comes with the package. Raises CorpusError when a file is not written as it should be."""
    root = resources.files(__package__).joinpath("corpus")
    templates = [
        Template(label, file.name.removesuffix(".txt"), line)
        for label in LABELS
        for file in _text_files(root.joinpath(label))
        for line in _lines(file)
    ]
    slots: dict[str, tuple[str, ...]] = {}
    for file in _text_files(root.joinpath(_SLOTS)):
        for line in _lines(file):
            name, equals, values = line.partition(" = ")
            if not equals or name in slots:
                raise CorpusError(f"{_SLOTS}/{file.name}: a line is `name = value、value`, each name once: {line}")
            slots[name] = tuple(value.strip() for value in values.split("、"))
    return Corpus(tuple(templates), slots)


def _text_files(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".txt")), key=lambda file: file.name)


def _lines(file: Traversable) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _pieces(template: Template) -> list[tuple[str, ...]]:
    """The alternatives of each place of the line, blanks unfilled."""
    pieces: list[tuple[str, ...]] = []
    position = 0
    while position < len(template.text):
        if not (found := _PIECE.match(template.text, position)):
            where = f"{template.label}/{template.domain}"
            raise CorpusError(f"{where}: brackets do not match, or are nested: {template.text}")
        pieces.append(tuple(found[1].split("|")) if found[1] is not None else (found[0],))
        position = found.end()
    return pieces
