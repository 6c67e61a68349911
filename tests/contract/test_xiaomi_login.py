"""One login, no storm, and nothing lost by a login that fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from migpt_shared.xiaomi import (
    CaptchaNeeded,
    CloudUnreachable,
    ConsentNeeded,
    Credentials,
    Endpoints,
    LoginCoolingDown,
    LoginFailed,
    LoginRejected,
    MalformedAnswer,
    SpeakPath,
    StoreUnusable,
    TokenExpired,
    TokenStore,
    VerificationNeeded,
    XiaomiCloud,
)
from migpt_simulator import DEFAULT_ACCOUNT, Fault, RequestKind, SimulatedHome
from migpt_simulator.home import ExpiredMiotAnswer
from tests.contract.xiaomi_household import BY_PASSWORD, Household, simulated, until


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    async with simulated(SimulatedHome(latency_s=0.01)) as simulator:
        yield Household(simulator, tmp_path / "xiaomi" / "home.json")


async def test_many_first_calls_are_one_login(household: Household) -> None:
    device = household.device("living_room")
    async with household.cloud() as cloud:
        assert not cloud.account_state.ok
        calls = (cloud.devices(), cloud.history(device), cloud.play_status(device))
        await asyncio.gather(*calls, *(cloud.devices() for _ in range(5)))
        assert cloud.account_state.ok
        assert cloud.account_state.reason == ""
    kinds = (RequestKind.SERVICE_LOGIN, RequestKind.PASSWORD, RequestKind.STS)
    assert [household.count(kind) for kind in kinds] == [1, 1, 1]


async def test_both_services_at_once_send_the_password_once(household: Household) -> None:
    device = household.device("living_room")
    async with household.cloud() as cloud:
        await asyncio.gather(cloud.devices(), cloud.wake(device), cloud.wake(device), cloud.devices())
    assert (household.passwords_sent, household.count(RequestKind.STS)) == (1, 2)


async def test_a_stored_session_needs_no_login(household: Household) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
    household.sim.home.requests.clear()
    household.now += 3600
    async with household.cloud() as cloud:
        await cloud.devices()
        assert cloud.account_state.service_token_age_s == 3600
        assert cloud.account_state.pass_token_age_s == 3600
    assert [request.kind for request in household.sim.home.requests.of()] == [RequestKind.DEVICE_LIST]


async def test_many_calls_that_find_the_session_expired_renew_it_once_without_the_password(
    household: Household,
) -> None:
    device = household.device("living_room")
    async with household.cloud() as cloud:
        await asyncio.gather(cloud.devices(), cloud.wake(device))
        before = household.stored
        household.sim.home.requests.clear()
        household.account.expire_service_tokens("micoapi")
        await asyncio.gather(*(cloud.play_status(device) for _ in range(8)), cloud.history(device), cloud.wake(device))
        assert cloud.account_state.ok
    after = household.stored
    assert (household.passwords_sent, household.count(RequestKind.SERVICE_LOGIN), household.count(RequestKind.STS)) == (
        0,
        1,
        1,
    )
    assert after.mina != before.mina
    assert (after.miot, after.pass_token, after.device_id) == (before.miot, before.pass_token, before.device_id)


@pytest.mark.parametrize("answer", list(ExpiredMiotAnswer))
async def test_an_expired_miot_session_is_recognised(household: Household, answer: ExpiredMiotAnswer) -> None:
    household.account.configure(expired_miot_answer=answer)
    device = household.device("bedroom")
    async with household.cloud() as cloud:
        await cloud.speak(device, "你好", path=SpeakPath.MIOT)
        household.account.expire_service_tokens("xiaomiio")
        await cloud.speak(device, "再见", path=SpeakPath.MIOT)
    assert household.passwords_sent == 1


async def test_an_expired_pass_token_takes_one_password(household: Household) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
        household.account.expire_service_tokens()
        household.account.expire_pass_tokens()
        await asyncio.gather(*(cloud.devices() for _ in range(4)))
    assert household.passwords_sent == 2


async def test_a_browsers_pass_token_is_enough(household: Household) -> None:
    token = household.account.browser_pass_token()
    async with household.cloud(Credentials(DEFAULT_ACCOUNT, None, SecretStr(token))) as cloud:
        await cloud.devices()
        await cloud.wake(household.device("living_room"))
    assert household.passwords_sent == 0
    assert household.stored.pass_token == token


@pytest.mark.parametrize(
    ("omitted", "passwords"), [(("passToken",), 0), (("passToken", "nonce"), 0), (("ssecurity",), 1)]
)
async def test_fields_that_the_server_omits(household: Household, omitted: tuple[str, ...], passwords: int) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
        before = household.stored
        household.sim.home.requests.clear()
        household.account.configure(omitted_fields=omitted)
        household.account.expire_service_tokens()
        await cloud.devices()
    assert household.passwords_sent == passwords
    assert passwords or household.stored.pass_token == before.pass_token
    assert household.stored.device_id == before.device_id


async def test_the_device_id_is_made_once_and_stored_before_the_first_login(household: Household) -> None:
    household.account.configure(new_device_needs_verification=True, rejects_password=True)
    async with household.cloud() as cloud:
        with pytest.raises(LoginRejected):
            await cloud.devices()
    first = household.stored.device_id
    household.account.configure(rejects_password=False)
    household.now += 61
    for _ in range(3):
        async with household.cloud() as cloud:
            await cloud.devices()
            assert household.stored.device_id == first
            household.account.expire_service_tokens()
            household.account.expire_pass_tokens()
    assert household.passwords_sent == 4


@pytest.mark.parametrize(
    ("behaviour", "error", "needs"),
    [
        ({"needs_captcha": True}, CaptchaNeeded, "captcha"),
        ({"needs_verification": True}, VerificationNeeded, "verification"),
        ({"password_code": 81003}, VerificationNeeded, "verification"),
        ({"needs_consent": True}, ConsentNeeded, "verification"),
        ({"rejects_password": True}, LoginRejected, "login"),
        ({"password_code": 22009}, LoginRejected, "login"),
    ],
)
async def test_a_failed_login_is_a_state_for_a_person_and_sends_no_second_password(
    household: Household, behaviour: dict[str, object], error: type[LoginFailed], needs: str
) -> None:
    household.account.configure(**behaviour)
    async with household.cloud() as cloud:
        with pytest.raises(LoginFailed) as caught:
            await cloud.devices()
        assert type(caught.value) is error
        for _ in range(3):
            with pytest.raises(LoginCoolingDown) as cooling:
                await cloud.devices()
            assert cooling.value.retry_in_s >= 59
        state = cloud.account_state
    async with household.cloud() as cloud:  # a restart changes nothing
        with pytest.raises(LoginCoolingDown):
            await cloud.wake(household.device("living_room"))
        assert cloud.account_state.needs_login == state.needs_login
    assert not state.ok
    assert (state.needs_captcha, state.needs_verification, state.needs_login) == tuple(
        needs == kind for kind in ("captcha", "verification", "login")
    )
    assert state.reason == str(caught.value)
    assert state.url == caught.value.url
    assert household.passwords_sent == 1


async def test_the_cool_down_ends_by_itself_and_grows(household: Household) -> None:
    household.account.configure(rejects_password=True)
    async with household.cloud() as cloud:
        for sent, pause_s in ((1, 60), (2, 120), (3, 240)):
            with pytest.raises(LoginRejected):
                await cloud.devices()
            household.now += pause_s - 1
            with pytest.raises(LoginCoolingDown):
                await cloud.devices()
            household.now += 1
            assert household.passwords_sent == sent
        household.account.configure(rejects_password=False)
        await cloud.devices()
    assert household.stored.failure is None


async def test_login_again_leaves_the_cool_down_once(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with household.cloud() as cloud:
        with pytest.raises(CaptchaNeeded):
            await cloud.devices()
        household.now += 1
        state = await cloud.login_again()
        assert state.needs_captcha
        assert household.passwords_sent == 2
        household.now += 1
        with pytest.raises(LoginCoolingDown):
            await cloud.devices()
        assert household.passwords_sent == 2
        household.account.configure(needs_captcha=False)
        assert (await cloud.login_again()).ok
        await cloud.devices()
    assert household.passwords_sent == 3


async def test_login_again_in_two_processes_is_one_password(household: Household) -> None:
    household.account.configure(needs_verification=True)
    async with household.cloud() as poller, household.cloud() as speaker:
        with pytest.raises(VerificationNeeded):
            await poller.devices()
        household.now += 1

        async def again(cloud: XiaomiCloud) -> bool:
            household.now += 0.001
            return (await cloud.login_again()).needs_verification

        assert all(await asyncio.gather(again(poller), again(speaker)))
    assert household.passwords_sent == 2


async def test_login_again_with_a_good_session_logs_in_nowhere(household: Household) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
        household.sim.home.requests.clear()
        assert (await cloud.login_again()).ok
    assert [request.kind for request in household.sim.home.requests.of()] == [RequestKind.DEVICE_LIST]


async def test_a_corrected_password_is_tried_at_once(household: Household) -> None:
    async with household.cloud(Credentials(DEFAULT_ACCOUNT, SecretStr("wrong"))) as cloud:
        with pytest.raises(LoginRejected):
            await cloud.devices()
    async with household.cloud() as cloud:
        await cloud.devices()
    assert household.passwords_sent == 2


async def test_a_pass_token_put_into_the_store_ends_the_cool_down(household: Household) -> None:
    household.account.configure(needs_captcha=True)
    async with household.cloud() as cloud:
        with pytest.raises(CaptchaNeeded):
            await cloud.devices()
        text = household.store.path.read_text()
        token = household.account.browser_pass_token()
        household.store.path.write_text(text.replace("{", f'{{"passToken":"{token}","userId":{DEFAULT_ACCOUNT},', 1))
        await cloud.devices()
        assert cloud.account_state.ok
    assert household.passwords_sent == 1


async def test_a_failed_renewal_of_one_service_keeps_the_other(household: Household) -> None:
    device = household.device("living_room")
    async with household.cloud() as cloud:
        await asyncio.gather(cloud.devices(), cloud.wake(device))
        household.account.configure(needs_captcha=True)
        household.account.expire_service_tokens("xiaomiio")
        household.account.expire_pass_tokens()
        with pytest.raises(CaptchaNeeded):
            await cloud.wake(device)
        await cloud.devices()
        assert cloud.account_state.needs_captcha
    assert household.stored.mina is not None


async def test_a_refused_token_swap_keeps_the_pass_token_of_the_login(household: Household) -> None:
    household.account.configure(sts_status=401)
    async with household.cloud() as cloud:
        with pytest.raises(LoginRejected):
            await cloud.devices()
        assert household.stored.pass_token is not None
        household.account.configure(sts_status=None)
        household.now += 61
        await cloud.devices()
    assert household.passwords_sent == 1


async def test_nothing_to_log_in_with(household: Household) -> None:
    async with household.cloud(Credentials(DEFAULT_ACCOUNT)) as cloud:
        with pytest.raises(LoginRejected, match="pass_token"):
            await cloud.devices()
        assert cloud.account_state.needs_login
    assert household.sim.home.requests.count() == 0


async def test_a_dead_pass_token_without_a_password(household: Household) -> None:
    async with household.cloud(Credentials(DEFAULT_ACCOUNT, None, SecretStr("V1:dead"))) as cloud:
        with pytest.raises(LoginRejected, match="no longer accepts"):
            await cloud.devices()
        with pytest.raises(LoginCoolingDown):
            await cloud.devices()
    assert household.sim.home.requests.count() == 1


async def test_another_account_does_not_get_the_tokens_but_the_device_id(household: Household) -> None:
    async with household.cloud() as cloud:
        await cloud.devices()
    before = household.stored
    async with household.cloud(Credentials("999", SecretStr("x"))) as cloud:
        with pytest.raises(LoginRejected):
            await cloud.devices()
    assert (household.stored.device_id, household.stored.pass_token) == (before.device_id, None)


async def test_a_caller_who_goes_away_does_not_break_the_login_off(household: Household) -> None:
    household.sim.home.latency_s = 0.05
    async with household.cloud() as cloud:
        first = asyncio.create_task(cloud.devices())
        await until(lambda: household.passwords_sent)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await cloud.devices()
    assert household.passwords_sent == 1


async def test_a_process_that_dies_while_the_password_is_under_way_is_no_reason_to_send_it_again(
    household: Household,
) -> None:
    household.sim.home.faults.script(Fault.HANG, kind=RequestKind.PASSWORD)
    async with household.cloud() as cloud:
        dying = asyncio.create_task(cloud.devices())
        await until(lambda: household.passwords_sent)
        left_behind = household.store.path.read_bytes()  # what a kill at this moment leaves
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        for login in [task for task in asyncio.all_tasks() if task.get_name().startswith("xiaomi-login")]:
            login.cancel()
    household.store.path.write_bytes(left_behind)
    async with household.cloud() as cloud:
        with pytest.raises(LoginCoolingDown):
            await cloud.devices()
    assert household.passwords_sent == 1


async def test_a_process_that_starts_while_another_has_sent_the_password_waits_for_it(household: Household) -> None:
    household.sim.home.latency_s = 0.1
    async with household.cloud() as poller:
        first = asyncio.create_task(poller.devices())
        await until(lambda: household.passwords_sent)
        async with household.cloud() as speaker:
            await speaker.devices()
            assert speaker.account_state.ok
        await first
    assert household.passwords_sent == 1


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.HTTP_500])
async def test_nonsense_after_the_password_begins_the_cool_down(household: Household, fault: Fault) -> None:
    household.sim.home.faults.script(fault, kind=RequestKind.PASSWORD)
    async with household.cloud() as cloud:
        with pytest.raises((MalformedAnswer, CloudUnreachable)):
            await cloud.devices()
        with pytest.raises(LoginCoolingDown):
            await cloud.devices()
        household.now += 60
        await cloud.devices()
        assert cloud.account_state.ok
    assert household.passwords_sent == 2


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.HTTP_500])
async def test_nonsense_before_the_password_is_tried_again_after_a_moment(household: Household, fault: Fault) -> None:
    household.sim.home.faults.script(fault, kind=RequestKind.SERVICE_LOGIN, count=2)
    async with household.cloud() as cloud:
        for pause_s in (1, 2):
            with pytest.raises((MalformedAnswer, CloudUnreachable)):
                await cloud.devices()
            assert not cloud.account_state.ok
            with pytest.raises(LoginCoolingDown):
                await cloud.devices()
            household.now += pause_s
        await cloud.devices()
    assert household.passwords_sent == 1


async def test_sessions_that_never_work_are_not_renewed_in_a_storm(household: Household) -> None:
    household.sim.home.faults.script(Fault.EXPIRED, kind=RequestKind.DEVICE_LIST, count=50)
    async with household.cloud() as cloud:
        for _ in range(20):
            with pytest.raises((TokenExpired, LoginCoolingDown)):
                await cloud.devices()
    assert household.passwords_sent == 1
    assert household.count(RequestKind.STS) <= 3


async def test_a_session_that_expires_again_and_again_but_works_in_between(household: Household) -> None:
    household.sim.home.configure_faults(expired=0.2)
    device = household.device("living_room")
    async with household.cloud() as cloud:
        for _ in range(40):
            await asyncio.gather(*(cloud.play_status(device) for _ in range(3)), return_exceptions=True)
        household.sim.home.configure_faults(expired=0.0)
        household.now += 60
        await cloud.play_status(device)
    assert household.passwords_sent == 1


async def test_an_account_host_that_is_not_there(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"
    store = TokenStore(tmp_path / "home.json")
    async with XiaomiCloud(BY_PASSWORD, store, Endpoints(nowhere, nowhere, nowhere, nowhere)) as cloud:
        with pytest.raises(CloudUnreachable, match=r"account\.xiaomi\.com"):
            await cloud.devices()
        with pytest.raises(LoginCoolingDown) as cooling:
            await cloud.devices()
        assert cooling.value.retry_in_s <= 1
        assert "cannot connect" in cloud.account_state.reason
        assert not cloud.account_state.needs_login


async def test_a_data_folder_that_cannot_be_written_is_said_before_anything_is_sent(household: Household) -> None:
    household.store.path.parent.write_text("a file where the folder should be")
    async with household.cloud() as cloud:
        with pytest.raises(StoreUnusable, match="data_dir"):
            await cloud.devices()
        assert "data_dir" in cloud.account_state.reason
        assert not (await cloud.login_again()).ok
    assert household.sim.home.requests.count() == 0
