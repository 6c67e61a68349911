"""How messages travel: over MQTT 5, or within one process. The same contract for both."""

from migpt_shared.bus.delivery import Bus, Cleared, Delivery, Malformed, Receiver, Subscription
from migpt_shared.bus.memory import MemoryBroker, MemoryBus
from migpt_shared.bus.mqtt import BrokerAddress, BrokerError, BrokerRefusedError, BrokerUnreachableError, MqttBus

__all__ = [
    "BrokerAddress",
    "BrokerError",
    "BrokerRefusedError",
    "BrokerUnreachableError",
    "Bus",
    "Cleared",
    "Delivery",
    "Malformed",
    "MemoryBroker",
    "MemoryBus",
    "MqttBus",
    "Receiver",
    "Subscription",
]
