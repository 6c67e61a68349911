"""`migpt login` as a process against the simulated account pages: every way in, and what Xiaomi asks for on it."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from migpt_shared.messages import Account, Login
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, RequestKind, SimulatedAccount, SimulatedHome, Simulator
from tests.system.cli_up import CLI, clean_environment
from tests.whole_system import WholeSystem

WITHIN_S = 60.0
OTHER = "9876543210"


class Home:
    """A folder with a configuration that leads to a simulator."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder = folder
        self.simulator = simulator
        self.config = folder / "config.toml"
        self.tokens = folder / "data" / "xiaomi" / "home.json"
        self.configure(f'account = "{DEFAULT_ACCOUNT}"')

    def configure(self, household: str) -> None:
        url = self.simulator.url
        hosts = "\n".join(f'{name} = "{url}"' for name in ("account", "mina", "conversation", "miot"))
        self.config.write_text(f"[households.home]\n{household}\n[households.home.endpoints]\n{hosts}\n")

    @property
    def stored(self) -> dict[str, object]:
        content = json.loads(self.tokens.read_text(encoding="utf-8")) if self.tokens.exists() else {}
        assert isinstance(content, dict)
        return content

    def hellos(self, slug: str) -> list[str]:
        return [text for text in self.simulator.home.speaker(slug).journal.spoken() if "登录好了" in text]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    accounts = (SimulatedAccount(), SimulatedAccount(account=OTHER))
    async with Simulator(SimulatedHome(latency_s=0.0, accounts=accounts)) as simulator:
        yield Home(tmp_path, simulator)


class Dialogue:
    """A `migpt login` that is talked to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen = ""
        self.errors = ""

    def type(self, *lines: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())

    async def until(self, words: str) -> None:
        """Wait until these words were written since the last ones that were waited for."""
        assert self._process.stdout is not None
        begin = len(self.seen)
        try:
            async with asyncio.timeout(WITHIN_S):
                while words not in self.seen[begin:]:
                    line = (await self._process.stdout.readline()).decode()
                    assert line, f"{words!r} never came:\n{self.seen}\n{self.errors}"
                    self.seen += line
        except TimeoutError:
            raise AssertionError(f"{words!r} never came:\n{self.seen}") from None

    async def ends(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        out, err = await asyncio.wait_for(self._process.communicate(), WITHIN_S)
        self.seen += out.decode()
        self.errors += err.decode()
        assert self._process.returncode is not None
        return self._process.returncode


@asynccontextmanager
async def login(home: Home, *arguments: str) -> AsyncIterator[Dialogue]:
    process = await asyncio.create_subprocess_exec(
        *CLI, "login", *arguments, cwd=home.folder, env=clean_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Dialogue(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_by_qr_code_and_hello(home: Home) -> None:
    async with login(home) as wizard:
        await wizard.until("怎么登录")
        wizard.type("")
        await wizard.until("正在等待")
        assert "▀" in wizard.seen
        assert home.simulator.home.account().scan_qr()
        await wizard.until("令牌存在")
        await wizard.until("服务没有运行")
        await wizard.until("让哪台音箱")
        wizard.type("2")
        assert await wizard.ends() == 0, wizard.errors
    assert home.stored["userId"] == int(DEFAULT_ACCOUNT)
    assert home.stored["micoapi"]
    assert stat.S_IMODE(home.tokens.stat().st_mode) == 0o600
    await home.simulator.home.speaker("bedroom").until(lambda journal: home.hellos("bedroom"), WITHIN_S)
    assert not home.hellos("living_room")
    assert home.simulator.home.requests.count(RequestKind.PASSWORD) == 0


async def test_an_expired_code_and_the_wrong_phone_are_told_and_another_code_works(home: Home) -> None:
    async with login(home, "--by", "qr", "--no-hello") as wizard:
        await wizard.until("正在等待")
        home.simulator.home.expire_qr_codes()
        await wizard.until("二维码过期了")
        wizard.type("")
        await wizard.until("正在等待")
        home.simulator.home.account(OTHER).scan_qr()
        await wizard.until("不是同一个")
        assert "passToken" not in home.stored
        wizard.type("")
        await wizard.until("正在等待")
        home.simulator.home.account().scan_qr()
        assert await wizard.ends() == 0, wizard.errors
    assert home.stored["passToken"]


async def test_giving_up(home: Home) -> None:
    async with login(home) as wizard:
        wizard.type("7", "q")
        assert await wizard.ends() == 1
    assert "请输入 1 到 3" in wizard.seen
    assert "没有登录" in wizard.errors
    async with login(home) as wizard:
        assert (await wizard.ends(), "标准输入到头了" in wizard.errors) == (2, True)


async def test_by_pass_token_after_one_that_is_refused(home: Home) -> None:
    token = home.simulator.home.account().browser_pass_token()
    async with login(home, "--hello", "客厅小爱") as wizard:
        wizard.type("2", "V1:nonsense", "2", token)
        assert await wizard.ends() == 0, wizard.errors
    assert "小米没有接受" in wizard.errors
    assert token not in wizard.seen + wizard.errors
    await home.simulator.home.speaker("living_room").until(lambda journal: home.hellos("living_room"), WITHIN_S)


async def test_by_password_with_a_captcha_that_is_misread_once(home: Home) -> None:
    home.simulator.home.account().configure(needs_captcha=True)
    picture = home.folder / "data" / "captcha.png"
    async with login(home, "--by", "password", "--no-hello") as wizard:
        wizard.type(DEFAULT_PASSWORD)
        await wizard.until("图里是什么")
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert stat.S_IMODE(picture.stat().st_mode) == 0o600
        wizard.type("nonsense")
        await wizard.until("不对，再来一张")
        await wizard.until("图里是什么")
        wizard.type("")
        await wizard.until("图里是什么")
        wizard.type(home.simulator.home.passport.captcha_texts()[-1])
        assert await wizard.ends() == 0, wizard.errors
    assert not picture.exists()
    assert home.stored["passToken"]
    assert DEFAULT_PASSWORD not in wizard.seen + wizard.errors


async def test_by_the_configured_password_with_a_code_by_mail(home: Home) -> None:
    home.configure(f'account = "{DEFAULT_ACCOUNT}"\npassword = "{DEFAULT_PASSWORD}"')
    account = home.simulator.home.account()
    account.configure(needs_verification=True)
    async with login(home, "--by", "password", "--no-hello") as wizard:
        wizard.type("")
        await wizard.until("验证码发到哪里")
        assert "1  短信" in wizard.seen
        wizard.type("2")
        await wizard.until("收到的验证码")
        wizard.type("000")
        await wizard.until("验证码不对")
        wizard.type("")
        await wizard.until("已发送")
        wizard.type(account.codes_sent()[-1])
        assert await wizard.ends() == 0, wizard.errors
    assert home.simulator.home.requests.count(RequestKind.PASSWORD) == 1
    assert home.stored["passToken"]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"rejects_password": True}, "扫码或 passToken"),
        ({"needs_consent": True}, "跨境"),
        ({"password_code": 22009}, "22009"),
    ],
)
async def test_a_way_that_fails_says_why_and_ends_with_1(home: Home, behaviour: dict[str, object], words: str) -> None:
    home.simulator.home.account().configure(**behaviour)
    async with login(home, "--by", "password") as wizard:
        wizard.type(DEFAULT_PASSWORD)
        assert await wizard.ends() == 1
    assert words in wizard.errors
    assert "passToken" not in home.stored


async def test_a_cloud_that_is_not_there(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace(home.simulator.url, "http://127.0.0.1:9"))
    async with login(home, "--by", "qr") as wizard:
        assert await wizard.ends() == 1
    assert "连不上小米" in wizard.errors


async def test_which_household(home: Home) -> None:
    home.config.write_text('[households.a]\naccount = "1"\n[households.b]\naccount = "2"\n')
    for arguments, words in (((), "./migpt login a|b"), (("c",), "a, b")):
        async with login(home, *arguments) as wizard:
            assert await wizard.ends() == 2
        assert words in wizard.errors


async def test_the_services_wake_up_and_take_the_login_over() -> None:
    """The whole of it: nobody is logged in, a person logs in, and everything works without a restart."""
    async with WholeSystem(SimulatedHome(latency_s=0.01)) as system:
        account = system.simulator.home.account()
        account.configure(rejects_password=True)
        account.expire_pass_tokens()
        account.expire_service_tokens()

        def is_ok() -> bool:
            state = system.watcher.latest.get((Account, ("home",)))
            return isinstance(state, Account) and state.ok

        await system.watcher.until(lambda: not is_ok(), 60, "the login to be broken")
        home = Home(system.folder, system.simulator)
        home.config.write_text(system.config_text(), encoding="utf-8")
        async with login(home, "--by", "qr", "--hello", "客厅小爱") as wizard:
            await wizard.until("正在等待")
            account.scan_qr()
            assert await wizard.ends() == 0, wizard.errors
        assert "换用这次登录" in wizard.seen
        assert is_ok()
        assert system.watcher.of(Login)
        await system.simulator.home.speaker("living_room").until(lambda journal: home.hellos("living_room"), WITHIN_S)
