"""What sounds in the room of one speaker: a deterministic machine driven by commands and the passing of time.

Nothing here knows a clock: every call takes `now` (seconds, never going back) and first lets everything happen that was
due until then, each with its own exact time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .behaviour import NewSpeech, SpeakerBehaviour
from .conversation import NativeAnswer, NativeKind
from .journal import (
    CutBy,
    Event,
    Executed,
    MediaEnded,
    MediaPaused,
    MediaResumed,
    MediaStarted,
    NativeEnded,
    NativeStarted,
    Paused,
    Played,
    RefusalReason,
    SoundCut,
    SoundEnded,
    SoundStarted,
    SpeechAccepted,
    SpeechPath,
    SpeechRefused,
    Stopped,
    VolumeSet,
    Woken,
)
from .play_status import MediaType, PlayState, StatusLog

__all__ = ["Room"]


class _Source(StrEnum):
    SPEECH = "speech"
    NATIVE = "native"
    MEDIA = "media"


@dataclass(frozen=True, slots=True)
class _Music:
    title: str
    length_s: float


@dataclass(frozen=True, slots=True)
class _Sound:
    source: _Source
    text: str
    began_at: float
    ends_at: float
    utterance: int = 0
    then_music: _Music | None = None

    def chars_heard(self, now: float) -> int:
        """How many characters have been heard at `now`."""
        length_s = self.ends_at - self.began_at
        if length_s <= 0:
            return len(self.text)
        # The tiny addition keeps 1.2 s of 0.2 s characters from becoming 5 of them.
        return min(len(self.text), int((now - self.began_at) / length_s * len(self.text) + 1e-6))


@dataclass(frozen=True, slots=True)
class _Utterance:
    text: str
    number: int
    starts_at: float


@dataclass(frozen=True, slots=True)
class _NativeToCome:
    answer: NativeAnswer
    starts_at: float


@dataclass(frozen=True, slots=True)
class _PausedMedia:
    title: str
    left_s: float


@dataclass(slots=True)
class Room:
    """The loudspeaker: speech, XiaoAI's own answers and music, of which at most one sounds at a time."""

    note: Callable[[Event], None]
    behaviour: SpeakerBehaviour
    volume: int = 40
    minimum_volume: int = 0
    status: StatusLog = field(default_factory=StatusLog)
    _clock: float = float("-inf")
    _playing: _Sound | None = None
    _waiting: deque[_Utterance] = field(default_factory=deque)
    _natives: list[_NativeToCome] = field(default_factory=list)
    _paused_media: _PausedMedia | None = None
    _utterances: int = 0
    _listens_until: float = float("-inf")

    # Time

    def advance(self, now: float) -> None:
        """Let everything happen that is due until `now`."""
        while (due := self._next()) is not None and due[0] <= now:
            self._clock = max(self._clock, due[0])
            due[1]()
        self._clock = max(self._clock, now)

    def next_due(self) -> float | None:
        """When something will happen by itself, if nothing else comes; None: never."""
        due = self._next()
        return None if due is None else due[0]

    def is_listening(self, now: float) -> bool:
        """Whether the microphone is open after a wake-up."""
        return now < self._listens_until

    def is_speaking(self) -> bool:
        """Whether speech or XiaoAI's own answer sounds or is about to (as of the last call)."""
        return bool(self._waiting) or (self._playing is not None and self._playing.source is not _Source.MEDIA)

    def _next(self) -> tuple[float, Callable[[], None]] | None:
        return min(self._due(), key=lambda due: due[0], default=None)

    def _due(self) -> Iterator[tuple[float, Callable[[], None]]]:
        # The end of a sound comes first: it wins over a start at the same moment.
        if self._playing is not None:
            yield self._playing.ends_at, self._end
        if self._waiting and not self._must_wait():
            yield self._waiting[0].starts_at, self._begin_speech
        if self._natives:
            yield self._natives[0].starts_at, self._begin_native

    def _must_wait(self) -> bool:
        return (
            self.behaviour.new_speech is NewSpeech.QUEUES
            and self._playing is not None
            and self._playing.source is not _Source.MEDIA
        )

    # Commands

    def speak(self, now: float, text: str, path: SpeechPath) -> RefusalReason | None:
        """Take a text; returns why it will not be heard, or None. BUSY and SPEAKING are refused for the client too."""
        self.advance(now)
        reason = self._refusal(now, text, path)
        if reason is not None:
            self.note(SpeechRefused(now, text, path, reason))
            return reason
        if self.behaviour.new_speech is not NewSpeech.QUEUES:
            self._silence(now, CutBy.SPEECH)
        self._utterances += 1
        self.note(SpeechAccepted(now, text, path, self._utterances))
        self._waiting.append(_Utterance(text, self._utterances, now + self.behaviour.sound_delay_s))
        return None

    def _refusal(self, now: float, text: str, path: SpeechPath) -> RefusalReason | None:
        rules = self.behaviour
        if rules.new_speech is NewSpeech.REFUSED and self.is_speaking():
            return RefusalReason.SPEAKING
        if rules.speech_is_blocked_while_listening and self.is_listening(now):
            return RefusalReason.BUSY
        if path is SpeechPath.MINA and not rules.mina_speech_is_audible:
            return RefusalReason.PATH_IS_SILENT
        if len(text) > rules.max_chars:
            return RefusalReason.TOO_LONG
        if any(word in text for word in rules.sensitive_words):
            return RefusalReason.SENSITIVE
        return None

    def answer_natively(self, now: float, answer: NativeAnswer, delay_s: float) -> None:
        """Let XiaoAI answer after `delay_s`; an answer without text and music is silence."""
        self.advance(now)
        if answer.kind is not NativeKind.NONE:
            self._natives.append(_NativeToCome(answer, now + delay_s))
            self._natives.sort(key=lambda native: native.starts_at)

    def hear_question(self, now: float) -> None:
        """Somebody says the wake word: music stands still; speech ends where the model does that."""
        self.advance(now)
        if self._is_playing(_Source.MEDIA) or self.behaviour.question_cuts_speech:
            self._silence(now, CutBy.QUESTION)

    def execute(self, now: float, text: str, *, silent: bool) -> None:
        """Note that XiaoAI acts on a text; what it answers comes through `answer_natively`."""
        self.hear_question(now)
        self.note(Executed(now, text, silent))

    def wake(self, now: float) -> None:
        """Open the microphone as if the wake word had been said."""
        self.hear_question(now)
        self._listens_until = now + self.behaviour.listens_s
        self.note(Woken(now, self.behaviour.listens_s))

    def pause(self, now: float, *, by_miot: bool = False) -> None:
        """Pause: ends speech, lets music stand still. Without effect where the model ignores it."""
        self.advance(now)
        works = self.behaviour.miot_pause_silences if by_miot else self.behaviour.pause_silences
        silenced = works and self._silence(now, CutBy.PAUSE)
        if silenced:
            self.status.paused(now, self.behaviour.status_quirk)
        self.note(Paused(now, silenced))

    def stop(self, now: float) -> None:
        """Stop: ends speech and music, paused music too."""
        self.advance(now)
        silenced = self._silence(now, CutBy.STOP)
        self._paused_media = None
        if silenced:
            self.status.stopped(now, self.behaviour.status_quirk)
        self.note(Stopped(now, silenced))

    def play(self, now: float) -> None:
        """Go on with music that stands still."""
        self.advance(now)
        media = self._paused_media
        resumed = media is not None and self.behaviour.media_can_resume and self._playing is None
        if media is not None and resumed:
            self._paused_media = None
            self.note(MediaResumed(now, media.title))
            self._start(_Sound(_Source.MEDIA, media.title, now, now + media.left_s))
        self.note(Played(now, resumed))

    def toggle(self, now: float) -> None:
        """Pause what plays, else play."""
        self.advance(now)
        if self._playing is not None:
            self.pause(now)
        else:
            self.play(now)

    def play_media(self, now: float, title: str) -> None:
        """Play a URL or a piece of music instead of what sounds."""
        self.advance(now)
        self._silence(now, CutBy.SPEECH)
        self._begin_media(now, title, self.behaviour.media_duration_s)

    def set_volume(self, now: float, volume: int) -> None:
        """Set the volume, held between the model's minimum and 100."""
        self.advance(now)
        self.volume = max(self.minimum_volume, min(100, volume))
        self.note(VolumeSet(now, self.volume))

    def fall_silent(self, now: float) -> None:
        """Power or network is gone: everything ends and nothing is remembered."""
        self.advance(now)
        self._silence(now, CutBy.OFFLINE)
        self._natives.clear()
        self._paused_media = None
        self._listens_until = float("-inf")

    # What happens

    def _is_playing(self, source: _Source) -> bool:
        return self._playing is not None and self._playing.source is source

    def _start(self, sound: _Sound) -> None:
        self._playing = sound
        media = MediaType.MUSIC if sound.source is _Source.MEDIA else None
        self.status.add(sound.began_at, PlayState.PLAYING, media, sound.text if media else None)

    def _begin_speech(self) -> None:
        utterance = self._waiting.popleft()
        now = self._clock
        self._interrupt(now, CutBy.SPEECH)
        self.note(SoundStarted(now, utterance.text, utterance.number))
        length_s = len(utterance.text) * self.behaviour.seconds_per_char
        self._start(_Sound(_Source.SPEECH, utterance.text, now, now + length_s, utterance.number))

    def _begin_native(self) -> None:
        answer = self._natives.pop(0).answer
        now = self._clock
        self._interrupt(now, CutBy.NATIVE)
        music = None
        length_s = len(answer.text) * self.behaviour.seconds_per_char
        if answer.kind is NativeKind.AUDIO:
            music_s = answer.duration_s if answer.duration_s is not None else self.behaviour.media_duration_s
            music = _Music(answer.title, music_s)
        elif answer.duration_s is not None:
            length_s = answer.duration_s
        self.note(NativeStarted(now, answer.text))
        self._start(_Sound(_Source.NATIVE, answer.text, now, now + length_s, then_music=music))

    def _begin_media(self, now: float, title: str, length_s: float) -> None:
        self._paused_media = None
        self.note(MediaStarted(now, title))
        self._start(_Sound(_Source.MEDIA, title, now, now + length_s))

    def _end(self) -> None:
        sound, self._playing = self._playing, None
        if sound is None:
            return
        now = self._clock
        self.status.add(now, PlayState.IDLE)
        if sound.source is _Source.SPEECH:
            self.note(SoundEnded(now, sound.text, sound.utterance))
        elif sound.source is _Source.MEDIA:
            self.note(MediaEnded(now, sound.text, None))
        else:
            self.note(NativeEnded(now, sound.text, now - sound.began_at, None))
            if sound.then_music is not None:
                self._begin_media(now, sound.then_music.title, sound.then_music.length_s)

    def _silence(self, now: float, by: CutBy) -> bool:
        """End what sounds and drop what waits; True if that made a difference."""
        waited = bool(self._waiting)
        while self._waiting:
            utterance = self._waiting.popleft()
            self.note(SoundCut(now, utterance.text, utterance.number, 0, by))
        return self._interrupt(now, by) or waited

    def _interrupt(self, now: float, by: CutBy) -> bool:
        sound = self._playing
        if sound is None:
            return False
        commanded = by in (CutBy.PAUSE, CutBy.STOP)
        if sound.source is _Source.NATIVE and commanded and not self.behaviour.native_can_be_silenced:
            return False
        self._playing = None
        state = PlayState.IDLE
        if sound.source is _Source.SPEECH:
            self.note(SoundCut(now, sound.text, sound.utterance, sound.chars_heard(now), by))
        elif sound.source is _Source.NATIVE:
            self.note(NativeEnded(now, sound.text, now - sound.began_at, by))
        elif by in (CutBy.STOP, CutBy.OFFLINE):
            self.note(MediaEnded(now, sound.text, by))
        else:
            state = PlayState.PAUSED
            self._paused_media = _PausedMedia(sound.text, sound.ends_at - now)
            self.note(MediaPaused(now, sound.text, by))
        self.status.add(now, state)
        return True
