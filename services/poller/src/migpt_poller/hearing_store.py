"""What the poller remembers on disk of each speaker: how far its transcript was read, and the requests of the day."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from migpt_poller.transcript import Bookmark
from migpt_shared.messages import Address

log = structlog.get_logger(__name__)

_UlidText = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]


class StoredHearing(BaseModel):
    """The file of one speaker. `uid` tells whether it is still the same device; times are the cloud's, ms."""

    model_config = ConfigDict(frozen=True)

    uid: str
    cursor_ms: int = Field(ge=0)
    read_to_ms: int
    ids: tuple[_UlidText, ...] = Field(default=(), max_length=1000)
    day: date
    requests: int = Field(default=0, ge=0)

    @property
    def bookmark(self) -> Bookmark:
        """Where to go on reading."""
        return Bookmark(self.cursor_ms, self.read_to_ms, self.ids)


class HearingStore:
    """One small file per speaker below `folder`. Blocking: call from a thread.

    A file that cannot be read or written is told of once and then does without: the cursor on the broker remains.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_complained = False

    def load(self, address: Address, uid: str) -> StoredHearing | None:
        """What was stored for this device under this address; None if nothing, or nothing readable."""
        file = self._file(address)
        try:
            stored = StoredHearing.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not what was written"
            log.warning("stored_cursor_unreadable", file=str(file), reason=reason, still="the broker's cursor is used")
            return None
        return stored if stored.uid == uid else None

    def save(self, address: Address, stored: StoredHearing) -> None:
        """Replace the file, whole or not at all."""
        file = self._file(address)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
            try:
                with os.fdopen(descriptor, "wb") as opened:
                    opened.write(stored.model_dump_json().encode())
                os.replace(temporary, file)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            if not self._has_complained:
                log.error("cursor_not_stored", file=str(file), reason=error.strerror, do="free or correct data_dir")
            self._has_complained = True
        else:
            self._has_complained = False

    def _file(self, address: Address) -> Path:
        return self._folder / address.household / f"{address.speaker}.json"
