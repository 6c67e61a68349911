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
