"""One login from the choice of a way to a speaker's hello."""

from __future__ import annotations

from pathlib import Path

from migpt_cli.households_file import HouseholdRefusedError, NewHousehold, add_household
from migpt_cli.login.afterwards import say_hello, wake_services
from migpt_cli.login.meanings import meaning_of
from migpt_cli.login.person import Person
from migpt_cli.login.wizard import Way, Wizard
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, ConfigUnusableError, say_err
from migpt_cli.quiet import quiet_logs
from migpt_shared.language import Phrase
from migpt_shared.settings import HouseholdSettings, Settings, SettingsError
from migpt_shared.surroundings import check_data_dir
from migpt_shared.xiaomi import XiaomiError
from migpt_shared.xiaomi.household_cloud import household_cloud, household_sign_in, household_store

_NOT_CONFIGURED = Phrase(
    zh="还没有配置小米账号；登录后会写进 {config}。",
    en="No Xiaomi account is configured yet; it will be added to {config}.",
)
_ACCOUNT = Phrase(zh="数字小米 ID：", en="The numeric Xiaomi ID:")
_DONE = Phrase(
    zh="✓ 已登录小米账号 {account}，令牌存在 {file}（只有您能读，约一个月有效）。",
    en="✓ logged in to Xiaomi account {account}; the tokens are in {file} (readable by you only, good for about a "
    "month).",
)
_ADDED = Phrase(
    zh='✓ 已把 [households.{name}] account = "{account}" 写进 {config}。',
    en='✓ added [households.{name}] account = "{account}" to {config}.',
)
_NOT_ADDED = Phrase(
    zh="没有写进 {config}：{reason}。请自己加上 [households.{name}]，account = \"{account}\"",
    en='not added to {config}: {reason}. Add [households.{name}] with account = "{account}" yourself',
)  # fmt: skip


class LoginRun:
    """One login to one household, and what follows it."""

    def __init__(self, settings: Settings, name: str, config: Path, person: Person) -> None:
        self._settings = settings
        self._name = name
        self._config = config
        self._person = person
        self._household = settings.households.get(name)

    async def run(self, by: str | None, *, hello: str | None, is_silent: bool) -> int:
        language, data_dir = self._settings.language, self._settings.data_dir
        quiet_logs()
        self._check_surroundings()
        user_id = await self._logged_in(by)
        if user_id is None:
            return EXIT_FAILED
        household = self._household or self._added(user_id)
        await wake_services(self._person, language, self._config, self._name)
        if is_silent:
            return EXIT_OK
        try:
            async with household_cloud(self._name, household, data_dir) as cloud:
                return EXIT_OK if await say_hello(self._person, language, cloud, hello) else EXIT_FAILED
        except XiaomiError as error:
            say_err(f"✗ {meaning_of(error, language)}")
            return EXIT_FAILED

    def _check_surroundings(self) -> None:
        try:
            check_data_dir(self._settings.data_dir)
        except SettingsError as error:
            raise ConfigUnusableError(error.problems) from error
        if self._household is None:
            self._tell(_NOT_CONFIGURED, config=self._config)

    async def _logged_in(self, by: str | None) -> str | None:
        """The id of the account, once a way has worked; the way of `by` is tried once, and None says that it failed."""
        wizard = Wizard(self._person, self._settings.language, self._settings.data_dir / "captcha.png")
        while True:
            way = Way(by) if by is not None else await wizard.choose_way()
            try:
                user_id = await self._by(wizard, way)
                break
            except XiaomiError as error:
                say_err(f"✗ {meaning_of(error, self._settings.language)}")
                if by is not None:
                    return None
        file = household_store(self._name, self._settings.data_dir).path
        self._tell(_DONE, account=user_id, file=file)
        return user_id

    async def _by(self, wizard: Wizard, way: Way) -> str | None:
        household, data_dir = self._household, self._settings.data_dir
        if household is None and way is Way.PASSWORD:
            account = ""
            while not account:
                account = await self._person.ask(_ACCOUNT.in_(self._settings.language))
            household = HouseholdSettings(account=account)
        account_known = household.account if household is not None else None
        async with household_sign_in(self._name, household, data_dir) as sign_in:
            match way:
                case Way.QR:
                    await wizard.by_qr_code(sign_in)
                case Way.PASS_TOKEN:
                    await wizard.by_pass_token(sign_in, account_known)
                case Way.PASSWORD:
                    configured = household.password if household is not None else None
                    await wizard.by_password(sign_in, account_known or "", configured)
            return sign_in.user_id

    def _added(self, account: str) -> HouseholdSettings:
        """The household as it stands in the configuration now."""
        new = NewHousehold(name=self._name, account=account, password=None, pass_token=None, speakers={})
        try:
            add_household(self._config, new)
        except (HouseholdRefusedError, OSError) as error:
            self._tell(_NOT_ADDED, config=self._config, name=self._name, account=account, reason=error)
        else:
            self._tell(_ADDED, config=self._config, name=self._name, account=account)
        return HouseholdSettings(account=account)

    def _tell(self, phrase: Phrase, **values: object) -> None:
        self._person.tell(phrase.in_(self._settings.language, **values))
