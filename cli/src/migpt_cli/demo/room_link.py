"""The way to the simulated rooms: say something there, and follow what is heard there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp

from migpt_shared.story import RoomEvent, RoomSound

_WAIT_S = 20.0
_KINDS = {kind.value: kind for kind in RoomSound}


class RoomLink:
    """A client of the simulator's control API. Use as an async context manager."""

    def __init__(self, control_url: str) -> None:
        self._url = control_url
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WAIT_S + 10))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def say(self, speaker: str, text: str, native: dict[str, object] | None) -> None:
        """A person says something to the speaker; `native` is what XiaoAI itself would do (None: it does not know)."""
        body: dict[str, object] = {"text": text}
        if native is not None:
            body["native"] = native
        await self._post(f"speakers/{speaker}/say", body)

    async def teach_model(self, script: dict[str, object]) -> None:
        """Tell the scripted model what to answer."""
        await self._post("llm", script)

    async def seconds_per_char(self, speaker: str) -> float:
        """How fast that speaker speaks."""
        home = await self._get("home", {})
        found = next(one for one in home["speakers"] if one["slug"] == speaker)
        return float(found["behaviour"]["seconds_per_char"])

    async def sounds(self) -> AsyncIterator[tuple[str, RoomEvent]]:
        """What happens in the rooms from now on: speaker and event. Moments are this machine's monotonic clock."""
        since = (await self._get("journal", {}))["next"]
        while True:
            page = await self._get("journal", {"since": str(since), "wait_s": str(_WAIT_S)})
            since = page["next"]
            for row in page["events"]:
                kind = _KINDS.get(row["event"])
                if kind is not None:
                    yield row["speaker"], _event(kind, row)

    async def _get(self, path: str, query: dict[str, str]) -> Any:
        async with self._session.get(f"{self._url}/{path}", params=query) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _post(self, path: str, body: dict[str, object]) -> None:
        async with self._session.post(f"{self._url}/{path}", json=body) as answer:
            answer.raise_for_status()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the link is not open")
        return self._http


def _event(kind: RoomSound, row: dict[str, Any]) -> RoomEvent:
    return RoomEvent(
        kind=kind,
        at=row["at"],
        text=row.get("text") or row.get("title") or "",
        heard_s=row.get("heard_s"),
        chars_heard=row.get("chars_heard"),
        cut_by=row.get("cut_by"),
    )
