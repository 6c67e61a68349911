"""Makes intent models in a process of their own: training needs much memory and time."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from migpt_brain.intent.model import MODEL_FILE, TRAINING_TIMEOUT_S, IntentModel, training_start
from migpt_brain.routing import Classifier

if TYPE_CHECKING:
    from migpt_brain.corrections import Correction

log = structlog.get_logger(__name__)

#: The trainer gives way to the brain and to whatever else runs.
_NICENESS = 10
#: A model that learnt corrections may cost so much more on the built-in evaluation: as much as chance alone makes of
#: its some thousand lines (one standard error).
TOLERANCE = 0.005


class BuildFailedError(Exception):
    """There is no model. The text says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """A model to be used.

    version: changes whenever the model does. cost: of its mistakes on the built-in evaluation, 0 to 1; lower is better.
    corrections: how many it has learnt.
    """

    model: Classifier
    version: str
    cost: float
    corrections: int

    def is_no_worse_than(self, other: Built) -> bool:
        """Whether it may take the place of the other."""
        return self.cost <= other.cost + TOLERANCE


class Builder(Protocol):
    """Makes models."""

    async def build(self, corrections: Sequence[Correction]) -> Built:
        """The model that has learnt these corrections. Raises BuildFailedError."""


class ChildBuilder:
    """Trains in a child process and keeps what it made in the data folder for the next start.

    `training_begins` is called whenever nothing fitting was kept.
    """

    def __init__(self, data_dir: Path, training_begins: Callable[[], None] = lambda: None) -> None:
        self._base = data_dir / MODEL_FILE
        self._training_begins = training_begins

    async def build(self, corrections: Sequence[Correction]) -> Built:
        folder = self._base.parent
        learnt = folder / f"corrections-{fingerprint(corrections)}.jsonl" if corrections else None
        model = learnt.with_suffix(".model.json") if learnt else self._base
        try:
            if built := await asyncio.to_thread(_load, model, len(corrections)):
                return built
            self._training_begins()
            if learnt is not None:
                await asyncio.to_thread(_write, learnt, corrections)
            await self._train(model, learnt)
            if learnt is not None:
                await asyncio.to_thread(_tidy, model)
            built = await asyncio.to_thread(_load, model, len(corrections))
        except OSError as error:
            raise BuildFailedError(f"{folder}: {error.strerror}") from error
        if built is None:
            raise BuildFailedError("the trainer left no model that fits this version")
        return built

    async def _train(self, model: Path, corrections: Path | None) -> None:
        start = training_start(model, corrections=corrections)
        process = await asyncio.create_subprocess_exec(
            *start.command,
            env=start.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            if hasattr(os, "setpriority"):
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            async with asyncio.timeout(TRAINING_TIMEOUT_S):
                _, said = await process.communicate()
        except TimeoutError:
            raise BuildFailedError(f"training took more than {TRAINING_TIMEOUT_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            words = said.decode(errors="replace").strip()[-500:]
            raise BuildFailedError(words or f"the trainer ended with code {process.returncode}")


def fingerprint(corrections: Sequence[Correction]) -> str:
    """The same for the same labels, whenever and wherever they were given."""
    labels = sorted({(correction.said, correction.target) for correction in corrections})
    return hashlib.sha256(json.dumps(labels, ensure_ascii=False).encode()).hexdigest()[:12]


def _load(file: Path, corrections: int) -> Built | None:
    """The model in the file; None when there is none, or none of this version. Raises OSError."""
    model = IntentModel.load(file)
    if model is None:
        return None
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return Built(model, version, model.cost, corrections)


def _write(file: Path, corrections: Sequence[Correction]) -> None:
    """Write what is to be learnt besides the corpus, one JSON object a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": one.text, "target": one.target}, ensure_ascii=False) for one in corrections]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _tidy(newest: Path) -> None:
    """Remove what was made of other corrections."""
    for file in newest.parent.glob("corrections-*"):
        if file != newest:
            file.unlink(missing_ok=True)
