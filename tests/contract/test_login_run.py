"""A login where nothing is configured yet: the account becomes known by it, and stands in config.toml afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from migpt_cli.login import running
from migpt_cli.login.running import LoginRun
from migpt_cli.outcome import CommandFailedError
from migpt_shared.settings import HouseholdSettings, load_settings
from migpt_shared.xiaomi import Endpoints
from migpt_shared.xiaomi.household_cloud import household_store
from migpt_shared.xiaomi.sign_in import SignIn
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, SimulatedHome, Simulator
from tests.contract.xiaomi_household import simulated


class Scripted:
    """A person with prepared answers, who scans every code that is shown."""

    def __init__(self, simulator: Simulator, *answers: str) -> None:
        self._simulator = simulator
        self._answers = list(answers)
        self.told: list[str] = []
        self.secrets_asked = 0

    def tell(self, text: str) -> None:
        self.told.append(text)

    def show_code(self, lines: list[str]) -> None:
        assert lines
        asyncio.get_running_loop().call_later(0.05, self._simulator.home.account().scan_qr)

    async def ask(self, question: str, *, is_secret: bool = False) -> str:
        self.told.append(question)
        self.secrets_asked += is_secret
        return self._answers.pop(0)


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with simulated(SimulatedHome(latency_s=0.0)) as running_one:
        url = running_one.url

        def sign_in(name: str, household: HouseholdSettings | None, data_dir: Path) -> SignIn:
            account = household.account if household else None
            return SignIn(account, household_store(name, data_dir), Endpoints(url, url, url, url))

        # There is no configuration that could name the simulator.
        monkeypatch.setattr(running, "household_sign_in", sign_in)
        yield running_one


async def log_in(person: Scripted, folder: Path, by: str | None = None, text: str | None = None) -> int:
    config = folder / "config.toml"
    if text is not None:
        config.write_text(text, encoding="utf-8")
    settings = load_settings(config if text is not None else None)
    settings = settings.model_copy(update={"data_dir": folder / "data"})
    return await LoginRun(settings, "home", config, person).run(by, hello=None, is_silent=True)


@pytest.mark.parametrize("text", [None, 'language = "zh"  # ours\n'])
async def test_by_qr_code(simulator: Simulator, tmp_path: Path, text: str | None) -> None:
    person = Scripted(simulator, "")
    assert await log_in(person, tmp_path, text=text) == 0
    settings = load_settings(tmp_path / "config.toml")
    assert {name: one.account for name, one in settings.households.items()} == {"home": DEFAULT_ACCOUNT}
    assert "# ours" in (tmp_path / "config.toml").read_text(encoding="utf-8") or text is None
    assert any("写进" in line for line in person.told)
    stored = household_store("home", tmp_path / "data").load()
    assert stored is not None
    assert (stored.account, stored.user_id) == (DEFAULT_ACCOUNT, DEFAULT_ACCOUNT)


async def test_by_password_the_account_is_asked_for(simulator: Simulator, tmp_path: Path) -> None:
    person = Scripted(simulator, "", DEFAULT_ACCOUNT, "", DEFAULT_PASSWORD)
    assert await log_in(person, tmp_path, "password") == 0
    assert person.secrets_asked == 2
    assert load_settings(tmp_path / "config.toml").households["home"].password is None, "a password is not kept"


async def test_by_pass_token_the_user_id_is_asked_for(simulator: Simulator, tmp_path: Path) -> None:
    token = simulator.home.account().browser_pass_token()
    person = Scripted(simulator, DEFAULT_ACCOUNT, "", token)
    assert await log_in(person, tmp_path, "pass_token") == 0
    assert token not in "\n".join(person.told)


async def test_a_login_that_was_given_up_leaves_the_configuration_alone(simulator: Simulator, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError):
        await log_in(Scripted(simulator, "q"), tmp_path)
    assert not (tmp_path / "config.toml").exists()
