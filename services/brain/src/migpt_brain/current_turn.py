"""The one turn of a speaker that is not over: how it goes on, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from migpt_brain.answering import AnswerJob
from migpt_brain.desk import Desk
from migpt_brain.home.awaited import Awaited
from migpt_brain.home.turn import HomeWish
from migpt_brain.open_turn import OpenTurn
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import EVERYBODY, Address, Ask, Speech, TurnPhase

log = structlog.get_logger(__name__)


class CurrentTurn:
    """Holds the open turn, if there is one. `closed` is called with each turn that has ended, `asked_back` with
    what an answer wants to know."""

    def __init__(
        self,
        desk: Desk,
        address: Address,
        closed: Callable[[TurnProgress], None],
        asked_back: Callable[[Awaited], None],
    ) -> None:
        self.opened: OpenTurn | None = None
        self._desk = desk
        self._address = address
        self._closed = closed
        self._asked_back = asked_back

    @property
    def progress(self) -> TurnProgress | None:
        return None if self.opened is None else self.opened.progress

    def ask(self, opened: OpenTurn, ask: Ask | None, persona: str | None, preset: str) -> None:
        """Have the turn answered by whom its route names: the language model or Home Assistant."""
        job = AnswerJob(self._desk, self._address, opened.progress, self)
        if opened.progress.route == "home":
            work = job.ask_home(opened.wish or HomeWish(opened.question), preset)
        else:
            work = job.ask_model(opened.question, ask, persona, preset)
        opened.job = self._desk.spawn(work, f"answer {opened.progress.id}")

    def say_and_finish(self, opened: OpenTurn, *texts: str) -> None:
        """These sentences are all that is left to say."""
        for text in texts:
            self.sentence_ready(opened.progress, text)
        self.answer_ended(opened.progress)

    # -- what an answer job calls --------------------------------------------------------------------------------

    def sentence_ready(self, progress: TurnProgress, text: str) -> None:
        """A sentence was cut."""
        opened = self.opened
        if opened is not None and opened.progress is progress:
            opened.say(text)

    def asked_back(self, awaited: Awaited) -> None:
        """The answer is a question; what is said next decides or answers it."""
        if self.progress is not None and self.progress.id == awaited.turn:
            self._asked_back(awaited)

    def answer_ended(self, progress: TurnProgress) -> None:
        """The job is over; nothing follows."""
        opened = self.opened
        if opened is None or opened.progress is not progress:
            return
        opened.job = None
        progress.is_complete = True
        if progress.is_confirmed:
            self.finish(opened)

    def finish(self, opened: OpenTurn) -> None:
        """Everything was cut, and the turn is ours."""
        progress = opened.progress
        progress.finish(time.monotonic())
        if not progress.sentences:
            self.close(opened, "failed" if progress.error else "done")
            return
        opened.publish_sentence(len(progress.sentences), "", progress.speakers, last=True)
        if not self._close_if_over(opened):
            opened.publish()

    # -- what speakers say ---------------------------------------------------------------------------------------

    def speech_seen(self, speaker: str, speech: Speech) -> None:
        """A speaker reported on an utterance of the open turn."""
        opened = self.opened
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
        if self.opened is not None:
            for speaker in self.opened.progress.speakers:
                self.send_again(speaker, is_new=False)

    def send_again(self, speaker: str, *, is_new: bool) -> None:
        """What the speaker service has not reported as over is published again; `is_new`: it is another than before."""
        opened = self.opened
        if opened is None or not opened.progress.is_confirmed or speaker not in opened.progress.speakers:
            return
        if is_new:
            opened.progress.reporter_died(speaker)
            if self._close_if_over(opened):
                return
        opened.send_again(speaker)

    def synchronised(self) -> None:
        """The broker may have forgotten the open turn."""
        if self.opened is not None:
            self.opened.publish()
            self.send_again_to_all()

    def speaks_on(self, household: str, speaker: str) -> bool:
        """Whether the open turn is spoken there; `all` stands for everywhere."""
        opened = self.opened
        return (
            opened is not None
            and household in (EVERYBODY, self._address.household)
            and (speaker == EVERYBODY or speaker in (self._address.speaker, *opened.progress.speakers))
        )

    # -- how it ends ---------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Close a turn from which no news come any more."""
        opened = self.opened
        if opened is None or self._close_if_over(opened):
            return
        if (opened.job is None or opened.job.done()) and now > opened.progress.gives_up_at():
            if opened.is_inherited:
                self.close(opened, "done", error="unconfirmed")
            else:
                self.close(opened, "failed", error="no report from the speaker")

    def stop(self, error: str = "stopped") -> str | None:
        """End the open turn: the model's connection is closed, the speaker hushes. Returns its id."""
        opened = self.opened
        if opened is None:
            return None
        self.close(opened, "cancelled", error=error)
        return opened.progress.id

    def supersede(self) -> None:
        """Something newer was said. XiaoAI does what it was told, whatever is said next."""
        opened = self.opened
        if opened is None:
            return
        if opened.progress.route == "native":
            self.close(opened, "done")
            return
        if not opened.progress.sentences:
            opened.progress.reason = "superseded"
        self.close(opened, "cancelled", error="superseded")

    def close(self, opened: OpenTurn, phase: TurnPhase, *, error: str | None = None) -> None:
        """The turn is over."""
        self.drop()
        progress = opened.progress
        progress.phase = phase
        progress.error = progress.error or error
        progress.mark("closed", time.monotonic())
        opened.publish()
        log.info("turn_closed", turn=progress.id, phase=phase, error=progress.error, spans_ms=progress.spans_ms)
        self._closed(progress)

    def drop(self) -> None:
        """Forget the turn here; cancelling its job closes the connection to the model."""
        opened, self.opened = self.opened, None
        if opened is not None and opened.job is not None:
            opened.job.cancel()
            opened.job = None

    def _close_if_over(self, opened: OpenTurn) -> bool:
        progress = opened.progress
        if (
            self.opened is not opened
            or not progress.is_confirmed
            or not progress.is_over(self._desk.online(self._address))
        ):
            return False
        if progress.all_failed():
            progress.error = progress.error or "the speaker could not speak it"
        self.close(opened, "failed" if progress.error else "done")
        return True
