"""The trained intent model: how it judges, and how it comes to be.

Neither scikit-learn nor numpy is needed to judge; training happens in a process of its own.
"""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from migpt_brain.intent.corpus import Label
from migpt_brain.intent.features import grams_of
from migpt_brain.intent.model_file import TrainedModel

#: Where the model is kept in the data folder.
MODEL_FILE = Path("intent", "model.json")
#: Training takes seconds; a machine that is this slow has another problem.
TRAINING_TIMEOUT_S = 300.0
_LEARNING_PACKAGES = ("scikit-learn", "numpy", "scipy")


class TrainingFailedError(Exception):
    """The training process ended without a model; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model thinks of an utterance."""

    label: Label
    p_llm: float


class IntentModel:
    """Judges utterances, in some ten microseconds each. Safe to share between threads."""

    def __init__(self, trained: TrainedModel) -> None:
        terms = trained.terms
        self.threshold = terms.threshold
        """From this probability on an utterance is for the language model; 0 to 1."""
        self.cost = terms.cost
        """What its mistakes on unseen lines of the corpus cost; 0 to 1."""
        self._index = {weights.gram: index for index, weights in enumerate(trained.weights)}
        self._llm_weights = array("d", (weights.llm for weights in trained.weights))
        self._home_weights = array("d", (weights.home for weights in trained.weights))
        self._llm_bias, self._home_bias = terms.llm_bias, terms.home_bias
        self._slope, self._offset = terms.slope, terms.offset

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The model in the file; None when there is none that today's corpus, code and libraries would give."""
        try:
            trained = TrainedModel.read(path)
        except (FileNotFoundError, ValueError):
            return None
        return cls(trained) if trained.terms.fingerprint == training_fingerprint() else None

    @classmethod
    def load_or_train(cls, cache: Path) -> Self:
        """The model in the file `cache`; when there is none that fits, it is trained and written there, in seconds.

        Blocks meanwhile. Raises TrainingFailedError, and OSError when the file cannot be read.
        """
        if model := cls.load(cache):
            return model
        train_in_child(cache)
        if model := cls.load(cache):
            return model
        raise TrainingFailedError(f"{cache} holds no model of this version after training")

    def judge(self, text: str) -> Judgement:
        """The label and the probability together; nothing said is for XiaoAI."""
        found = [index for gram in grams_of(text) if (index := self._index.get(gram)) is not None]
        p_llm = _sigmoid(self._slope * self._score(found, self._llm_weights, self._llm_bias) + self._offset)
        if p_llm >= self.threshold:
            return Judgement("llm", p_llm)
        is_home = self._score(found, self._home_weights, self._home_bias) > 0
        return Judgement("home" if is_home else "native", p_llm)

    def p_llm(self, text: str) -> float:
        """The probability that the utterance is for the language model, 0 to 1."""
        return self.judge(text).p_llm

    def label(self, text: str) -> Label:
        """Who the utterance is for."""
        return self.judge(text).label

    @staticmethod
    def _score(found: list[int], weights: array[float], bias: float) -> float:
        # In training each utterance is a vector of length 1, whose coordinates are all alike.
        return math.fsum(weights[index] for index in found) / math.sqrt(len(found) or 1) + bias


def training_fingerprint() -> str:
    """Changes whenever training would give another model: with the corpus, this package, or the learning libraries.

    The libraries are looked up, not imported.
    """
    digest = hashlib.sha256()
    for package in _LEARNING_PACKAGES:
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    for name, content in _files_of(resources.files(__package__), ""):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class TrainingStart:
    """How the training process is started."""

    command: tuple[str, ...]
    environment: dict[str, str]


def training_start(model: Path, *, report: Path | None = None, corrections: Path | None = None) -> TrainingStart:
    """The process that trains and writes the model. `corrections`: a file with what people taught, one JSON a line."""
    command = [sys.executable, "-m", f"{__package__}.train", "--out", str(model)]
    if report is not None:
        command += ["--report", str(report)]
    if corrections is not None:
        command += ["--corrections", str(corrections)]
    # The problems are small: more threads wait for each other, on a busy machine many times longer than they work.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return TrainingStart(tuple(command), {**os.environ, **one_thread})


def train_in_child(model: Path, report: Path | None = None) -> None:
    """Trains in a process of its own and writes the model, and the evaluation if wanted. Raises TrainingFailedError."""
    start = training_start(model, report=report)
    try:
        done = subprocess.run(  # noqa: S603 - this program's own module
            start.command,
            env=start.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TRAINING_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrainingFailedError(f"training took more than {TRAINING_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        raise TrainingFailedError(done.stderr.strip()[-2000:] or f"training ended with code {done.returncode}")


def _files_of(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _files_of(entry, name)
        elif entry.name.endswith((".py", ".txt")):
            yield name, entry.read_bytes()


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
