"""What a failed login means, in words that say what to do; pure."""

from __future__ import annotations

from migpt_console.pages.login import words
from migpt_shared.language import Language
from migpt_shared.xiaomi import CloudUnreachable, ConsentNeeded, LoginRejected, XiaomiError
from migpt_shared.xiaomi.sign_in import QrExpiredError, WrongAccountError


def meaning_of(error: XiaomiError, language: Language) -> str:
    """For the person who is logging in. Never holds a secret."""
    match error:
        case QrExpiredError():
            return words.QR_EXPIRED.in_(language)
        case WrongAccountError():
            return words.WRONG_ACCOUNT.in_(language, got=error.got, wanted=error.wanted)
        case ConsentNeeded():
            return words.CONSENT.in_(language)
        case LoginRejected():
            if "passToken" in str(error) and error.code is None:
                return words.TOKEN_REJECTED.in_(language)
            if error.code is None and "code" in str(error):
                return words.CODE_REJECTED.in_(language)
            return words.REJECTED.in_(language, reason=error)
        case CloudUnreachable():
            return words.UNREACHABLE.in_(language, reason=error)
    return words.OTHER.in_(language, reason=error)
