"""Who answers what: one table, whose first row that applies decides.

From explicit to guessed: what the person said about the answerer, what was corrected, the mode, what XiaoAI itself
made of it, the intent model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from migpt_brain.asked.question import Reading
from migpt_brain.control_phrases import ControlAction
from migpt_brain.home.awaited import Verdict
from migpt_shared.language import Phrase
from migpt_shared.messages import ANSWER_REASON, Mode, RouteName, Target


class Reason(StrEnum):
    """Why a route was taken: stable words, for programs."""

    NOTHING_SAID = "nothing_said"
    ANSWER = ANSWER_REASON
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CONTROL_PHRASE = "control_phrase"
    AI_OFF = "ai_off"
    CORRECTED_NATIVE = "corrected_native"
    CORRECTED_LLM = "corrected_llm"
    HOME_KEYWORD = "home_keyword"
    HOME_IS_DOWN = "home_is_down"
    AI_KEYWORD = "ai_keyword"
    HOME_ASKED = "home_asked"
    CLASSIFIED_HOME = "classified_home"
    ASKED = "asked"
    MODE_AI = "mode_ai"
    CLASSIFIED_LLM = "classified_llm"
    FOLLOW_UP = "follow_up"
    RESCUED = "rescued"
    HOME_NOT_CONNECTED = "home_not_connected"
    MODE_NATIVE = "mode_native"
    NATIVE_COMMAND = "native_command"
    NO_KEYWORD = "no_keyword"
    CLASSIFIED_NATIVE = "classified_native"


REASON_TEXTS: dict[Reason, Phrase] = {
    Reason.ANSWER: Phrase(zh="这是对刚才提问的回答", en="it answers a question that was asked"),
    Reason.NOTHING_SAID: Phrase(zh="没有听到内容", en="nothing was said"),
    Reason.CONFIRMED: Phrase(zh="确认了刚才的操作", en="it says yes to what was asked"),
    Reason.DECLINED: Phrase(zh="取消了刚才的操作", en="it says no to what was asked"),
    Reason.CONTROL_PHRASE: Phrase(zh="这是控制助手的话", en="a phrase that controls the assistant"),
    Reason.AI_OFF: Phrase(zh="AI 已关闭，由小爱回答", en="AI is switched off, XiaoAI answers"),
    Reason.CORRECTED_NATIVE: Phrase(zh="你说过这句由小爱回答", en="corrected: this is for XiaoAI"),
    Reason.CORRECTED_LLM: Phrase(zh="你说过这句由大模型回答", en="corrected: this is for the language model"),
    Reason.HOME_KEYWORD: Phrase(zh="有智能家居关键词", en="it has a smart home keyword"),
    Reason.HOME_IS_DOWN: Phrase(
        zh="有智能家居关键词，但 Home Assistant 连不上", en="smart home keyword, but Home Assistant cannot be reached"
    ),
    Reason.HOME_ASKED: Phrase(zh="在回答 Home Assistant 的提问", en="it answers what Home Assistant has asked"),
    Reason.AI_KEYWORD: Phrase(zh="有大模型关键词", en="it has a keyword for the language model"),
    Reason.CLASSIFIED_HOME: Phrase(zh="判断为控制家里的设备", en="judged to be about the home's devices"),
    Reason.ASKED: Phrase(zh="直接向大模型提问", en="the language model was asked directly"),
    Reason.MODE_AI: Phrase(zh="高级对话模式，都由大模型回答", en="in mode ai everything goes to the language model"),
    Reason.CLASSIFIED_LLM: Phrase(zh="判断为适合大模型回答", en="judged to be for the language model"),
    Reason.FOLLOW_UP: Phrase(zh="接着刚才的回答在问", en="it follows up on the answer just given"),
    Reason.RESCUED: Phrase(zh="小爱答不上来，由大模型接着回答", en="XiaoAI could not, the language model takes over"),
    Reason.HOME_NOT_CONNECTED: Phrase(
        zh="有智能家居关键词，但没有连接 Home Assistant", en="smart home keyword, but there is no Home Assistant"
    ),
    Reason.MODE_NATIVE: Phrase(zh="小爱模式，没有关键词", en="mode native, and no keyword"),
    Reason.NATIVE_COMMAND: Phrase(zh="这是小爱自己的指令", en="a command that XiaoAI obeys itself"),
    Reason.NO_KEYWORD: Phrase(zh="没有关键词，由小爱回答", en="no keyword, XiaoAI answers"),
    Reason.CLASSIFIED_NATIVE: Phrase(zh="判断为适合小爱回答", en="judged to be for XiaoAI"),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the choice depends on.

    way: the mode; "asked": it came through the bus, where the language model is meant in any mode.
    home_text, ai_text: what the answerer is asked when such a keyword is there; None: it is not.
    home_is_down: there is a Home Assistant, but it cannot be asked. awaited: what the utterance says to what the home
    has asked back.
    p_llm: the intent model's probability; None: there is no model yet. p_in_context: the same after what was just
    talked about is taken into account. threshold: from this probability on it is for the language model.
    is_home: the intent model takes it for control of the home.
    is_refused: XiaoAI answered that it cannot.
    answer: what the utterance is to a question that a program has asked of the person; None: there is none.
    """

    is_empty: bool
    control: ControlAction | None
    ai_on: bool
    corrected: Target | None
    home_text: str | None
    home_connected: bool
    home_is_down: bool
    awaited: Verdict | None
    ai_text: str | None
    way: Mode | Literal["asked"]
    is_command: bool
    is_home: bool
    p_llm: float | None
    p_in_context: float | None
    threshold: float
    is_refused: bool
    answer: Reading | None = None

    @property
    def leaves_commands(self) -> bool:
        """Only obvious commands are not for the language model."""
        return self.way in ("ai", "asked")


@dataclass(frozen=True, slots=True)
class Row:
    """If it applies, and no row above does, this is the route."""

    reason: Reason
    route: RouteName
    applies: Callable[[Findings], bool]


def _is_likely(probability: float | None, findings: Findings) -> bool:
    return findings.way == "auto" and probability is not None and probability >= findings.threshold


TABLE: tuple[Row, ...] = (
    Row(Reason.NOTHING_SAID, "native", lambda f: f.is_empty),
    # A program asked, and this is what the person says to it.
    Row(Reason.ANSWER, "control", lambda f: f.answer == "choice" or (f.answer == "other" and f.control is None)),
    # A plain yes or no to a question that was just asked means nothing else.
    Row(Reason.CONFIRMED, "home", lambda f: f.awaited == "yes" and f.ai_on),
    Row(Reason.DECLINED, "home", lambda f: f.awaited == "no" and f.ai_on),
    Row(Reason.CONTROL_PHRASE, "control", lambda f: f.control is not None),
    Row(Reason.AI_OFF, "native", lambda f: not f.ai_on),
    # The very words were corrected: nothing says more plainly who is meant, not even a keyword in them.
    Row(Reason.CORRECTED_NATIVE, "native", lambda f: f.corrected == "native"),
    Row(Reason.CORRECTED_LLM, "llm", lambda f: f.corrected == "llm" and f.way != "native"),
    Row(Reason.HOME_KEYWORD, "home", lambda f: f.home_text is not None and f.home_connected),
    Row(Reason.HOME_IS_DOWN, "home", lambda f: f.home_text is not None and f.home_is_down),
    Row(Reason.AI_KEYWORD, "llm", lambda f: f.ai_text is not None),
    Row(Reason.HOME_ASKED, "home", lambda f: f.awaited == "reply" and f.home_connected),
    # The home: where commands are XiaoAI's alone, a command that the model takes for the home goes there.
    Row(
        Reason.CLASSIFIED_HOME, "home", lambda f: f.leaves_commands and f.is_command and f.is_home and f.home_connected
    ),
    Row(Reason.ASKED, "llm", lambda f: f.way == "asked" and not f.is_command),
    Row(Reason.MODE_AI, "llm", lambda f: f.way == "ai" and not f.is_command),
    Row(Reason.CLASSIFIED_LLM, "llm", lambda f: _is_likely(f.p_llm, f)),
    Row(Reason.CLASSIFIED_HOME, "home", lambda f: f.way == "auto" and f.is_home and f.home_connected),
    Row(Reason.FOLLOW_UP, "llm", lambda f: _is_likely(f.p_in_context, f)),
    # All that is left goes to XiaoAI first.
    Row(Reason.RESCUED, "llm", lambda f: f.is_refused and f.way != "native"),
    Row(Reason.HOME_NOT_CONNECTED, "native", lambda f: f.home_text is not None),
    Row(Reason.MODE_NATIVE, "native", lambda f: f.way == "native"),
    Row(Reason.NATIVE_COMMAND, "native", lambda f: f.leaves_commands),
    Row(Reason.NO_KEYWORD, "native", lambda f: f.p_llm is None),
    Row(Reason.CLASSIFIED_NATIVE, "native", lambda f: True),
)


def row_for(findings: Findings) -> Row:
    """The row that decides."""
    return next(row for row in TABLE if row.applies(findings))


def may_be_rescued(findings: Findings) -> bool:
    """Whether the language model would take over, should XiaoAI say that it cannot."""
    return row_for(replace(findings, is_refused=True)).route == "llm"
