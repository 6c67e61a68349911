"""How things stand for one speaker: its switches over the settings, and what was said last."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_brain.desk import Desk
from migpt_brain.home.awaited import Awaited
from migpt_brain.llm import preset_problem
from migpt_brain.routing import RoutingContext
from migpt_brain.switches import Switches
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Address, BrainState, IntentModelState, Mode, RouteName


@dataclass(slots=True)
class Standing:
    """Times are monotonic seconds."""

    desk: Desk
    address: Address
    switches: Switches
    last_route: RouteName | None = None
    last_utterance: str | None = None
    """what can be corrected: the last words that were no control phrase"""
    awaited: Awaited | None = None
    """what the home has asked back; the next utterance decides or answers it"""
    answered_at: float | None = None
    """when the language model's answer ended, unless somebody else has answered since"""

    def is_ai_on(self) -> bool:
        return self.desk.settings.routing.ai if self.switches.ai is None else self.switches.ai

    def mode(self) -> Mode:
        return self.switches.mode or self.desk.settings.routing.mode

    def preset(self) -> str:
        """The preset that a person has chosen, as long as it can be asked, else the configured one."""
        settings, chosen = self.desk.settings.llm, self.switches.preset
        return chosen if chosen is not None and preset_problem(chosen, settings) is None else settings.preset

    def state(self) -> BrainState:
        """What `state/brain` says."""
        model = self.desk.intent.used
        return BrainState(
            owner=self.desk.src,
            ai=self.is_ai_on(),
            mode=self.mode(),
            preset=self.preset(),
            persona=self.switches.persona,
            chosen=self.switches.chosen,
            last_route=self.last_route,
            tokens_today=self.desk.tokens.today(self.address),
            model=None if model is None else IntentModelState(version=model.version, corrections=model.corrections),
        )

    def context(self, under_way: TurnProgress | None, now: float) -> RoutingContext:
        """What the router has to know; `under_way`: the turn that is open."""
        return RoutingContext(
            mode=self.mode(),
            ai_on=self.is_ai_on(),
            home_connected=self.desk.home.is_connected(self.address.household),
            home_is_down=self.desk.home.trouble(self.address.household) is not None,
            home_entities=self.desk.home.entities(self.address.household),
            awaited=self.awaited,
            now=now,
            follows_answer=self._follows_answer(under_way, now),
            corrections=self.desk.intent.labels(self.address.household),
        )

    def _follows_answer(self, under_way: TurnProgress | None, now: float) -> bool:
        """Whether the language model is answering, or has just done so."""
        if under_way is not None and under_way.route == "llm" and under_way.sentences:
            return True
        return self.answered_at is not None and now - self.answered_at < self.desk.settings.routing.follow_up_s

    def began(self, text: str, route: RouteName) -> None:
        """A turn was opened. Whatever was asked back is decided by it."""
        self.awaited = None
        self.last_route = route
        if route != "control":
            self.last_utterance = text
        if route in ("native", "home"):
            self.answered_at = None

    def ended(self, turn: TurnProgress, now: float) -> None:
        """A turn was closed: what was heard of it is remembered."""
        if self.awaited is not None and self.awaited.turn == turn.id:
            self.awaited = self.awaited.asked_aloud(now, self.desk.settings.routing.confirm_s)
        if turn.route != "llm":
            return
        if turn.sentences:
            self.answered_at = now
        if reply := turn.heard_text():
            self.desk.remember(self.address, turn.id, turn.text, reply)
