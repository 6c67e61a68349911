"""A failed login as it is remembered, and back."""

from migpt_shared.xiaomi.errors import (
    CaptchaNeeded,
    CloudUnreachable,
    ConsentNeeded,
    LoginRejected,
    VerificationNeeded,
    XiaomiError,
)
from migpt_shared.xiaomi.tokens import Failure, FailureKind


def failure_kind_of(error: XiaomiError) -> FailureKind:
    """What kind of failure to remember for `error`."""
    match error:
        case CaptchaNeeded():
            return FailureKind.CAPTCHA
        case ConsentNeeded():
            return FailureKind.CONSENT
        case VerificationNeeded():
            return FailureKind.VERIFICATION
        case LoginRejected():
            return FailureKind.REJECTED
        case _:
            return FailureKind.UNCERTAIN


def error_of(failure: Failure) -> XiaomiError:
    """The error that a remembered failure was, possibly one of another process."""
    match failure.kind:
        case FailureKind.CAPTCHA:
            return CaptchaNeeded(failure.url, code=failure.code)
        case FailureKind.VERIFICATION:
            return VerificationNeeded(failure.url, code=failure.code)
        case FailureKind.CONSENT:
            return ConsentNeeded(failure.url, code=failure.code)
        case FailureKind.REJECTED:
            return LoginRejected(failure.reason, code=failure.code, url=failure.url)
        case FailureKind.UNCERTAIN:
            return CloudUnreachable(failure.reason, code=failure.code)
