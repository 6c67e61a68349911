"""How good the intent model is, from sentences judged by models that have not learnt from their lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from migpt_brain.intent.corpus import LABELS, Label

_BINS = 10
_RECALLS = tuple(step / 40 for step in range(4, 41))


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence, its true label and what was made of it."""

    label: Label
    domain: str
    p_llm: float
    judged: Label
    weight: float


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DomainFigures(_Figures):
    """One file of the corpus. Shares are 0 to 1; a line counts by its forms."""

    label: Label
    domain: str
    sentences: int
    right: float
    """Share that is judged rightly as for the language model or not."""


class CalibrationBin(_Figures):
    """The sentences whose probability is in one tenth: how probable they were held, and how often it was true."""

    expected: float
    observed: float
    share: float


class PrecisionAt(_Figures):
    """At which precision the model finds this share of what is for the language model."""

    recall: float
    precision: float
    threshold: float


class Evaluation(_Figures):
    """The figures of a training."""

    lines: int
    sentences: int
    threshold: float
    accuracy: float
    stolen: float
    """Share of commands and look-ups that the language model would take."""
    missed: float
    """Share of questions that would be left to XiaoAI."""
    calibration_error: float
    domains: tuple[DomainFigures, ...]
    confusion: dict[Label, dict[Label, float]]
    """By true label, the share of each judgement."""
    precision_recall: tuple[PrecisionAt, ...]
    calibration: tuple[CalibrationBin, ...]


def evaluate(judged: Sequence[Judged], *, lines: int, threshold: float) -> Evaluation:
    """The figures; questions and the rest count the same in precision and calibration."""
    balanced = _balanced(judged)
    bins = tuple(_calibration(balanced))
    questions = [one for one in judged if one.label == "llm"]
    rest = [one for one in judged if one.label != "llm"]
    return Evaluation(
        lines=lines,
        sentences=len(judged),
        threshold=threshold,
        accuracy=_right(judged),
        stolen=1 - _right(rest),
        missed=1 - _right(questions),
        calibration_error=sum(one.share * abs(one.expected - one.observed) for one in bins),
        domains=tuple(_domains(judged)),
        confusion={truth: _answers([one for one in judged if one.label == truth]) for truth in LABELS},
        precision_recall=tuple(_precision_recall(balanced)),
        calibration=bins,
    )


def _right(judged: Iterable[Judged]) -> float:
    """The share that is told rightly from, or as, what is for the language model."""
    right = total = 0.0
    for one in judged:
        total += one.weight
        right += one.weight * ((one.label == "llm") == (one.judged == "llm"))
    return right / total


def _answers(judged: Sequence[Judged]) -> dict[Label, float]:
    total = sum(one.weight for one in judged)
    return {answer: sum(one.weight for one in judged if one.judged == answer) / total for answer in LABELS}


def _domains(judged: Iterable[Judged]) -> Iterator[DomainFigures]:
    groups: defaultdict[tuple[Label, str], list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.label, one.domain].append(one)
    for (label, domain), group in sorted(groups.items()):
        yield DomainFigures(label=label, domain=domain, sentences=len(group), right=_right(group))


@dataclass(frozen=True, slots=True)
class _Balanced:
    """A sentence in a world where one half is for the language model; the weights of all add up to 1."""

    is_llm: bool
    p_llm: float
    weight: float


def _balanced(judged: Sequence[Judged]) -> list[_Balanced]:
    """Most probable for the language model first."""
    totals = {is_llm: sum(one.weight for one in judged if (one.label == "llm") == is_llm) for is_llm in (True, False)}
    balanced = [_Balanced(one.label == "llm", one.p_llm, one.weight / totals[one.label == "llm"] / 2) for one in judged]
    return sorted(balanced, key=lambda one: -one.p_llm)


def _precision_recall(balanced: Iterable[_Balanced]) -> Iterator[PrecisionAt]:
    wanted = list(_RECALLS)
    found = taken = 0.0
    for one in balanced:
        taken += one.weight
        found += one.weight * one.is_llm
        while wanted and 2 * found >= wanted[0] - 1e-9:
            yield PrecisionAt(recall=wanted.pop(0), precision=found / taken, threshold=one.p_llm)


def _calibration(balanced: Iterable[_Balanced]) -> Iterator[CalibrationBin]:
    bins: defaultdict[int, list[_Balanced]] = defaultdict(list)
    for one in balanced:
        bins[min(int(one.p_llm * _BINS), _BINS - 1)].append(one)
    for _, group in sorted(bins.items()):
        share = sum(one.weight for one in group)
        yield CalibrationBin(
            expected=sum(one.weight * one.p_llm for one in group) / share,
            observed=sum(one.weight for one in group if one.is_llm) / share,
            share=share,
        )
