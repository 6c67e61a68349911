"""What a process needs from the machine before it can start."""

from __future__ import annotations

import tempfile
from pathlib import Path

from migpt_shared.settings import SettingsError

#: Exit status when the settings or the surroundings do not allow to start.
EXIT_UNUSABLE = 2


def check_data_dir(folder: Path) -> None:
    """Raises SettingsError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            [f"data_dir: cannot write to {folder}: {error.strerror}; choose another data_dir or correct its owner"]
        ) from error
