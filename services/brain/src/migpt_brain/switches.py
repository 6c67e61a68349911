"""The switches of each speaker: AI on or off, mode, preset, persona. Kept on disk and in the retained `state/brain`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from migpt_shared.messages import Address, BrainState, Mode

log = structlog.get_logger(__name__)


class Switches(BaseModel):
    """What a person has set at run time. None: as configured."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ai: bool | None = None
    mode: Mode | None = None
    preset: str | None = None
    persona: str | None = None

    @classmethod
    def of(cls, state: BrainState) -> Switches:
        """What a person had set when the state was published; the rest of it was configured."""
        return cls.model_validate({name: getattr(state, name) for name in state.chosen if name in cls.model_fields})

    @property
    def chosen(self) -> list[str]:
        """The names of those that a person has set."""
        return [name for name, value in self if value is not None]


_FILE = TypeAdapter(dict[str, Switches])


class SwitchFile:
    """The switches of all speakers in one small file, written atomically and off the event loop."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = asyncio.Lock()
        self._switches: dict[str, Switches] = {}

    async def load(self) -> None:
        """Read the file. One that cannot be understood is put aside, and the switches stand as configured."""
        self._switches = await asyncio.to_thread(self._read)

    def get(self, address: Address) -> Switches | None:
        return self._switches.get(str(address))

    async def put(self, address: Address, switches: Switches) -> None:
        self._switches[str(address)] = switches
        async with self._lock:
            await asyncio.to_thread(self._write, _FILE.dump_json(self._switches, indent=2))

    def _read(self) -> dict[str, Switches]:
        try:
            return _FILE.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError:
            aside = self._file.with_suffix(".broken")
            self._file.replace(aside)
            log.warning("switches_unreadable", kept_as=str(aside))
            return {}

    def _write(self, content: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(content)
        os.replace(fresh, self._file)
