"""Xiaomi's cloud as one household sees it."""

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from miservice import MiIOService, MiNAService

from migpt_shared.xiaomi.account import Account, Session
from migpt_shared.xiaomi.account_state import AccountState
from migpt_shared.xiaomi.answers import check_action_result, mina_content, ubus_info
from migpt_shared.xiaomi.conversation import HistoryPage, page_from, page_from_nlp_results
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.devices import Device, devices_from
from migpt_shared.xiaomi.endpoints import CONVERSATION_URL, MINA_URL, Endpoints
from migpt_shared.xiaomi.errors import SpeakerBusy, SpeakerOffline, StoreUnusable, Unsupported
from migpt_shared.xiaomi.login_steps import user_agent_of
from migpt_shared.xiaomi.models import Action, SpeakPath, model_of
from migpt_shared.xiaomi.playback import PlayStatus, play_status_from
from migpt_shared.xiaomi.store import TokenStore
from migpt_shared.xiaomi.tokens import Sid
from migpt_shared.xiaomi.transport import Transport


class XiaomiCloud:
    """Everything that is asked of Xiaomi for one account. An async context manager; safe for concurrent use.

    Nothing is sent on entering: the first call logs in if need be. `timeout_s` bounds every request but those of a
    login (15 s each). `clock` gives Unix seconds: cool-downs outlive the process. Every method raises the errors of
    `migpt_shared.xiaomi.errors` and nothing else on purpose:

    - SpeakerBusy and CloudUnreachable are worth a retry, SpeakerOffline and Unsupported are not;
    - LoginFailed, with LoginCoolingDown among it: `account_state` says what a person can do;
    - MalformedAnswer: the cloud talks nonsense; TokenExpired: it refuses sessions it has just renewed;
    - StoreUnusable: the token file cannot be written, so no login is begun.
    """

    def __init__(
        self,
        credentials: Credentials,
        store: TokenStore,
        endpoints: Endpoints = Endpoints(),  # noqa: B008 - frozen
        *,
        timeout_s: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = Transport(endpoints, timeout_s)
        self._account = Account(credentials, store, self._transport, clock)
        self._mina: Any = MiNAService(self._account)
        self._miot: Any = MiIOService(self._account)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        with contextlib.suppress(StoreUnusable):  # the first call reads it again and says so to who can react
            self._account.read_store()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._account.close()
        await self._transport.__aexit__(kind, error, trace)

    @property
    def account_state(self) -> AccountState:
        """How the login stands, as of the last calls."""
        return self._account.state

    async def login_again(self) -> AccountState:
        """Leaves the cool-down, reads the token store again and tries once. Never raises an XiaomiError."""
        return await self._account.login_again(self.devices)

    async def devices(self) -> tuple[Device, ...]:
        """The account's speakers, with their presence at this moment."""
        return devices_from(await self._mina.device_list())

    async def history(self, device: Device, *, until_ms: int | None = None, limit: int = 5) -> HistoryPage:
        """The newest `limit` utterances, or those up to and including `until_ms` by the cloud's clock.

        Models without a transcript are asked for their last answers instead, which reach back a few utterances only.
        """
        if not model_of(device.hardware).has_history:
            info = await self._ubus(device, "nlp_result_get", "mibrain", {})
            return page_from_nlp_results(info, self._transport.now_ms(MINA_URL), until_ms=until_ms, limit=limit)
        query = {"source": "dialogu", "hardware": device.hardware, "limit": str(limit)}
        if until_ms is not None:
            query["timestamp"] = str(until_ms)
        url = f"{CONVERSATION_URL}/device_profile/v2/conversation?{urlencode(query)}"

        async def send(session: Session) -> object:
            cookies = {
                "deviceId": device.device_id,
                "serviceToken": session.service_token,
                "userId": session.user_id,
            }
            answer = await self._transport.send(
                "GET", url, cookies=cookies, headers={"User-Agent": user_agent_of(session.device_id)}
            )
            return mina_content(answer).get("data")

        data = await self._account.call(Sid.MINA, send)
        return page_from(data, self._transport.now_ms(url))

    async def speak(self, device: Device, text: str, *, path: SpeakPath) -> None:
        """Makes the speaker say `text`; returns when it has accepted, not when it is silent again.

        Most models cut off what they are saying, and say nothing at all beyond about 200 characters.
        """
        if path is SpeakPath.MIOT:
            await self._action(device, model_of(device.hardware).play_text, "speak a text", [text])
        else:
            await self._ubus(device, "text_to_speech", "mibrain", {"text": text})

    async def play_status(self, device: Device) -> PlayStatus:
        """What the player says of itself; on some models that means little, see `model_of`."""
        return play_status_from(await self._ubus(device, "player_get_play_status", "mediaplayer", {"media": "app_ios"}))

    async def pause(self, device: Device) -> None:
        """Pauses speech and music."""
        await self._play_operation(device, "pause")

    async def stop(self, device: Device) -> None:
        """Ends speech and music, also where pause does nothing."""
        await self._play_operation(device, "stop")

    async def play(self, device: Device) -> None:
        """Goes on with paused music."""
        await self._play_operation(device, "play")

    async def set_volume(self, device: Device, volume: int) -> None:
        """Sets the volume, 0-100."""
        if not 0 <= volume <= 100:
            raise ValueError(f"a volume is 0 to 100, not {volume}")
        await self._ubus(device, "player_set_volume", "mediaplayer", {"volume": volume, "media": "app_ios"})

    async def execute(self, device: Device, text: str, *, silent: bool) -> None:
        """Lets XiaoAI do what `text` says, as if it had been spoken; `silent`: without saying its answer."""
        model = model_of(device.hardware)
        if model.execute_text is not None and device.miot_did is not None:
            flag = model.execute_silent.silent if silent else model.execute_silent.spoken
            await self._action(device, model.execute_text, "execute a text", [text, flag])
            return
        message: dict[str, object] = {"nlp": 1, "nlp_text": text}
        message |= {"nlp_execute": 1, "tts": 0, "tts_play": 0} if silent else {"tts": 1}
        await self._ubus(device, "ai_service", "mibrain", message)

    async def wake(self, device: Device) -> None:
        """Makes the speaker listen, for 3-10 s, as after its wake word."""
        model = model_of(device.hardware)
        await self._action(device, model.wake_up, "be woken", [""] if model.wake_up_takes_text else [])

    async def _play_operation(self, device: Device, action: str) -> None:
        await self._ubus(device, "player_play_operation", "mediaplayer", {"action": action, "media": "app_ios"})

    async def _ubus(self, device: Device, method: str, path: str, message: dict[str, object]) -> object:
        """What the speaker returned, None if nothing."""
        try:
            envelope = await self._mina.ubus_request(device.device_id, method, path, message)
        except SpeakerBusy as error:
            if device.is_online:
                raise
            # MiNA has no code for "offline": it only gets no answer.
            raise SpeakerOffline(f"the speaker {device.name} is offline", code=error.code) from error
        return ubus_info(envelope)

    async def _action(self, device: Device, action: Action | None, what: str, arguments: list[object]) -> None:
        if action is None or device.miot_did is None:
            raise Unsupported(f"{device.name} ({device.hardware}) cannot {what} by MIoT")
        request = {"did": device.miot_did, "siid": action.siid, "aiid": action.aiid, "in": arguments}
        check_action_result(await self._miot.miot_request("action", request))
