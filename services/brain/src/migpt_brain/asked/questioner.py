"""Asks the person at one speaker what `do/ask_user` wants to know, and tells the asker what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from migpt_brain.asked.question import Ending, Question, Reading, problem_with
from migpt_brain.control_phrases import TakeAnswer
from migpt_brain.desk import Desk
from migpt_shared.messages import Address, AskUser, Result, Say, Speech, Stop, new_id

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _UnderWay:
    question: Question
    aloud: Say


class Questioner:
    """One speaker's open question, if there is one. All methods are called on the event loop and return at once."""

    def __init__(self, desk: Desk, address: Address) -> None:
        self._desk = desk
        self._address = address
        self._open: _UnderWay | None = None

    @property
    def is_open(self) -> bool:
        return self._open is not None

    def ask(self, ask: AskUser) -> None:
        """Ask this, in place of what was asked before. What it comes to is published as the result."""
        if problem := problem_with(ask):
            self._tell(ask, error=problem)
            return
        self._end(Ending("replaced"))
        aloud = Say(turn=new_id(), text=ask.question, priority="reply")
        self._open = _UnderWay(Question(ask, time.monotonic()), aloud)
        log.info("person_asked", request=ask.id, choices=len(ask.choices))
        self._desk.bus.publish(aloud, household=self._address.household, speaker=self._address.speaker)

    def speech_seen(self, speech: Speech) -> None:
        """The speaker reports on something that it says."""
        if self._open is not None and speech.turn == self._open.aloud.turn:
            self._open.question.seen(speech.phase, time.monotonic())

    def result_seen(self, result: Result) -> None:
        """The speaker has answered a command, perhaps the one to say the question aloud."""
        if self._open is not None and result.request == self._open.aloud.id:
            error = None if result.ok else result.error or "the speaker refused it"
            self._end(self._open.question.said(error, time.monotonic()))

    def reading(self, utterance: str, age_s: float | None) -> Reading | None:
        """What something that the person said so long ago is to the question; None: no answer is waited for."""
        if self._open is None or not self._open.question.is_answered_at(time.monotonic() - (age_s or 0.0)):
            return None
        return "other" if self._open.question.answered(utterance).error else "choice"

    def take(self, utterance: str) -> TakeAnswer:
        """The utterance is the answer, whatever it is; the asker is told."""
        if self._open is None:
            return TakeAnswer(is_understood=True)
        ending = self._open.question.answered(utterance)
        self._end(ending)
        return TakeAnswer(is_understood=ending.error is None)

    def stopped(self) -> None:
        """Somebody wants the speaker to stop. A question that nobody has heard yet is not asked any more."""
        if self._open is not None and self._open.question.begun is None:
            self._end(Ending("not_asked", reason="it was stopped before it began"))
            # The one that was sent may have reached the speaker before the question did.
            self._desk.bus.publish(Stop(), household=self._address.household, speaker=self._address.speaker)

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._open is not None:
            self._end(self._open.question.ended(now))

    def abandon(self) -> None:
        """The speaker belongs to another brain now, or to none."""
        self._end(Ending("given_up"))

    def _end(self, ending: Ending | None) -> None:
        if ending is None or self._open is None:
            return
        ask = self._open.question.ask
        self._open = None
        log.info("person_answered", request=ask.id, how=ending.kind)
        value = {"outcome": ending.kind, "choice": ending.choice, "text": ending.text, "question": ask.question}
        self._tell(ask, error=ending.error, value=value)

    def _tell(self, ask: AskUser, *, error: str | None, value: object = None) -> None:
        result = Result(turn=ask.turn, request=ask.id, ok=error is None, error=error, value=value)
        self._desk.bus.publish(result, household=self._address.household, speaker=self._address.speaker)
