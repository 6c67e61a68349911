"""The intent model as the command line gets at it: from the data folder, or trained there and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migpt_cli.outcome import CommandFailedError, say_err
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from pathlib import Path

    from migpt_brain.intent.model import IntentModel

_TRAINING = Phrase(
    zh="正在训练意图模型（只需一次，约十秒）……", en="training the intent model (once, some ten seconds) …"
)
_FAILED = Phrase(zh="意图模型训练失败：{error}", en="the intent model could not be trained: {error}")
_UNUSABLE = Phrase(zh="无法读写意图模型文件：{error}", en="the file of the intent model cannot be used: {error}")


def model_in(data_dir: Path) -> IntentModel:
    """The model kept in the data folder, trained first if need be. Raises CommandFailedError."""
    from migpt_brain.intent.model import MODEL_FILE, IntentModel, TrainingFailedError

    cache = data_dir / MODEL_FILE
    try:
        if model := IntentModel.load(cache):
            return model
        say_err(_TRAINING.in_(help_language()))
        return IntentModel.load_or_train(cache)
    except TrainingFailedError as error:
        raise CommandFailedError(_FAILED, error=error) from error
    except OSError as error:
        raise CommandFailedError(_UNUSABLE, error=error) from error


def train_in(data_dir: Path, report: Path) -> None:
    """Trains anew into the data folder and writes the evaluation to `report`. Raises CommandFailedError."""
    from migpt_brain.intent.model import MODEL_FILE, TrainingFailedError, train_in_child

    try:
        train_in_child(data_dir / MODEL_FILE, report)
    except TrainingFailedError as error:
        raise CommandFailedError(_FAILED, error=error) from error
