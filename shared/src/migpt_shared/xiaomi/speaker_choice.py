"""Which of an account's devices are speakers of a household, and what they are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migpt_shared.messages import name_problem
from migpt_shared.settings import SpeakerSettings
from migpt_shared.xiaomi.devices import Device


class SpeakerNamesError(Exception):
    """The speakers of a household cannot be told apart, or are misnamed. The text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class WantedSpeaker:
    """A speaker as the configuration describes it: by an id (deviceID or did), or by a name (or alias)."""

    slug: str
    device_id: str | None = None
    name: str | None = None
    area: str | None = None

    def means(self, device: Device) -> bool:
        """Whether this is the device. Every criterion that is given must hold."""
        if self.device_id is None and self.name is None:
            return False
        return (self.device_id is None or self.device_id in (device.device_id, device.miot_did)) and (
            self.name is None or self.name in (device.name, device.alias)
        )


def wanted_speakers(configured: Mapping[str, SpeakerSettings]) -> tuple[WantedSpeaker, ...]:
    """The speakers that a household's settings name."""
    return tuple(
        WantedSpeaker(slug, speaker.device_id, speaker.name, speaker.area) for slug, speaker in configured.items()
    )


@dataclass(frozen=True, slots=True)
class ChosenSpeaker:
    """A device under the slug by which it is addressed."""

    slug: str
    device: Device
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The speakers of a household, by slug, and the configured ones that the account does not have."""

    speakers: tuple[ChosenSpeaker, ...]
    absent: tuple[WantedSpeaker, ...]


def choose(devices: Sequence[Device], wanted: Sequence[WantedSpeaker]) -> Choice:
    """The household's speakers: the wanted ones, or all of the account when none is named.

    The order of `devices` never matters. Raises SpeakerNamesError when a name fits several devices, two names fit the
    same device, two devices get the same slug, or a slug is not allowed.
    """
    if not wanted:
        named = [ChosenSpeaker(derived_slug(device), device) for device in _by_id(devices)]
        absent: tuple[WantedSpeaker, ...] = ()
    else:
        found = {one.slug: [device for device in _by_id(devices) if one.means(device)] for one in wanted}
        for one in wanted:
            if len(found[one.slug]) > 1:
                raise SpeakerNamesError(
                    f'speaker "{one.slug}" fits several devices: {_listed(found[one.slug])};'
                    " give its device_id in the configuration"
                )
        named = [ChosenSpeaker(one.slug, found[one.slug][0], one.area) for one in wanted if found[one.slug]]
        absent = tuple(one for one in wanted if not found[one.slug])
    _check(named)
    return Choice(tuple(sorted(named, key=lambda speaker: speaker.slug)), absent)


def derived_slug(device: Device) -> str:
    """A slug for a device that the configuration does not name, such as `l05c_1a2b`."""
    hardware = re.sub(r"[^a-z0-9]+", "", device.hardware.lower()) or "speaker"
    return f"{hardware}_{device_tail(device).lower()}"


def device_tail(device: Device) -> str:
    """The last four letters or digits of the deviceID."""
    return re.sub(r"[^A-Za-z0-9]", "", device.device_id)[-4:]


def device_uid(device: Device) -> str:
    """12 hex digits that stand for the deviceID without giving it away."""
    return hashlib.sha256(device.device_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _check(speakers: Sequence[ChosenSpeaker]) -> None:
    by_slug: dict[str, ChosenSpeaker] = {}
    by_device: dict[str, ChosenSpeaker] = {}
    for speaker in speakers:
        if problem := name_problem(speaker.slug):
            raise SpeakerNamesError(f"{_described(speaker.device)}: {problem}")
        if (other := by_slug.setdefault(speaker.slug, speaker)) is not speaker:
            raise SpeakerNamesError(
                f'two devices would both be called "{speaker.slug}": {_listed([other.device, speaker.device])};'
                " name them in the configuration"
            )
        if (other := by_device.setdefault(speaker.device.device_id, speaker)) is not speaker:
            raise SpeakerNamesError(
                f'speakers "{other.slug}" and "{speaker.slug}" are the same device, {_described(speaker.device)};'
                " remove one of them from the configuration"
            )


def _by_id(devices: Sequence[Device]) -> list[Device]:
    return sorted(devices, key=lambda device: device.device_id)


def _listed(devices: Sequence[Device]) -> str:
    return " and ".join(_described(device) for device in devices)


def _described(device: Device) -> str:
    return f'"{device.name or device.alias}" ({device.hardware}, deviceID {device.device_id})'
