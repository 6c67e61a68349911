"""All kinds of messages there are. The source of truth for topics, schemas, the broker's ACL and the reference page."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_shared.messages.answering import BrainState, Reply, Sentence, Turn
from migpt_shared.messages.commands import COMMANDS, Result
from migpt_shared.messages.envelope import Message
from migpt_shared.messages.hearing import Account, Heard, HearingState, SpeakerInfo
from migpt_shared.messages.home import Event, HomeAnswer, HomeAsk, HomeCall, HomeEntities, HomeLook, HomeState
from migpt_shared.messages.presence import Presence
from migpt_shared.messages.speaking import Speech, SpeechState

CATALOGUE: tuple[type[Message], ...] = (
    Heard, Turn, Sentence, Speech, Result, Reply,
    *COMMANDS,
    SpeakerInfo, HearingState, BrainState, SpeechState, Event, Account,
    HomeAsk, HomeCall, HomeLook, HomeAnswer, HomeState, HomeEntities,
    Presence,
)  # fmt: skip

#: Everybody who may act on messages: our services, and clients (console, CLI, Home Assistant, people).
PARTIES = ("poller", "brain", "speaker", "ha_bridge", "console", "client")

_EVERYBODY = PARTIES
_ANYONE_ASKS = ("console", "client", "ha_bridge")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who may publish a kind of message and who reads it."""

    writers: tuple[str, ...]
    readers: tuple[str, ...]


_TRAFFIC: dict[type[Message], Traffic] = {
    Heard: Traffic(("poller",), ("brain", "console", "client", "ha_bridge")),
    Turn: Traffic(("brain",), _EVERYBODY),
    Sentence: Traffic(("brain",), ("speaker", "console", "client")),
    Speech: Traffic(("speaker",), _EVERYBODY),
    Result: Traffic(("poller", "brain", "speaker", "ha_bridge"), _EVERYBODY),
    Reply: Traffic(("brain",), _ANYONE_ASKS),
    SpeakerInfo: Traffic(("poller",), _EVERYBODY),
    HearingState: Traffic(("poller",), _EVERYBODY),
    BrainState: Traffic(("brain",), _EVERYBODY),
    SpeechState: Traffic(("speaker",), _EVERYBODY),
    Event: Traffic(("ha_bridge",), ("console", "client")),
    Account: Traffic(("poller",), ("brain", "speaker", "ha_bridge", "console", "client")),
    HomeAsk: Traffic(("brain", "console"), ("ha_bridge",)),
    HomeCall: Traffic(("brain",), ("ha_bridge",)),
    HomeLook: Traffic(("brain",), ("ha_bridge",)),
    HomeAnswer: Traffic(("ha_bridge",), ("brain", "console")),
    HomeState: Traffic(("ha_bridge",), ("brain", "console", "client")),
    HomeEntities: Traffic(("ha_bridge",), ("brain", "console", "client")),
    Presence: Traffic(_EVERYBODY, _EVERYBODY),
}


def traffic_of(kind: type[Message]) -> Traffic:
    """Who writes and who reads messages of this kind. Commands: anyone outside writes, the owners read.

    Services send each other commands too: the brain asks the speaker service to speak notices.
    """
    if kind in _TRAFFIC:
        return _TRAFFIC[kind]
    owners: tuple[str, ...] = getattr(kind, "owners", ())
    # The poller's echo guard needs what was sent with do/native and do/wake; Home Assistant shows what was sent; what
    # is to be forgotten is forgotten in the console's history too.
    listeners = {
        "Native": ("poller", "ha_bridge"),
        "Wake": ("poller",),
        "Ask": ("ha_bridge",),
        "Forget": ("console",),
    }.get(kind.__name__, ())
    return Traffic((*_ANYONE_ASKS, "brain"), (*owners, *listeners))
