"""Who is asked when: the rules of retry, fallback and giving up, without clock and network.

A race is fed with what happened (`failed`, `spoke`, `tick`) and the time, and says what to do. Every preset of the
chain is one lane. The first to speak wins; all others are stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from migpt_brain.llm.failures import FailureKind

QUICK_RETRY_S = {
    FailureKind.UNREACHABLE: 0.05,
    FailureKind.SERVER_ERROR: 0.2,
    FailureKind.RATE_LIMITED: 0.5,
    FailureKind.EMPTY: 0.0,
}
"""What one more try can cure, and how long to wait before it. Everything else fails the same way again."""

LONGEST_RETRY_AFTER_S = 1.5
"""A provider that asks for a longer pause is left alone: the listener would not wait so long."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one request failed. `detail` holds no key; `curable`: the cause has been removed, ask again at once."""

    kind: FailureKind
    detail: str
    retry_after_s: float | None = None
    curable: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Send the request to that lane's preset."""

    lane: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Close that lane's connection."""

    lane: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody will answer any more. The failure is that of `lane`."""

    lane: int
    failure: Failure


Action = Ask | Stop | GiveUp


class _State(Enum):
    IDLE = auto()
    ASKED = auto()
    RETRYING = auto()
    OVER = auto()


@dataclass(slots=True)
class _Lane:
    late_after_s: float
    state: _State = _State.IDLE
    began: float = 0.0
    retry_at: float = 0.0
    has_retried: bool = False
    failure: Failure | None = None


@dataclass(slots=True)
class Race:
    """One question's way through the chain of presets.

    `late_after_s`: for each lane, how long after its start the next lane starts too. `give_up_after_s`: from the begin
    of the race, when all is over if nobody has spoken.
    """

    late_after_s: Sequence[float]
    give_up_after_s: float
    winner: int | None = None
    _lanes: list[_Lane] = field(init=False)
    _give_up_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._lanes = [_Lane(late) for late in self.late_after_s]

    def begin(self, now: float) -> list[Action]:
        """Starts the first lane."""
        self._give_up_at = now + self.give_up_after_s
        return self._start_next(now)

    def spoke(self, lane: int) -> list[Action]:
        """The first text came from that lane."""
        if self.winner is not None:
            return []
        self.winner = lane
        return [Stop(index) for index, each in enumerate(self._lanes) if index != lane and each.state is _State.ASKED]

    def failed(self, lane: int, failure: Failure, now: float) -> list[Action]:
        """That lane's request failed before any text."""
        each = self._lanes[lane]
        if failure.curable:
            return [Ask(lane)]
        each.failure = failure
        pause_s = _pause(failure)
        if pause_s is not None and not each.has_retried and now + pause_s < self._give_up_at:
            each.has_retried = True
            each.state, each.retry_at = _State.RETRYING, now + pause_s
            return self.tick(now)
        each.state = _State.OVER
        return self._start_next(now) or self._give_up_if_over()

    def tick(self, now: float) -> list[Action]:
        """Time has passed; to be called at `next_at` at the latest."""
        if self.winner is not None:
            return []
        if now >= self._give_up_at:
            return self._out_of_time()
        actions: list[Action] = []
        for index, each in enumerate(self._lanes):
            if each.state is _State.RETRYING and now >= each.retry_at:
                each.state = _State.ASKED
                actions.append(Ask(index))
        running = [each for each in self._lanes if each.state is not _State.IDLE]
        if running and now >= running[-1].began + running[-1].late_after_s:
            actions += self._start_next(now)
        return actions

    def next_at(self) -> float | None:
        """When `tick` is due next; None once somebody has spoken."""
        if self.winner is not None:
            return None
        times = [self._give_up_at]
        times += [each.retry_at for each in self._lanes if each.state is _State.RETRYING]
        started = [each for each in self._lanes if each.state is not _State.IDLE]
        if started and len(started) < len(self._lanes):
            times.append(started[-1].began + started[-1].late_after_s)
        return min(times)

    def _start_next(self, now: float) -> list[Action]:
        for index, each in enumerate(self._lanes):
            if each.state is _State.IDLE:
                each.state, each.began = _State.ASKED, now
                return [Ask(index)]
        return []

    def _give_up_if_over(self) -> list[Action]:
        if any(each.state is not _State.OVER for each in self._lanes):
            return []
        # The first preset is the one that somebody chose: its trouble is what they want to hear of.
        failure = self._lanes[0].failure
        return [] if failure is None else [GiveUp(0, failure)]

    def _out_of_time(self) -> list[Action]:
        actions: list[Action] = [Stop(lane) for lane, each in enumerate(self._lanes) if each.state is _State.ASKED]
        for each in self._lanes:
            each.state = _State.OVER
        late = Failure(FailureKind.TIMED_OUT, f"no answer within {self.give_up_after_s:g} s")
        return [*actions, GiveUp(0, self._lanes[0].failure or late)]


def _pause(failure: Failure) -> float | None:
    """How long to wait before the one further try; None: do not try again."""
    usual_s = QUICK_RETRY_S.get(failure.kind)
    if usual_s is None or failure.retry_after_s is None:
        return usual_s
    return failure.retry_after_s if failure.retry_after_s <= LONGEST_RETRY_AFTER_S else None
