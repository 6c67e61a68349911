"""A trained intent model as it is kept in a file: a line of JSON about it as a whole, then its weights in slices.

In slices, because parsing holds the interpreter for as long as one line takes, and whoever reads a model in a thread
goes on answering people beside it.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

_GRAMS_PER_LINE = 250


class GramWeights(NamedTuple):
    """What one character run says."""

    gram: str
    llm: float
    home: float


_SLICE = TypeAdapter(tuple[GramWeights, ...])


class ModelTerms(BaseModel):
    """All of a model but the weights of its character runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    """What it was trained with: `training_fingerprint()` of that time."""
    grams: int
    """How many character runs it weighs."""
    llm_bias: float
    home_bias: float
    slope: float
    """With `offset`, turns the raw score into a probability that holds for sentences the model has not learnt from."""
    offset: float
    threshold: float
    """From this probability on the language model answers; set by what a stolen command costs."""
    cost: float
    """Of its mistakes on unseen lines of the corpus, 0 to 1; a stolen command counts more than a missed question."""


class TrainedModel(NamedTuple):
    """What training gives and a file holds."""

    terms: ModelTerms
    weights: tuple[GramWeights, ...]

    def write(self, path: Path) -> None:
        """Writes the file as a whole or not at all; its folder is made. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.terms.model_dump_json().encode() + b"\n")
                for start in range(0, len(self.weights), _GRAMS_PER_LINE):
                    file.write(_SLICE.dump_json(self.weights[start : start + _GRAMS_PER_LINE]) + b"\n")
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise

    @classmethod
    def read(cls, path: Path) -> Self:
        """The model in the file. Raises FileNotFoundError, OSError, and ValueError when it is not one, or not whole."""
        weights: list[GramWeights] = []
        with path.open("rb") as file:
            terms = ModelTerms.model_validate_json(file.readline())
            for line in file:
                weights += _SLICE.validate_json(line)
                time.sleep(0)  # lets others at the interpreter
        if len(weights) != terms.grams:
            raise ValueError(f"{path}: {len(weights)} of {terms.grams} weights")
        return cls(terms, tuple(weights))
