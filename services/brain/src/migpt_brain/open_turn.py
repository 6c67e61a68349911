"""A turn that is not over: what it is about, who works on it, and what is published of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from migpt_brain.control_phrases import ControlAction
from migpt_brain.desk import Desk
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Address, Sentence


@dataclass(slots=True)
class OpenTurn:
    """One open turn of a speaker's conversation."""

    desk: Desk
    address: Address
    progress: TurnProgress
    question: str
    """what the answerer is asked: the text without the keyword"""
    control: ControlAction | None = None
    job: asyncio.Task[object] | None = None
    held: list[str] = field(default_factory=list)
    """sentences cut before our `accepted` came back from the broker"""
    is_inherited: bool = False

    def publish(self) -> None:
        """Show everybody how the turn stands."""
        message = self.progress.message(self.desk.src)
        self.desk.bus.publish(message, household=self.address.household, speaker=self.address.speaker)

    def publish_sentence(self, seq: int, text: str, speakers: tuple[str, ...], *, last: bool = False) -> None:
        """Give a sentence to these speakers."""
        sentence = Sentence(turn=self.progress.id, take=self.progress.take, seq=seq, text=text, last=last)
        for speaker in speakers:
            self.desk.bus.publish(sentence, household=self.address.household, speaker=speaker)

    def send_again(self, speaker: str) -> None:
        """Publish again what this speaker has not brought to an end, as far as we know."""
        for seq in self.progress.unconfirmed(speaker):
            self.publish_sentence(seq, self.progress.sentences[seq], (speaker,))
        if self.progress.is_complete:
            self.publish_sentence(len(self.progress.sentences), "", (speaker,), last=True)
