"""What goes on between one speaker and the brain that owns it: one open turn at most, and the switches."""

from __future__ import annotations

import time
from collections import deque

import structlog

from migpt_brain import phrases
from migpt_brain.answering import AnswerJob
from migpt_brain.control_phrases import ControlAction
from migpt_brain.controls import effect_of
from migpt_brain.desk import Desk
from migpt_brain.llm import preset_problem
from migpt_brain.open_turn import OpenTurn
from migpt_brain.routing import Decision, RoutingContext
from migpt_brain.switches import Switches
from migpt_brain.takeover import AnswerAgain, Apologise, CloseSilently, FinishSentences, WaitForSpeech, takeover
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.language import Phrase
from migpt_shared.messages import (
    EVERYBODY,
    Address,
    Ask,
    BrainState,
    Heard,
    Native,
    RouteName,
    Source,
    Speech,
    Stop,
    Turn,
    TurnPhase,
    new_id,
)

log = structlog.get_logger(__name__)

#: Turn ids kept to recognise an utterance that is published again.
_REMEMBERED_TURNS = 256


class Conversation:
    """One speaker's conversation. All methods are called on the event loop and return at once."""

    def __init__(self, address: Address, desk: Desk, switches: Switches) -> None:
        self.address = address
        self.switches = switches
        self._desk = desk
        self._turn: OpenTurn | None = None
        self._known: deque[str] = deque(maxlen=_REMEMBERED_TURNS)
        self._last_route: RouteName | None = None

    @property
    def is_open(self) -> bool:
        return self._turn is not None

    @property
    def open_turn_id(self) -> str | None:
        return None if self._turn is None else self._turn.progress.id

    def state(self) -> BrainState:
        settings = self._desk.settings
        return BrainState(
            owner=self._desk.src,
            ai=self._ai_is_on(),
            mode=self.switches.mode or settings.routing.mode,
            preset=self._preset(),
            persona=self.switches.persona,
            chosen=self.switches.chosen,
            last_route=self._last_route,
            tokens_today=self._desk.tokens.today(self.address),
        )

    # -- how turns begin -----------------------------------------------------------------------------------------

    def hear(self, heard: Heard) -> None:
        """An utterance was heard. The same one published again changes nothing."""
        turn_id = heard.turn or heard.id
        if turn_id in self._known:
            return
        self._obey_at_once()
        decision = self._desk.router.route(heard.text, self._routing_context())
        self._open(turn_id, heard.text, heard.source, decision, self._desk.speakers_for(self.address))

    def ask(self, ask: Ask, speakers: tuple[str, ...]) -> str:
        """Somebody asked through the bus; the answer is spoken on `speakers`. Returns the turn's id."""
        turn_id = ask.turn or new_id()
        self._obey_at_once()
        decision = self._desk.router.route_ask(ask.text, self._routing_context())
        self._open(turn_id, ask.text, ask.source, decision, speakers, ask=ask)
        return turn_id

    def take_over(self, turn: Turn, age_s: float | None) -> None:
        """The brain that had this open turn is gone."""
        self._known.append(turn.turn)
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
        opened = OpenTurn(self._desk, self.address, progress, question=turn.text)
        way = takeover(turn, age_s)
        log.info("turn_taken_over", turn=turn.turn, how=type(way).__name__)
        self._turn = opened
        match way:
            case AnswerAgain():
                opened.publish()
                self._start(opened, None)
            case WaitForSpeech():
                opened.is_inherited = True
                progress.inherit(turn)
                opened.publish()
                self.send_again_to_all()
            case FinishSentences(already_heard, unspoken):
                progress.earlier = already_heard
                progress.error = "interrupted"
                opened.publish()
                self._say_and_finish(opened, *unspoken, self._words(phrases.REST_IS_MISSING))
            case Apologise():
                progress.error = "interrupted"
                opened.publish()
                self._say_and_finish(opened, self._words(phrases.ANSWER_WAS_LOST))
            case CloseSilently():
                self._close(opened, "failed", error="abandoned")

    def remember_turn(self, turn_id: str) -> None:
        """An utterance with this id is not answered (again)."""
        if turn_id not in self._known:
            self._known.append(turn_id)

    def _open(
        self,
        turn_id: str,
        text: str,
        source: Source,
        decision: Decision,
        speakers: tuple[str, ...],
        ask: Ask | None = None,
    ) -> None:
        self._supersede()
        self._known.append(turn_id)
        progress = TurnProgress(
            id=turn_id,
            text=text,
            source=source,
            route=decision.route,
            reason=decision.reason,
            reason_text=decision.reason_text.in_(self._desk.settings.language),
            speakers=speakers,
            opened=time.monotonic(),
            p_llm=decision.p_llm,
        )
        opened = OpenTurn(self._desk, self.address, progress, question=decision.text, control=decision.control)
        self._turn = opened
        self._last_route = decision.route
        log.info("routed", turn=turn_id, route=decision.route, reason=decision.reason, text=text)
        opened.publish()
        if decision.route == "llm":
            # The model is asked at once; no sentence leaves before our `accepted` has come back as the first.
            self._start(opened, ask)

    def _start(self, opened: OpenTurn, ask: Ask | None) -> None:
        job = AnswerJob(self._desk, self.address, opened.progress, self)
        if opened.progress.route == "home":
            work = job.ask_home(opened.question)
        else:
            work = job.ask_model(opened.question, ask, self.switches.persona, self._preset())
        opened.job = self._desk.spawn(work, f"answer {opened.progress.id}")

    # -- what the broker says ------------------------------------------------------------------------------------

    def turn_seen(self, turn: Turn, *, is_news: bool) -> None:
        """A `turn` message of this speaker: any live one, or a retained one of another brain (`is_news` False)."""
        opened = self._turn
        self.remember_turn(turn.turn)
        if opened is None:
            return
        mine = opened.progress
        if turn.turn != mine.id:
            is_other = turn.phase == "accepted" and turn.owner != self._desk.src and mine.is_confirmed
            if is_other or not is_news:
                # Another brain's utterance came after ours: it is the current one now.
                self._drop(opened)
            return
        if turn.owner == self._desk.src:
            if turn.take == mine.take and not mine.is_confirmed:
                self._confirmed(opened)
        elif turn.take > mine.take or (turn.take == mine.take and not mine.is_confirmed):
            log.info("claim_lost", turn=mine.id, to=turn.owner)
            self._drop(opened)
        elif turn.take == mine.take and turn.phase != "accepted":
            # It answered while we were away.
            self._drop(opened)
        elif turn.phase == "accepted":
            # Ours came first; whoever hears of the turn now must see that.
            opened.publish()

    def _confirmed(self, opened: OpenTurn) -> None:
        progress = opened.progress
        progress.is_confirmed = True
        was_complete = progress.is_complete and opened.job is None
        held, opened.held = opened.held, []
        for sentence in held:
            self._send(opened, sentence)
        match progress.route:
            case "llm" if progress.phase == "accepted":
                progress.phase = "thinking"
                opened.publish()
            case "home" if opened.job is None:
                progress.phase = "thinking"
                opened.publish()
                self._start(opened, None)
            case "native":
                self._leave_to_xiaoai(opened)
            case "control" if opened.control is not None:
                self._say_and_finish(opened, *filter(None, [self._apply(opened.control)]))
        if was_complete and self._turn is opened:
            self._finish(opened)

    def _obey_at_once(self) -> None:
        """A command that was heard just before another utterance takes effect all the same, only without a word."""
        opened = self._turn
        if opened is None or opened.progress.is_confirmed:
            return
        if opened.control is not None:
            self._apply(opened.control)
            self._close(opened, "done")
        elif opened.progress.route == "native":
            self._leave_to_xiaoai(opened)

    def _leave_to_xiaoai(self, opened: OpenTurn) -> None:
        progress = opened.progress
        if progress.source != "speaker":
            # XiaoAI has not heard it.
            command = Native(turn=progress.id, text=progress.text)
            self._desk.bus.publish(command, household=self.address.household, speaker=self.address.speaker)
        self._close(opened, "done")

    def _apply(self, control: ControlAction) -> str:
        """Bring about what a control phrase says; returns what is to be said."""
        effect = effect_of(control, self.switches, self._desk.usable_presets(), self._desk.settings.language)
        if effect.hush:
            self._desk.bus.publish(Stop(), household=self.address.household, speaker=self.address.speaker)
        if effect.forget is not None:
            self._desk.forget(self.address, effect.forget)
        if effect.switches != self.switches:
            self.switch(effect.switches)
        return effect.said

    def switch(self, switches: Switches) -> None:
        """Turn the switches, keep them and tell everybody."""
        self.switches = switches
        self._desk.keep_switches(self.address, switches)
        self._desk.state_changed(self.address)

    def speech_seen(self, speaker: str, speech: Speech) -> None:
        """A speaker reported on an utterance of the open turn."""
        opened = self._turn
        if opened is None or speech.turn != opened.progress.id:
            return
        now = time.monotonic()
        spoken_before = opened.progress.spoken_count()
        if not opened.progress.report(speaker, speech, now):
            return
        if not self._close_if_over(opened) and opened.progress.spoken_count() != spoken_before:
            opened.publish()

    def send_again_to_all(self) -> None:
        """Somebody may have missed something of the open turn."""
        if self._turn is not None:
            for speaker in self._turn.progress.speakers:
                self.send_again(speaker, is_new=False)

    def send_again(self, speaker: str, *, is_new: bool) -> None:
        """What the speaker service has not reported as over is published again; `is_new`: it is another than before."""
        opened = self._turn
        if opened is None or not opened.progress.is_confirmed or speaker not in opened.progress.speakers:
            return
        if is_new:
            opened.progress.reporter_died(speaker)
            if self._close_if_over(opened):
                return
        opened.send_again(speaker)

    def synchronised(self) -> None:
        """The broker may have forgotten the open turn."""
        if self._turn is not None:
            self._turn.publish()
            self.send_again_to_all()

    # -- how turns end -------------------------------------------------------------------------------------------

    def stop(self, error: str = "stopped") -> str | None:
        """End the open turn: the model's connection is closed, the speaker hushes. Returns its id."""
        opened = self._turn
        if opened is None:
            return None
        self._close(opened, "cancelled", error=error)
        return opened.progress.id

    def speaks_on(self, household: str, speaker: str) -> bool:
        """Whether the open turn is spoken there; `all` stands for everywhere."""
        opened = self._turn
        return (
            opened is not None
            and household in (EVERYBODY, self.address.household)
            and (speaker == EVERYBODY or speaker in (self.address.speaker, *opened.progress.speakers))
        )

    def tick(self, now: float) -> None:
        """Close a turn from which no news come any more."""
        opened = self._turn
        if opened is None or self._close_if_over(opened):
            return
        if (opened.job is None or opened.job.done()) and now > opened.progress.gives_up_at():
            if opened.is_inherited:
                self._close(opened, "done", error="unconfirmed")
            else:
                self._close(opened, "failed", error="no report from the speaker")

    def abandon(self) -> None:
        """The speaker belongs to another brain now."""
        if self._turn is not None:
            self._drop(self._turn)

    def _supersede(self) -> None:
        opened = self._turn
        if opened is None:
            return
        if not opened.progress.sentences:
            opened.progress.reason = "superseded"
        self._close(opened, "cancelled", error="superseded")

    def _close(self, opened: OpenTurn, phase: TurnPhase, *, error: str | None = None) -> None:
        self._drop(opened)
        progress = opened.progress
        progress.phase = phase
        progress.error = progress.error or error
        progress.mark("closed", time.monotonic())
        opened.publish()
        log.info("turn_closed", turn=progress.id, phase=phase, error=progress.error, spans_ms=progress.spans_ms)
        reply = progress.heard_text()
        if progress.route == "llm" and reply:
            self._desk.remember(self.address, progress.id, progress.text, reply)
        self._desk.state_changed(self.address)

    def _drop(self, opened: OpenTurn) -> None:
        """Forget the turn here; cancelling its job closes the connection to the model."""
        if self._turn is opened:
            self._turn = None
        if opened.job is not None:
            opened.job.cancel()
            opened.job = None

    def _close_if_over(self, opened: OpenTurn) -> bool:
        progress = opened.progress
        if (
            self._turn is not opened
            or not progress.is_confirmed
            or not progress.is_over(self._desk.online(self.address))
        ):
            return False
        if progress.all_failed():
            progress.error = progress.error or "the speaker could not speak it"
        self._close(opened, "failed" if progress.error else "done")
        return True

    # -- what an answer job calls --------------------------------------------------------------------------------

    def sentence_ready(self, progress: TurnProgress, text: str) -> None:
        """A sentence was cut."""
        opened = self._turn
        if opened is None or opened.progress is not progress:
            return
        if progress.is_confirmed:
            self._send(opened, text)
        else:
            opened.held.append(text)

    def answer_ended(self, progress: TurnProgress) -> None:
        """The job is over; nothing follows."""
        opened = self._turn
        if opened is None or opened.progress is not progress:
            return
        opened.job = None
        progress.is_complete = True
        if progress.is_confirmed:
            self._finish(opened)

    def _say_and_finish(self, opened: OpenTurn, *texts: str) -> None:
        for text in texts:
            self.sentence_ready(opened.progress, text)
        self.answer_ended(opened.progress)

    def _send(self, opened: OpenTurn, text: str) -> None:
        seq = opened.progress.add_sentence(text, time.monotonic())
        opened.publish_sentence(seq, text, opened.progress.speakers)
        opened.publish()

    def _finish(self, opened: OpenTurn) -> None:
        progress = opened.progress
        progress.finish(time.monotonic())
        if not progress.sentences:
            self._close(opened, "failed" if progress.error else "done")
            return
        opened.publish_sentence(len(progress.sentences), "", progress.speakers, last=True)
        if not self._close_if_over(opened):
            opened.publish()

    # -- settings in force ---------------------------------------------------------------------------------------

    def _routing_context(self) -> RoutingContext:
        return RoutingContext(
            mode=self.switches.mode or self._desk.settings.routing.mode,
            ai_on=self._ai_is_on(),
            home_connected=self._desk.home.is_connected(self.address.household),
        )

    def _ai_is_on(self) -> bool:
        return self._desk.settings.routing.ai if self.switches.ai is None else self.switches.ai

    def _preset(self) -> str:
        """The preset that a person has chosen, as long as it can be asked, else the configured one."""
        settings = self._desk.settings.llm
        chosen = self.switches.preset
        return chosen if chosen is not None and preset_problem(chosen, settings) is None else settings.preset

    def _words(self, phrase: Phrase) -> str:
        return phrase.in_(self._desk.settings.language)
