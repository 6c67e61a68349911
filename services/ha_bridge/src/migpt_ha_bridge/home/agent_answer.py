"""What Home Assistant's conversation agent answered; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migpt_shared.messages import HomeCode

#: Home Assistant's error codes in ours; everything else is `refused`.
_CODES: dict[str, HomeCode] = {"no_intent_match": "not_understood", "no_valid_targets": "no_target"}


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """`concerned`: the entities that the agent says it has acted on; `failed`: names of those where it did not work."""

    speech: str
    code: HomeCode | None
    conversation_id: str | None
    asks_back: bool
    concerned: tuple[str, ...]
    failed: tuple[str, ...]


def agent_answer(raw: Mapping[str, Any]) -> AgentAnswer:
    """From the result of `conversation/process`. Parts that are missing are taken as empty."""
    response = raw.get("response") or {}
    data = response.get("data") or {}
    plain = (response.get("speech") or {}).get("plain") or {}
    is_error = response.get("response_type") == "error"
    done = response.get("response_type") == "action_done"
    return AgentAnswer(
        speech=str(plain.get("speech") or ""),
        code=_CODES.get(str(data.get("code")), "refused") if is_error else None,
        conversation_id=raw.get("conversation_id"),
        asks_back=raw.get("continue_conversation") is True,
        concerned=tuple(_ids(data.get("success"))) if done else (),
        failed=tuple(str(item.get("name") or item.get("id")) for item in data.get("failed") or ()),
    )


def _ids(items: Any) -> list[str]:
    return [str(item["id"]) for item in items or () if item.get("type") == "entity" and item.get("id")]
