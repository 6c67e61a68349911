"""Whether an utterance was really answered in the room; pure."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_shared.language import Phrase
from migpt_shared.story import Story, heard_in_room, joined

_NEVER_HEARD = Phrase(zh="poller 没有听到这句话", en="the poller never heard it")
_NO_TURN = Phrase(zh="brain 没有接受这句话", en="no brain took it")
_NOT_CLOSED = Phrase(zh="回答没有结束（{phase}）", en="the answer did not end ({phase})")
_NOT_DONE = Phrase(zh="这一轮 {phase}：{error}", en="the turn {phase}: {error}")
_NO_NATIVE = Phrase(zh="留给了小爱，但它没有出声", en="it was left to XiaoAI, which said nothing")
_NATIVE_CUT = Phrase(zh="留给了小爱，但它被打断了", en="it was left to XiaoAI, which was cut off")
_SILENCE = Phrase(zh="房间里没有听到回答", en="no answer was heard in the room")
_MISSING = Phrase(zh="房间里没有听全，缺少：“{sentence}”", en="the room did not hear all of it; missing: “{sentence}”")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why it does not count as answered."""

    phrase: Phrase
    values: dict[str, object]


def is_over(story: Story) -> bool:
    """Nothing more will happen: the turn is closed and the room is silent."""
    turn = story.turn
    if turn is None or turn.is_open:
        return False
    if any(one.sound_started_at is not None and one.sound_ended_at is None for one in story.spoken):
        return False
    if turn.route == "native" and turn.phase == "done":
        return story.media is not None or (story.native is not None and story.native.ended_at is not None)
    return story.native is None or story.native.ended_at is not None


def shortfall(story: Story) -> Shortfall | None:
    """None: the whole answer was heard in the room of the asked speaker, as the room itself tells."""
    turn = story.turn
    if turn is None:
        return Shortfall(_NO_TURN if story.heard_at is not None else _NEVER_HEARD, {})
    if turn.is_open:
        return Shortfall(_NOT_CLOSED, {"phase": turn.phase})
    if turn.phase != "done":
        return Shortfall(_NOT_DONE, {"phase": turn.phase, "error": turn.error or "?"})
    if turn.route == "native":
        return _native_shortfall(story)
    heard = heard_in_room(story, story.address.speaker)
    if not heard:
        return Shortfall(_SILENCE, {})
    place = 0
    for _, sentence in sorted(story.sentences.items()):
        found = heard.find(joined([sentence]), place)
        if found < 0:
            return Shortfall(_MISSING, {"sentence": sentence})
        place = found + len(joined([sentence]))
    return None


def _native_shortfall(story: Story) -> Shortfall | None:
    if story.media is not None:
        return None
    if story.native is None:
        return Shortfall(_NO_NATIVE, {})
    return Shortfall(_NATIVE_CUT, {}) if story.native.cut_by is not None else None
