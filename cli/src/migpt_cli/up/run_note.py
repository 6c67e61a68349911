"""The note that a running `migpt up` leaves in the data folder, so that other commands find its private broker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

_FILE = "up.json"


class RunNote(BaseModel):
    """What the note says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mqtt_url: str
    pid: int


def read_run_note(data_dir: Path) -> RunNote | None:
    """The note, if there is one. Its process may be gone: the connection tells."""
    try:
        return RunNote.model_validate_json((data_dir / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


@contextlib.contextmanager
def run_note(data_dir: Path, mqtt_url: str) -> Iterator[None]:
    """Leave the note while the block runs."""
    file = data_dir / _FILE
    fresh = file.with_suffix(".new")
    fresh.write_text(RunNote(mqtt_url=mqtt_url, pid=os.getpid()).model_dump_json(), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
