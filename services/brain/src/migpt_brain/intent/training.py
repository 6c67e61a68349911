"""Learns the intent model from the corpus. This module needs scikit-learn and is imported where training happens only.

Two linear models on the same character runs: language model or not, and, of the rest, home or XiaoAI itself. How sure
they are is measured on sentences they have not seen: the corpus lines are dealt into parts, and each part is judged by
models that learnt from the others. A line with all its fillings is in one part. What people taught is learnt by all of
them and judged by none, so that it shows what teaching does to the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from migpt_brain.intent.corpus import Corpus, Template, Utterance
from migpt_brain.intent.evaluation import Judged
from migpt_brain.intent.features import grams_of
from migpt_brain.intent.model import training_fingerprint
from migpt_brain.intent.model_file import GramWeights, ModelTerms, TrainedModel
from migpt_shared.spoken_form import normalise

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int_]

FOLDS = 5
#: Runs that occur in one line only are that line's wording, and say nothing about others.
FEWEST_LINES = 2
#: How closely the weights follow the corpus; found by cross-validation; a factor of 3 costs little.
STRENGTH = 4.0
#: A command that the language model takes away is this much worse than a question that is left to XiaoAI.
COST_OF_STEALING = 2.0
#: The domain of what people taught, and how much one such utterance counts: a line of the corpus counts by the square
#: root of its forms, 1 to 5.
TAUGHT = "taught"
TAUGHT_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, and how sentences of the corpus are judged by models that have not seen their line."""

    model: TrainedModel
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """An utterance and who a person said should have answered it."""

    text: str
    target: Literal["llm", "native"]


@dataclass(frozen=True, slots=True)
class Examples:
    """Utterances with what of them is computed once. One row, and one place in each array, for each utterance."""

    utterances: Sequence[Utterance]
    grams: Sequence[str]
    """all character runs there are, sorted"""
    has: csr_matrix
    """which utterance has which of them: 1"""
    line: Integers
    """the number of the line that the utterance is of"""
    is_llm: Booleans
    is_home: Booleans
    is_taught: Booleans
    weights: Floats

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> Examples:
        grams_by_utterance = [grams_of(utterance.text) for utterance in utterances]
        grams = sorted(frozenset().union(*grams_by_utterance))
        lines = {template: number for number, template in enumerate(dict.fromkeys(one.template for one in utterances))}
        weights = np.array([utterance.weight for utterance in utterances])
        return cls(
            utterances=utterances,
            grams=grams,
            has=_incidence(grams_by_utterance, {gram: index for index, gram in enumerate(grams)}),
            line=np.array([lines[utterance.template] for utterance in utterances]),
            is_llm=np.array([utterance.template.label == "llm" for utterance in utterances]),
            is_home=np.array([utterance.template.label == "home" for utterance in utterances]),
            is_taught=np.array([utterance.template.domain == TAUGHT for utterance in utterances]),
            weights=weights / weights.mean(),
        )

    def known(self, chosen: Booleans) -> Integers:
        """The runs that the chosen utterances teach something about, as places in `grams`."""
        rows = np.flatnonzero(chosen)
        by_line = csr_matrix((np.ones(len(rows)), (self.line[rows], rows)), shape=(self.line.max() + 1, len(self.line)))
        lines_with = (by_line @ self.has).getnnz(axis=0)
        return np.flatnonzero(lines_with >= FEWEST_LINES)

    def vectors(self, rows: Booleans | Integers, known: Integers) -> csr_matrix:
        """One row for each of these utterances: the known runs that it has, every row a vector of length 1."""
        matrix = self.has[rows][:, known]
        found = np.diff(matrix.indptr)
        matrix.data = np.repeat(np.maximum(found, 1) ** -0.5, found)
        return matrix


@dataclass(frozen=True, slots=True)
class Linear:
    """The two linear models and the character runs that they weigh."""

    known: Integers
    llm: LogisticRegression
    home: LogisticRegression

    @classmethod
    def learn(cls, examples: Examples, chosen: Booleans) -> Linear:
        known = examples.known(chosen)
        # Whoever left an utterance to XiaoAI did not say whether it is for the home.
        not_llm = chosen & ~examples.is_llm & ~examples.is_taught
        return cls(
            known,
            _fitted(examples.vectors(chosen, known), examples.is_llm[chosen], examples.weights[chosen]),
            _fitted(examples.vectors(not_llm, known), examples.is_home[not_llm], examples.weights[not_llm]),
        )


def train(corpus: Corpus, taught: Sequence[Taught] = ()) -> Trained:
    """Learns from the corpus and from what people taught, in seconds; the same gives the same model."""
    of_corpus = tuple(corpus.utterances())
    examples = Examples.of((*of_corpus, *map(_taught_utterance, taught)))
    everything = np.ones(len(examples.utterances), dtype=bool)
    llm_scores, home_scores = np.zeros(len(of_corpus)), np.zeros(len(of_corpus))
    part = np.full(len(everything), FOLDS)  # what was taught is in no part
    part[: len(of_corpus)] = [_part_of(utterance.template) for utterance in of_corpus]
    for held_out in range(FOLDS):
        linear = Linear.learn(examples, part != held_out)
        unseen = np.flatnonzero(part == held_out)
        matrix = examples.vectors(unseen, linear.known)
        llm_scores[unseen] = linear.llm.decision_function(matrix)
        home_scores[unseen] = linear.home.decision_function(matrix)

    calibration = _calibrated(llm_scores, examples.is_llm[: len(of_corpus)], examples.weights[: len(of_corpus)])
    probabilities = calibration.predict_proba(llm_scores.reshape(-1, 1))[:, 1]
    # With probabilities that hold, the cheaper choice changes where p times the one cost meets 1 - p times the other.
    threshold = COST_OF_STEALING / (1 + COST_OF_STEALING)
    judged = tuple(
        Judged(
            label=utterance.template.label,
            domain=utterance.template.domain,
            p_llm=float(probability),
            judged="llm" if probability >= threshold else "home" if home_score > 0 else "native",
            weight=utterance.weight,
        )
        for utterance, probability, home_score in zip(of_corpus, probabilities, home_scores, strict=True)
    )
    final = Linear.learn(examples, everything)
    weights = zip(final.known, final.llm.coef_[0].tolist(), final.home.coef_[0].tolist(), strict=True)
    terms = ModelTerms(
        fingerprint=training_fingerprint(),
        grams=len(final.known),
        llm_bias=float(final.llm.intercept_[0]),
        home_bias=float(final.home.intercept_[0]),
        slope=float(calibration.coef_[0, 0]),
        offset=float(calibration.intercept_[0]),
        threshold=threshold,
        cost=_cost(judged),
    )
    model = TrainedModel(terms, tuple(GramWeights(examples.grams[index], llm, home) for index, llm, home in weights))
    return Trained(model, judged)


def _incidence(grams_by_utterance: Sequence[frozenset[str]], places: Mapping[str, int]) -> csr_matrix:
    columns: list[int] = []
    ends = [0]
    for of_one in grams_by_utterance:
        columns += map(places.__getitem__, of_one)
        ends.append(len(columns))
    matrix = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(grams_by_utterance), len(places)))
    matrix.sort_indices()  # sets have no order, and sums depend on theirs
    return matrix


def _taught_utterance(taught: Taught) -> Utterance:
    heard = normalise(taught.text)
    return Utterance(heard, Template(taught.target, TAUGHT, heard), TAUGHT_WEIGHT)


def _cost(judged: Sequence[Judged]) -> float:
    """What the mistakes cost: 0 for none, 1 for nothing but."""
    shares = {}
    for is_llm in (True, False):
        kind = [one for one in judged if (one.label == "llm") is is_llm]
        wrong = sum(one.weight for one in kind if (one.judged == "llm") is not is_llm)
        shares[is_llm] = wrong / sum(one.weight for one in kind)
    return (COST_OF_STEALING * shares[False] + shares[True]) / (COST_OF_STEALING + 1)


def _part_of(template: Template) -> int:
    """Which part a line belongs to: by its words, so that adding a line moves no other."""
    return int.from_bytes(hashlib.sha256(template.text.encode()).digest()[:4], "big") % FOLDS


def _fitted(matrix: csr_matrix, truth: Booleans, weights: Floats) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300, random_state=0).fit(
        matrix, truth, sample_weight=weights
    )


def _calibrated(scores: Floats, is_llm: Booleans, weights: Floats) -> LogisticRegression:
    """The two numbers that turn unseen scores into probabilities; both kinds of utterance count the same."""
    shares = np.where(is_llm, 1 / weights[is_llm].sum(), 1 / weights[~is_llm].sum())
    equal = weights * shares * len(scores) / 2
    return LogisticRegression(C=1e3, max_iter=300).fit(scores.reshape(-1, 1), is_llm, sample_weight=equal)
