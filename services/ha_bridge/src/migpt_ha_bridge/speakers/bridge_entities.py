"""What the bridge itself is in Home Assistant: the health of the services, the account, and the whole home at once."""

from __future__ import annotations

from migpt_ha_bridge.speakers.components import Entity
from migpt_shared.language import Phrase
from migpt_shared.messages import EVERYBODY, Login, Say, Stop

#: The account's states, as the sensor shows them.
ACCOUNT_STATES = ("ok", "needs_captcha", "needs_verification", "needs_login", "trouble", "unknown")

#: The services whose health is shown.
SERVICES = {
    "poller": Phrase(zh="听写服务", en="Listening service"),
    "brain": Phrase(zh="大脑服务", en="Thinking service"),
    "speaker": Phrase(zh="说话服务", en="Speaking service"),
}


def service_key(service: str) -> str:
    return f"service_{service}"


def bridge_entities(*, commands_home: bool = True) -> list[Entity]:
    """All entities of the bridge's device. `commands_home`: the other direction is configured too."""
    home = [
        Entity(
            "home_connected", "binary_sensor", Phrase(zh="语音控制家居", en="Voice control of the home"), None,
            "diagnostic", has_attributes=True, more={"device_class": "connectivity"},
        )
    ]  # fmt: skip
    return [
        Entity(
            "say", "notify", Phrase(zh="全屋播报", en="Announce everywhere"), "bullhorn", command=Say, to=EVERYBODY,
            has_state=False, more={"command_template": "{{ {'text': value} | to_json }}", "qos": 1},
        ),
        Entity(
            "stop", "button", Phrase(zh="全部停止", en="Stop everywhere"), "stop", command=Stop, to=EVERYBODY,
            has_state=False,
        ),
        Entity(
            "login", "button", Phrase(zh="重新登录小米", en="Log in to Xiaomi again"), "login", "config",
            command=Login, has_state=False,
        ),
        Entity(
            "account", "sensor", Phrase(zh="小米账号", en="Xiaomi account"), "account-key", "diagnostic",
            has_attributes=True, more={"device_class": "enum", "options": list(ACCOUNT_STATES)},
        ),
        *(home if commands_home else ()),
        *(
            Entity(
                service_key(service), "binary_sensor", name, None, "diagnostic", has_attributes=True,
                more={"device_class": "problem"},
            )
            for service, name in SERVICES.items()
        ),
    ]  # fmt: skip
