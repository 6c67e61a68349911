"""From what is known to what Home Assistant reads: a text per state topic; pure.

A key that is missing is not known: its topic keeps what an earlier run wrote there.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from migpt_ha_bridge.speakers.bridge_entities import SERVICES, service_key
from migpt_ha_bridge.speakers.components import attributes_key
from migpt_ha_bridge.speakers.facts import HouseholdFacts, ServiceFacts, SpeakerFacts
from migpt_ha_bridge.speakers.paths import AVAILABILITY
from migpt_ha_bridge.speakers.speaker_entities import MODES, TEXT_CHARACTERS
from migpt_shared.messages import Account, BrainState, HearingState, SpeechState, Turn

#: Longer states push the names out of Home Assistant's device page (seen at its narrowest, three columns side by side);
#: a Chinese character takes two columns. The whole text is in the attributes.
STATE_COLUMNS = 32
#: A text in the attributes; Home Assistant's recorder keeps 16 KiB a state.
ATTRIBUTE_CHARACTERS = 5000
UNKNOWN = "None"
#: The state of a text entity that is empty.
BLANK = " "
ONLINE, OFFLINE = "online", "offline"

#: What people said: it stays on the broker no longer than the turn itself.
CONVERSATION_KEYS = frozenset(
    key
    for entity in ("ask", "native", "heard", "answer", "route", "reason", "first_word", "problem")
    for key in (entity, attributes_key(entity))
) - {attributes_key("ask"), attributes_key("native")}
CONVERSATION_EXPIRES_S = float(Turn.channel.expires_s or 0)

_MODE_SHOWN = {mode: shown for shown, mode in MODES.items()}


def speaker_states(speaker: SpeakerFacts, account: Account | None) -> dict[str, str]:
    """The text of each state topic of a speaker, by key."""
    states: dict[str, str] = {}
    if speaker.hearing is not None:
        states |= _hearing(speaker.hearing)
    if speaker.brain is not None:
        states |= _brain(speaker.brain)
    if speaker.speech is not None:
        states |= _speech(speaker.speech)
    if account is not None:
        states |= _login(account)
    if speaker.turn is not None:
        states |= _turn(speaker.turn)
    if speaker.answered is not None:
        states |= _answer(speaker.answered, speaker.native_answer)
    if speaker.asked is not None:
        states["ask"] = speaker.asked[:TEXT_CHARACTERS] or BLANK
    if speaker.ordered is not None:
        states["native"] = speaker.ordered[:TEXT_CHARACTERS] or BLANK
    if speaker.problem is not None:
        states |= _text("problem", speaker.problem, {})
    return states


def default_states() -> dict[str, str]:
    """What topics of a speaker say as long as nothing was ever known."""
    return {"ask": BLANK, "native": BLANK}


def bridge_states(household: HouseholdFacts, services: Mapping[str, ServiceFacts]) -> dict[str, str]:
    """The text of each state topic of the bridge's own device, but for its availability."""
    states = {}
    account = household.account
    states["account"] = account_state(account)
    states[attributes_key("account")] = _json({"reason": account.reason if account else None})
    home = household.home
    states["home_connected"] = _on(home is not None and home.connected)
    states[attributes_key("home_connected")] = _json(
        {"agent": home.agent if home else None, "error": home.error if home else None}
    )
    for name in SERVICES:
        service = services.get(name, ServiceFacts())
        states[service_key(name)] = _on(not service.healthy)
        details = {"instances": len(service.instances), "details": service.details, "versions": service.versions}
        states[attributes_key(service_key(name))] = _json(details)
    return states


def forgotten_states() -> dict[str, str]:
    """What the topics of a conversation say after it was forgotten."""
    states = {key: "{}" if key.endswith(attributes_key("")) else UNKNOWN for key in CONVERSATION_KEYS}
    return states | default_states()


def shortened(text: str) -> str:
    """A state that fits, on one line."""
    line = " ".join(text.split())
    columns = 0
    for position, character in enumerate(line):
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns > STATE_COLUMNS:
            return _cut(line[:position]) + "…"
    return line


def _cut(text: str) -> str:
    """One column less, for the mark that it was cut; no mark after a space or a comma."""
    return text[:-1].rstrip(" ，,、")


def account_state(account: Account | None) -> str:
    """How the Xiaomi account stands, in one word of `ACCOUNT_STATES`."""
    if account is None:
        return "unknown"
    for name in ("needs_captcha", "needs_verification", "needs_login"):
        if getattr(account, name):
            return name
    return "ok" if account.ok else "trouble"


def _hearing(state: HearingState) -> dict[str, str]:
    return {
        # Not known yet is no reason to lock a person out.
        AVAILABILITY: OFFLINE if state.online is False else ONLINE,
        "online": UNKNOWN if state.online is None else _on(state.online),
        "transcript_delay": _number(state.transcript_delay_p50_s),
        "requests_today": str(state.requests_today),
        attributes_key("requests_today"): _json({"budget": state.budget, "interval_s": state.interval_s}),
    }


def _brain(state: BrainState) -> dict[str, str]:
    return {
        "ai": _on(state.ai),
        "mode": _MODE_SHOWN[state.mode],
        "preset": state.preset or UNKNOWN,
        "persona": state.persona or UNKNOWN,
        "tokens_today": str(state.tokens_today),
    }


def _speech(state: SpeechState) -> dict[str, str]:
    return {
        "speaking": _on(state.activity == "speaking"),
        "volume": UNKNOWN if state.volume is None else str(state.volume),
        "queue": str(state.queue_length),
    }


def _login(account: Account) -> dict[str, str]:
    age_s = account.service_token_age_s
    return {
        "login_problem": _on(not account.ok),
        attributes_key("login_problem"): _json({"account": account_state(account), "reason": account.reason}),
        "token_age": UNKNOWN if age_s is None else f"{age_s / 3600:.1f}",
    }


def _turn(turn: Turn) -> dict[str, str]:
    states = _text("heard", turn.text, {"turn": turn.turn, "source": turn.source})
    states["route"] = turn.route
    states[attributes_key("route")] = _json({"p_llm": turn.p_llm, "preset": turn.preset, "turn": turn.turn})
    states |= _text("reason", turn.reason_text or turn.reason, {"reason": turn.reason, "turn": turn.turn})
    if (first_word_ms := turn.spans_ms.get("first_speaking")) is not None:
        states["first_word"] = _number(first_word_ms / 1000)
        states[attributes_key("first_word")] = _json({"spans_ms": turn.spans_ms, "turn": turn.turn})
    return states


def _answer(turn: Turn, native_answer: str | None) -> dict[str, str]:
    text = answer_text(turn, native_answer)
    about = {"question": shortened(turn.text), "route": turn.route, "preset": turn.preset, "turn": turn.turn}
    return _text("answer", text, about) if text else {}


def answer_text(turn: Turn, native_answer: str | None) -> str:
    """What was answered in a turn, by whoever did."""
    return (native_answer or "") if turn.route == "native" else turn.reply_so_far


def _text(key: str, text: str, about: Mapping[str, object]) -> dict[str, str]:
    attributes = {"text": text[:ATTRIBUTE_CHARACTERS], **about}
    return {key: shortened(text) or UNKNOWN, attributes_key(key): _json(attributes)}


def _on(value: bool) -> str:
    return "ON" if value else "OFF"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)
