"""What the login pages say, and what is made of it."""

import pytest

from migpt_shared.xiaomi import (
    CaptchaNeeded,
    ConsentNeeded,
    LoginFailed,
    LoginRejected,
    MalformedAnswer,
    VerificationNeeded,
    XiaomiError,
)
from migpt_shared.xiaomi.login_answers import Granted, PasswordForm, read_password_answer, read_session_answer
from migpt_shared.xiaomi.login_steps import user_agent_of

PAGE = {"code": 70016, "qs": "%3Fsid", "sid": "micoapi", "_sign": "sig=", "callback": "https://api2.mina.mi.com/sts"}
GRANTED = {
    "code": 0, "location": "https://api2.mina.mi.com/sts?a=1&nonce=77", "nonce": 2**62 + 1, "ssecurity": "c2Vj",
    "passToken": "V1:x", "userId": 123, "captchaUrl": None, "securityStatus": 0,
}  # fmt: skip
AUTH_PAGE = "/identity/authStart?sid=micoapi&context=abc"


def test_step_1_without_a_session_is_a_form_and_no_error() -> None:
    assert read_session_answer(PAGE) == PasswordForm("%3Fsid", "micoapi", "sig=", "https://api2.mina.mi.com/sts")


@pytest.mark.parametrize("read", [read_session_answer, read_password_answer])
def test_granted_with_a_nonce_beyond_53_bits(read: object) -> None:
    granted = read(GRANTED)  # type: ignore[operator]
    assert granted == Granted(str(GRANTED["location"]), str(2**62 + 1), "c2Vj", "V1:x", "123")


def test_what_the_server_left_out_is_none_but_the_nonce_stands_in_the_location_too() -> None:
    kept = {key: value for key, value in GRANTED.items() if key not in ("nonce", "ssecurity", "passToken")}
    assert read_session_answer(kept) == Granted(str(GRANTED["location"]), "77", None, None, "123")


@pytest.mark.parametrize("read", [read_session_answer, read_password_answer])
@pytest.mark.parametrize(
    ("answer", "error", "url"),
    [
        (
            {"code": 87001, "captchaUrl": "/pass/getCode?icodeType=login&0.1"},
            CaptchaNeeded,
            "https://account.xiaomi.com/pass/getCode?icodeType=login&0.1",
        ),
        ({"code": 87001}, CaptchaNeeded, None),
        (
            {"code": 0, "location": "", "securityStatus": 16, "notificationUrl": AUTH_PAGE},
            VerificationNeeded,
            "https://account.xiaomi.com" + AUTH_PAGE,
        ),
        ({"code": 81003}, VerificationNeeded, None),
        (
            {"code": 0, "securityStatus": 128, "location": "https://account.xiaomi.com/pass2/redirect?x=1"},
            ConsentNeeded,
            "https://account.xiaomi.com/pass2/redirect?x=1",
        ),
    ],
)
def test_what_a_person_must_do(read: object, answer: object, error: type[LoginFailed], url: str | None) -> None:
    with pytest.raises(LoginFailed) as caught:
        read(answer)  # type: ignore[operator]
    assert type(caught.value) is error
    assert caught.value.url == url
    assert url is None or url not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("code", [70016, 20003, 70002, 22009])
def test_rejected_passwords(code: int) -> None:
    with pytest.raises(LoginRejected) as caught:
        read_password_answer({"code": code, "captchaUrl": None})
    assert caught.value.code == code
    assert caught.value.needs_login


@pytest.mark.parametrize("read", [read_session_answer, read_password_answer])
@pytest.mark.parametrize("answer", [None, [], "x", {}, {"code": None}, {"code": "0"}, {"code": 0}, {**PAGE, "code": 0}])
def test_what_is_no_login_answer(read: object, answer: object) -> None:
    with pytest.raises(MalformedAnswer):
        read(answer)  # type: ignore[operator]


@pytest.mark.parametrize("missing", ["qs", "sid", "_sign", "callback"])
def test_a_form_without_its_fields(missing: str) -> None:
    with pytest.raises(MalformedAnswer):
        read_session_answer({**PAGE, missing: None})


def test_nothing_secret_in_reprs() -> None:
    shown = f"{read_session_answer(GRANTED)!r} {read_session_answer(PAGE)!r}"
    assert not any(secret in shown for secret in ("c2Vj", "V1:x", "sts?a", "sig="))


def test_one_user_agent_for_one_device() -> None:
    assert user_agent_of("ABC") == user_agent_of("ABC")
    assert len({user_agent_of(f"device {number}") for number in range(60)}) > 20


def test_every_error_is_an_xiaomi_error() -> None:
    assert issubclass(LoginFailed, XiaomiError)
    assert issubclass(ConsentNeeded, VerificationNeeded)
