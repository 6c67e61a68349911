"""A turn as its card shows it: plain data for the browser; pure."""

from __future__ import annotations

from typing import Literal, TypedDict

from migpt_console.pages.parts import turn_words as words
from migpt_shared.language import Language
from migpt_shared.messages import SpeechPhase, Turn
from migpt_shared.story import Story
from migpt_shared.waterfall import waterfall

SentenceState = Literal["written", "asked", "speaking", "spoken", "cut", "failed"]

_STATES: dict[SpeechPhase, SentenceState] = {
    "requested": "asked",
    "retrying": "asked",
    "speaking": "speaking",
    "spoken": "spoken",
    "interrupted": "cut",
    "failed": "failed",
    "expired": "failed",
}


class SentenceView(TypedDict):
    """One sentence of the answer."""

    text: str
    state: SentenceState


class StageView(TypedDict):
    """One bar of the waterfall; `left` and `width` in percent."""

    name: str
    took: str
    left: float
    width: float
    ours: bool


class ActionView(TypedDict):
    """A button: `event` is what the card emits."""

    event: str
    name: str
    icon: str


class TurnView(TypedDict):
    """Everything that a card draws."""

    id: str
    speaker: str
    source: str
    text: str
    phase: str
    phase_name: str
    route: str
    route_name: str
    reason: str
    probability: str
    preset: str
    error: str
    waiting: str
    sentences: list[SentenceView]
    stages: list[StageView]
    total: str
    times: str
    actions: list[ActionView]


def turn_view(story: Story, speaker_name: str, language: Language, *, is_latest: bool) -> TurnView:
    """The card of a turn. `is_latest`: the last one of its speaker, which corrections are about."""
    turn = story.turn
    fall = waterfall(story)
    end_ms = max((stage.end_ms for stage in fall.stages), default=0.0) or 1.0
    phase = turn.phase if turn else "heard"
    is_waiting = turn is not None and turn.route == "llm" and phase in ("accepted", "thinking")
    total = ""
    if fall.first_sound_ms is not None:
        total = words.TOTAL.in_(language, seconds=f"{fall.first_sound_ms / 1000:.2f}")
    return TurnView(
        id=turn.turn if turn else "",
        speaker=speaker_name,
        source=words.SOURCES[turn.source].in_(language) if turn and turn.source != "speaker" else "",
        text=story.text,
        phase=phase,
        phase_name=words.PHASES[phase].in_(language),
        route=turn.route if turn else "",
        route_name=words.ROUTES[turn.route].in_(language) if turn else "",
        reason=(turn.reason_text or turn.reason) if turn else "",
        probability=_probability(turn, language),
        preset=(turn.preset or "") if turn and turn.route == "llm" else "",
        error=(turn.error or "") if turn else "",
        waiting=words.WAITING.in_(language) if is_waiting else "",
        sentences=_sentences(story),
        stages=[
            StageView(
                name=stage.name.in_(language),
                took=f"{max(0.0, stage.took_ms):.0f} ms",
                left=round(max(0.0, stage.begin_ms) / end_ms * 100, 2),
                width=round(max(0.8, stage.took_ms / end_ms * 100), 2),
                ours=stage.is_ours,
            )
            for stage in fall.stages
            if stage.begin_ms >= 0
        ],
        total=total,
        times=words.TIMES.in_(language),
        actions=_actions(turn, language, is_latest=is_latest),
    )


def _probability(turn: Turn | None, language: Language) -> str:
    if turn is None or turn.p_llm is None:
        return ""
    return words.PROBABILITY.in_(language, percent=round(turn.p_llm * 100))


def _sentences(story: Story) -> list[SentenceView]:
    states: dict[int, SentenceState] = {}
    for spoken in story.on(story.speakers()[0]):
        if spoken.take == story.take:
            for seq in spoken.seqs:
                states[seq] = _STATES[spoken.phase]
    if story.sentences:
        return [
            SentenceView(text=text, state=states.get(seq, "written")) for seq, text in sorted(story.sentences.items())
        ]
    turn = story.turn
    if turn is None or not turn.reply_so_far:
        return []
    # The sentences went by before we listened: the turn itself says where they end.
    ends = turn.cuts[1:] or [len(turn.reply_so_far)]
    begins = [turn.cuts[0] if turn.cuts else 0, *ends[:-1]]
    return [
        SentenceView(text=turn.reply_so_far[begin:end], state="spoken" if seq < turn.sentences_spoken else "written")
        for seq, (begin, end) in enumerate(zip(begins, ends, strict=True))
        if turn.reply_so_far[begin:end]
    ]


def _actions(turn: Turn | None, language: Language, *, is_latest: bool) -> list[ActionView]:
    if turn is None:
        return []
    actions = []
    if turn.is_open:
        actions.append(ActionView(event="stop", name=words.STOP.in_(language), icon="stop"))
    if is_latest and not turn.is_open:
        if turn.route == "native":
            actions.append(ActionView(event="to-ai", name=words.TO_AI.in_(language), icon="auto_awesome"))
        if turn.route in ("llm", "home"):
            actions.append(ActionView(event="to-xiaoai", name=words.TO_XIAOAI.in_(language), icon="speaker"))
        if turn.route == "llm":
            actions.append(ActionView(event="forget", name=words.FORGET.in_(language), icon="delete_sweep"))
    return actions
