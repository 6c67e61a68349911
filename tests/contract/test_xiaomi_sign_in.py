"""Logging in with a person at hand: every way ends in a passToken with which the services log in by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from migpt_shared.xiaomi import (
    CaptchaNeeded,
    Credentials,
    Endpoints,
    LoginRejected,
    TokenStore,
    VerificationNeeded,
)
from migpt_shared.xiaomi.sign_in import QrExpiredError, SignIn, WrongAccountError
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, Fault, RequestKind, SimulatedHome
from tests.contract.xiaomi_household import Household, simulated

PASSWORD = SecretStr(DEFAULT_PASSWORD)
NOTHING = Credentials(DEFAULT_ACCOUNT, None, None)


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    async with simulated(SimulatedHome(latency_s=0.01)) as simulator:
        yield Household(simulator, tmp_path / "xiaomi" / "home.json")


def sign_in(household: Household, account: str | None = DEFAULT_ACCOUNT) -> SignIn:
    url = household.sim.url
    return SignIn(account, TokenStore(household.store.path), Endpoints(url, url, url, url))


async def the_services_log_in(household: Household) -> None:
    """A service that has neither password nor passToken of its own, after the person has logged in."""
    before = household.passwords_sent
    async with household.cloud(NOTHING) as cloud:
        assert await cloud.devices()
    assert household.passwords_sent == before


async def test_a_scanned_code_logs_in(household: Household) -> None:
    async with sign_in(household) as login:
        assert (await login.qr_address()).startswith("https://account.xiaomi.com/longPolling/login?")
        waiting = asyncio.create_task(login.scanned())
        while household.count(RequestKind.QR) < 1:
            await asyncio.sleep(0.01)
        assert not waiting.done()
        assert household.account.scan_qr()
        await waiting
    await the_services_log_in(household)


async def test_a_code_that_nobody_scans_expires(household: Household) -> None:
    async with sign_in(household) as login:
        await login.qr_address()
        household.sim.home.expire_qr_codes()
        with pytest.raises(QrExpiredError):
            await login.scanned()


async def test_somebody_elses_account_is_not_kept(household: Household) -> None:
    async with sign_in(household, "99999") as login:
        await login.qr_address()
        assert household.account.scan_qr()
        with pytest.raises(WrongAccountError) as caught:
            await login.scanned()
    assert (caught.value.wanted, caught.value.got) == ("99999", DEFAULT_ACCOUNT)
    assert household.stored.pass_token is None


async def test_a_pass_token_of_a_browser_is_kept_if_it_is_good(household: Household) -> None:
    async with sign_in(household) as login:
        with pytest.raises(LoginRejected, match="passToken"):
            await login.use_pass_token(SecretStr("V1:made-up"))
        assert household.stored.pass_token is None
        await login.use_pass_token(SecretStr(f" {household.account.browser_pass_token()}\n"))
    await the_services_log_in(household)


async def test_a_password_alone(household: Household) -> None:
    async with sign_in(household) as login:
        with pytest.raises(LoginRejected):
            await login.send_password(SecretStr("wrong"))
        await login.send_password(PASSWORD)
    await the_services_log_in(household)
    assert household.stored.device_id


async def test_a_captcha_is_shown_and_answered(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with sign_in(household) as login:
        with pytest.raises(CaptchaNeeded):
            await login.send_password(PASSWORD)
        assert (await login.captcha_picture()).startswith(b"\x89PNG")
        with pytest.raises(CaptchaNeeded):
            await login.send_password(PASSWORD, "wrong")
        await login.captcha_picture()
        await login.send_password(PASSWORD, household.sim.home.passport.captcha_texts()[-1])
    await the_services_log_in(household)


async def test_a_captcha_is_followed_by_a_verification(household: Household) -> None:
    household.account.configure(needs_captcha=True, needs_verification=True)
    async with sign_in(household) as login:
        with pytest.raises(CaptchaNeeded):
            await login.send_password(PASSWORD)
        await login.captcha_picture()
        with pytest.raises(VerificationNeeded):
            await login.send_password(PASSWORD, household.sim.home.passport.captcha_texts()[-1])
        await login.ways()
        await login.send_code("phone")
        await login.confirm(household.account.codes_sent()[-1])
    await the_services_log_in(household)


@pytest.mark.parametrize("way", ["phone", "email"])
async def test_a_verification_is_answered_by_the_code(household: Household, way: str) -> None:
    household.account.configure(needs_verification=True)
    async with sign_in(household) as login:
        with pytest.raises(VerificationNeeded):
            await login.send_password(PASSWORD)
        assert await login.ways() == ("phone", "email")
        await login.send_code(way)
        with pytest.raises(LoginRejected, match="code"):
            await login.confirm("000")
        await login.confirm(household.account.codes_sent()[-1])
    await the_services_log_in(household)


async def test_the_device_stays_the_same(household: Household) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
    device_id = household.stored.device_id
    async with sign_in(household) as login:
        await login.send_password(PASSWORD)
    assert household.stored.device_id == device_id


async def test_waiting_for_a_scan_survives_a_network_that_stumbles(household: Household) -> None:
    async with sign_in(household) as login:
        await login.qr_address()
        household.sim.home.faults.script(Fault.HTTP_500, kind=RequestKind.QR)
        assert household.account.scan_qr()
        await asyncio.wait_for(login.scanned(), 30)
    await the_services_log_in(household)


async def test_waiting_for_a_scan_can_be_given_up(household: Household) -> None:
    async with sign_in(household) as login:
        await login.qr_address()
        waiting = asyncio.create_task(login.scanned())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert login.user_id is None


async def test_an_account_that_is_not_configured_yet_becomes_known(household: Household) -> None:
    async with sign_in(household, None) as login:
        with pytest.raises(LoginRejected, match="account"):
            await login.send_password(PASSWORD)
        with pytest.raises(LoginRejected, match="account"):
            await login.use_pass_token(SecretStr("V1:x"))
        await login.qr_address()
        assert household.account.scan_qr()
        await login.scanned()
        assert login.user_id == DEFAULT_ACCOUNT
    assert household.stored.account == DEFAULT_ACCOUNT
    await the_services_log_in(household)
    async with sign_in(household, None) as login:
        await login.use_pass_token(SecretStr(household.account.browser_pass_token()), DEFAULT_ACCOUNT)
    await the_services_log_in(household)


async def test_a_person_ends_the_cool_down_of_the_services(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with household.cloud() as poller:
        with pytest.raises(CaptchaNeeded):
            await poller.devices()
        async with sign_in(household) as login:
            await login.qr_address()
            assert household.account.scan_qr()
            await login.scanned()
        household.now += 1
        assert (await poller.login_again()).ok
    assert household.passwords_sent == 1
    assert household.stored.failure is None
