"""What came of a turn that was left to XiaoAI: wait for its own answer, leave it at that, or take over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migpt_brain.intent.refusals import is_refusal
from migpt_shared.messages import Heard

#: After this the language model takes nothing over any more, seconds since it was said: nobody waits so long.
RESCUE_WITHIN_S = 8.0


class Verdict(StrEnum):
    WAIT = "wait"
    LEAVE = "leave"
    TAKE_OVER = "take_over"


def is_refused(heard: Heard) -> bool | None:
    """Whether XiaoAI answered that it cannot; None: it has not answered yet. Who plays something has obeyed."""
    if heard.native_type == "none" and heard.native_answer is None:
        return None
    return heard.native_type != "AUDIO" and heard.native_answer is not None and is_refusal(heard.native_answer)


@dataclass(slots=True)
class RescueWatch:
    """Waits for XiaoAI's own answer to one utterance. Times are monotonic seconds.

    until: a refusal that comes later is left as it is.
    """

    until: float
    refused: bool | None = None

    @classmethod
    def over(cls, heard: Heard, now: float) -> RescueWatch:
        """The watch over what was heard, which may have been said some time ago."""
        return cls(now + RESCUE_WITHIN_S - (heard.age_s or 0.0), is_refused(heard))

    def heard_again(self, heard: Heard) -> None:
        """The same utterance is better known now. An answer does not go away again."""
        answer = is_refused(heard)
        if answer is not None:
            self.refused = answer

    def verdict(self, now: float) -> Verdict:
        if self.refused is False or now >= self.until:
            return Verdict.LEAVE
        return Verdict.TAKE_OVER if self.refused else Verdict.WAIT
