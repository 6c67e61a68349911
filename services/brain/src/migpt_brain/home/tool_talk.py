"""How a sentence about the home goes on after the model has used its tools: again, ask the person, or say what came of
it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from migpt_brain import phrases
from migpt_brain.home.awaited import PlannedCall
from migpt_brain.home.claims import claims_success
from migpt_brain.home.toolbox import Control, Look, Mistake, Wanted
from migpt_shared.language import Language
from migpt_shared.messages import HomeAnswer

#: Looking, acting, correcting a mistake, and one more; then a person has waited long enough.
MOST_ROUNDS = 4

#: What another try of the model can put right.
_CORRECTABLE = frozenset({"refused", "no_target"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one tool call; `answer` is the bridge's, None for a mistake that never reached it."""

    wanted: Wanted
    answer: HomeAnswer | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """The turn is over with these words; `error` where it has failed."""

    text: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AskPerson:
    """These calls wait for a yes to the question."""

    question: str
    calls: tuple[PlannedCall, ...]


@dataclass(frozen=True, slots=True)
class AskModel:
    """The model is to be asked again, with what its tools gave."""


Next = Say | AskPerson | AskModel


@dataclass(slots=True)
class ToolTalk:
    """One turn's talk with the model. `wish`: what the person said."""

    wish: str
    language: Language
    rounds: int = 0
    _done: list[str] = field(default_factory=list)
    """what was confirmed, in the bridge's words"""
    _failures: dict[frozenset[str], HomeAnswer] = field(default_factory=dict)
    """what has failed and was not put right since, by its entities"""

    def said(self, text: str) -> Next:
        """The model used no tool, only words."""
        if self._failures:
            return self._as_it_stands()
        if not self._done and claims_success(text, self.wish):
            return Say(phrases.HOME_NOTHING_DONE.in_(self.language), "nothing was done")
        return Say(text)

    def used_tools(self, outcomes: Sequence[Outcome]) -> Next:
        """The model used tools, and this came of it."""
        self.rounds += 1
        waiting = [outcome for outcome in outcomes if _code(outcome) == "needs_confirmation"]
        for outcome in outcomes:
            self._note(outcome)
        if waiting:
            calls = tuple(each.wanted.call for each in waiting if isinstance(each.wanted, Control))
            questions = [each.answer.speech for each in waiting if each.answer is not None]
            return AskPerson(" ".join((*self._done, *dict.fromkeys(questions))), calls)
        hopeless = [answer for answer in self._failures.values() if answer.code not in _CORRECTABLE]
        mistakes = [outcome for outcome in outcomes if isinstance(outcome.wanted, Mistake)]
        looked = any(isinstance(outcome.wanted, Look) for outcome in outcomes)
        if hopeless:
            return self._as_it_stands()
        if self._failures or mistakes or looked:
            return AskModel() if self.rounds < MOST_ROUNDS else self._as_it_stands()
        says = [each.wanted.say for each in outcomes if isinstance(each.wanted, Control) and each.wanted.say]
        return Say(says[-1] if says else self._as_it_stands().text)

    def _note(self, outcome: Outcome) -> None:
        if not isinstance(outcome.wanted, Control) or outcome.answer is None:
            return
        concerned = frozenset(outcome.wanted.call.entities)
        if outcome.answer.ok:
            self._done.append(outcome.answer.speech)
            for failed in [entities for entities in self._failures if entities <= concerned]:
                del self._failures[failed]
        elif outcome.answer.code != "needs_confirmation":
            self._failures[concerned] = outcome.answer

    def _as_it_stands(self) -> Say:
        """What was confirmed, and what was not, in the bridge's words."""
        return self.interrupted(None)

    def interrupted(self, problem: str | None) -> Say:
        """Nothing more can be done; `problem`: why, where no tool says it."""
        failures = [answer.speech for answer in self._failures.values()]
        if not failures and problem is not None:
            failures = [problem]
        if not failures and not self._done:
            failures = [phrases.HOME_NOT_MANAGED.in_(self.language)]
        error = None if not failures else next((a.error for a in self._failures.values()), None) or "not managed"
        return Say(" ".join(dict.fromkeys((*self._done, *failures))), error)


def _code(outcome: Outcome) -> str | None:
    return None if outcome.answer is None else outcome.answer.code
