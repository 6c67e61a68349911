"""What was learned about a speaker, kept on disk so that a restart does not have to learn it again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.knowledge import Knowledge

__all__ = ["Profile", "ProfileStore"]


class Profile(BaseModel):
    """All that is remembered of one speaker."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    knowledge: Knowledge = Field(description="rate of speech, delays and faults of the status")
    proven_path: SpeakPath | None = Field(default=None, description="the interface on which it was heard")


class ProfileStore:
    """One JSON file per speaker. The methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, uid: str) -> Profile | None:
        """The profile of the speaker with this uid; None when there is none that can be read."""
        try:
            return Profile.model_validate_json((self._folder / f"{uid}.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def save(self, uid: str, profile: Profile) -> None:
        """Replaces the file as a whole. Raises OSError when the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{uid}.", dir=self._folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(profile.model_dump_json())
            Path(name).replace(self._folder / f"{uid}.json")
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
