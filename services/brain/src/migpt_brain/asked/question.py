"""One question to a person: from being said aloud to its answer. Pure; times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migpt_brain.asked.choices import choice_for
from migpt_shared.messages import AskUser, SpeechPhase
from migpt_shared.spoken_form import normalise

#: The transcript shows an utterance one to three seconds after it was said, sometimes later.
TRANSCRIPT_LATE_S = 4.0
#: A question that has not been said aloud after so long is given up: the speaker is away, or talks all the time.
SAID_WITHIN_S = 60.0
#: Nothing sounds sooner after it was requested.
_AT_LEAST_AFTER_S = 0.3

#: What an utterance is to an open question: one of the choices (or an answer where there are none), or something else.
Reading = Literal["choice", "other"]
Kind = Literal["choice", "free", "none", "timeout", "not_asked", "replaced", "given_up"]

_ERRORS: dict[Kind, str] = {
    "none": "the answer was none of the choices",
    "timeout": "nobody answered in time",
    "not_asked": "the question could not be asked",
    "replaced": "another question was asked in place of this one",
    "given_up": "the brain that had asked ends; ask again",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a question. choice: the one that was chosen; text: what the person said; reason: more words."""

    kind: Kind
    choice: str | None = None
    text: str | None = None
    reason: str | None = None

    @property
    def error(self) -> str | None:
        """Why there is no answer; None: there is one."""
        error = _ERRORS.get(self.kind)
        return f"{error}: {self.reason}" if error and self.reason else error


def problem_with(ask: AskUser) -> str | None:
    """Why this cannot be asked, in words for a person; None: it can."""
    if not normalise(ask.question):
        return "there is no word to speak in this question"
    said = [normalise(choice) for choice in ask.choices]
    if not all(said):
        return "each choice needs a word that can be said"
    if len(set(said)) < len(said):
        return "two choices sound the same"
    return None


@dataclass(slots=True)
class Question:
    """A question under way.

    requested: when the speaker was told to say it; begun: when it was known to sound, which short questions did by
    then; until: answers count up to then. An answer may interrupt the question.
    """

    ask: AskUser
    made: float
    requested: float | None = None
    begun: float | None = None
    until: float | None = None

    def seen(self, phase: SpeechPhase, now: float) -> None:
        """The speaker reports how far it is with saying it."""
        if phase == "retrying" and self.begun is None:
            self.requested = None
        elif phase in ("requested", "speaking") and self.requested is None:
            self.requested = now
        if phase == "speaking" and self.begun is None:
            self.begun = now

    def said(self, error: str | None, now: float) -> Ending | None:
        """The speaker is done with it. What was heard of it can be answered, even if it was stopped."""
        if self.begun is None and error is not None:
            return Ending("not_asked", reason=error)
        self.seen("speaking", now)
        if self.until is None:
            self.until = now + self.ask.timeout_s
        return None

    def is_answered_at(self, said_at: float) -> bool:
        """Whether what is said at this moment is an answer."""
        if self.requested is None or said_at < self.requested + _AT_LEAST_AFTER_S:
            return False
        return self.until is None or said_at <= self.until

    def answered(self, utterance: str) -> Ending:
        """What the answer is."""
        if not self.ask.choices:
            return Ending("free", text=utterance)
        choice = choice_for(utterance, self.ask.choices)
        return Ending("none" if choice is None else "choice", choice, utterance)

    def ended(self, now: float) -> Ending | None:
        """Time has passed: whether nobody is waited for any more."""
        if self.until is not None and now >= self.until + TRANSCRIPT_LATE_S:
            return Ending("timeout")
        if self.begun is None and now >= self.made + SAID_WITHIN_S:
            return Ending("not_asked", reason=f"it was not said aloud within {SAID_WITHIN_S:.0f} s")
        if self.until is None and self.begun is not None and now >= self.begun + SAID_WITHIN_S:
            self.until = now + self.ask.timeout_s  # whoever was to report its end is gone
        return None
