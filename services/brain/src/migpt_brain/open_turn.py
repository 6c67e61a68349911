"""A turn that is not over: what it is about, who works on it, and what is published of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Self

from migpt_brain.control_phrases import ControlAction
from migpt_brain.desk import Desk
from migpt_brain.home.turn import HomeWish
from migpt_brain.rescue import RescueWatch, Verdict
from migpt_brain.routing import Decision
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Address, Native, Sentence, Source, Turn


@dataclass(slots=True)
class OpenTurn:
    """One open turn of a speaker's conversation."""

    desk: Desk
    address: Address
    progress: TurnProgress
    question: str
    """what the answerer is asked: the text without the keyword"""
    control: ControlAction | None = None
    wish: HomeWish | None = None
    """what a yes to a question of the home lets happen; None: what the question says"""
    is_declined: bool = False
    """it says no to what the home has asked"""
    job: asyncio.Task[object] | None = None
    held: list[str] = field(default_factory=list)
    """sentences cut before our `accepted` came back from the broker"""
    is_inherited: bool = False
    watch: RescueWatch | None = None
    """the turn was left to XiaoAI and stays open until it is known what came of it"""

    @classmethod
    def begun(
        cls,
        desk: Desk,
        address: Address,
        turn: str,
        text: str,
        source: Source,
        speakers: tuple[str, ...],
        way: Decision,
    ) -> Self:
        """A new turn, answered as was decided."""
        progress = TurnProgress(
            id=turn,
            text=text,
            source=source,
            route=way.route,
            reason=way.reason,
            reason_text=way.reason_text.in_(desk.settings.language),
            speakers=speakers,
            opened=time.monotonic(),
            p_llm=way.p_llm,
        )
        return cls(desk, address, progress, question=way.text, control=way.control)

    @classmethod
    def taken_over(cls, desk: Desk, address: Address, turn: Turn) -> Self:
        """The next take of a turn whose brain is gone."""
        progress = TurnProgress(
            id=turn.turn,
            text=turn.text,
            source=turn.source,
            route=turn.route,
            reason=turn.reason,
            reason_text=turn.reason_text,
            speakers=tuple(turn.speakers),
            opened=time.monotonic(),
            p_llm=turn.p_llm,
            take=turn.take + 1,
            preset=turn.preset,
        )
        return cls(desk, address, progress, question=turn.text)

    # -- what is published ---------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Show everybody how the turn stands."""
        message = self.progress.message(self.desk.src)
        self.desk.bus.publish(message, household=self.address.household, speaker=self.address.speaker)

    def publish_sentence(self, seq: int, text: str, speakers: tuple[str, ...], *, last: bool = False) -> None:
        """Give a sentence to these speakers."""
        sentence = Sentence(turn=self.progress.id, take=self.progress.take, seq=seq, text=text, last=last)
        for speaker in speakers:
            self.desk.bus.publish(sentence, household=self.address.household, speaker=speaker)

    def say(self, text: str) -> None:
        """Speak a sentence, as soon as the turn is certain to be ours."""
        if not self.progress.is_confirmed:
            self.held.append(text)
            return
        seq = self.progress.add_sentence(text, time.monotonic())
        self.publish_sentence(seq, text, self.progress.speakers)
        self.publish()

    def confirm(self) -> None:
        """The turn is ours: what was held back leaves."""
        self.progress.is_confirmed = True
        held, self.held = self.held, []
        for sentence in held:
            self.say(sentence)

    def send_again(self, speaker: str) -> None:
        """Publish again what this speaker has not brought to an end, as far as we know."""
        for seq in self.progress.unconfirmed(speaker):
            self.publish_sentence(seq, self.progress.sentences[seq], (speaker,))
        if self.progress.is_complete:
            self.publish_sentence(len(self.progress.sentences), "", (speaker,), last=True)

    # -- what XiaoAI answers -------------------------------------------------------------------------------------

    def tell_xiaoai(self) -> None:
        """XiaoAI is to do it; what was said elsewhere it has not heard."""
        if self.progress.source != "speaker":
            command = Native(turn=self.progress.id, text=self.progress.text)
            self.desk.bus.publish(command, household=self.address.household, speaker=self.address.speaker)
            self.watch = None

    def native_verdict(self, now: float) -> Verdict:
        """What is to be done about a turn that was left to XiaoAI."""
        if not self.progress.is_confirmed:
            return Verdict.WAIT
        return Verdict.LEAVE if self.watch is None else self.watch.verdict(now)

    def rescue(self, way: Decision) -> None:
        """XiaoAI could not: the turn is answered as decided now, as its next take."""
        self.watch, self.question = None, way.text
        self.progress.reroute(way.route, way.reason, way.reason_text.in_(self.desk.settings.language))
        self.publish()
