"""A turn that is over, as it is kept, searched and exported."""

from __future__ import annotations

from dataclasses import dataclass, field

from migpt_shared.messages import Address, Turn


@dataclass(frozen=True, slots=True)
class PastTurn:
    """`at_ms`: wall clock of the turn's last message."""

    turn: str
    address: Address
    at_ms: int
    text: str
    reply: str
    source: str
    route: str
    reason: str
    reason_text: str
    p_llm: float | None
    preset: str | None
    phase: str
    error: str | None
    spans_ms: dict[str, float] = field(default_factory=dict)


def past_turn(address: Address, turn: Turn) -> PastTurn:
    """What is kept of a turn."""
    return PastTurn(
        turn=turn.turn,
        address=address,
        at_ms=turn.ts,
        text=turn.text,
        reply=turn.reply_so_far,
        source=turn.source,
        route=turn.route,
        reason=turn.reason,
        reason_text=turn.reason_text,
        p_llm=turn.p_llm,
        preset=turn.preset,
        phase=turn.phase,
        error=turn.error,
        spans_ms=turn.spans_ms,
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which turns are wanted; everything given must fit. Times in ms, `since_ms` included, `before_ms` not."""

    words: str = ""
    speaker: str | None = None
    route: str | None = None
    since_ms: int | None = None
    before_ms: int | None = None
