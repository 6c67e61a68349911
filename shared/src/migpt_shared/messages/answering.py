"""Messages of the brain: turns, the sentences that answer them, and answers that are not spoken."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from migpt_shared.messages.envelope import Message, UlidText
from migpt_shared.messages.hearing import Source
from migpt_shared.messages.topics import Channel

#: The `reason` of a turn whose utterance answers a question of `do/ask_user`.
ANSWER_REASON = "answer"
RouteName = Literal["llm", "home", "native", "control"]
TurnPhase = Literal["accepted", "thinking", "speaking", "done", "cancelled", "failed"]
Mode = Literal["auto", "ai", "native"]
#: Who should have answered, when a person corrects the choice.
Target = Literal["llm", "native"]

#: Phases after which nothing more happens in a turn.
CLOSED_PHASES: frozenset[str] = frozenset({"done", "cancelled", "failed"})


class Turn(Message):
    """One utterance and all that answers it. `turn` is its id; the last message shows how it stands."""

    channel: ClassVar = Channel("{household}/{speaker}/turn", retain=True, expires_s=24 * 3600)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "text": "为什么天是蓝的",
        "source": "speaker",
        "route": "llm",
        "reason": "ai_keyword",
        "phase": "speaking",
        "owner": "brain/d4e5f6",
        "take": 0,
        "preset": "deepseek",
        "reply_so_far": "因为大气会散射阳光。",
        "sentences_sent": 1,
        "speakers": ["living_room"],
        "spans_ms": {"first_token": 310.2, "first_sentence": 455.0},
    }

    turn: UlidText = Field(description="the turn's id")
    text: str = Field(max_length=8000, description="the utterance")
    source: Source = Field(default="speaker", description="where the utterance came from")
    route: RouteName = Field(description="who answers")
    reason: str = Field(description="why that one answers: a short stable word")
    reason_text: str = Field(default="", description="the same for people, in the configured language")
    p_llm: float | None = Field(default=None, ge=0, le=1, description="the classifier's probability; null: not asked")
    phase: TurnPhase = Field(description="how far the turn is")
    owner: str = Field(description="service/instance of the brain that answers")
    take: int = Field(default=0, ge=0, description="attempt at this turn; counts up when another brain takes it over")
    preset: str | None = Field(default=None, description="the language model configuration that answers")
    reply_so_far: str = Field(default="", description="the sentences sent so far, joined")
    sentences_sent: int = Field(default=0, ge=0, description="number of sentences sent so far")
    cuts: list[int] = Field(
        default_factory=list,
        description="offsets in reply_so_far: where this take begins, then where each of its sentences ends",
    )
    sentences_spoken: int = Field(default=0, ge=0, description="number of sentences, from the first, that were heard")
    complete: bool = Field(default=False, description="the language model has finished")
    speakers: list[str] = Field(default_factory=list, description="the speakers on which the answer is spoken")
    error: str | None = Field(default=None, description="what went wrong, if something did")
    spans_ms: dict[str, float] = Field(
        default_factory=dict, description="milliseconds from `accepted` to a named moment, by the owner's own clock"
    )

    @property
    def is_open(self) -> bool:
        return self.phase not in CLOSED_PHASES

    @property
    def is_kept_from_xiaoai(self) -> bool:
        """XiaoAI is not to answer it: somebody else does, or whoever has asked for it waits for it."""
        return self.route in ("llm", "home") or self.reason == ANSWER_REASON


class Sentence(Message):
    """One sentence to speak. Numbered from 0 within the turn; `last` may be an empty sentence that only ends it."""

    channel: ClassVar = Channel("{household}/{speaker}/sentence", expires_s=60)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "take": 0,
        "seq": 0,
        "text": "因为大气会散射阳光。",
        "last": False,
    }

    turn: UlidText = Field(description="the turn's id")
    take: int = Field(default=0, ge=0, description="attempt at the turn")
    seq: int = Field(ge=0, description="position in the turn from 0; a gap means loss")
    text: str = Field(max_length=4000, description="what to speak, clean; empty only together with `last`")
    last: bool = Field(default=False, description="no sentence follows")


class Reply(Message):
    """A sentence, or the end, of an ask that is not spoken; goes to the asker alone."""

    channel: ClassVar = Channel("reply/{service}/{instance}/{request}", expires_s=60)
    example: ClassVar[dict[str, Any]] = {"seq": 0, "text": "因为大气会散射阳光。", "end": False}

    seq: int = Field(ge=0, description="position from 0")
    text: str = Field(default="", description="a sentence; empty at the end")
    end: bool = Field(default=False, description="no sentence follows")
    error: str | None = Field(default=None, description="why the answer is not whole, if it is not")
    preset: str | None = Field(default=None, description="who answered (at the end)")


class IntentModelState(BaseModel):
    """The intent model in use."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str = Field(description="changes whenever the model does")
    corrections: int = Field(ge=0, description="how many corrections it has learnt")


class BrainState(Message):
    """The brain's settings and figures for one speaker. Written by the brain that owns it."""

    channel: ClassVar = Channel("{household}/{speaker}/state/brain", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "owner": "brain/d4e5f6",
        "ai": True,
        "mode": "auto",
        "preset": "deepseek",
        "last_route": "llm",
        "tokens_today": 2048,
        "model": {"version": "5f0c1d9a72be", "corrections": 3},
    }

    owner: str | None = Field(description="service/instance that answers for this speaker; null: free")
    ai: bool = Field(default=True, description="the AI switch")
    mode: Mode = Field(default="auto", description="auto, ai (all but device control to the LLM), native")
    preset: str | None = Field(default=None, description="current language model configuration")
    persona: str | None = Field(default=None, description="current persona")
    chosen: list[str] = Field(
        default_factory=list,
        description="which of ai, mode, preset and persona a person has set; the rest is configured",
    )
    last_route: RouteName | None = Field(default=None, description="who answered last")
    tokens_today: int = Field(default=0, ge=0, description="tokens used since midnight")
    model: IntentModelState | None = Field(
        default=None, description="the intent model in use; null: none yet, only keywords and the mode decide"
    )
