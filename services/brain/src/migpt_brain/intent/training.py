"""Learns the intent model from the corpus. This module needs scikit-learn and is imported where training happens only.

Two linear models on the same character runs: language model or not, and, of the rest, home or XiaoAI itself. How sure
they are is measured on sentences they have not seen: the corpus lines are dealt into parts, and each part is judged by
models that learnt from the others. A line with all its fillings is in one part.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from migpt_brain.intent.corpus import Corpus, Template, Utterance
from migpt_brain.intent.evaluation import Judged
from migpt_brain.intent.features import grams_of
from migpt_brain.intent.model import ModelFile, training_fingerprint

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

FOLDS = 5
#: Runs that occur in one line only are that line's wording, and say nothing about others.
FEWEST_LINES = 2
#: How closely the weights follow the corpus; found by cross-validation; a factor of 3 costs little.
STRENGTH = 4.0
#: A command that the language model takes away is this much worse than a question that is left to XiaoAI.
COST_OF_STEALING = 1.5


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, and how sentences of the corpus are judged by models that have not seen their line."""

    model: ModelFile
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Utterances with what of them can be computed once."""

    utterances: Sequence[Utterance]
    grams: Sequence[frozenset[str]]
    is_llm: Booleans
    is_home: Booleans
    weights: Floats

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> Examples:
        weights = np.array([utterance.weight for utterance in utterances])
        return cls(
            utterances=utterances,
            grams=[grams_of(utterance.text) for utterance in utterances],
            is_llm=np.array([utterance.template.label == "llm" for utterance in utterances]),
            is_home=np.array([utterance.template.label == "home" for utterance in utterances]),
            weights=weights / weights.mean(),
        )


@dataclass(frozen=True, slots=True)
class Linear:
    """The two linear models and the character runs that they weigh."""

    vocabulary: dict[str, int]
    llm: LogisticRegression
    home: LogisticRegression

    @classmethod
    def learn(cls, examples: Examples, chosen: Booleans) -> Linear:
        vocabulary = _vocabulary(examples, chosen)
        matrix = matrix_of(examples.grams, vocabulary)
        not_llm = chosen & ~examples.is_llm
        return cls(
            vocabulary,
            _fitted(matrix[chosen], examples.is_llm[chosen], examples.weights[chosen]),
            _fitted(matrix[not_llm], examples.is_home[not_llm], examples.weights[not_llm]),
        )


def train(corpus: Corpus) -> Trained:
    """Learns from the corpus, in seconds; the same corpus gives the same model."""
    examples = Examples.of(tuple(corpus.utterances()))
    everything = np.ones(len(examples.utterances), dtype=bool)
    llm_scores, home_scores = np.zeros(len(everything)), np.zeros(len(everything))
    part = np.array([_part_of(utterance.template) for utterance in examples.utterances])
    for held_out in range(FOLDS):
        linear = Linear.learn(examples, part != held_out)
        unseen = np.flatnonzero(part == held_out).tolist()
        matrix = matrix_of([examples.grams[index] for index in unseen], linear.vocabulary)
        llm_scores[unseen] = linear.llm.decision_function(matrix)
        home_scores[unseen] = linear.home.decision_function(matrix)

    calibration = _calibrated(llm_scores, examples)
    probabilities = calibration.predict_proba(llm_scores.reshape(-1, 1))[:, 1]
    # With probabilities that hold, the cheaper choice changes where p times the one cost meets 1 - p times the other.
    threshold = COST_OF_STEALING / (1 + COST_OF_STEALING)
    final = Linear.learn(examples, everything)
    model = ModelFile(
        fingerprint=training_fingerprint(),
        grams=list(final.vocabulary),
        llm_weights=final.llm.coef_[0].tolist(),
        llm_bias=float(final.llm.intercept_[0]),
        home_weights=final.home.coef_[0].tolist(),
        home_bias=float(final.home.intercept_[0]),
        slope=float(calibration.coef_[0, 0]),
        offset=float(calibration.intercept_[0]),
        threshold=threshold,
    )
    judged = tuple(
        Judged(
            label=utterance.template.label,
            domain=utterance.template.domain,
            p_llm=float(probability),
            judged="llm" if probability >= threshold else "home" if home_score > 0 else "native",
            weight=utterance.weight,
        )
        for utterance, probability, home_score in zip(examples.utterances, probabilities, home_scores, strict=True)
    )
    return Trained(model, judged)


def matrix_of(grams: Sequence[frozenset[str]], vocabulary: dict[str, int]) -> csr_matrix:
    """One row for each utterance: the runs that it has, scaled so that every row is a vector of length 1."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for of_one in grams:
        found = sorted(index for gram in of_one if (index := vocabulary.get(gram)) is not None)
        columns += found
        values += [(len(found) or 1) ** -0.5] * len(found)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(grams), len(vocabulary)))


def _part_of(template: Template) -> int:
    """Which part a line belongs to: by its words, so that adding a line moves no other."""
    return int.from_bytes(hashlib.sha256(template.text.encode()).digest()[:4], "big") % FOLDS


def _vocabulary(examples: Examples, chosen: Booleans) -> dict[str, int]:
    lines: defaultdict[str, set[Template]] = defaultdict(set)
    for index in np.flatnonzero(chosen).tolist():
        for gram in examples.grams[index]:
            lines[gram].add(examples.utterances[index].template)
    kept = sorted(gram for gram, templates in lines.items() if len(templates) >= FEWEST_LINES)
    return {gram: index for index, gram in enumerate(kept)}


def _fitted(matrix: csr_matrix, truth: Booleans, weights: Floats) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300, random_state=0).fit(
        matrix, truth, sample_weight=weights
    )


def _calibrated(scores: Floats, examples: Examples) -> LogisticRegression:
    """The two numbers that turn unseen scores into probabilities; both kinds of utterance count the same."""
    shares = np.where(examples.is_llm, 1 / examples.weights[examples.is_llm].sum(), 1.0)
    shares = np.where(examples.is_llm, shares, 1 / examples.weights[~examples.is_llm].sum())
    weights = examples.weights * shares * len(scores) / 2
    return LogisticRegression(C=1e3, max_iter=300).fit(scores.reshape(-1, 1), examples.is_llm, sample_weight=weights)
