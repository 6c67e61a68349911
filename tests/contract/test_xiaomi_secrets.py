"""No secret in any log, error text, repr or traceback, whatever goes wrong."""

import hashlib
import logging
import traceback
from pathlib import Path

import pytest

from migpt_shared.xiaomi import SpeakPath, XiaomiCloud, XiaomiError
from migpt_simulator import DEFAULT_PASSWORD, Fault, RequestKind, SimulatedHome
from tests.contract.xiaomi_household import Household, simulated

TROUBLES: tuple[dict[str, object], ...] = (
    {},
    {"needs_captcha": True},
    {"needs_verification": True},
    {"needs_consent": True},
    {"rejects_password": True},
    {"sts_status": 401},
    {"sts_status": 500},
    {"password_code": 22009},
)
FAULTS = [(fault, kind) for fault in (Fault.HTML, Fault.TRUNCATED, Fault.HTTP_500) for kind in (
    RequestKind.SERVICE_LOGIN, RequestKind.PASSWORD, RequestKind.STS, RequestKind.DEVICE_LIST, RequestKind.SPEAK,
)]  # fmt: skip


class Witness:
    """Collects what a reader of logs could see, and the secrets that must not be among it."""

    def __init__(self, household: Household) -> None:
        self._household = household
        self.texts: list[str] = []
        self.secrets = {
            DEFAULT_PASSWORD,
            hashlib.md5(DEFAULT_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper(),
        }

    async def call_everything(self, cloud: XiaomiCloud) -> None:
        self._household.account.expire_service_tokens()
        device = self._household.device("living_room")
        for call in (cloud.devices(), cloud.history(device), cloud.speak(device, "你好", path=SpeakPath.MIOT)):
            try:
                await call
            except XiaomiError as error:
                self.texts += [f"{error} {error!r} {error.args}", "".join(traceback.format_exception(error))]
        self.texts.append(repr(cloud.account_state))
        tokens = self._household.stored
        self.texts.append(repr(tokens))
        held = [
            tokens.pass_token,
            *(text for one in (tokens.mina, tokens.miot) if one for text in (one.service_token, one.ssecurity)),
        ]
        self.secrets |= {secret for secret in held if secret}
        self._household.now += 30_000


@pytest.mark.parametrize("pass_token_lives", [True, False])
async def test_no_secret_is_seen(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    pass_token_lives: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("miservice").setLevel(logging.DEBUG)
    async with simulated(SimulatedHome(latency_s=0.0)) as simulator:
        household = Household(simulator, tmp_path / "home.json")
        witness = Witness(household)
        async with household.cloud() as cloud:
            await witness.call_everything(cloud)
            for trouble in TROUBLES:
                if not pass_token_lives:
                    household.account.expire_pass_tokens()
                household.account.state.trusted_devices.clear()
                household.account.configure(**trouble)
                await witness.call_everything(cloud)
                simulator.home.reset()
            for fault, kind in FAULTS:
                if not pass_token_lives:
                    household.account.expire_pass_tokens()
                simulator.home.faults.script(fault, kind=kind)
                await witness.call_everything(cloud)
    seen = "\n".join([*witness.texts, caplog.text, *capfd.readouterr()])
    assert "xiaomi_logged_in" in seen
    assert len(witness.secrets) > 10
    assert not [secret for secret in witness.secrets if secret in seen]
    assert not [mark for mark in ("auth=", "passToken=", "serviceToken=", "context=") if mark in seen]
