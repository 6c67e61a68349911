"""How messages travel: over MQTT 5, or within one process. The same contract for both."""

from migpt_shared.bus.delivery import Bus, Cleared, Delivery, Malformed, Receiver, Subscription
from migpt_shared.bus.line import (
    BrokerAddress,
    BrokerError,
    BrokerRefusedError,
    BrokerUnreachableError,
    Carried,
    MqttLine,
    Will,
)
from migpt_shared.bus.memory import MemoryBroker, MemoryBus
from migpt_shared.bus.mqtt import MqttBus

__all__ = [
    "BrokerAddress",
    "BrokerError",
    "BrokerRefusedError",
    "BrokerUnreachableError",
    "Bus",
    "Carried",
    "Cleared",
    "Delivery",
    "Malformed",
    "MemoryBroker",
    "MemoryBus",
    "MqttBus",
    "MqttLine",
    "Receiver",
    "Subscription",
    "Will",
]
