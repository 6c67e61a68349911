"""Whose turn it is, for every order in which two brains may meet."""

from __future__ import annotations

import pytest

from migpt_brain.claim import Claim, claim
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Turn, TurnPhase

US, THEM = "brain/a", "brain/b"


def mine(*, take: int = 0, is_confirmed: bool = False) -> TurnProgress:
    return TurnProgress(
        "t1", "你好", "speaker", "llm", "mode_ai", "", ("r",), 0.0, take=take, is_confirmed=is_confirmed
    )


def seen(turn: str = "t1", *, owner: str = US, take: int = 0, phase: TurnPhase = "accepted") -> Turn:
    return Turn(
        turn=turn, text="你好", source="speaker", route="llm", reason="mode_ai", phase=phase, owner=owner, take=take
    )


@pytest.mark.parametrize(
    ("message", "ours", "expected"),
    [
        (seen(), mine(), Claim.WON),
        (seen(), mine(is_confirmed=True), Claim.NOTHING),
        (seen(take=0), mine(take=1), Claim.NOTHING),
        (seen(owner=THEM), mine(), Claim.LOST),
        (seen(owner=THEM), mine(is_confirmed=True), Claim.SHOW_AGAIN),
        (seen(owner=THEM, phase="thinking"), mine(is_confirmed=True), Claim.LOST),
        (seen(owner=THEM, take=1), mine(is_confirmed=True), Claim.LOST),
        (seen(owner=THEM, take=0), mine(take=1), Claim.SHOW_AGAIN),
        (seen(owner=THEM, take=0, phase="done"), mine(take=1), Claim.NOTHING),
        (seen("t2", owner=THEM), mine(is_confirmed=True), Claim.REPLACED),
        (seen("t2", owner=THEM), mine(), Claim.NOTHING),
        (seen("t2", owner=THEM, phase="done"), mine(is_confirmed=True), Claim.NOTHING),
        (seen("t2"), mine(is_confirmed=True), Claim.NOTHING),
    ],
)
def test_what_a_turn_message_means_for_ours(message: Turn, ours: TurnProgress, expected: Claim) -> None:
    assert claim(message, ours, US, is_news=True) is expected


def test_another_brains_retained_turn_stands_for_the_one_we_missed() -> None:
    assert claim(seen("t2", owner=THEM, phase="done"), mine(), US, is_news=False) is Claim.REPLACED
