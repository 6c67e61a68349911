"""What the codes in the cloud's answers mean. Pure: an HTTP answer in, its content out or a typed error raised."""

from collections.abc import Mapping
from typing import Any

from migpt_shared.xiaomi.errors import (
    CloudRefused,
    MalformedAnswer,
    SpeakerBusy,
    SpeakerOffline,
    TokenExpired,
    Unsupported,
    XiaomiError,
)
from migpt_shared.xiaomi.transport import Answer

_UBUS_INTERNAL = 100
_UBUS_NO_ANSWER = 101
_ROM_SILENT = 3012
_ILLEGAL_ARGUMENT = 601
_BUSY = (_UBUS_INTERNAL, _UBUS_NO_ANSWER, _ROM_SILENT)

_MIOT_EXPIRED_CODES = (2, 3)
_MIOT_EXPIRED_WORDS = ("auth err", "invalid signature", "servicetoken_expired")
_MIOT_OFFLINE = (-704042011, -704090001, -704042001)
_MIOT_BUSY = (-704053036, -704083036, -704053100)  # no answer in time (twice), cannot do that in its present state
_MIOT_UNSUPPORTED = (
    -8,  # data type not valid
    -704220025,  # wrong number of arguments
    -704220035,  # bad argument
    -704220008,  # invalid id
    -704040002,  # no such service
    -704040003,  # no such property
    -704040005,  # no such action
    -704030013,  # not readable
)


def mina_content(answer: Answer) -> dict[str, Any]:
    """The envelope of a MiNA or conversation answer with both of its codes 0."""
    envelope, code, message = _opened(answer)
    if code != 0:
        raise _mina_error(envelope, code, message)
    data = envelope.get("data")
    inner = data.get("code") if isinstance(data, dict) else None
    if inner in _BUSY:
        raise SpeakerBusy(f"the speaker did not answer (code {inner})", code=inner)
    if isinstance(inner, int) and inner != 0:
        raise Unsupported(f"the speaker refused the call (code {inner})", code=inner)
    return envelope


def ubus_info(envelope: Mapping[str, Any]) -> object:
    """What the speaker itself has returned, None if nothing. Without its code it is not known to have accepted."""
    data = envelope.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("code"), int):
        raise MalformedAnswer("the speaker's answer has no code")
    return data.get("info")


def miot_content(answer: Answer) -> dict[str, Any]:
    """The envelope of a MIoT answer with code 0 and a `result`."""
    envelope, code, message = _opened(answer)
    if code != 0:
        if code in _MIOT_EXPIRED_CODES or any(words in message.lower() for words in _MIOT_EXPIRED_WORDS):
            raise TokenExpired(f"the MIoT session has expired (code {code})", code=code)
        raise _miot_error(code, message)
    if "result" not in envelope:
        raise MalformedAnswer(f"{answer.host} answered without a result")
    return envelope


def check_action_result(result: object) -> None:
    """Raises what the inner code of a MIoT action says; the outer one only says that the cloud got the request."""
    code = result.get("code") if isinstance(result, dict) else None
    if not isinstance(code, int):
        raise MalformedAnswer("the answer to a MIoT action has no code")
    if code != 0:
        raise _miot_error(code, "")


def _opened(answer: Answer) -> tuple[dict[str, Any], int, str]:
    if answer.status == 401:
        raise TokenExpired(f"{answer.host} does not accept the service token", code=401)
    if answer.status != 200:
        raise CloudRefused(f"{answer.host} answered HTTP {answer.status}", code=answer.status)
    envelope = answer.json()
    if not isinstance(envelope, dict):
        raise MalformedAnswer(f"{answer.host} answered with a {type(envelope).__name__}, not an object")
    code = envelope.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise MalformedAnswer(f"{answer.host} answered without a code")
    message = envelope.get("message")
    return envelope, code, message if isinstance(message, str) else ""


def _mina_error(envelope: Mapping[str, Any], code: int, message: str) -> XiaomiError:
    if code in _BUSY:
        return SpeakerBusy(f"the speaker did not answer in time (code {code})", code=code)
    if code == _ILLEGAL_ARGUMENT:
        if "requiredcookie" in str(envelope.get("data")).replace(" ", "").lower():
            return TokenExpired("the cloud did not get the session", code=code)
        return Unsupported("the cloud does not know this device or this call", code=code)
    if "auth" in message.lower():
        return TokenExpired(f"the MiNA session has expired (code {code})", code=code)
    return CloudRefused(f"the cloud refused with code {code}: {message[:80] or 'no reason given'}", code=code)


def _miot_error(code: int, message: str) -> XiaomiError:
    if code in _MIOT_OFFLINE:
        return SpeakerOffline("the speaker is offline", code=code)
    if code in _MIOT_BUSY:
        return SpeakerBusy(f"the speaker did not answer in time (code {code})", code=code)
    if code in _MIOT_UNSUPPORTED:
        return Unsupported(f"the speaker does not know this action or its arguments (code {code})", code=code)
    return CloudRefused(f"the cloud refused with code {code}: {message[:80] or 'no reason given'}", code=code)
