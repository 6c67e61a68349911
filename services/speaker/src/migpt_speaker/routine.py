"""What is due at a speaker: silence first, then errands, then speech, and at the end everything as it was before.

No clock and no I/O: time comes in, effects go out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migpt_shared.messages import Command as AskedCommand
from migpt_shared.messages import Result
from migpt_shared.settings import SpeechSettings
from migpt_speaker.errands import Errand, Errands
from migpt_speaker.hush import Hush
from migpt_speaker.lane import Flight, Lane
from migpt_speaker.orders import Command, Effect, Look, Outcome, Publish, Resume, SetVolume, Silence
from migpt_speaker.pacer import Pacer
from migpt_speaker.rendition import Stage
from migpt_speaker.surroundings import Surroundings
from migpt_speaker.turn_book import TurnBook
from migpt_speaker.voice import Voice, Ways

__all__ = ["Routine", "Traits"]

#: While a turn is open its next sentence is expected; after so long without a word of it, others may speak.
_REPLY_PATIENCE_S = 8.0
_LOOK_AGAIN_S = 0.3
#: Without any status answer for so long, speaking begins without one.
_BLIND_S = 1.0


@dataclass(frozen=True, slots=True)
class Traits:
    """What the speaker's model obeys."""

    pause_is_effective: bool = True
    can_be_silenced: bool = True


class Routine:
    """The state of one speaker, and the order in which things are done. Call `advance` after every change."""

    def __init__(
        self, pacer: Pacer, ways: Ways, traits: Traits, settings: SpeechSettings, new_id: Callable[[], str]
    ) -> None:
        self._effects: list[Effect] = []
        self.pacer = pacer
        self.settings = settings
        self.voice = Voice(pacer, ways, settings, self._effects, new_id)
        self.book = TurnBook()
        self.surroundings = Surroundings()
        self.hush = Hush()
        self.errands = Errands()
        self.look_at: float | None = None
        """when to ask for the status, besides what the pacer asks for"""
        self.looks_until = float("-inf")
        """until when to ask for the status again and again"""
        self.progress_at = float("-inf")
        """when the turn last gave a sign of life"""
        self._traits = traits
        self._lane = Lane()
        self._looked_at = float("-inf")

    def advance(self, now: float) -> list[Effect]:
        """Everything that is due."""
        for sentence in self.book.settled(now):
            self.progress_at = now
            self.voice.answers.add(sentence)
        # A look that goes with a command goes before it, so that it still shows what the command ends.
        self._look(now)
        while self._step(now):
            pass
        self._look(now)
        effects = self._effects.copy()
        self._effects.clear()
        return effects

    def landed(self, ticket: int, outcome: Outcome, now: float) -> Flight | None:
        """What came of a command. What is no TTS request is settled here; the flight of one is returned."""
        flight = self._lane.landed(ticket)
        if flight is None:
            return None
        if isinstance(flight.command, Silence) and outcome.is_done:
            self.pacer.silenced(now)
        if self.errands.runs(ticket):
            if (errand := self.errands.landed(ticket, outcome, now)) is not None:
                self._errand_done(errand, outcome)
            return None
        if isinstance(flight.command, Silence):
            self.hush.landed(outcome, now, self.answer)
            return None
        return flight

    def looked(self, asked_at: float) -> None:
        """A status answer has come."""
        self._looked_at = max(self._looked_at, asked_at)
        if asked_at < self.looks_until:
            self.look_at = max(self.look_at or 0.0, asked_at + _LOOK_AGAIN_S)

    def answer(self, command: AskedCommand, error: str | None) -> None:
        """Tell what became of a command that somebody gave."""
        result = Result(turn=command.turn, request=command.id, ok=error is None, error=error)
        self._effects.append(Publish(result))

    def silence_order(self) -> Silence:
        return Silence(by_stop=not self._traits.pause_is_effective)

    def reply_is_expected(self, now: float) -> bool:
        """Whether the current turn still has something to say."""
        turn = self.book.current
        if turn is None or not self.book.is_open or self.voice.answers.is_complete or turn.route == "native":
            return False
        return now < self.progress_at + _REPLY_PATIENCE_S

    def _step(self, now: float) -> bool:
        """Do one thing that is due; False: there is none."""
        if self.voice.advance(now):
            return True
        if self.hush.may_repeat and self._traits.can_be_silenced and self._other_speaks(now):
            self.hush.again(now)
        if self.hush.at is not None and now >= self.hush.at and self._lane.may_send(now, silence=True):
            self.hush.sent()
            self.surroundings.disturbed(now)
            self._send(self.silence_order(), now)
            return True
        if not self._lane.may_send(now):
            return False
        if (errand := self.errands.take(now, is_quiet=False)) is not None:
            self._run(errand, now)
            return True
        if self.hush.is_wanted:
            return False
        if self.voice.current is not None:
            return self._speak(now)
        is_expected = self.reply_is_expected(now)
        if self.voice.choose(now, reply_is_expected=is_expected):
            return True
        return not is_expected and not self.voice.has_something(now) and self._tidy(now)

    def _other_speaks(self, now: float) -> bool:
        """XiaoAI speaks although it was silenced, and nothing of ours is on its way."""
        current = self.voice.current
        return (current is None or current.stage is Stage.PREPARED) and self.pacer.shows_other_speech(now)

    def _speak(self, now: float) -> bool:
        current = self.voice.current
        if current is not None and current.stage is Stage.PREPARED:
            if not self._may_begin(now):
                return False
            volume = self.surroundings.volume_to_set(current.utterance.volume)
            if volume is not None and current.volume_tries == 0:
                current.volume_tries += 1
                self._run(Errand(SetVolume(volume), is_prompt=True), now)
                return True
        order = self.voice.to_send(now)
        if order is None:
            return False
        self.surroundings.disturbed(now)
        self.hush.ours_speaks()
        self.voice.sent(self._send(order, now), now)
        return True

    def _may_begin(self, now: float) -> bool:
        """Whether the utterance may begin: nobody is talked over, and the volume to return to is known."""
        current = self.voice.current
        if current is None:
            return False
        may_talk_over = now >= current.waits_for_quiet_until
        needs_volume = current.utterance.volume is not None and self.surroundings.volume is None
        if may_talk_over and not needs_volume:
            return True
        if self._looked_at >= current.chosen_at:
            if may_talk_over or not self.pacer.shows_speech:
                return True
            self.look_at = max(self.look_at or 0.0, self._looked_at + _LOOK_AGAIN_S)
            return False
        if not current.was_looked_for:
            current.was_looked_for = True
            self.look_at = now
        return now >= current.chosen_at + _BLIND_S

    def _tidy(self, now: float) -> bool:
        """Nothing is left to speak: put things back as they were, then do what had to wait for silence."""
        around = self.surroundings
        if (volume := around.volume_to_set(None)) is not None:
            self._run(Errand(SetVolume(volume), is_prompt=True), now)
            return True
        around.usual_volume = None
        if self.errands.waits_for_quiet:
            errand = self.errands.take(now, is_quiet=True)
            if errand is not None:
                self._run(errand, now)
            return errand is not None
        resumes = around.music_was_interrupted and self.settings.resume_media
        around.calm()
        if resumes:
            self._run(Errand(Resume()), now)
        return resumes

    def _errand_done(self, errand: Errand, outcome: Outcome) -> None:
        if isinstance(errand.order, SetVolume):
            if outcome.is_done:
                self.surroundings.volume_set(errand.order.volume, for_message=errand.asked is None)
            elif errand.asked is None:
                self.surroundings.usual_volume = None  # it does not obey; it is not asked again and again
        if errand.asked is not None:
            self.answer(errand.asked, None if outcome.is_done else outcome.reason)

    def _send(self, order: Command, now: float) -> int:
        send = self._lane.send(order, now)
        self._effects.append(send)
        return send.ticket

    def _run(self, errand: Errand, now: float) -> None:
        self.errands.sent(self._send(errand.order, now), errand)

    def _look(self, now: float) -> None:
        due = self.pacer.next_poll_at(now)
        is_wanted = self.look_at is not None and now >= self.look_at
        if is_wanted:
            self.look_at = None
        if is_wanted or (due is not None and now >= due):
            self.pacer.poll_started(now)
            self._effects.append(Look())

    # what it is like

    @property
    def is_speaking(self) -> bool:
        current = self.voice.current
        return current is not None and current.stage is not Stage.PREPARED

    def is_busy(self, now: float) -> bool:
        """Whether something is open that must not be handed to another instance now."""
        return self.voice.has_something(now) or len(self.errands) > 0 or self.reply_is_expected(now)

    def next_wakeup(self, now: float) -> float | None:
        """When to `tick` at the latest; None: only when something happens."""
        moments = [
            self.voice.next_wakeup(now),
            self.book.next_wakeup(),
            self.pacer.next_poll_at(now),
            self.errands.next_wakeup(),
            self.look_at,
        ]
        if self.hush.at is not None:
            moments.append(max(self.hush.at, self._lane.overtaking_at() or self.hush.at))
        current = self.voice.current
        if current is not None and current.stage is Stage.PREPARED:
            moments += [current.waits_for_quiet_until, current.chosen_at + _BLIND_S]
        if self.reply_is_expected(now):
            moments.append(self.progress_at + _REPLY_PATIENCE_S)
        # A moment that has passed without an effect waits for something else to happen.
        return min((moment for moment in moments if moment is not None and moment > now), default=None)
