"""Three ways in, the best first; what Xiaomi asks for on the way; and a hello at the end."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import background_tasks, context, ui

from migpt_console.console import Console
from migpt_console.house import Change
from migpt_console.pages.login import words
from migpt_console.pages.login.qr_picture import qr_svg
from migpt_console.pages.parts.acting import act, complain
from migpt_console.pages.parts.marks import mark
from migpt_shared.messages import Address, Login, Say

if TYPE_CHECKING:
    from migpt_shared.xiaomi.sign_in import SignIn

#: So long the services may take to log in after they were told to, seconds.
_SERVICES_WITHIN_S = 25.0


class Wizard:
    """One login at a time; whatever the person starts anew ends what was under way."""

    def __init__(self, console: Console, households: list[str]) -> None:
        self._console = console
        self._task: asyncio.Task[None] | None = None
        language = console.language
        with ui.element("section").classes("form wizard"):
            self._household = ui.select(households, value=households[0], label=words.HOUSEHOLD.in_(language))
            self._household.props("dense outlined options-dense").props(mark("login-household"))
            self._household.set_visibility(len(households) > 1)
            with ui.tabs().props("dense no-caps align=left") as tabs:
                ui.tab("qr", label=words.BY_QR.in_(language), icon="qr_code_2").props(mark("by-qr"))
                ui.tab("token", label=words.BY_TOKEN.in_(language), icon="content_paste").props(mark("by-token"))
                ui.tab("password", label=words.BY_PASSWORD.in_(language), icon="password").props(mark("by-password"))
            with ui.tab_panels(tabs, value="qr", keep_alive=False).props("transition-duration=120").classes("panels"):
                with ui.tab_panel("qr"):
                    ui.label(words.QR_ABOUT.in_(language)).classes("dim")
                    self._button(words.SHOW_QR.in_(language), "qr_code_2", self._by_qr, "show-qr")
                with ui.tab_panel("token"):
                    ui.label(words.TOKEN_ABOUT.in_(language)).classes("dim")
                    self._token = self._secret("passToken", "pass-token")
                    self._button(words.LOG_IN.in_(language), "login", self._by_token, "send-token")
                with ui.tab_panel("password"):
                    account = console.settings.households[households[0]].account
                    ui.label(words.PASSWORD_ABOUT.in_(language, account=account)).classes("dim")
                    self._password = self._secret(words.PASSWORD.in_(language), "password")
                    self._button(words.LOG_IN.in_(language), "login", self._by_password, "send-password")
            self._stage = ui.element("div").classes("stage").props(mark("login-stage"))
        context.client.on_delete(self._end)

    def _button(self, name: str, icon: str, do: Callable[[], object], name_of_mark: str) -> None:
        ui.button(name, icon=icon, on_click=do).props("unelevated no-caps").props(mark(name_of_mark))

    def _secret(self, label: str, name_of_mark: str) -> ui.input:
        field = ui.input(label).props("dense outlined type=password autocomplete=off")
        return field.classes("secret").props(mark(name_of_mark))

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._end()
        self._stage.clear()

        async def guarded() -> None:
            from migpt_console.pages.login.failures import meaning_of
            from migpt_shared.xiaomi import XiaomiError

            try:
                await work()
            except XiaomiError as error:
                self._stage.clear()
                with self._stage:
                    ui.label(meaning_of(error, self._console.language)).classes("error").props(mark("login-error"))

        self._task = background_tasks.create(guarded(), name="login")

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _sign_in(self) -> SignIn:
        # Xiaomi's code is loaded when it is needed, here and below.
        from migpt_shared.xiaomi.household_cloud import household_sign_in

        settings, name = self._console.settings, str(self._household.value)
        return household_sign_in(name, settings.households[name], settings.data_dir)

    # -- the ways

    def _by_qr(self) -> None:
        async def work() -> None:
            async with self._sign_in() as sign_in:
                address = await sign_in.qr_address()
                with self._stage:
                    ui.html(qr_svg(address), sanitize=False).classes("qr").props(mark("qr"))
                    ui.label(words.WAITING_FOR_SCAN.in_(self._console.language)).classes("dim")
                await sign_in.scanned()
            await self._succeeded()

        self._begin(work)

    def _by_token(self) -> None:
        from pydantic import SecretStr

        token, self._token.value = SecretStr(self._token.value or ""), ""
        if not token.get_secret_value().strip():
            return

        async def work() -> None:
            async with self._sign_in() as sign_in:
                await sign_in.use_pass_token(token)
            await self._succeeded()

        self._begin(work)

    def _by_password(self) -> None:
        from pydantic import SecretStr

        password, self._password.value = SecretStr(self._password.value or ""), ""
        if not password.get_secret_value():
            return

        async def work() -> None:
            from migpt_shared.xiaomi import CaptchaNeeded, ConsentNeeded, VerificationNeeded

            captcha: str | None = None
            async with self._sign_in() as sign_in:
                while True:
                    try:
                        await sign_in.send_password(password, captcha)
                        break
                    except CaptchaNeeded:
                        captcha = await self._captcha(sign_in.captcha_picture, was_wrong=captcha is not None)
                    except ConsentNeeded:
                        raise
                    except VerificationNeeded:
                        await self._verify(sign_in)
                        break
            await self._succeeded()

        self._begin(work)

    # -- what Xiaomi asks for

    async def _captcha(self, picture: Callable[[], Awaitable[bytes]], *, was_wrong: bool) -> str:
        """What the person reads in the picture."""
        language = self._console.language
        answers: asyncio.Queue[str] = asyncio.Queue()
        while True:
            shown = base64.b64encode(await picture()).decode()
            self._stage.clear()
            with self._stage:
                if was_wrong:
                    ui.label(words.CAPTCHA_WRONG.in_(language)).classes("error")
                ui.label(words.CAPTCHA_ABOUT.in_(language))
                ui.image(f"data:image/png;base64,{shown}").classes("captcha").props(mark("captcha-picture"))
                self._answer_field(words.CAPTCHA_FIELD.in_(language), answers, "captcha")
                other = ui.button(words.OTHER_PICTURE.in_(language), on_click=lambda: answers.put_nowait(""))
                other.props("flat no-caps")
            if answer := (await answers.get()).strip():
                return answer

    def _answer_field(self, label: str, answers: asyncio.Queue[str], name_of_mark: str) -> None:
        """A field whose content goes into the queue."""
        field = ui.input(label).props("dense outlined autocomplete=off").props(mark(name_of_mark))

        def send() -> None:
            answers.put_nowait(field.value or "")

        field.on("keydown.enter", send)
        self._button(words.CONFIRM.in_(self._console.language), "check", send, f"send-{name_of_mark}")

    async def _verify(self, sign_in: SignIn) -> None:
        """Send a code where the person wants it, and take it from them."""
        from migpt_shared.xiaomi import LoginRejected

        language = self._console.language
        orders: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        ways = await sign_in.ways()
        self._stage.clear()
        with self._stage:
            ui.label(words.VERIFY_ABOUT.in_(language))
            with ui.element("div").classes("buttons"):
                for way in ways:
                    ui.button(
                        words.WAYS[way].in_(language), on_click=lambda way=way: orders.put_nowait(("send", way))
                    ).props("outline no-caps").props(mark(f"send-code-{way}"))
            said = ui.label().classes("dim").props(mark("code-state"))
            field = ui.input(words.CODE_FIELD.in_(language)).props("dense outlined inputmode=numeric autocomplete=off")
            field.props(mark("code")).on("keydown.enter", lambda: orders.put_nowait(("confirm", field.value or "")))
            self._button(
                words.CONFIRM.in_(language),
                "check",
                lambda: orders.put_nowait(("confirm", field.value or "")),
                "send-code",
            )
        while True:
            order, value = await orders.get()
            try:
                if order == "send":
                    await sign_in.send_code(value)
                    said.text = words.CODE_SENT.in_(language)
                elif value.strip():
                    await sign_in.confirm(value)
                    return
            except LoginRejected as error:
                from migpt_console.pages.login.failures import meaning_of

                said.text = meaning_of(error, language)

    # -- the end

    async def _succeeded(self) -> None:
        console, language, household = self._console, self._console.language, str(self._household.value)
        self._stage.clear()
        with self._stage:
            state = ui.label(words.DONE.in_(language)).props(mark("login-done"))
        if not await self._services_logged_in(household):
            state.text = words.SERVICES_LATE.in_(language)
            return
        speakers = {
            one.address.speaker: one.name
            for one in console.house.sorted_speakers()
            if one.address.household == household
        }
        state.text = words.SERVICES_GOOD.in_(language)
        with self._stage, ui.element("div").classes("voice"):
            chosen = ui.select(speakers, value=next(iter(speakers), None)).props("dense outlined options-dense")
            chosen.props(mark("hello-speaker"))

            async def hello() -> None:
                if chosen.value is None:
                    complain(words.SERVICES_LATE.in_(language))
                    return
                text = words.HELLO_TEXT.in_(language)
                await act(console, Say(text=text), Address(household, str(chosen.value)), words.HELLO_SENT)

            self._button(words.HELLO.in_(language), "waving_hand", hello, "say-hello")

    async def _services_logged_in(self, household: str) -> bool:
        """Tell the services, and wait until the poller says how it stands with the new login."""
        house, told = self._console.house, asyncio.Event()
        before = house.accounts.get(household)

        def watch(change: Change) -> None:
            account = house.accounts.get(household)
            if change.subject == "services" and account is not None and account is not before and account.ok:
                told.set()

        leave = house.feed.watch(watch)
        try:
            self._console.link.publish(Login(), household=household)
            async with asyncio.timeout(_SERVICES_WITHIN_S):
                await told.wait()
        except TimeoutError:
            return False
        finally:
            leave()
        return True
