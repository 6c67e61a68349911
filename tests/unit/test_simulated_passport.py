"""The login rules of the simulated account pages, by a clock of the test's own."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import pytest

from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, AccountBehaviour, NotificationForm, SimulatedAccount
from migpt_simulator.login_answers import (
    CaptchaWanted,
    ConsentWanted,
    LoggedIn,
    LoginAnswer,
    LoginForm,
    LoginPage,
    Rejected,
    VerificationWanted,
    WrongCredentials,
)
from migpt_simulator.passport import LoginStep, Passport, client_sign
from migpt_simulator.qr_login import QrCodes


def _passport(**behaviour: object) -> Passport:
    account = SimulatedAccount(behaviour=AccountBehaviour().changed(behaviour))
    return Passport((account,), random.Random(1))


def _form(passport: Passport, sid: str = "micoapi", password: str = DEFAULT_PASSWORD, device: str = "D1") -> LoginForm:
    page = passport.service_login(0.0, sid, user_id="", pass_token="", device_id=device)
    assert isinstance(page, LoginPage)
    digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest().upper()
    return LoginForm(sid, page.qs, page.sign, page.callback, DEFAULT_ACCOUNT, digest, device)


def _logged_in(answer: LoginAnswer) -> LoggedIn:
    assert isinstance(answer, LoggedIn), answer
    return answer


def test_password_then_pass_token_then_service_tokens_of_two_sids() -> None:
    passport = _passport()
    login = _logged_in(passport.password_login(0.0, _form(passport)))
    assert login.nonce > 2**53
    assert login.pass_token.startswith("V1:")
    second = _logged_in(
        passport.service_login(1.0, "xiaomiio", user_id=login.user_id, pass_token=login.pass_token, device_id="D1")
    )
    assert second.pass_token == login.pass_token
    for one in (login, second):
        swap = passport.swap_ticket(2.0, one.ticket, client_sign(one.nonce, one.ssecurity))
        assert swap.token
        held = passport.session(3.0, sid=one.sid, user_id=DEFAULT_ACCOUNT, token=swap.token)
        assert held is not None
        assert held.ssecurity == one.ssecurity
        other_sid = "xiaomiio" if one.sid == "micoapi" else "micoapi"
        assert passport.session(3.0, sid=other_sid, user_id=DEFAULT_ACCOUNT, token=swap.token) is None
        assert passport.session(3.0, sid=one.sid, user_id="1", token=swap.token) is None
    account = passport.accounts[DEFAULT_ACCOUNT]
    assert [account.count(step) for step in LoginStep] == [1, 1, 2]


def test_wrong_password_lower_case_hash_wrong_sign_and_unknown_account_are_all_70016() -> None:
    passport = _passport()
    form = _form(passport)
    for wrong in (
        _form(passport, password="wrong"),
        replace(form, password_hash=form.password_hash.lower()),
        replace(form, sign="x"),
        replace(form, qs=form.qs.replace("%3F", "?")),
        replace(form, callback="https://evil.example/sts"),
        replace(form, user="13800000000"),
    ):
        assert isinstance(passport.password_login(0.0, wrong), WrongCredentials)
    assert isinstance(_passport(rejects_password=True).password_login(0.0, form), WrongCredentials)


def test_an_unknown_sid_is_refused() -> None:
    answer = _passport().service_login(0.0, "nonsense", user_id="", pass_token="", device_id="D1")
    assert isinstance(answer, Rejected)


def test_a_captcha_must_be_solved_once_per_password() -> None:
    passport = _passport(needs_captcha=True)
    form = _form(passport)
    first = passport.password_login(0.0, form)
    assert isinstance(first, CaptchaWanted)
    assert first.url.startswith("/pass/getCode?icodeType=login&")
    assert not first.was_wrong
    key, shown = passport.draw_captcha()
    assert passport.captcha_texts() == (shown,)
    wrong = passport.password_login(0.0, replace(form, captcha_answer="x", captcha_key=key))
    assert isinstance(wrong, CaptchaWanted)
    assert wrong.was_wrong
    # A picture is good for one try.
    again = passport.password_login(0.0, replace(form, captcha_answer=shown, captcha_key=key))
    assert isinstance(again, CaptchaWanted)
    key, shown = passport.draw_captcha()
    _logged_in(passport.password_login(0.0, replace(form, captcha_answer=shown, captcha_key=key)))


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        (NotificationForm.ABSOLUTE, "https://account.xiaomi.com/identity/authStart?"),
        (NotificationForm.RELATIVE, "/identity/authStart?"),
        (NotificationForm.FRONT_END, "https://account.xiaomi.com/fe/service/identity/authStart?"),
    ],
)
def test_verification_by_a_code_that_was_sent(form: NotificationForm, begins: str) -> None:
    passport = _passport(needs_verification=True, notification_form=form)
    answer = passport.password_login(0.0, _form(passport))
    assert isinstance(answer, VerificationWanted)
    assert answer.notification_url.startswith(begins)
    context = parse_qs(urlparse(answer.notification_url).query)["context"][0]
    found = passport.verifications.by_context(1.0, context)
    assert found is not None
    assert not passport.verifications.check(found, "")  # nothing was sent yet
    passport.verifications.send_code(found)
    (code,) = passport.verifications.codes_sent(DEFAULT_ACCOUNT)
    assert not passport.verifications.check(found, "nonsense")
    assert passport.verifications.check(found, code)
    passport.trust(DEFAULT_ACCOUNT, found.device_id)
    _logged_in(passport.password_login(2.0, _form(passport)))
    assert passport.verifications.by_context(601.0, context) is None


def test_a_new_device_meets_verification_the_first_one_does_not() -> None:
    passport = _passport(new_device_needs_verification=True)
    login = _logged_in(passport.password_login(0.0, _form(passport, device="D1")))
    assert isinstance(passport.password_login(0.0, _form(passport, device="D2")), VerificationWanted)
    _logged_in(passport.password_login(0.0, _form(passport, device="D1")))
    # A passToken is good from any device: that is how browser cookies are used.
    _logged_in(
        passport.service_login(0.0, "micoapi", user_id=DEFAULT_ACCOUNT, pass_token=login.pass_token, device_id="D3")
    )


def test_codes_set_for_an_account_win() -> None:
    passport = _passport(password_code=22009)
    answer = passport.password_login(0.0, _form(passport))
    assert answer == Rejected(22009)
    passport = _passport(password_code=81003, needs_verification=True)
    answer = passport.password_login(0.0, _form(passport))
    assert isinstance(answer, Rejected)
    assert answer.notification_url


def test_consent_blocks_both_ways_in() -> None:
    passport = _passport(needs_consent=True)
    assert isinstance(passport.password_login(0.0, _form(passport)), ConsentWanted)
    token = passport.new_pass_token(0.0, DEFAULT_ACCOUNT)
    answer = passport.service_login(0.0, "micoapi", user_id=DEFAULT_ACCOUNT, pass_token=token, device_id="D1")
    assert isinstance(answer, ConsentWanted)


def test_tokens_end_by_age_and_by_command() -> None:
    passport = _passport(service_token_life_s=10.0, pass_token_life_s=20.0)
    login = _logged_in(passport.password_login(0.0, _form(passport)))

    def token() -> str:
        swap = passport.swap_ticket(0.0, login.ticket, client_sign(login.nonce, login.ssecurity))
        assert swap.token
        return swap.token

    def is_alive(now: float, value: str) -> bool:
        return passport.session(now, sid="micoapi", user_id=DEFAULT_ACCOUNT, token=value) is not None

    first, second, third = token(), token(), token()
    assert [is_alive(now, first) for now in (9.9, 10.0)] == [True, False]
    passport.kill(second)
    assert not is_alive(1.0, second)
    assert is_alive(1.0, third)
    assert passport.expire_service_tokens(DEFAULT_ACCOUNT, "xiaomiio") == 0
    assert passport.expire_service_tokens(DEFAULT_ACCOUNT) == 2
    assert not is_alive(1.0, third)

    def by_pass_token(now: float) -> LoginAnswer:
        return passport.service_login(
            now, "micoapi", user_id=DEFAULT_ACCOUNT, pass_token=login.pass_token, device_id="D1"
        )

    assert isinstance(by_pass_token(19.9), LoggedIn)
    assert isinstance(by_pass_token(20.0), LoginPage)
    assert passport.expire_pass_tokens(DEFAULT_ACCOUNT) == 1
    assert isinstance(by_pass_token(1.0), LoginPage)


def test_step_three_refuses_a_wrong_sign_an_old_ticket_and_when_told_to() -> None:
    passport = _passport()
    login = _logged_in(passport.password_login(0.0, _form(passport)))
    sign = client_sign(login.nonce, login.ssecurity)
    rounded = client_sign(int(float(login.nonce)), login.ssecurity)  # what a JavaScript number makes of it
    assert passport.swap_ticket(0.0, login.ticket, rounded).status == 401
    assert passport.swap_ticket(0.0, "unknown", sign).status == 401
    assert passport.swap_ticket(301.0, login.ticket, sign).status == 401
    passport.accounts[DEFAULT_ACCOUNT].behaviour = AccountBehaviour(sts_status=404)
    swap = passport.swap_ticket(0.0, login.ticket, sign)
    assert (swap.status, swap.token) == (404, None)


def test_no_secret_in_any_repr() -> None:
    passport = _passport()
    form = _form(passport)
    login = _logged_in(passport.password_login(0.0, form))
    text = repr((form, login, passport.accounts, SimulatedAccount()))
    for secret in (login.pass_token, login.ssecurity, login.ticket, form.password_hash, DEFAULT_PASSWORD):
        assert secret not in text


def test_a_qr_code_is_confirmed_once_and_gets_old() -> None:
    codes = QrCodes(random.Random(1), life_s=60.0)
    assert not codes.scan(0.0, DEFAULT_ACCOUNT)
    first, second = codes.show(0.0, "mijia"), codes.show(0.0, "mijia")
    assert codes.scan(1.0, DEFAULT_ACCOUNT)
    assert (first.scanned_by, second.scanned_by) == (None, DEFAULT_ACCOUNT)
    assert codes.find(59.9, first.ticket) is first
    assert codes.find(60.0, first.ticket) is None
    assert not codes.scan(60.0, DEFAULT_ACCOUNT)
