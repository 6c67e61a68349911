"""What to do with a turn whose brain has died; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from migpt_brain.rescue import RESCUE_WITHIN_S
from migpt_shared.messages import Turn

#: Nothing spoken and younger than this: answer the question again. Seconds since the last `turn` message.
ANSWER_AGAIN_S = 15.0
#: Something spoken and younger than this: finish what was cut, then say that the rest is missing.
FINISH_S = 60.0
#: Younger than this: one apology.
APOLOGISE_S = 120.0


@dataclass(frozen=True, slots=True)
class AnswerAgain:
    """Ask the language model again, as the next take."""


@dataclass(frozen=True, slots=True)
class WaitForSpeech:
    """Everything was sent: only wait for the reports and close the turn."""


@dataclass(frozen=True, slots=True)
class FinishSentences:
    """Speak what was cut and not yet heard, then say that the rest is missing."""

    already_heard: str
    unspoken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apologise:
    """Say once that the answer was lost."""


@dataclass(frozen=True, slots=True)
class WaitForNative:
    """XiaoAI answers it; see what it says for so long, seconds."""

    within_s: float


@dataclass(frozen=True, slots=True)
class CloseSilently:
    """Nobody waits for it any more. What XiaoAI was left to answer has not failed."""

    is_failure: bool = True


Takeover = AnswerAgain | WaitForSpeech | FinishSentences | Apologise | WaitForNative | CloseSilently


def takeover(turn: Turn, age_s: float | None) -> Takeover:
    """How the next owner goes on with an open turn. `age_s`: since its last message; None: not known."""
    if turn.route == "native" and turn.source == "speaker":
        within_s = 0.0 if age_s is None else RESCUE_WITHIN_S - age_s
        return WaitForNative(within_s) if within_s > 0 else CloseSilently(is_failure=False)
    if age_s is None or age_s >= APOLOGISE_S or turn.route in ("native", "control"):
        return CloseSilently()
    if turn.complete and age_s < FINISH_S:
        return WaitForSpeech()
    if turn.sentences_spoken == 0 or len(turn.cuts) <= turn.sentences_spoken:
        return AnswerAgain() if age_s < ANSWER_AGAIN_S else Apologise()
    if age_s < FINISH_S:
        sentences = [turn.reply_so_far[start:end] for start, end in pairwise(turn.cuts)]
        heard = turn.reply_so_far[: turn.cuts[turn.sentences_spoken]]
        return FinishSentences(heard, tuple(sentences[turn.sentences_spoken :]))
    return Apologise()
