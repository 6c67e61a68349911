"""The account's speakers as the cloud lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migpt_shared.xiaomi.errors import MalformedAnswer


@dataclass(frozen=True, slots=True)
class Device:
    """One speaker. Shared speakers and TVs are not listed by the cloud.

    `device_id`: the id of MiNA and of the transcript. `miot_did`: the id for MIoT actions; very old models may lack it.
    `hardware`: the key of the models table, such as "LX06". `capabilities`: names the cloud set to a true value.
    """

    device_id: str
    miot_did: str | None
    name: str
    alias: str
    hardware: str
    serial_number: str
    is_online: bool
    rom: str
    capabilities: frozenset[str]


def devices_from(data: object) -> tuple[Device, ...]:
    """The devices of a device list's `data`, in the cloud's order; entries without a device id are left out.

    Raises MalformedAnswer if it is no list: null must not look like a home that has lost all its speakers.
    """
    if not isinstance(data, list):
        raise MalformedAnswer(f"the device list is a {type(data).__name__}, not a list")
    return tuple(_device(entry) for entry in data if isinstance(entry, dict) and _text(entry, "deviceID"))


def _device(entry: Mapping[str, Any]) -> Device:
    capabilities = entry.get("capabilities")
    return Device(
        device_id=_text(entry, "deviceID"),
        miot_did=_text(entry, "miotDID") or None,
        name=_text(entry, "name"),
        alias=_text(entry, "alias"),
        hardware=_text(entry, "hardware"),
        serial_number=_text(entry, "serialNumber"),
        is_online=entry.get("presence") == "online",
        rom=_text(entry, "romVersion"),
        capabilities=frozenset(str(name) for name, value in capabilities.items() if value)
        if isinstance(capabilities, dict)
        else frozenset(),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
