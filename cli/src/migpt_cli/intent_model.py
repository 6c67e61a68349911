"""The intent model and the corrections as the command line gets at them: as they are kept, or made there and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError, say_err
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from pathlib import Path

    from migpt_brain.corrections import Correction, Corrections
    from migpt_brain.intent_builder import Built
    from migpt_shared.settings import Settings

T = TypeVar("T")

_TRAINING = Phrase(
    zh="正在训练意图模型（只需一次，约十秒）……", en="training the intent model (once, some ten seconds) …"
)
_FAILED = Phrase(zh="意图模型训练失败：{error}", en="the intent model could not be trained: {error}")
_NO_CORRECTIONS = Phrase(zh="读不了纠正记录：{reason}", en="the corrections cannot be used: {reason}")


@dataclass(frozen=True, slots=True)
class Models:
    """The model that learnt from the corpus alone, and, if there are corrections, the one that learnt them too."""

    base: Built
    learnt: Built | None

    @property
    def used(self) -> Built:
        """The one that a brain uses."""
        return self.learnt if self.learnt is not None and self.learnt.is_no_worse_than(self.base) else self.base


def models_of(settings: Settings, corrections: tuple[Correction, ...]) -> Models:
    """The models kept in the data folder, trained first if need be. Raises CommandFailedError."""
    from migpt_brain.intent_builder import BuildFailedError, ChildBuilder

    async def build() -> Models:
        base = await builder.build(())
        return Models(base, await builder.build(corrections) if corrections else None)

    builder = ChildBuilder(settings.data_dir, training_begins=lambda: say_err(_TRAINING.in_(help_language())))
    try:
        return asyncio.run(build())
    except BuildFailedError as error:
        raise CommandFailedError(_FAILED, error=error) from error


def corrections_of(settings: Settings) -> tuple[Correction, ...]:
    """The corrections of all households; no store is made where there is none yet. Raises CommandFailedError."""
    if not settings.llm.memory_url and not (settings.data_dir / "brain" / "corrections.db").exists():
        return ()
    return with_corrections(settings, lambda store: store.all())


def with_corrections(settings: Settings, work: Callable[[Corrections], Awaitable[T]]) -> T:
    """Do something with the store of corrections. Raises CommandFailedError."""
    from migpt_brain.corrections import Corrections
    from migpt_brain.store import StoreUnavailableError

    async def run() -> T:
        async with Corrections(settings.llm.memory_url or Corrections.default_url(settings.data_dir)) as store:
            return await work(store)

    try:
        return asyncio.run(run())
    except StoreUnavailableError as error:
        raise CommandFailedError(_NO_CORRECTIONS, exit_code=EXIT_UNUSABLE, reason=str(error)) from error


def train_in(data_dir: Path, report: Path) -> None:
    """Trains anew into the data folder and writes the evaluation to `report`. Raises CommandFailedError."""
    from migpt_brain.intent.model import MODEL_FILE, TrainingFailedError, train_in_child

    try:
        train_in_child(data_dir / MODEL_FILE, report)
    except TrainingFailedError as error:
        raise CommandFailedError(_FAILED, error=error) from error
