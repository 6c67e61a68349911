"""Decides who answers an utterance, and says why. The same utterance in the same context gives the same decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from migpt_brain.asked.question import Reading
from migpt_brain.control_phrases import ControlAction, ControlPhrases
from migpt_brain.decision_table import REASON_TEXTS, Findings, Reason, may_be_rescued, row_for
from migpt_brain.follow_up import in_context
from migpt_brain.home.awaited import Awaited
from migpt_brain.home.kinds import is_lacking
from migpt_brain.keywords import KeywordPosition, Keywords
from migpt_brain.llm import preset_names
from migpt_brain.native_commands import is_native_command
from migpt_shared.language import Phrase
from migpt_shared.messages import HomeEntity, Mode, RouteName, Target
from migpt_shared.settings import LlmSettings, RoutingSettings
from migpt_shared.spoken_form import normalise


class Classifier(Protocol):
    """Estimates what an utterance is for. Quick, and never raises: it is asked on the event loop."""

    @property
    def threshold(self) -> float:
        """From this probability on the language model had better answer; 0 to 1."""

    def p_llm(self, text: str) -> float:
        """The probability that it is for the language model, 0 to 1."""

    def label(self, text: str) -> str:
        """The likeliest kind: llm, native, home or control."""


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """What the router goes by.

    presets: names of the language model configurations, for switching by voice.
    llm_threshold: from this probability on an utterance goes to the language model; 0 to 1. None: the classifier's.
    rescue: where XiaoAI says that it cannot, the language model takes over.
    """

    ai_keywords: tuple[str, ...] = ()
    home_keywords: tuple[str, ...] = ()
    keyword_position: KeywordPosition = "start"
    presets: tuple[str, ...] = ()
    llm_threshold: float | None = None
    rescue: bool = True


@dataclass(frozen=True, slots=True)
class RoutingContext:
    """How things stand for one speaker.

    home_is_down: there is a Home Assistant, but it cannot be asked. home_entities: what is there. awaited: what the
    home has asked back. now: monotonic seconds.
    follows_answer: the language model has just answered. corrections: who should answer these very words, by their
    normalised form.
    answer: what the utterance is to a question that a program has asked.
    """

    mode: Mode
    ai_on: bool
    home_connected: bool
    home_is_down: bool = False
    home_entities: Sequence[HomeEntity] = ()
    awaited: Awaited | None = None
    now: float = 0.0
    follows_answer: bool = False
    corrections: Mapping[str, Target] = field(default_factory=dict)
    answer: Reading | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, and why. `text` is what the answerer is asked: the utterance, a keyword at its start taken out.

    may_be_rescued: should XiaoAI, who is to answer, say that it cannot, the language model takes over.
    """

    route: RouteName
    reason: Reason
    text: str
    control: ControlAction | None = None
    p_llm: float | None = None
    may_be_rescued: bool = False
    reason_text: Phrase = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason_text", REASON_TEXTS[self.reason])


class Router:
    """Finds out all that the decision table asks for. `classifier` may be replaced at any time; None: there is none."""

    def __init__(self, rules: RoutingRules, classifier: Classifier | None = None) -> None:
        self.classifier = classifier
        self._rules = rules
        self._controls = ControlPhrases(rules.presets)
        self._home = Keywords(rules.home_keywords, rules.keyword_position)
        self._ai = Keywords(rules.ai_keywords, rules.keyword_position)

    @classmethod
    def of(cls, routing: RoutingSettings, llm: LlmSettings, classifier: Classifier | None = None) -> Self:
        """The router that the settings describe."""
        rules = RoutingRules(
            ai_keywords=tuple(routing.ai_keywords),
            home_keywords=tuple(routing.home_keywords),
            keyword_position=routing.keyword_position,
            presets=preset_names(llm),
            llm_threshold=routing.llm_threshold,
            rescue=routing.rescue,
        )
        return cls(rules, classifier)

    def route(self, utterance: str, context: RoutingContext, *, is_refused: bool = False) -> Decision:
        """Who answers what was heard from a speaker. `is_refused`: XiaoAI has already said that it cannot."""
        findings = self._findings(utterance, context, context.mode, is_refused=is_refused)
        return self._decision(utterance, findings)

    def route_ask(self, utterance: str, context: RoutingContext) -> Decision:
        """Who answers what was asked through the bus: the language model in any mode, but for obvious commands."""
        return self._decision(utterance, self._findings(utterance, context, "asked", is_refused=False))

    def without_home_keyword(self, utterance: str) -> str:
        """What the home is asked."""
        return self._home.find(utterance) or utterance

    def _decision(self, utterance: str, findings: Findings) -> Decision:
        row = row_for(findings)
        asked = {
            Reason.HOME_KEYWORD: findings.home_text,
            Reason.HOME_IS_DOWN: findings.home_text,
            Reason.AI_KEYWORD: findings.ai_text,
        }.get(row.reason)
        return Decision(
            row.route,
            row.reason,
            asked or utterance,
            findings.control,
            findings.p_in_context,
            may_be_rescued=row.route == "native" and self._rules.rescue and may_be_rescued(findings),
        )

    def _findings(
        self, utterance: str, context: RoutingContext, way: Mode | Literal["asked"], *, is_refused: bool
    ) -> Findings:
        said = normalise(utterance)
        home_text = self._home.find(utterance)
        asked = home_text or utterance
        p_llm = p_in_context = None
        is_home = False
        threshold = self._rules.llm_threshold
        if threshold is None:
            threshold = 1.0 if self.classifier is None else self.classifier.threshold
        if said and self.classifier is not None:
            p_llm = self.classifier.p_llm(asked)
            p_in_context = in_context(p_llm, asked, follows_answer=context.follows_answer)
            is_home = (
                context.home_connected
                and self.classifier.label(asked) == "home"
                and not is_lacking(asked, context.home_entities)
            )
        return Findings(
            is_empty=not said,
            control=self._controls.find(utterance) if said else None,
            ai_on=context.ai_on,
            corrected=context.corrections.get(said),
            home_text=home_text,
            home_connected=context.home_connected,
            home_is_down=context.home_is_down,
            awaited=None if context.awaited is None else context.awaited.verdict(utterance, context.now),
            ai_text=self._ai.find(utterance),
            way=way,
            is_command=is_native_command(asked),
            is_home=is_home,
            p_llm=p_llm,
            p_in_context=p_in_context,
            threshold=threshold,
            is_refused=is_refused and self._rules.rescue,
            answer=context.answer if said else None,
        )
