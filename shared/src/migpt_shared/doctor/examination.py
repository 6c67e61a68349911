"""The steps of an examination. Unless it must be silent, it speaks twice, for about five seconds in all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from migpt_shared.doctor import findings as words
from migpt_shared.doctor.findings import Finding
from migpt_shared.language import Language
from migpt_shared.xiaomi import Device, SpeakPath, XiaomiCloud, XiaomiError, model_of
from migpt_shared.xiaomi.speaker_choice import device_uid

#: So long a status may lag behind the sound.
_STATUS_WITHIN_S = 4.0
_LOOK_EVERY_S = 0.25
_SPEAK_BEFORE_STOP_S = 1.5
#: What is later than this gives XiaoAI time to answer first, seconds.
_LATE_S = 4.0


@dataclass(frozen=True, slots=True)
class Examination:
    """Which speaker: `uid` as in its `info` message. `transcript_delay_s`: what the poller has measured, if it has.

    `may_speak` False: nothing is heard, so that less is found out.
    """

    uid: str
    transcript_delay_s: float | None
    language: Language
    may_speak: bool = True


async def examine(cloud: XiaomiCloud, wanted: Examination) -> AsyncGenerator[Finding, None]:
    """The findings, each as soon as it is made. Never raises an XiaomiError. `cloud` must be open."""
    began = time.monotonic()
    try:
        devices = await cloud.devices()
    except XiaomiError as error:
        yield Finding("login", "bad", words.NOT_LOGGED_IN, {"reason": error})
        return
    yield Finding("login", "good", words.LOGGED_IN, {"took": _ms(began)})
    device = next((one for one in devices if device_uid(one) == wanted.uid), None)
    if device is None:
        yield Finding("online", "bad", words.UNKNOWN_DEVICE)
        return
    if not device.is_online:
        yield Finding("online", "bad", words.OFFLINE)
        return
    yield Finding("online", "good", words.ONLINE, {"hardware": device.hardware})
    if not wanted.may_speak:
        model = model_of(device.hardware)
        yield Finding("speech", "good", words.WOULD_SPEAK, {"path": model.speak_path.value})
        yield await _silent_status(cloud, device)
        yield Finding("stop", "good", words.WOULD_STOP, {"how": "pause" if model.pause_is_effective else "stop"})
        yield await _transcript(cloud, device, wanted.transcript_delay_s)
        return
    path, finding = await _speech(cloud, device, wanted.language)
    yield finding
    if path is not None:
        sees_speech, finding = await _status(cloud, device)
        yield finding
        yield await _stop(cloud, device, path, wanted.language, sees_speech=sees_speech)
    yield await _transcript(cloud, device, wanted.transcript_delay_s)


async def _speech(cloud: XiaomiCloud, device: Device, language: Language) -> tuple[SpeakPath | None, Finding]:
    usual = model_of(device.hardware).speak_path
    other = SpeakPath.MIOT if usual is SpeakPath.MINA else SpeakPath.MINA
    text = words.GREETING.in_(language)
    began = time.monotonic()
    try:
        await cloud.speak(device, text, path=usual)
    except XiaomiError as first:
        try:
            await cloud.speak(device, text, path=other)
        except XiaomiError:
            return None, Finding("speech", "bad", words.MUTE, {"reason": first})
        values: dict[str, object] = {"path": usual.value, "other": other.value, "reason": first}
        return other, Finding("speech", "warning", words.SPEAKS_OTHERWISE, values)
    return usual, Finding("speech", "good", words.SPEAKS, {"path": usual.value, "took": _ms(began)})


async def _status(cloud: XiaomiCloud, device: Device) -> tuple[bool, Finding]:
    """Whether the status shows that it is speaking, and then that it is not."""
    if not model_of(device.hardware).has_usable_status:
        return False, Finding("status", "warning", words.UNRELIABLE)
    began = time.monotonic()
    lag = None
    try:
        while time.monotonic() - began < _STATUS_WITHIN_S:
            status = await cloud.play_status(device)
            if status.is_playing and lag is None:
                lag = _ms(began)
            if lag is not None and status.is_playing is False:
                return True, Finding("status", "good", words.SEES_SPEECH, {"lag": lag})
            await asyncio.sleep(_LOOK_EVERY_S)
    except XiaomiError as error:
        return False, Finding("status", "warning", words.NO_STATUS, {"reason": error})
    return False, Finding("status", "warning", words.SEES_NOTHING)


async def _silent_status(cloud: XiaomiCloud, device: Device) -> Finding:
    if not model_of(device.hardware).has_usable_status:
        return Finding("status", "warning", words.UNRELIABLE)
    began = time.monotonic()
    try:
        status = await cloud.play_status(device)
    except XiaomiError as error:
        return Finding("status", "warning", words.NO_STATUS, {"reason": error})
    if status.is_playing is None:
        return Finding("status", "warning", words.EMPTY_STATUS)
    return Finding("status", "good", words.STATUS_READ, {"took": _ms(began)})


async def _stop(
    cloud: XiaomiCloud, device: Device, path: SpeakPath, language: Language, *, sees_speech: bool
) -> Finding:
    is_pause = model_of(device.hardware).pause_is_effective
    how = "pause" if is_pause else "stop"
    try:
        await cloud.speak(device, words.LONG_SPEECH.in_(language), path=path)
        await asyncio.sleep(_SPEAK_BEFORE_STOP_S)
        began = time.monotonic()
        await (cloud.pause(device) if is_pause else cloud.stop(device))
        if not sees_speech:
            return Finding("stop", "warning", words.STOP_ACCEPTED, {"how": how})
        while time.monotonic() - began < _STATUS_WITHIN_S:
            if not (await cloud.play_status(device)).is_playing:
                return Finding("stop", "good", words.FALLS_SILENT, {"how": how, "took": _ms(began)})
            await asyncio.sleep(_LOOK_EVERY_S)
    except XiaomiError as error:
        return Finding("stop", "bad", words.STOP_REFUSED, {"reason": error})
    return Finding("stop", "bad", words.TALKS_ON, {"how": how})


async def _transcript(cloud: XiaomiCloud, device: Device, delay_s: float | None) -> Finding:
    began = time.monotonic()
    try:
        await cloud.history(device, limit=2)
    except XiaomiError as error:
        return Finding("transcript", "bad", words.TRANSCRIPT_UNREADABLE, {"reason": error})
    took = _ms(began)
    if delay_s is None:
        return Finding("transcript", "good", words.TRANSCRIPT_READ, {"took": took})
    values: dict[str, object] = {"took": took, "delay": f"{delay_s:.1f}"}
    if delay_s > _LATE_S:
        return Finding("transcript", "warning", words.TRANSCRIPT_VERY_LATE, values)
    return Finding("transcript", "good", words.TRANSCRIPT_LATE, values)


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
