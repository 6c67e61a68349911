"""What this process has done since its start, for its presence message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counters over all households and speakers."""

    polls: int = 0
    failed_polls: int = 0
    heard: int = 0
    repeats: int = 0
    missed: int = 0
    echoes: int = 0
