"""Where the time of a turn went: measured stages in milliseconds; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from migpt_shared.language import Phrase
from migpt_shared.story import Spoken, Story

_PUBLISHED = Phrase(zh="小米云收录", en="Xiaomi's transcript")
_HEARD = Phrase(zh="听到", en="heard")
_DECIDED = Phrase(zh="决定谁来答", en="route decided")
_FIRST_TOKEN = Phrase(zh="大模型第一个词", en="first token")
_FIRST_SENTENCE = Phrase(zh="第一句成形", en="first sentence cut")
_REQUESTED = Phrase(zh="请求朗读", en="TTS requested")
_SOUND = Phrase(zh="音箱出声", en="speaker sounds")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way to the first sound. Moments are milliseconds after the utterance was there to be heard."""

    name: Phrase
    begin_ms: float
    end_ms: float
    is_ours: bool = True
    """False: Xiaomi's doing, or the person's"""

    @property
    def took_ms(self) -> float:
        return self.end_ms - self.begin_ms


@dataclass(frozen=True, slots=True)
class SpokenBar:
    """One utterance of the answer as it sounded, seconds after the first sound."""

    text: str
    begin_s: float
    end_s: float
    gap_s: float | None
    """silence before it; None for the first"""
    was_cut: bool


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All of a turn. `stages` lead to the first sound; `bars` are the answer."""

    stages: tuple[Stage, ...]
    bars: tuple[SpokenBar, ...]
    done_s: float | None
    """seconds from the utterance being there to the end of the turn"""

    @property
    def first_sound_ms(self) -> float | None:
        return self.stages[-1].end_ms if self.stages and self.stages[-1].name is _SOUND else None


def waterfall(story: Story) -> Waterfall:
    """What was measured; stages of which nothing is known are left out."""
    begin = story.visible_at or story.heard_at or story.accepted_at
    if begin is None:
        return Waterfall((), (), None)
    moments: list[tuple[Phrase, float]] = []

    def reached(name: Phrase, at: float | None) -> None:
        if at is not None:
            moments.append((name, at))

    spans = story.turn.spans_ms if story.turn else {}
    accepted = story.accepted_at
    main = story.on(story.speakers()[0])
    reached(_HEARD, story.heard_at)
    reached(_DECIDED, accepted)
    for name, span in ((_FIRST_TOKEN, "first_token"), (_FIRST_SENTENCE, "first_sentence")):
        if accepted is not None and span in spans:
            reached(name, accepted + spans[span] / 1000)
    if main:
        reached(_REQUESTED, main[0].requested_at)
        reached(_SOUND, _start(main[0]))
    stages = [
        Stage(name, (before - begin) * 1000, (at - begin) * 1000, is_ours=name is not _SOUND)
        for (_, before), (name, at) in pairwise([(_HEARD, begin), *moments])
    ]
    if story.said_at is not None and story.visible_at is not None:
        stages.insert(0, Stage(_PUBLISHED, (story.said_at - begin) * 1000, 0.0, is_ours=False))
    done_s = None if story.closed_at is None else story.closed_at - begin
    return Waterfall(tuple(stages), tuple(_bars(main)), done_s)


def _bars(spoken: list[Spoken]) -> list[SpokenBar]:
    sounded = [(one, start, end) for one in spoken if (start := _start(one)) is not None and (end := _end(one))]
    bars: list[SpokenBar] = []
    for number, (one, start, end) in enumerate(sounded):
        zero = sounded[0][1]
        gap_s = start - sounded[number - 1][2] if number else None
        bars.append(SpokenBar(one.text, start - zero, end - zero, gap_s, one.was_cut))
    return bars


def _start(one: Spoken) -> float | None:
    """The room knows best; without one, the speaker service's word is taken."""
    return one.sound_started_at if one.sound_started_at is not None else one.believed_start_at


def _end(one: Spoken) -> float | None:
    return one.sound_ended_at if one.sound_ended_at is not None else one.believed_end_at
