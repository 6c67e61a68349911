"""The way through a login: QR code first, then passToken, then password, and whatever Xiaomi asks for on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from migpt_cli.login.meanings import meaning_of
from migpt_cli.login.person import Person
from migpt_cli.login.qr_drawing import qr_lines
from migpt_cli.outcome import CommandFailedError
from migpt_shared.language import Language, Phrase
from migpt_shared.private_file import write_private
from migpt_shared.xiaomi import CaptchaNeeded, ConsentNeeded, VerificationNeeded, XiaomiError
from migpt_shared.xiaomi.identity import WrongCodeError
from migpt_shared.xiaomi.sign_in import QrExpiredError, SignIn, WrongAccountError


class Way(StrEnum):
    """How to log in."""

    QR = "qr"
    PASS_TOKEN = "pass_token"  # noqa: S105 - the name of a way
    PASSWORD = "password"  # noqa: S105


_WAYS = {
    Way.QR: Phrase(zh="扫码（推荐）：用米家 App 扫一下", en="QR code (best): scan it with the Mi Home app"),
    Way.PASS_TOKEN: Phrase(zh="passToken：从浏览器的 cookie 里复制", en="passToken: copied from a browser's cookies"),
    Way.PASSWORD: Phrase(
        zh="密码：新设备上常要图片或短信验证码", en="password: often wants a captcha or a text message"
    ),
}
_WHICH_WAY = Phrase(zh="怎么登录？（1–3，回车＝1，q＝放弃）", en="How? (1-3, Enter: 1, q: give up)")
_SCAN = Phrase(
    zh="用米家 App（或小米手机的相机）扫上面的码，并在手机上确认；约 5 分钟内有效。正在等待…",
    en="Scan the code above with the Mi Home app (or a Xiaomi phone's camera) and confirm there; it lasts "
    "about five minutes. Waiting …",
)
_ANOTHER_CODE = Phrase(zh="回车：换一个二维码；q：放弃", en="Enter: another code; q: give up")
_TOKEN_HOW = Phrase(
    zh="用同一网络里的浏览器打开无痕窗口，登录 https://account.xiaomi.com；按 F12，在 应用/存储 → Cookie 里复制 "
    "passToken 的值（V1: 开头）。之后直接关闭窗口，不要退出登录。",
    en="In a private window of a browser in this network, log in at https://account.xiaomi.com; press F12 and copy the "
    "value of passToken (it begins with V1:) from Application/Storage, Cookies. Close the window without logging out.",
)
_TOKEN = Phrase(zh="passToken（不显示）：", en="passToken (not shown):")
_USER_ID = Phrase(zh="同一处的 userId（数字小米 ID）：", en="userId in the same place (the numeric Xiaomi ID):")
_PASSWORD = Phrase(zh="账号 {account} 的密码（不显示）：", en="password of account {account} (not shown):")
_CONFIGURED = Phrase(
    zh="账号 {account} 的密码（不显示；回车＝用配置里的）：",
    en="password of account {account} (not shown; Enter: the configured one):",
)
_CAPTCHA = Phrase(
    zh="验证码图片：{file}\n图里是什么？（回车＝换一张，q＝放弃）",
    en="the picture: {file}\nWhat does it show? (Enter: another one, q: give up)",
)
_CAPTCHA_WRONG = Phrase(zh="不对，再来一张。", en="That was not it; here is another one.")
_CHANNELS = {"phone": Phrase(zh="短信", en="text message"), "email": Phrase(zh="邮件", en="mail")}
_WHERE_TO = Phrase(
    zh="验证码发到哪里？（1–{number}，回车＝1，q＝放弃）", en="Where to? (1-{number}, Enter: 1, q: give up)"
)
_CODE = Phrase(
    zh="已发送。收到的验证码：（回车＝重新发送，q＝放弃）",
    en="Sent. The code that came: (Enter: send again, q: give up)",
)
_CODE_AGAIN = Phrase(zh="再输一次：（回车＝重新发送，q＝放弃）", en="Once more: (Enter: send again, q: give up)")
_PAGE = Phrase(zh="页面：{url}", en="the page: {url}")
_GIVEN_UP = Phrase(zh="没有登录。", en="not logged in.")
_NO_CHOICE = Phrase(zh="请输入 1 到 {number}。", en="1 to {number}, please.")

_PRINTABLE = re.compile(r"^[\x21-\x7e]+$")


class Wizard:
    """Leads one person through one login. `captcha_file`: where the picture is kept while it is looked at."""

    def __init__(self, person: Person, language: Language, captcha_file: Path) -> None:
        self._person = person
        self._language = language
        self._captcha_file = captcha_file

    async def choose_way(self) -> Way:
        """How the person wants to log in. Raises CommandFailedError when they give up."""
        self._tell_list([phrase.in_(self._language) for phrase in _WAYS.values()])
        return list(Way)[await self._choice(_WHICH_WAY, len(Way))]

    async def by_qr_code(self, sign_in: SignIn) -> None:
        """Shows codes until one is scanned. Raises XiaomiError, and CommandFailedError when the person gives up."""
        while True:
            self._person.show_code(qr_lines(await sign_in.qr_address()))
            self._tell(_SCAN)
            try:
                return await sign_in.scanned()
            except (QrExpiredError, WrongAccountError) as error:
                self._tell_error(error)
                await self._ask(_ANOTHER_CODE)

    async def by_pass_token(self, sign_in: SignIn, account: str | None) -> None:
        """Asks for a browser's passToken. `account`: None where it is not known yet."""
        self._tell(_TOKEN_HOW)
        user_id = account or await self._ask(_USER_ID)
        while not _PRINTABLE.match(token := await self._ask(_TOKEN, is_secret=True)):
            pass
        await sign_in.use_pass_token(SecretStr(token), user_id)

    async def by_password(self, sign_in: SignIn, account: str, configured: SecretStr | None) -> None:
        """Asks for the password, and for what Xiaomi wants beside it."""
        password = await self._read_password(account, configured)
        captcha: str | None = None
        while True:
            try:
                return await sign_in.send_password(password, captcha)
            except CaptchaNeeded as needed:
                self._tell_error(needed) if captcha is None else self._tell(_CAPTCHA_WRONG)
                captcha = await self._read_captcha(sign_in)
            except ConsentNeeded as needed:
                if needed.url is not None:
                    self._tell(_PAGE, url=needed.url)
                raise
            except VerificationNeeded as needed:
                self._tell_error(needed)
                return await self._verify(sign_in)

    async def _read_password(self, account: str, configured: SecretStr | None) -> SecretStr:
        while True:
            question = _PASSWORD if configured is None else _CONFIGURED
            if typed := await self._ask(question, is_secret=True, account=account):
                return SecretStr(typed)
            if configured is not None:
                return configured

    async def _read_captcha(self, sign_in: SignIn) -> str:
        try:
            while True:
                write_private(self._captcha_file, await sign_in.captcha_picture())
                if answer := await self._ask(_CAPTCHA, file=self._captcha_file):
                    return answer
        finally:
            self._captcha_file.unlink(missing_ok=True)

    async def _verify(self, sign_in: SignIn) -> None:
        ways = await sign_in.ways()
        way = ways[0]
        if len(ways) > 1:
            self._tell_list([_CHANNELS[one].in_(self._language) for one in ways])
            way = ways[await self._choice(_WHERE_TO, len(ways))]
        await sign_in.send_code(way)
        question = _CODE
        while True:
            code = await self._ask(question)
            try:
                if code:
                    return await sign_in.confirm(code)
                await sign_in.send_code(way)
                question = _CODE
            except WrongCodeError as error:
                self._tell_error(error)
                question = _CODE_AGAIN

    # -- talking

    async def _choice(self, question: Phrase, number: int) -> int:
        while True:
            answer = await self._ask(question, number=number)
            if not answer:
                return 0
            if answer.isdecimal() and 1 <= int(answer) <= number:
                return int(answer) - 1
            self._tell(_NO_CHOICE, number=number)

    async def _ask(self, question: Phrase, *, is_secret: bool = False, **values: object) -> str:
        answer = await self._person.ask(question.in_(self._language, **values), is_secret=is_secret)
        if answer.lower() == "q" and not is_secret:
            raise CommandFailedError(_GIVEN_UP)
        return answer

    def _tell(self, phrase: Phrase, **values: object) -> None:
        self._person.tell(phrase.in_(self._language, **values))

    def _tell_error(self, error: XiaomiError) -> None:
        self._person.tell(meaning_of(error, self._language))

    def _tell_list(self, lines: Sequence[str]) -> None:
        for number, line in enumerate(lines, 1):
            self._person.tell(f"  {number}  {line}")
