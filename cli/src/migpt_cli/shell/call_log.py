"""The last requests to language models and Home Assistant: who asked, who answered, how long it took; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from migpt_shared.story import Story

_ANSWERED_BY_US = ("llm", "home")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Times are milliseconds from the moment when it was decided who answers; None: not reached."""

    at: datetime
    speaker: str
    source: str
    text: str
    answered_by: str
    first_token_ms: float | None
    first_sentence_ms: float | None
    total_ms: float | None
    ended: str
    """the phase, with the error if there is one"""


def calls(stories: Iterable[Story], limit: int) -> list[Call]:
    """The last requests among these stories, oldest first."""
    found = []
    for story in stories:
        turn = story.turn
        if turn is None or turn.route not in _ANSWERED_BY_US:
            continue
        total_s = None
        if story.closed_at is not None and story.accepted_at is not None:
            total_s = story.closed_at - story.accepted_at
        found.append(
            Call(
                at=datetime.fromtimestamp(turn.ts / 1000).astimezone(),
                speaker=str(story.address),
                source=turn.source,
                text=turn.text,
                answered_by=turn.preset or turn.route,
                first_token_ms=turn.spans_ms.get("first_token"),
                first_sentence_ms=turn.spans_ms.get("first_sentence"),
                total_ms=None if total_s is None else total_s * 1000,
                ended=f"{turn.phase}: {turn.error}" if turn.error else turn.phase,
            )
        )
    return found[-limit:] if limit else []
