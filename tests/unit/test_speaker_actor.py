"""The shell around the rules of one speaker: no moment is overlooked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, cast

import pytest

from migpt_shared.messages import Address
from migpt_shared.service import Context
from migpt_shared.settings import SpeechSettings
from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.actor import Actor
from migpt_speaker.conductor import Conductor
from migpt_speaker.device_link import DeviceLink
from migpt_speaker.knowledge import Knowledge
from migpt_speaker.orders import Effect
from migpt_speaker.pacer import Pacer
from migpt_speaker.routine import Traits
from migpt_speaker.voice import Ways


class _Bystander:
    """A context whose name alone is asked for."""

    src = "speaker/1"


def _spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


async def test_what_becomes_due_while_something_else_is_handled_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = Ways(SpeakPath.MINA, SpeakPath.MIOT)
    conductor = Conductor(Pacer(Knowledge()), ways, Traits(), SpeechSettings(), lambda: "u1")
    actor = Actor(
        Address("home", "living_room"),
        cast(Context, _Bystander()),
        cast(DeviceLink, None),
        conductor,
        _spawn,
        on_trouble=lambda: None,
    )
    due = float("inf")
    ticked = asyncio.Event()

    def tick(now: float) -> list[Effect]:
        ticked.set()
        return []

    monkeypatch.setattr(conductor, "next_wakeup", lambda now: due if due > now else None)
    monkeypatch.setattr(conductor, "tick", tick)

    def slow(now: float) -> list[Effect]:
        nonlocal due
        due = now + 0.005
        while time.monotonic() <= due:  # a loaded machine: the moment passes before the timer can be set
            pass
        return []

    actor.feed(slow)
    await asyncio.wait_for(ticked.wait(), 5)
    actor.abandon()
