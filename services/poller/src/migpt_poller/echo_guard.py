"""Keeps the speaker from answering itself: what we said through it is not heard as a question."""

from __future__ import annotations

from dataclasses import dataclass, field

from migpt_shared.spoken_form import normalise

#: How long after the last sign of our speech an equal text counts as its echo, seconds.
ECHO_WINDOW_S = 15.0

#: What the transcript shows when XiaoAI is woken by a command.
WAKE_WORDS = "小爱同学"


@dataclass(slots=True)
class _Sending:
    text: str
    until: float
    is_heard: bool = False


@dataclass(slots=True)
class EchoGuard:
    """What was lately sent to one speaker. Each sending swallows one equal utterance, not more."""

    _sendings: dict[str, _Sending] = field(default_factory=dict, init=False)

    def sent(self, key: str, text: str, now: float) -> None:
        """The text was sent to the speaker, or still sounds. The same key is the same sending."""
        self._forget(now)
        normalised = normalise(text)
        if not normalised:
            return
        known = self._sendings.get(key)
        if known is None:
            self._sendings[key] = _Sending(normalised, now + ECHO_WINDOW_S)
        else:
            known.until = now + ECHO_WINDOW_S

    def was_not_said(self, key: str) -> None:
        """The sending failed: nothing of it can be heard."""
        self._sendings.pop(key, None)

    def swallows(self, text: str, now: float) -> bool:
        """Whether the utterance is an echo. Asking uses the matching sending up."""
        self._forget(now)
        normalised = normalise(text)
        for sending in self._sendings.values():
            if not sending.is_heard and sending.text == normalised:
                sending.is_heard = True
                return True
        return False

    def _forget(self, now: float) -> None:
        for key in [key for key, sending in self._sendings.items() if sending.until <= now]:
            del self._sendings[key]
