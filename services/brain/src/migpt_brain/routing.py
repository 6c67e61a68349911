"""Decides who answers an utterance, and says why. The same utterance in the same context gives the same decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self

from migpt_brain.control_phrases import ControlAction, ControlPhrases
from migpt_brain.keywords import KeywordPosition, Keywords
from migpt_brain.llm import preset_names
from migpt_brain.native_commands import is_native_command
from migpt_shared.language import Phrase
from migpt_shared.messages import Mode, RouteName
from migpt_shared.settings import LlmSettings, RoutingSettings
from migpt_shared.spoken_form import normalise


class Reason(StrEnum):
    """Why a route was taken: stable words, for programs."""

    CONTROL_PHRASE = "control_phrase"
    HOME_KEYWORD = "home_keyword"
    AI_KEYWORD = "ai_keyword"
    AI_OFF = "ai_off"
    NATIVE_COMMAND = "native_command"
    MODE_AI = "mode_ai"
    MODE_NATIVE = "mode_native"
    CLASSIFIED_LLM = "classified_llm"
    CLASSIFIED_NATIVE = "classified_native"
    CLASSIFIED_HOME = "classified_home"
    HOME_NOT_CONNECTED = "home_not_connected"
    NO_KEYWORD = "no_keyword"
    NOTHING_SAID = "nothing_said"
    ASKED = "asked"


REASON_TEXTS: dict[Reason, Phrase] = {
    Reason.CONTROL_PHRASE: Phrase(zh="这是控制助手的话", en="a phrase that controls the assistant"),
    Reason.HOME_KEYWORD: Phrase(zh="有智能家居关键词", en="it has a smart home keyword"),
    Reason.AI_KEYWORD: Phrase(zh="有大模型关键词", en="it has a keyword for the language model"),
    Reason.AI_OFF: Phrase(zh="AI 已关闭，由小爱回答", en="AI is switched off, XiaoAI answers"),
    Reason.NATIVE_COMMAND: Phrase(zh="这是小爱自己的指令", en="a command that XiaoAI obeys itself"),
    Reason.MODE_AI: Phrase(zh="高级对话模式，都由大模型回答", en="in mode ai everything goes to the language model"),
    Reason.MODE_NATIVE: Phrase(zh="小爱模式，没有关键词", en="mode native, and no keyword"),
    Reason.CLASSIFIED_LLM: Phrase(zh="判断为适合大模型回答", en="judged to be for the language model"),
    Reason.CLASSIFIED_NATIVE: Phrase(zh="判断为适合小爱回答", en="judged to be for XiaoAI"),
    Reason.CLASSIFIED_HOME: Phrase(zh="判断为控制家里的设备", en="judged to be about the home's devices"),
    Reason.HOME_NOT_CONNECTED: Phrase(
        zh="有智能家居关键词，但 Home Assistant 未连接", en="smart home keyword, but Home Assistant is not connected"
    ),
    Reason.NO_KEYWORD: Phrase(zh="没有关键词，由小爱回答", en="no keyword, XiaoAI answers"),
    Reason.NOTHING_SAID: Phrase(zh="没有听到内容", en="nothing was said"),
    Reason.ASKED: Phrase(zh="直接向大模型提问", en="the language model was asked directly"),
}


class Classifier(Protocol):
    """Estimates whether an utterance is for the language model."""

    def p_llm(self, text: str) -> float:
        """The probability, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """What the router goes by.

    presets: names of the language model configurations, for switching by voice.
    llm_threshold: from this probability on an utterance goes to the language model; 0 to 1.
    """

    ai_keywords: tuple[str, ...] = ()
    home_keywords: tuple[str, ...] = ()
    keyword_position: KeywordPosition = "start"
    presets: tuple[str, ...] = ()
    llm_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class RoutingContext:
    """How things stand for one speaker."""

    mode: Mode
    ai_on: bool
    home_connected: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, and why. `text` is what the answerer is asked: the utterance, a keyword at its start taken out."""

    route: RouteName
    reason: Reason
    text: str
    control: ControlAction | None = None
    p_llm: float | None = None
    reason_text: Phrase = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason_text", REASON_TEXTS[self.reason])


class Router:
    """Control phrase, home keyword, AI keyword, mode, classifier: the first that applies decides."""

    def __init__(self, rules: RoutingRules, classifier: Classifier | None = None) -> None:
        self._controls = ControlPhrases(rules.presets)
        self._home = Keywords(rules.home_keywords, rules.keyword_position)
        self._ai = Keywords(rules.ai_keywords, rules.keyword_position)
        self._threshold = rules.llm_threshold
        self._classifier = classifier

    @classmethod
    def of(cls, routing: RoutingSettings, llm: LlmSettings, classifier: Classifier | None = None) -> Self:
        """The router that the settings describe."""
        rules = RoutingRules(
            ai_keywords=tuple(routing.ai_keywords),
            home_keywords=tuple(routing.home_keywords),
            keyword_position=routing.keyword_position,
            presets=preset_names(llm),
        )
        return cls(rules, classifier)

    def route(self, utterance: str, context: RoutingContext) -> Decision:
        """Who answers what was heard from a speaker."""
        if decision := self._explicit(utterance, context):
            return decision
        match context.mode:
            case "native":
                return Decision("native", self._without_home(utterance, Reason.MODE_NATIVE), utterance)
            case "ai":
                if is_native_command(self._home.find(utterance) or utterance):
                    return Decision("native", self._without_home(utterance, Reason.NATIVE_COMMAND), utterance)
                return Decision("llm", Reason.MODE_AI, utterance)
        if self._classifier is None:
            return Decision("native", self._without_home(utterance, Reason.NO_KEYWORD), utterance)
        p_llm = self._classifier.p_llm(utterance)
        if p_llm >= self._threshold:
            return Decision("llm", Reason.CLASSIFIED_LLM, utterance, p_llm=p_llm)
        return Decision("native", self._without_home(utterance, Reason.CLASSIFIED_NATIVE), utterance, p_llm=p_llm)

    def route_ask(self, utterance: str, context: RoutingContext) -> Decision:
        """Who answers what was asked through the bus: the language model in any mode, but for obvious commands."""
        if decision := self._explicit(utterance, context):
            return decision
        if is_native_command(utterance):
            return Decision("native", Reason.NATIVE_COMMAND, utterance)
        return Decision("llm", Reason.ASKED, utterance)

    def _explicit(self, utterance: str, context: RoutingContext) -> Decision | None:
        """The decision that the words themselves make, or the AI switch."""
        if not normalise(utterance):
            return Decision("native", Reason.NOTHING_SAID, utterance)
        if control := self._controls.find(utterance):
            return Decision("control", Reason.CONTROL_PHRASE, utterance, control)
        if not context.ai_on:
            return Decision("native", Reason.AI_OFF, utterance)
        if context.home_connected and (text := self._home.find(utterance)):
            return Decision("home", Reason.HOME_KEYWORD, text)
        if text := self._ai.find(utterance):
            return Decision("llm", Reason.AI_KEYWORD, text)
        return None

    def _without_home(self, utterance: str, reason: Reason) -> Reason:
        """The reason for leaving it to XiaoAI: a home keyword that could not be followed is the better one."""
        return reason if self._home.find(utterance) is None else Reason.HOME_NOT_CONNECTED
