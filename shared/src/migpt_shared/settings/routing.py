"""Who answers what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from migpt_shared.messages import Mode
from migpt_shared.settings.base import Section


class RoutingSettings(Section):
    mode: Mode = Field(
        default="auto",
        description="auto: keywords and the intent model decide; ai: all but device control goes to the language "
        "model; native: only keywords reach it. The switch at run time goes before it",
    )
    ai: bool = Field(default=True, description="the AI switch when a speaker is seen for the first time")
    ai_keywords: list[str] = Field(
        default_factory=lambda: ["请", "帮我", "问一下"],
        description="an utterance that begins with one of them goes to the language model",
    )
    home_keywords: list[str] = Field(
        default_factory=lambda: ["小周"], description="an utterance that begins with one of them goes to Home Assistant"
    )
    keyword_position: Literal["start", "anywhere"] = Field(
        default="start", description="where a keyword counts: at the start, or as a word anywhere in the utterance"
    )
    llm_threshold: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="in mode auto, from this probability on (as the intent model sees it) an utterance goes to the "
        "language model; higher: more is left to XiaoAI; none: what the model itself holds for best",
    )
    follow_up_s: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="so many seconds after an answer of the language model a fragment such as 为什么呢 is likelier "
        "meant for it; 0: never",
    )
    confirm_s: float = Field(
        default=20.0,
        ge=3,
        le=300,
        description="how long a question about the home, such as 确认要打开大门吗, waits for an answer once spoken",
    )
    rescue: bool = Field(
        default=True,
        description="when XiaoAI answers that it does not know or cannot, the language model takes over; never with "
        "AI off or in mode native",
    )
