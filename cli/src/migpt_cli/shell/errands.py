"""What becomes of a command that was sent: whose results are awaited, and what they say; pure.

Moments are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migpt_cli.directory import KnownSpeaker
from migpt_shared.language import Phrase
from migpt_shared.messages import Address, Ask, Command, Result, Say, Turn

#: A service answers at once; only speech takes as long as it takes.
_ACCEPTED_WITHIN_S = 5.0
_SPOKEN_WITHIN_S = 45.0
_SECONDS_PER_CHARACTER = 0.4
#: Longer than any pause that the services themselves put up with.
_NEWS_WITHIN_S = 60.0

_REFUSED = Phrase(zh="{speaker}：没有做到：{error}", en="{speaker}: not done: {error}")
_UNSERVED = Phrase(
    zh="{speaker}：没有服务负责它（brain 和 speaker 服务在运行吗？）",
    en="{speaker}: no service owns it (do the services brain and speaker run?)",
)
_SILENT = Phrase(
    zh="{speaker}：没有应答，负责它的服务在运行吗？", en="{speaker}: no answer; does the service that owns it run?"
)
_NO_NEWS = Phrase(zh="没有新消息，不再等这个回答了。", en="no news; no longer waiting for this answer.")
_NOT_COMPLETE = Phrase(zh="回答没有完成：{error}", en="the answer is not complete: {error}")


@dataclass(frozen=True, slots=True)
class Remark:
    """A line about an errand."""

    phrase: Phrase
    values: dict[str, object] = field(default_factory=dict)
    is_problem: bool = True


@dataclass(slots=True)
class Errand:
    """One command under way. `done`: what is said of a speaker that did it; None: nothing."""

    command: Command
    waiting: dict[Address, KnownSpeaker]
    gives_up_at: float
    done: Phrase | None = None
    is_good: bool = True
    turns: dict[str, Turn | None] = field(default_factory=dict)
    """the turns that an ask opened, with how they ended"""

    @property
    def is_over(self) -> bool:
        return not self.waiting and all(turn is not None for turn in self.turns.values())

    def result(self, address: Address, result: Result, now: float) -> list[Remark]:
        """A result arrived; it may be another's."""
        if result.request != self.command.id or (speaker := self.waiting.pop(address, None)) is None:
            return []
        self._progress(now)
        if not result.ok:
            self.is_good = False
            return [Remark(_REFUSED, {"speaker": speaker.described, "error": result.error or "?"})]
        turn = result.value.get("turn") if isinstance(result.value, dict) else None
        if isinstance(self.command, Ask) and isinstance(turn, str):
            self.turns.setdefault(turn, None)
        if self.done is None:
            return []
        return [Remark(self.done, {"speaker": speaker.described}, is_problem=False)]

    def turn(self, turn: Turn, now: float) -> list[Remark]:
        """A turn has changed; it may be another's."""
        if turn.turn not in self.turns:
            return []
        self._progress(now)
        if turn.is_open or self.turns[turn.turn] is not None:
            return []
        self.turns[turn.turn] = turn
        self.is_good = self.is_good and turn.phase == "done"
        if turn.phase == "failed" or (turn.phase == "done" and turn.error):
            return [Remark(_NOT_COMPLETE, {"error": turn.error or turn.phase})]
        return []

    def give_up(self) -> list[Remark]:
        """Nothing came for too long."""
        self.is_good = False
        remarks = [Remark(_SILENT, {"speaker": speaker.described}) for speaker in self.waiting.values()]
        if any(turn is None for turn in self.turns.values()):
            remarks.append(Remark(_NO_NEWS))
        self.waiting.clear()
        self.turns.clear()
        return remarks

    def _progress(self, now: float) -> None:
        if isinstance(self.command, Ask):
            self.gives_up_at = now + _NEWS_WITHIN_S


def begin_errand(
    command: Command, speakers: Iterable[KnownSpeaker], now: float, done: Phrase | None = None
) -> tuple[Errand, list[Remark]]:
    """An errand for a command that is sent now and reaches these speakers; and about those that nobody serves."""
    patience_s = _ACCEPTED_WITHIN_S
    if isinstance(command, Say):
        patience_s = _SPOKEN_WITHIN_S + len(command.text) * _SECONDS_PER_CHARACTER
    waiting, unserved = {}, []
    for speaker in speakers:
        if _is_served(speaker, command):
            waiting[speaker.address] = speaker
        else:
            unserved.append(Remark(_UNSERVED, {"speaker": speaker.described}))
    return Errand(command, waiting, now + patience_s, done, is_good=not unserved), unserved


def _is_served(speaker: KnownSpeaker, command: Command) -> bool:
    states = {"brain": speaker.brain, "speaker": speaker.speech}
    return all((state := states.get(owner)) is not None and state.owner is not None for owner in command.owners)


_CLOSED_KEPT = 64


@dataclass(slots=True)
class Errands:
    """All errands under way."""

    under_way: list[Errand] = field(default_factory=list)
    _closed: dict[str, Turn] = field(default_factory=dict)
    """the last turns that ended: one may do so before its ask's result has arrived"""

    def result(self, address: Address, result: Result, now: float) -> Iterator[Remark]:
        for one in self.under_way:
            yield from one.result(address, result, now)
            for turn in [self._closed[turn] for turn, end in one.turns.items() if end is None and turn in self._closed]:
                yield from one.turn(turn, now)

    def turn(self, turn: Turn, now: float) -> Iterator[Remark]:
        if not turn.is_open:
            self._closed[turn.turn] = turn
            if len(self._closed) > _CLOSED_KEPT:
                del self._closed[next(iter(self._closed))]
        for one in self.under_way:
            yield from one.turn(turn, now)

    def is_own(self, turn: str) -> bool:
        """Whether the turn is one that we asked for and still wait for."""
        return any(turn in one.turns for one in self.under_way)
