"""Which request goes wrong and how: by chance with given rates, or scripted one by one.

A request that goes wrong changes nothing: it is as if something in front of the service had answered.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Fault", "FaultPlan", "FaultRates", "RequestKind"]


class RequestKind(StrEnum):
    """What a request is about, in the request log and for scripted faults."""

    SERVICE_LOGIN = "service_login"
    PASSWORD = "password"  # noqa: S105  # the name of a request, not a secret
    STS = "sts"
    CAPTCHA = "captcha"
    IDENTITY = "identity"
    QR = "qr"
    DEVICE_LIST = "device_list"
    CONVERSATION = "conversation"
    SPEAK = "speak"
    STATUS = "status"
    PAUSE = "pause"
    STOP = "stop"
    PLAY = "play"
    TOGGLE = "toggle"
    VOLUME = "volume"
    LOOP = "loop"
    PLAY_URL = "play_url"
    EXECUTE = "execute"
    WAKE = "wake"
    LATEST_ASK = "latest_ask"
    PROPERTY_GET = "property_get"
    PROPERTY_SET = "property_set"
    HOME_DEVICE_LIST = "home_device_list"
    MESSAGE_CHECK = "message_check"
    OTHER = "other"


_LOGIN = frozenset(
    {
        RequestKind.SERVICE_LOGIN, RequestKind.PASSWORD, RequestKind.STS, RequestKind.CAPTCHA, RequestKind.IDENTITY,
        RequestKind.QR,
    }
)  # fmt: skip
_CLOUD_ONLY = frozenset(
    {
        RequestKind.DEVICE_LIST, RequestKind.CONVERSATION, RequestKind.HOME_DEVICE_LIST, RequestKind.MESSAGE_CHECK,
        RequestKind.OTHER,
    }
)  # fmt: skip


class Fault(StrEnum):
    """How a request goes wrong."""

    BUSY = "busy"  # 101/3012; MIoT: -704053100
    TIMEOUT = "timeout"  # 100 after the device timeout; MIoT: -704083036
    HTTP_500 = "http_500"
    EXPIRED = "expired"  # the service token used is dead from now on
    HTML = "html"  # HTTP 200 with a page instead of JSON
    TRUNCATED = "truncated"  # JSON that ends in the middle
    NULLS = "nulls"  # the right form with null in every field
    NO_RECORDS = "no_records"  # `data` of the history is null
    HANG = "hang"  # no answer for `hang_s`

    def applies_to(self, kind: RequestKind) -> bool:
        """Whether a request of this kind can go wrong this way."""
        match self:
            case Fault.BUSY | Fault.TIMEOUT:
                return kind not in _LOGIN and kind not in _CLOUD_ONLY
            case Fault.EXPIRED | Fault.NULLS:
                return kind not in _LOGIN
            case Fault.NO_RECORDS:
                return kind is RequestKind.CONVERSATION
        return True


class FaultRates(BaseModel):
    """Chances (0-1) per request. Login requests are left alone unless scripted or `login_too`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    busy: float = Field(0.0, ge=0, le=1, description="of requests that reach a speaker")
    timeout: float = Field(0.0, ge=0, le=1, description="of requests that reach a speaker")
    http_500: float = Field(0.0, ge=0, le=1)
    expired: float = Field(0.0, ge=0, le=1, description="of requests with a service token, which then is dead")
    html: float = Field(0.0, ge=0, le=1)
    truncated: float = Field(0.0, ge=0, le=1)
    nulls: float = Field(0.0, ge=0, le=1)
    no_records: float = Field(0.0, ge=0, le=1, description="of history requests")
    hang: float = Field(0.0, ge=0, le=1)
    hang_s: float = Field(30.0, ge=0, description="how long a hanging request stays without an answer")
    login_too: bool = Field(False, description="the chances count for the account pages as well")

    def changed(self, changes: dict[str, object]) -> Self:
        """A validated copy with some rates changed. Raises pydantic's ValidationError naming the bad ones."""
        return type(self).model_validate({**self.model_dump(), **changes})

    def of(self, fault: Fault) -> float:
        return float(getattr(self, fault.value))


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    kind: RequestKind | None
    speaker: str | None
    left: int


@dataclass(slots=True)
class FaultPlan:
    """Decides for each request; equal seeds and equal requests give equal decisions."""

    rng: random.Random
    rates: FaultRates = field(default_factory=FaultRates)
    _scripted: deque[_Scripted] = field(default_factory=deque)

    def script(
        self, fault: Fault, *, count: int = 1, kind: RequestKind | None = None, speaker: str | None = None
    ) -> None:
        """Let the next `count` fitting requests go wrong. `kind` and `speaker` (slug) None: any that the fault fits.

        Scripts are tried in the order in which they were given.
        """
        if count < 1:
            raise ValueError("count must be at least 1")
        if kind is not None and not fault.applies_to(kind):
            raise ValueError(f"a {kind.value} request cannot go wrong as {fault.value}")
        self._scripted.append(_Scripted(fault, kind, speaker, count))

    def draw(self, kind: RequestKind, speaker: str | None) -> Fault | None:
        """The fault of this request, if any."""
        for script in self._scripted:
            if script.kind in (None, kind) and script.speaker in (None, speaker) and script.fault.applies_to(kind):
                script.left -= 1
                if script.left == 0:
                    self._scripted.remove(script)
                return script.fault
        if kind in _LOGIN and not self.rates.login_too:
            return None
        for fault in Fault:
            rate = self.rates.of(fault)
            # The generator is asked only for rates in use: switching one fault on leaves the others' luck alone.
            if rate > 0 and fault.applies_to(kind) and self.rng.random() < rate:
                return fault
        return None
