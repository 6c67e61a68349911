"""The parts of the login wizard that know neither network nor terminal."""

from __future__ import annotations

import pytest
import qrcode

from migpt_cli.login.meanings import meaning_of
from migpt_cli.login.qr_drawing import qr_lines
from migpt_shared.xiaomi import (
    CaptchaNeeded,
    CloudRefused,
    CloudUnreachable,
    ConsentNeeded,
    LoginCoolingDown,
    LoginRejected,
    MalformedAnswer,
    SpeakerBusy,
    StoreUnusable,
    TokenExpired,
    VerificationNeeded,
    XiaomiError,
)
from migpt_shared.xiaomi.identity import WrongCodeError
from migpt_shared.xiaomi.sign_in import QrExpiredError, WrongAccountError

ADDRESS = "https://account.xiaomi.com/longPolling/login?ticket=lp_0123456789abcdef0123456789abcdef"
_DARK = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


@pytest.mark.parametrize("content", [ADDRESS, "x", ADDRESS * 4])
def test_the_drawing_is_the_code_itself(content: str) -> None:
    lines = qr_lines(content)
    drawn = [[_DARK[cell][half] for cell in line] for line in lines for half in (0, 1)]
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=2)
    code.add_data(content)
    code.make(fit=True)
    expected = code.get_matrix()
    assert drawn[: len(expected)] == expected
    assert not any(any(row) for row in drawn[len(expected) :])
    assert len({len(line) for line in lines}) == 1


def test_a_login_address_fits_a_usual_terminal() -> None:
    lines = qr_lines(ADDRESS)
    assert max(map(len, lines)) <= 60
    assert len(lines) <= 30


ERRORS: tuple[XiaomiError, ...] = (
    QrExpiredError("too late"),
    WrongAccountError("1", "2"),
    WrongCodeError("wrong"),
    CaptchaNeeded("https://x"),
    ConsentNeeded("https://x"),
    VerificationNeeded("https://x"),
    LoginCoolingDown(61, "wrong password"),
    LoginRejected("refused"),
    CloudUnreachable("no route"),
    StoreUnusable("read-only"),
    CloudRefused("70022"),
    MalformedAnswer("HTML"),
    SpeakerBusy("busy"),
    TokenExpired("again"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_failure_has_a_meaning_in_both_languages(error: XiaomiError) -> None:
    chinese, english = meaning_of(error, "zh"), meaning_of(error, "en")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert not any("\u4e00" <= character <= "\u9fff" for character in english)
    assert "{" not in chinese + english


def test_the_meanings_differ_and_keep_what_is_known() -> None:
    meanings = {meaning_of(error, "zh") for error in ERRORS}
    assert len(meanings) == len(ERRORS)
    assert "61" in meaning_of(LoginCoolingDown(61, "x"), "zh")
    assert "no route" in meaning_of(CloudUnreachable("no route"), "zh")
