"""A person logs in, whatever Xiaomi asks for; the services' own cloud then works without a login of its own."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from migpt_shared.xiaomi import (
    CaptchaNeeded,
    CloudRefused,
    CloudUnreachable,
    ConsentNeeded,
    Credentials,
    Endpoints,
    LoginRejected,
    MalformedAnswer,
    QrCodeExpired,
    SignedIn,
    SignIn,
    TokenStore,
    VerificationChannel,
    VerificationNeeded,
    WrongAccount,
    WrongCode,
    XiaomiError,
)
from migpt_shared.xiaomi.login import Login
from migpt_shared.xiaomi.sign_in_answers import read_channels, read_qr_code, read_scan, read_verified
from migpt_shared.xiaomi.tokens import Sid
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, Fault, RequestKind, SimulatedAccount, SimulatedHome
from migpt_simulator.home import NotificationForm
from tests.contract.xiaomi_household import Household, simulated

PASSWORD = SecretStr(DEFAULT_PASSWORD)
OTHER = "9876543210"


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    accounts = (SimulatedAccount(), SimulatedAccount(account=OTHER))
    async with simulated(SimulatedHome(latency_s=0.0, accounts=accounts)) as simulator:
        yield Household(simulator, tmp_path / "xiaomi" / "home.json")


@asynccontextmanager
async def signing_in(household: Household, account: str | None = DEFAULT_ACCOUNT) -> AsyncIterator[SignIn]:
    url = household.sim.url
    store = TokenStore(household.store.path)
    async with SignIn(account, store, Endpoints(url, url, url, url), clock=lambda: household.now) as sign_in:
        yield sign_in


async def works_without_a_secret(household: Household) -> bool:
    """Whether the services have all they need in the token file."""
    before = household.passwords_sent
    async with household.cloud(Credentials(DEFAULT_ACCOUNT)) as cloud:
        device = household.device("living_room")
        await cloud.devices()
        await cloud.wake(device)
        return cloud.account_state.ok and household.passwords_sent == before


async def by_qr_code(household: Household, sign_in: SignIn, scanned_by: str = DEFAULT_ACCOUNT) -> SignedIn:
    code = await sign_in.qr_code()
    waiting = asyncio.create_task(sign_in.scanned(code))
    polls = household.count(RequestKind.QR)
    await asyncio.sleep(0)
    assert household.sim.home.account(scanned_by).scan_qr()
    signed_in = await asyncio.wait_for(waiting, 20)
    assert household.count(RequestKind.QR) > polls
    return signed_in


async def test_by_qr_code(household: Household) -> None:
    async with signing_in(household) as sign_in:
        assert await by_qr_code(household, sign_in) == SignedIn(DEFAULT_ACCOUNT, has_miot=True)
    assert await works_without_a_secret(household)
    assert household.passwords_sent == 0
    assert household.stored.pass_token_at == household.now
    assert stat.S_IMODE(household.store.path.stat().st_mode) == 0o600
    assert not [file for file in household.store.path.parent.iterdir() if file.name.startswith(".")]


async def test_the_qr_code_holds_the_page_that_the_app_opens(household: Household) -> None:
    async with signing_in(household) as sign_in:
        code = await sign_in.qr_code()
    assert code.content.startswith("https://account.xiaomi.com/longPolling/login?ticket=")
    assert 0 < code.life_s <= 600
    assert "ticket" not in repr(code)


async def test_a_qr_code_that_is_too_old_is_told_and_the_next_one_works(household: Household) -> None:
    async with signing_in(household) as sign_in:
        code = await sign_in.qr_code()
        household.sim.home.expire_qr_codes()
        with pytest.raises(QrCodeExpired):
            await asyncio.wait_for(sign_in.scanned(code), 20)
        assert household.stored.pass_token is None
        await by_qr_code(household, sign_in)
    assert await works_without_a_secret(household)


async def test_waiting_for_a_scan_survives_a_network_that_stumbles(household: Household) -> None:
    async with signing_in(household) as sign_in:
        code = await sign_in.qr_code()
        household.sim.home.faults.script(Fault.HTTP_500, kind=RequestKind.QR)
        assert household.account.scan_qr()
        await asyncio.wait_for(sign_in.scanned(code), 20)
    assert await works_without_a_secret(household)


async def test_waiting_for_a_scan_can_be_given_up(household: Household) -> None:
    async with signing_in(household) as sign_in:
        waiting = asyncio.create_task(sign_in.scanned(await sign_in.qr_code()))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_the_scan_of_another_account_changes_nothing(household: Household) -> None:
    async with signing_in(household) as sign_in:
        await by_qr_code(household, sign_in)
        before = household.stored
        with pytest.raises(WrongAccount) as caught:
            await by_qr_code(household, sign_in, scanned_by=OTHER)
        assert (caught.value.wanted, caught.value.found) == (DEFAULT_ACCOUNT, OTHER)
        assert household.stored == before


async def test_an_account_that_is_not_configured_yet_becomes_known_by_the_scan(household: Household) -> None:
    async with signing_in(household, account=None) as sign_in:
        assert (await by_qr_code(household, sign_in)).user_id == DEFAULT_ACCOUNT
        with pytest.raises(LoginRejected, match="account"):
            await sign_in.with_password(PASSWORD)
    assert household.stored.account == DEFAULT_ACCOUNT
    assert await works_without_a_secret(household)


async def test_by_pass_token_pasted_from_a_browser(household: Household) -> None:
    token = household.account.browser_pass_token()
    async with signing_in(household) as sign_in:
        await sign_in.with_pass_token(f" {DEFAULT_ACCOUNT}\n", SecretStr(f"{token}\n"))
    assert await works_without_a_secret(household)


async def test_a_pass_token_that_is_not_accepted_changes_nothing(household: Household) -> None:
    async with signing_in(household) as sign_in:
        await by_qr_code(household, sign_in)
        before = household.stored
        with pytest.raises(LoginRejected):
            await sign_in.with_pass_token(DEFAULT_ACCOUNT, SecretStr("V1:nonsense"))
        assert household.stored == before
    assert await works_without_a_secret(household)


async def test_by_password(household: Household) -> None:
    async with signing_in(household) as sign_in:
        with pytest.raises(LoginRejected):
            await sign_in.with_password(SecretStr("wrong"))
        await sign_in.with_password(PASSWORD)
    assert household.passwords_sent == 2
    assert await works_without_a_secret(household)


async def test_by_password_with_a_captcha_that_is_misread_once(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with signing_in(household) as sign_in:
        with pytest.raises(CaptchaNeeded) as needed:
            await sign_in.with_password(PASSWORD)
        picture = await sign_in.captcha_picture(needed.value)
        assert picture.media_type == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        with pytest.raises(CaptchaNeeded) as again:
            await sign_in.with_password(PASSWORD, captcha="nonsense")
        await sign_in.captcha_picture(again.value)
        (shown,) = household.sim.home.passport.captcha_texts()
        await sign_in.with_password(PASSWORD, captcha=shown)
    assert household.passwords_sent == 3
    assert await works_without_a_secret(household)


@pytest.mark.parametrize("form", list(NotificationForm))
@pytest.mark.parametrize("channel", list(VerificationChannel))
async def test_by_password_with_a_verification_code(
    household: Household, form: NotificationForm, channel: VerificationChannel
) -> None:
    household.account.configure(needs_verification=True, notification_form=form)
    async with signing_in(household) as sign_in:
        with pytest.raises(VerificationNeeded) as needed:
            await sign_in.with_password(PASSWORD)
        ways = await sign_in.verification_ways(needed.value)
        assert [(way.channel.name, bool(way.address)) for way in ways] == [("PHONE", True), ("MAIL", True)]
        way = next(way for way in ways if way.channel is channel)
        await sign_in.send_code(way)
        with pytest.raises(WrongCode):
            await sign_in.confirm(way, "not it")
        (code,) = household.account.codes_sent()
        await sign_in.confirm(way, f" {code} ")
    assert household.passwords_sent == 1
    assert await works_without_a_secret(household)


async def test_a_captcha_and_then_a_verification(household: Household) -> None:
    household.account.configure(needs_captcha=True, needs_verification=True)
    async with signing_in(household) as sign_in:
        with pytest.raises(CaptchaNeeded) as captcha:
            await sign_in.with_password(PASSWORD)
        await sign_in.captcha_picture(captcha.value)
        (shown,) = household.sim.home.passport.captcha_texts()
        with pytest.raises(VerificationNeeded) as needed:
            await sign_in.with_password(PASSWORD, captcha=shown)
        way, *_ = await sign_in.verification_ways(needed.value)
        await sign_in.send_code(way)
        await sign_in.confirm(way, household.account.codes_sent()[-1])
    assert await works_without_a_secret(household)


async def test_consent_is_a_page_for_a_browser(household: Household) -> None:
    household.account.configure(needs_consent=True)
    async with signing_in(household) as sign_in:
        with pytest.raises(ConsentNeeded) as needed:
            await sign_in.with_password(PASSWORD)
    assert needed.value.url is not None


async def test_a_verification_that_has_run_out_is_refused_with_a_reason(household: Household) -> None:
    household.account.configure(needs_verification=True)
    async with signing_in(household) as sign_in:
        with pytest.raises(CloudRefused, match="登录验证失败"):
            await sign_in.verification_ways(
                VerificationNeeded("https://account.xiaomi.com/identity/authStart?context=x")
            )
        with pytest.raises(MalformedAnswer):
            await sign_in.verification_ways(VerificationNeeded(None))
        with pytest.raises(MalformedAnswer):
            await sign_in.captcha_picture(CaptchaNeeded(None))


async def test_the_cool_down_of_the_services_ends_with_the_login_of_a_person(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with household.cloud() as poller:
        with pytest.raises(CaptchaNeeded):
            await poller.devices()
        async with signing_in(household) as sign_in:
            await by_qr_code(household, sign_in)
        household.now += 1
        assert (await poller.login_again()).ok
        await poller.devices()
    assert household.passwords_sent == 1
    assert household.stored.failure is None


async def test_the_device_id_stays_the_same(household: Household) -> None:
    async with signing_in(household) as sign_in:
        await by_qr_code(household, sign_in)
        first = household.stored.device_id
    async with signing_in(household) as sign_in:
        await sign_in.with_password(PASSWORD)
    assert household.stored.device_id == first


async def test_a_session_that_only_mina_gives_is_better_than_none(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HalfLogin(Login):
        async def run(self, sid: Sid, before_password: Callable[[], Awaitable[None]]) -> None:
            if sid is Sid.MIOT:
                raise CloudUnreachable("gone")
            await super().run(sid, before_password)

    monkeypatch.setattr("migpt_shared.xiaomi.sign_in.Login", HalfLogin)
    async with signing_in(household) as sign_in:
        assert await by_qr_code(household, sign_in) == SignedIn(DEFAULT_ACCOUNT, has_miot=False)
    assert household.stored.miot is None
    async with household.cloud(Credentials(DEFAULT_ACCOUNT)) as cloud:
        await cloud.devices()


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.HTTP_500])
async def test_login_pages_that_talk_nonsense(household: Household, fault: Fault) -> None:
    household.account.configure(needs_captcha=True)
    calls: list[tuple[RequestKind, Callable[[SignIn], Awaitable[object]]]] = [
        (RequestKind.QR, lambda sign_in: sign_in.qr_code()),
        (
            RequestKind.CAPTCHA,
            lambda sign_in: sign_in.captcha_picture(CaptchaNeeded(f"{household.sim.url}/pass/getCode")),
        ),
        (RequestKind.PASSWORD, lambda sign_in: sign_in.with_password(PASSWORD)),
    ]
    async with signing_in(household) as sign_in:
        for kind, call in calls:
            household.sim.home.faults.script(fault, kind=kind)
            with pytest.raises(XiaomiError) as caught:
                await call(sign_in)
            assert type(caught.value).__name__ in {"MalformedAnswer", "CloudUnreachable"}


async def test_no_secret_is_seen(
    household: Household, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    household.account.configure(needs_verification=True)
    token = household.account.browser_pass_token()
    async with signing_in(household) as sign_in:
        seen.append(repr(await by_qr_code(household, sign_in)))
        await sign_in.with_pass_token(DEFAULT_ACCOUNT, SecretStr(token))
        household.account.state.trusted_devices.clear()
        with pytest.raises(VerificationNeeded) as needed:
            await sign_in.with_password(PASSWORD)
        with pytest.raises(LoginRejected) as rejected:
            await sign_in.with_pass_token(DEFAULT_ACCOUNT, SecretStr(f"{token}x"))
        seen += [f"{error} {error!r}" for error in (needed.value, rejected.value)]
    text = "\n".join([*seen, caplog.text, *capfd.readouterr()])
    stored = household.stored
    digest = hashlib.md5(DEFAULT_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
    assert "xiaomi_signed_in" in text
    for secret in (
        DEFAULT_PASSWORD,
        digest,
        token,
        stored.pass_token or "",
        *((stored.mina and [stored.mina.service_token]) or []),
    ):
        assert secret
        assert secret not in text


@pytest.mark.parametrize(
    "answer", [None, [], "x", {}, {"code": 0}, {"code": 0, "loginUrl": "", "lp": "x"}, {"code": "0"}]
)
def test_a_qr_code_without_its_parts_is_an_error(answer: object) -> None:
    with pytest.raises(XiaomiError):
        read_qr_code(answer)


@pytest.mark.parametrize(("life_s", "expected"), [(None, 300), (True, 300), (-1, 300), (120, 120), (10**9, 600)])
def test_how_long_a_qr_code_lives_is_bounded(life_s: object, expected: float) -> None:
    assert read_qr_code({"code": 0, "loginUrl": "a", "lp": "b", "timeout": life_s}).life_s == expected


def test_answers_of_a_poll() -> None:
    assert read_scan({"code": 70016}) is None
    assert read_scan({"code": 0, "userId": 1}) is None
    grant = read_scan({"code": 0, "userId": 12, "passToken": "V1:x"})
    assert grant is not None
    assert (grant.user_id, grant.pass_token) == ("12", "V1:x")


def test_answers_of_a_verification() -> None:
    phone, mail = VerificationChannel
    assert read_channels({"code": 0, "flag": 8, "options": [4, 8, 99, "x"]}) == (mail, phone)
    with pytest.raises(MalformedAnswer):
        read_channels({"code": 0, "options": None})
    with pytest.raises(MalformedAnswer):
        read_verified({"code": 0})
    assert read_verified({"code": 0, "location": "/identity/x"}) == "https://account.xiaomi.com/identity/x"
