"""Which of the things that happen are worth a line, at each level; pure."""

from __future__ import annotations

from migpt_cli.beat_lines import beat_line
from migpt_cli.story_view import Look, decision_line, ending_line
from migpt_shared.bus import Delivery
from migpt_shared.language import Phrase
from migpt_shared.messages import Account, Heard, Message, Sentence, Speech, Turn
from migpt_shared.settings import LogLevel
from migpt_shared.story import Beat, Change

_TOLD_NORMALLY = frozenset(
    {Change.HEARD, Change.DECIDED, Change.SENTENCE, Change.RETRYING, Change.CUT, Change.FAILED, Change.CLOSED}
)
_LONGEST_BODY = 400
#: What the lines of a story tell already.
_IN_STORIES = (Heard, Turn, Sentence, Speech)

_ANSWER = Phrase(zh="{speaker}  {text}", en="{speaker}  {text}")


def news_of(beat: Beat, level: LogLevel, look: Look, *, is_own: bool) -> str | None:
    """A line about what changed in a turn; None: not at this level. `is_own`: asked from here, so told at any level."""
    turn = beat.story.turn
    if is_own and beat.change is Change.CLOSED and turn is not None and turn.phase == "failed":
        return None  # the errand tells
    if level != "quiet":
        return beat_line(beat, look) if level == "debug" or beat.change in _TOLD_NORMALLY else None
    if beat.change is not Change.CLOSED or turn is None:
        return None
    name = look.name_of(beat.story.address)
    if is_own and turn.reply_so_far:
        return _ANSWER.in_(look.language, speaker=name, text=turn.reply_so_far)
    if not is_own and turn.phase != "failed":
        return None
    words = [decision_line(beat.story, look.language).plain, ending_line(beat.story, look.language).plain]
    return _ANSWER.in_(look.language, speaker=name, text=" · ".join(words))


def trouble_of(account: Account, household: str, before: Account | None) -> str | None:
    """A line when a Xiaomi login has stopped to work; None: nothing new."""
    if account.ok or (before is not None and not before.ok and before.reason == account.reason):
        return None
    return f"{household}: {account.reason or '?'}"


def message_line(delivery: Delivery) -> str | None:
    """A message as one line, for level debug; None: the stories tell of it."""
    message: Message = delivery.message
    if isinstance(message, _IN_STORIES):
        return None
    place = "/".join(delivery.places.values())
    body = message.model_dump_json(exclude={"id", "ts"}, exclude_none=True)
    shown = body if len(body) <= _LONGEST_BODY else f"{body[:_LONGEST_BODY]}…"
    return f"{type(message).__name__} {place} {shown}"
