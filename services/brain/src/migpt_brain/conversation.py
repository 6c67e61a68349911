"""What goes on between one speaker and the brain that owns it: one open turn at most, and the switches."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

import structlog

from migpt_brain import phrases
from migpt_brain.asked.questioner import Questioner
from migpt_brain.claim import Claim, claim
from migpt_brain.control_phrases import ControlAction, StopTalking
from migpt_brain.controls import effect_of
from migpt_brain.correcting import correct, correction_problem
from migpt_brain.corrections import Correction
from migpt_brain.current_turn import CurrentTurn
from migpt_brain.decision_table import Reason
from migpt_brain.desk import Desk
from migpt_brain.home.awaited import Awaited
from migpt_brain.home.turn import HomeWish
from migpt_brain.open_turn import OpenTurn
from migpt_brain.rescue import RescueWatch, Verdict
from migpt_brain.routing import Decision, RoutingContext
from migpt_brain.standing import Standing
from migpt_brain.switches import Switches
from migpt_brain.takeover import (
    AnswerAgain,
    Apologise,
    CloseSilently,
    FinishSentences,
    WaitForNative,
    WaitForSpeech,
    takeover,
)
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.language import Phrase
from migpt_shared.messages import Address, Ask, BrainState, Heard, Source, Stop, Target, Turn, new_id

log = structlog.get_logger(__name__)

#: Turn ids kept to recognise an utterance that is published again.
_REMEMBERED_TURNS = 256


class Conversation:
    """One speaker's conversation. All methods are called on the event loop and return at once."""

    def __init__(self, address: Address, desk: Desk, switches: Switches) -> None:
        self.address = address
        self.current = CurrentTurn(desk, address, self._closed, self._asked_back)
        self._desk = desk
        self._standing = Standing(desk, address, switches)
        self.questioner = Questioner(desk, address)
        self._known: deque[str] = deque(maxlen=_REMEMBERED_TURNS)

    @property
    def switches(self) -> Switches:
        return self._standing.switches

    @property
    def is_open(self) -> bool:
        return self.current.opened is not None or self.questioner.is_open

    @property
    def open_turn_id(self) -> str | None:
        return None if self.current.progress is None else self.current.progress.id

    def state(self) -> BrainState:
        return self._standing.state()

    def remember_turn(self, turn_id: str) -> None:
        """An utterance with this id is not answered (again)."""
        if turn_id not in self._known:
            self._known.append(turn_id)

    def remember_utterance(self, turn: Turn) -> None:
        """What was said here before this brain took the speaker over."""
        if turn.route != "control":
            self._standing.last_utterance = turn.text

    # -- how turns begin -----------------------------------------------------------------------------------------

    def hear(self, heard: Heard) -> None:
        """An utterance was heard. Published again it changes nothing, unless it brings XiaoAI's own answer."""
        turn_id, now = heard.turn or heard.id, time.monotonic()
        if turn_id in self._known:
            self._heard_again(turn_id, heard)
            return
        self._obey_at_once()
        watch = RescueWatch.over(heard, now)
        is_refused = watch.verdict(now) is Verdict.TAKE_OVER
        context = replace(self._context(), answer=self.questioner.reading(heard.text, heard.age_s))
        decision = self._desk.router.route(heard.text, context, is_refused=is_refused)
        if context.answer is not None and isinstance(decision.control, StopTalking):
            self.questioner.take(heard.text)  # who wants silence does not answer
        speakers = self._desk.speakers_for(self.address)
        opened = self._begun(turn_id, heard.text, heard.source, speakers, decision)
        if decision.may_be_rescued:
            opened.watch = watch
        self._open(opened, None)

    def _heard_again(self, turn_id: str, heard: Heard) -> None:
        """The record has grown: XiaoAI's own answer may be in it now."""
        opened = self.current.opened
        if opened is not None and opened.progress.id == turn_id and opened.watch is not None:
            opened.watch.heard_again(heard)
            self._look_after_native(opened)

    def ask(self, ask: Ask, speakers: tuple[str, ...]) -> str:
        """Somebody asked through the bus; the answer is spoken on `speakers`. Returns the turn's id."""
        turn_id = ask.turn or new_id()
        self._obey_at_once()
        decision = self._desk.router.route_ask(ask.text, self._context())
        self._open(self._begun(turn_id, ask.text, ask.source, speakers, decision), ask)
        return turn_id

    def is_for_home(self, text: str) -> str | None:
        """What the home is to be asked where the text is for it; None: it is not."""
        decision = self._desk.router.route_ask(text, replace(self._context(), awaited=None))
        return decision.text if decision.route == "home" else None

    def _begun(
        self, turn_id: str, text: str, source: Source, speakers: tuple[str, ...], decision: Decision
    ) -> OpenTurn:
        opened = OpenTurn.begun(self._desk, self.address, turn_id, text, source, speakers, decision)
        awaited = self._standing.awaited
        if decision.reason is Reason.CONFIRMED and awaited is not None:
            opened.wish = HomeWish(awaited.text, confirmed=awaited)
        elif decision.reason is Reason.DECLINED:
            opened.is_declined = True
        elif decision.reason is Reason.ANSWER:
            opened.control = self.questioner.take(text)
        return opened

    def _open(self, opened: OpenTurn, ask: Ask | None) -> None:
        self.current.supersede()
        progress = opened.progress
        self.remember_turn(progress.id)
        self.current.opened = opened
        self._standing.began(progress.text, progress.route)
        log.info("routed", turn=progress.id, route=progress.route, reason=progress.reason, text=progress.text)
        opened.publish()
        if progress.route == "llm":
            # The model is asked at once; no sentence leaves before our `accepted` has come back as the first.
            self._have_answered(opened, ask)

    def _have_answered(self, opened: OpenTurn, ask: Ask | None = None) -> None:
        self.current.ask(opened, ask, self.switches.persona, self._standing.preset())

    def take_over(self, turn: Turn, age_s: float | None) -> None:
        """The brain that had this open turn is gone."""
        self.remember_turn(turn.turn)
        opened = self.current.opened = OpenTurn.taken_over(self._desk, self.address, turn)
        if turn.route == "home":
            opened.question = self._desk.router.without_home_keyword(turn.text)
        progress = opened.progress
        way = takeover(turn, age_s)
        log.info("turn_taken_over", turn=turn.turn, how=type(way).__name__)
        match way:
            case AnswerAgain():
                opened.publish()
                self._have_answered(opened)
            case WaitForSpeech():
                opened.is_inherited = True
                progress.inherit(turn)
                opened.publish()
                self.current.send_again_to_all()
            case FinishSentences(already_heard, unspoken):
                progress.earlier = already_heard
                progress.error = "interrupted"
                opened.publish()
                self.current.say_and_finish(opened, *unspoken, self._words(phrases.REST_IS_MISSING))
            case Apologise():
                progress.error = "interrupted"
                opened.publish()
                self.current.say_and_finish(opened, self._words(phrases.ANSWER_WAS_LOST))
            case WaitForNative(within_s):
                opened.watch = RescueWatch(time.monotonic() + within_s)
                opened.publish()
            case CloseSilently(is_failure):
                if is_failure:
                    self.current.close(opened, "failed", error="abandoned")
                else:
                    self.current.close(opened, "done")

    # -- what the broker says ------------------------------------------------------------------------------------

    def turn_seen(self, turn: Turn, *, is_news: bool) -> None:
        """A `turn` message of this speaker: any live one, or a retained one of another brain (`is_news` False)."""
        opened = self.current.opened
        self.remember_turn(turn.turn)
        if opened is None:
            return
        match claim(turn, opened.progress, self._desk.src, is_news=is_news):
            case Claim.WON:
                self._confirmed(opened)
            case Claim.LOST:
                log.info("claim_lost", turn=opened.progress.id, to=turn.owner)
                self.current.drop()
            case Claim.REPLACED:
                self.current.drop()
            case Claim.SHOW_AGAIN:
                opened.publish()
            case Claim.NOTHING:
                pass

    def _confirmed(self, opened: OpenTurn) -> None:
        progress = opened.progress
        was_complete = progress.is_complete and opened.job is None
        opened.confirm()
        match progress.route:
            case "llm" if progress.phase == "accepted":
                progress.phase = "thinking"
                opened.publish()
            case "home" if opened.is_declined:
                self.current.say_and_finish(opened, self._words(phrases.HOME_DECLINED))
            case "home" if opened.job is None:
                progress.phase = "thinking"
                opened.publish()
                self._have_answered(opened)
            case "native":
                opened.tell_xiaoai()
                self._look_after_native(opened)
            case "control" if opened.control is not None:
                self._obey(opened, opened.control)
        if was_complete and self.current.opened is opened:
            self.current.finish(opened)

    # -- what XiaoAI answers -------------------------------------------------------------------------------------

    def _look_after_native(self, opened: OpenTurn) -> None:
        """Close the turn once XiaoAI has answered it; answer it ourselves where XiaoAI could not."""
        match opened.native_verdict(time.monotonic()):
            case Verdict.LEAVE:
                self.current.close(opened, "done")
            case Verdict.TAKE_OVER:
                self._rescue(opened)
            case Verdict.WAIT:
                pass

    def _rescue(self, opened: OpenTurn) -> None:
        """XiaoAI could not answer. What was switched meanwhile counts."""
        decision = self._desk.router.route(opened.progress.text, self._context(), is_refused=True)
        if decision.route != "llm":
            self.current.close(opened, "done")
            return
        log.info("rescued", turn=opened.progress.id, text=opened.progress.text)
        self._standing.last_route = "llm"
        opened.rescue(decision)
        self._have_answered(opened)

    # -- control phrases and switches ----------------------------------------------------------------------------

    def _obey_at_once(self) -> None:
        """A command that was heard just before another utterance takes effect all the same, only without a word."""
        opened = self.current.opened
        if opened is None or opened.progress.is_confirmed:
            return
        if opened.control is not None:
            _, target = self._apply(opened.control)
            if target is not None:
                utterance = self._standing.last_utterance
                self._desk.spawn(correction_problem(self._desk, self.address, utterance, target), "correct")
            self.current.close(opened, "done")
        elif opened.progress.route == "native":
            opened.tell_xiaoai()
            self.current.close(opened, "done")

    def _obey(self, opened: OpenTurn, control: ControlAction) -> None:
        said, target = self._apply(control)
        if target is not None:
            opened.job = self._desk.spawn(self._correct_and_say(opened, target, said), "correct")
        else:
            self.current.say_and_finish(opened, *filter(None, [said]))

    def _apply(self, control: ControlAction) -> tuple[str, Target | None]:
        """Bring about what a control phrase says; returns what is to be said, and a correction still to be kept."""
        effect = effect_of(control, self.switches, self._desk.usable_presets(), self._desk.settings.language)
        if effect.hush:
            self._desk.bus.publish(Stop(), household=self.address.household, speaker=self.address.speaker)
        if effect.forget is not None:
            self._desk.forget(self.address, effect.forget)
        if effect.switches != self.switches:
            self.switch(effect.switches)
        return effect.said, effect.correct

    async def correct(self, target: Target) -> Correction:
        """The last utterance should have gone there. Raises ValueError (there is none) or StoreUnavailableError."""
        return await correct(self._desk, self.address, self._standing.last_utterance, target)

    async def _correct_and_say(self, opened: OpenTurn, target: Target, confirmation: str) -> None:
        """Keep the correction. What the language model should have answered it answers now, which confirms it."""
        utterance = self._standing.last_utterance
        problem = await correction_problem(self._desk, self.address, utterance, target)
        opened.job = None
        if problem is not None:
            self.current.say_and_finish(opened, self._words(problem))
        elif target == "llm" and utterance is not None and self._answered_now(opened, utterance):
            log.info("answered_after_correction", text=utterance)
        else:
            self.current.say_and_finish(opened, confirmation)

    def _answered_now(self, control: OpenTurn, utterance: str) -> bool:
        """Have what was said before the control phrase answered, unless the mode or the AI switch forbids it."""
        decision = self._desk.router.route(utterance, self._context())
        if decision.route != "llm" or self.current.opened is not control:
            return False
        source, speakers = control.progress.source, control.progress.speakers
        self.current.close(control, "done")
        self._open(OpenTurn.begun(self._desk, self.address, new_id(), utterance, source, speakers, decision), None)
        return True

    def switch(self, switches: Switches) -> None:
        """Turn the switches, keep them and tell everybody."""
        self._standing.switches = switches
        self._desk.keep_switches(self.address, switches)
        self._desk.state_changed(self.address)

    # -- how turns end -------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Time has passed."""
        opened = self.current.opened
        if opened is not None and opened.watch is not None:
            self._look_after_native(opened)
        self.current.tick(now)
        self.questioner.tick(now)

    def abandon(self) -> None:
        """The speaker belongs to another brain now."""
        self.current.drop()
        self.questioner.abandon()

    def _closed(self, turn: TurnProgress) -> None:
        self._standing.ended(turn, time.monotonic())
        self._desk.state_changed(self.address)

    def _asked_back(self, awaited: Awaited) -> None:
        self._standing.awaited = awaited

    def _context(self) -> RoutingContext:
        return self._standing.context(self.current.progress, time.monotonic())

    def _words(self, phrase: Phrase) -> str:
        return phrase.in_(self._desk.settings.language)
