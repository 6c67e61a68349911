"""Tells a story book what happens, as the bus and the room would."""

from __future__ import annotations

from typing import Any

from migpt_shared.messages import Address, Heard, Sentence, Speech, SpeechPhase, Turn
from migpt_shared.story import Beat, RoomEvent, RoomSound, Story, StoryBook

LIVING = Address("home", "living_room")
TURN = "01K9ZJ5T2M6W0V3B8QH4N7X1CE"
QUESTION = "为什么天是蓝的"


class Teller:
    """Moments are seconds from the start."""

    def __init__(self, *, has_room: bool = True, address: Address = LIVING) -> None:
        self.book = StoryBook(has_room=has_room)
        self.address = address

    @property
    def story(self) -> Story:
        return self.book.stories[-1]

    def heard(self, at: float, text: str = QUESTION, turn: str = TURN) -> list[Beat]:
        return self.book.heard(self.address, Heard(id=turn, turn=turn, text=text), at)

    def turn(self, at: float, phase: str, **fields: Any) -> list[Beat]:
        values = {"turn": TURN, "text": QUESTION, "route": "llm", "reason": "mode_ai", "owner": "brain/1", **fields}
        retained = bool(values.pop("retained", False))
        return self.book.turn(self.address, Turn.model_validate({**values, "phase": phase}), at, retained=retained)

    def sentence(self, at: float, seq: int, text: str, take: int = 0) -> list[Beat]:
        return self.book.sentence(self.address, Sentence(turn=TURN, seq=seq, text=text, take=take), at)

    def speech(
        self, at: float, phase: SpeechPhase, seqs: list[int], text: str, *, utterance: str = "u1", attempt: int = 1
    ) -> list[Beat]:
        speech = Speech(turn=TURN, utterance=utterance, seqs=seqs, text=text, phase=phase, attempt=attempt)
        return self.book.speech(self.address, speech, at)

    def room(self, at: float, kind: RoomSound, text: str = QUESTION, **fields: Any) -> list[Beat]:
        return self.book.room(self.address, RoomEvent(kind, at, text, **fields))


def whole_turn() -> Teller:
    """A question, XiaoAI silenced after 0.1 s, two sentences in two utterances, all of it heard."""
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.room(1.0, RoomSound.RECORD_VISIBLE)
    teller.room(1.05, RoomSound.NATIVE_STARTED, "我不知道")
    teller.heard(1.1)
    teller.turn(1.102, "accepted")
    teller.room(1.15, RoomSound.NATIVE_ENDED, "我不知道", heard_s=0.1, cut_by="pause")
    teller.sentence(1.6, 0, "因为散射。")
    teller.speech(1.61, "requested", [0], "因为散射。")
    teller.room(1.95, RoomSound.SOUND_STARTED, "因为散射。")
    teller.sentence(2.0, 1, "蓝光短。")
    teller.room(2.95, RoomSound.SOUND_ENDED, "因为散射。")
    teller.speech(2.96, "spoken", [0], "因为散射。")
    teller.speech(2.97, "requested", [1], "蓝光短。", utterance="u2")
    teller.room(3.3, RoomSound.SOUND_STARTED, "蓝光短。")
    teller.room(4.1, RoomSound.SOUND_ENDED, "蓝光短。")
    teller.speech(4.15, "spoken", [1], "蓝光短。", utterance="u2")
    teller.turn(4.2, "done", complete=True, spans_ms={"first_token": 300.0, "first_sentence": 450.0})
    return teller
