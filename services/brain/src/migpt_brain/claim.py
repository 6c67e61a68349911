"""Whose turn it is: what a `turn` message on the bus means for the turn that is open here. Pure."""

from __future__ import annotations

from enum import StrEnum

from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Turn


class Claim(StrEnum):
    NOTHING = "nothing"
    """it changes nothing"""
    WON = "won"
    """our own `accepted` came back as the first: the turn is ours"""
    LOST = "lost"
    """another brain has this turn"""
    REPLACED = "replaced"
    """an utterance that another brain answers came after ours"""
    SHOW_AGAIN = "show_again"
    """another brain claims what is ours already"""


def claim(turn: Turn, mine: TurnProgress, src: str, *, is_news: bool) -> Claim:
    """What follows for `mine`, a turn of the brain `src`. `is_news`: the message is live rather than retained."""
    is_ours = turn.owner == src
    if turn.turn != mine.id:
        is_later = turn.phase == "accepted" and not is_ours and mine.is_confirmed
        return Claim.REPLACED if is_later or not is_news else Claim.NOTHING
    if is_ours:
        return Claim.WON if turn.take == mine.take and not mine.is_confirmed else Claim.NOTHING
    if turn.take > mine.take or (turn.take == mine.take and not mine.is_confirmed):
        return Claim.LOST
    if turn.take == mine.take and turn.phase != "accepted":
        return Claim.LOST  # it was answered while we were away
    return Claim.SHOW_AGAIN if turn.phase == "accepted" else Claim.NOTHING
