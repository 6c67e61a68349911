"""Messages between the brain and the Home Assistant bridge, and what the bridge tells of the home."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from migpt_shared.messages.answering import RouteName
from migpt_shared.messages.envelope import Message, UlidText
from migpt_shared.messages.hearing import Source
from migpt_shared.messages.topics import Channel

_ASK_EXPIRES_S = 20

#: What Home Assistant reads of a speaker, or of the bridge itself (unit `ha`): plain texts rather than messages, one
#: for each entity. The household's bridge alone writes them, retained.
HOME_STATES = Channel("{household}/{unit}/ha/{key}", retain=True)
#: Why Home Assistant did not do it, or not yet: stable words, for programs.
HomeCode = Literal[
    "not_configured",
    "unreachable",
    "slow",
    "not_authorised",
    "unknown_agent",
    "not_understood",
    "no_target",
    "unavailable",
    "refused",
    "unconfirmed",
    "needs_confirmation",
]


class HomeAsk(Message):
    """A text for Home Assistant's conversation agent."""

    channel: ClassVar = Channel("{household}/ha/ask", expires_s=_ASK_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "text": "打开客厅灯",
        "speaker": "living_room",
    }

    text: str = Field(min_length=1, max_length=8000, description="what the person said, without the keyword")
    speaker: str = Field(description="the speaker it was said to; conversations and area go by it")
    confirmed: bool = Field(default=False, description="the person has said yes to what needs a confirmation")


class HomeCall(Message):
    """A service call that the language model asked for."""

    channel: ClassVar = Channel("{household}/ha/call", expires_s=_ASK_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "service": "light.turn_on",
        "target": {"entity_id": ["light.living_room"]},
        "data": {"brightness_pct": 50},
    }

    service: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$", description="domain.service")
    target: dict[str, list[str]] = Field(default_factory=dict, description="entity_id, area_id or device_id lists")
    data: dict[str, Any] = Field(default_factory=dict, description="service data")
    confirmed: bool = Field(default=False, description="the person has said yes to what needs a confirmation")


class HomeLook(Message):
    """A question for the states of exposed entities."""

    channel: ClassVar = Channel("{household}/ha/look", expires_s=_ASK_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {"entities": ["light.living_room"]}

    entities: list[str] = Field(description="entity ids; none: all exposed entities")


class HomeEntityState(BaseModel):
    """How an entity is now."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: str = Field(description="entity_id")
    state: str = Field(description="its state in Home Assistant's words; unavailable or unknown too")
    attributes: dict[str, Any] = Field(default_factory=dict, description="those that describe it further, with units")


class HomeAnswer(Message):
    """The bridge's answer to an ask, a call or a look."""

    channel: ClassVar = Channel("{household}/ha/answer", expires_s=_ASK_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "request": "01K9ZJ5VX0Q3M7C2T5P8R1D4FA",
        "ok": True,
        "speech": "已打开客厅灯",
    }

    request: UlidText = Field(description="id of the ask, call or look")
    ok: bool = Field(description="Home Assistant confirmed it")
    speech: str = Field(default="", description="what to speak")
    error: str | None = Field(default=None, description="what went wrong, if something did")
    code: HomeCode | None = Field(default=None, description="the same as a stable word; null: nothing went wrong")
    asks_back: bool = Field(default=False, description="the agent has asked something; what is said next answers it")
    states: list[HomeEntityState] = Field(default_factory=list, description="what a look has found")


class HomeState(Message):
    """Whether the household's Home Assistant can be reached."""

    channel: ClassVar = Channel("{household}/ha/state", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "owner": "ha_bridge/1a2b3c",
        "connected": True,
        "agent": "conversation.home_assistant",
    }

    owner: str | None = Field(default=None, description="service/instance that is the household's bridge; null: none")
    connected: bool = Field(description="the bridge is logged in to Home Assistant")
    agent: str | None = Field(default=None, description="the conversation agent in use")
    error: str | None = Field(default=None, description="why it is not connected, and what to do")
    code: HomeCode | None = Field(default=None, description="the same as a stable word; null: connected, or not known")


class HomeEntity(BaseModel):
    """An entity that Home Assistant exposes to assistants."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: str = Field(description="entity_id")
    name: str = Field(description="friendly name")
    aliases: list[str] = Field(default_factory=list, description="other names people use")
    area: str | None = Field(default=None, description="room")
    domain: str = Field(description="light, switch, climate …")
    confirm: bool = Field(default=False, description="only operated after a spoken yes")


class HomeEntities(Message):
    """The exposed entities."""

    channel: ClassVar = Channel("{household}/ha/entities", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "entities": [{"id": "light.living_room", "name": "客厅灯", "aliases": [], "area": "客厅", "domain": "light"}]
    }

    entities: list[HomeEntity] = Field(description="all exposed entities")


class Event(Message):
    """What Home Assistant's automations may act on: one question and one answer per turn, or why there is none."""

    channel: ClassVar = Channel("{household}/{speaker}/event")
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "event_type": "answer",
        "text": "因为大气会散射阳光。",
        "question": "为什么天是蓝的",
        "route": "llm",
        "source": "speaker",
        "preset": "deepseek",
    }

    event_type: Literal["question", "answer", "interrupted", "failed", "choice"] = Field(
        description="what happened; choice: a person was asked by do/ask_user, and answered or did not"
    )
    text: str = Field(default="", description="the question, or the answer as far as it came; at most 5000 characters")
    question: str | None = Field(default=None, description="what was asked, cut to one line")
    route: RouteName | None = Field(default=None, description="who answers")
    source: Source | None = Field(default=None, description="where the question came from")
    preset: str | None = Field(default=None, description="the language model configuration that answers")
    choice: str | None = Field(default=None, description="which of the choices a person took; null: none of them")
    outcome: str | None = Field(
        default=None, description="how do/ask_user ended: choice, free (any answer was wanted), none, timeout, …"
    )
    request: UlidText | None = Field(default=None, description="id of the do/ask_user that this answers")
    error: str | None = Field(default=None, description="what went wrong, if something did")
