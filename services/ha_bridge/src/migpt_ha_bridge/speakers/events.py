"""From turns to what automations act on: one question, and one answer or why there is none, per turn; pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from migpt_ha_bridge.speakers.states import ATTRIBUTE_CHARACTERS, answer_text, shortened
from migpt_shared.messages import Event, Heard, Result, Turn

#: Turns of a speaker that are kept apart; one that is told again later is new to nobody.
_REMEMBERED_TURNS = 64


@dataclass(slots=True)
class _Told:
    """What was told of a turn."""

    question: bool = False
    end: bool = False
    native_answer: str | None = None
    closed: Turn | None = None
    """how a turn that XiaoAI answers ended, while its answer is not known"""


class TurnEvents:
    """The events of one speaker. Turns are told again by whoever takes over; events are not."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def turn(self, turn: Turn, *, is_news: bool) -> list[Event]:
        """A turn was published. What is not news was told by the bridge before."""
        told = self._of(turn.turn)
        events: list[Event] = []
        if not told.question:
            told.question = True
            if is_news:
                events.append(_event(turn, "question", turn.text))
        if turn.is_open or told.end:
            return events
        told.closed = turn
        end = self._end(turn, told)
        if end is not None:
            told.end = True
            if is_news:
                events.append(end)
        elif not is_news:
            told.end = True
        return events

    def heard(self, heard: Heard) -> list[Event]:
        """An utterance was told, perhaps again, with XiaoAI's answer."""
        if heard.native_answer is None:
            return []
        told = self._of(heard.turn or heard.id)
        told.native_answer = heard.native_answer
        if told.closed is None or told.end or (end := self._end(told.closed, told)) is None:
            return []
        told.end = True
        return [end]

    def native_answer(self, turn: str) -> str | None:
        """What XiaoAI answered in a turn, as far as it is known."""
        told = self._told.get(turn)
        return told.native_answer if told is not None else None

    def _of(self, turn: str) -> _Told:
        told = self._told.setdefault(turn, _Told())
        self._told.move_to_end(turn)
        if len(self._told) > _REMEMBERED_TURNS:
            self._told.popitem(last=False)
        return told

    @staticmethod
    def _end(turn: Turn, told: _Told) -> Event | None:
        match turn.phase:
            case "done":
                text = answer_text(turn, told.native_answer)
                # What XiaoAI answers may become known later; who says nothing has answered all the same.
                return None if turn.route == "native" and not text else _event(turn, "answer", text)
            case "cancelled":
                return _event(turn, "interrupted", turn.reply_so_far)
            case _:
                return _event(turn, "failed", turn.reply_so_far)


def _event(turn: Turn, kind: str, text: str) -> Event:
    return Event.model_validate(
        {
            "turn": turn.turn,
            "event_type": kind,
            "text": text[:ATTRIBUTE_CHARACTERS],
            "question": shortened(turn.text),
            "route": turn.route,
            "source": turn.source,
            "preset": turn.preset,
            "error": turn.error,
        }
    )


def choice_event(result: Result) -> Event | None:
    """The event of a person's answer to `do/ask_user`; None when the result is of another command."""
    match result.value:
        case {"choice": choice}:
            text = result.value.get("text") or choice or ""
            return Event(
                turn=result.turn,
                event_type="choice",
                text=str(text)[:ATTRIBUTE_CHARACTERS],
                outcome=result.value.get("outcome"),
                choice=None if choice is None else str(choice),
                question=result.value.get("question"),
                request=result.request,
                error=result.error,
            )
    return None
