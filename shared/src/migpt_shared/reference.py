"""What is generated from the message catalogue: the reference page, JSON Schemas, and mosquitto's ACL."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migpt_shared.messages import (
    CATALOGUE,
    DEFAULT_PREFIX,
    HOME_STATES,
    PARTIES,
    Command,
    Message,
    Presence,
    traffic_of,
)

PAGE = Path("docs/messages.md")
SCHEMAS = Path("docs/schemas")
ACL = Path("mosquitto/acl")
#: Home Assistant's own topics: discovery messages, and where it says that it has started.

_SAMPLE_PLACES = {
    "household": "home",
    "speaker": "living_room",
    "service": "brain",
    "instance": "d4e5f6",
    "request": "01K9ZJ5VX0Q3M7C2T5P8R1D4FA",
}
#: MQTT discovery with Home Assistant's own prefix; another one needs another line here.
_DISCOVERY = {
    "ha_bridge": ("readwrite homeassistant/device/#", "read homeassistant/status"),
    "home_assistant": ("readwrite homeassistant/#",),
}
_HOME_STATES_ACCESS = {"ha_bridge": "readwrite", "home_assistant": "read"}
_ENVELOPE = frozenset(Message.model_fields)

_PAGE_HEAD = """\
# Messages

Generated from the catalogue in `shared/src/migpt_shared/messages`; `./migpt messages --write` makes it anew.

Everything is QoS 1 and JSON, below the topic prefix `migpt` (`mqtt.prefix`). `{household}` and `{speaker}` are the
names from `config.toml` (or derived from the hardware); in a command's topic `all` stands for every one. Every message
has this envelope beside its own fields:

| field | meaning |
|---|---|
"""
_PAGE_COMMANDS = """\

Commands and settings may be plain text or JSON: JSON if, after white space, the payload begins with `{"` or is `{}`;
else text, from which one trailing newline is removed. Each is answered on `{household}/{speaker}/result` with the
command's `id` as `request`; bad input gets `ok: false` with the reason, and changes nothing.

"""

_HOME_TOPICS = (
    f"For Home Assistant the bridge keeps `{HOME_STATES.pattern}`, retained: a plain text for each entity, with",
    "`ha` as the unit for the bridge itself. `availability` is `online` or `offline`; the bridge's own is its will.",
    "Commands go to the topics below. Discovery messages stand in `homeassistant/device/xiaoai_…/config`.",
)


def generated_files() -> dict[Path, str]:
    """Every generated file: path in the checkout and content."""
    files = {PAGE: reference_page(), ACL: acl()}
    for kind in CATALOGUE:
        files[SCHEMAS / f"{kind.__name__}.json"] = schema(kind)
    return files


def schema(kind: type[Message]) -> str:
    """The JSON Schema of a kind of message."""
    body = kind.model_json_schema(by_alias=True)
    return json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def reference_page() -> str:
    lines = [_PAGE_HEAD.rstrip("\n")]
    lines += [f"| `{name}` | {field.description} |" for name, field in Message.model_fields.items()]
    lines.append(_PAGE_COMMANDS)
    lines += ["| topic | from → to | retained | expiry |", "|---|---|---|---|"]
    lines += [_overview(kind) for kind in CATALOGUE]
    lines += ["", *_HOME_TOPICS]
    for kind in CATALOGUE:
        lines += ["", *_chapter(kind)]
    return "\n".join(lines) + "\n"


def _overview(kind: type[Message]) -> str:
    channel, traffic = kind.channel, traffic_of(kind)
    expiry = f"{channel.expires_s} s" if channel.expires_s else "–"
    return (
        f"| [`{channel.pattern}`](#{kind.__name__.lower()}) | {', '.join(traffic.writers)} → "
        f"{', '.join(traffic.readers)} | {'yes' if channel.retain else 'no'} | {expiry} |"
    )


def _chapter(kind: type[Message]) -> Iterator[str]:
    yield f"## {kind.__name__}"
    yield ""
    yield " ".join((kind.__doc__ or "").split())
    yield ""
    yield f"Topic `{kind.channel.pattern}`"
    yield ""
    fields = {name: field for name, field in kind.model_fields.items() if name not in _ENVELOPE}
    if fields:
        yield "| field | type | default | meaning |"
        yield "|---|---|---|---|"
        properties = kind.model_json_schema(by_alias=True)["properties"]
        for name, field in fields.items():
            shown = properties[name] if name in properties else properties[str(field.alias)]
            default = "required" if field.is_required() else f"`{json.dumps(shown.get('default'), ensure_ascii=False)}`"
            yield f"| `{name}` | {type_in_words(shown)} | {default} | {field.description} |"
        yield ""
    yield "Example:"
    yield ""
    yield "```json"
    yield json.dumps(kind.example, ensure_ascii=False)
    yield "```"
    yield ""
    yield "```sh"
    yield publish_line(kind)
    yield "```"


def publish_line(kind: type[Message]) -> str:
    """A `mosquitto_pub` line that publishes the example; commands in their plain form where they have one."""
    topic = kind.channel.topic(DEFAULT_PREFIX, **{place: _SAMPLE_PLACES[place] for place in kind.channel.placeholders})
    payload = json.dumps(kind.example, ensure_ascii=False)
    if issubclass(kind, Command):
        payload = str(kind.example[kind.plain]) if kind.plain else "now"
    retain = " -r" if kind.channel.retain else ""
    return f"mosquitto_pub -V 5 -q 1{retain} -t {topic} -m {shlex.quote(payload)}"


def type_in_words(shown: dict[str, Any]) -> str:
    """The type of a field, from its part of the JSON Schema."""
    if "enum" in shown:
        return ", ".join(f"`{value}`" for value in shown["enum"])
    if "anyOf" in shown:
        return " or ".join(type_in_words(option) for option in shown["anyOf"])
    if "$ref" in shown:
        return str(shown["$ref"]).rsplit("/", 1)[-1]
    words = str(shown.get("type", "any"))
    if "items" in shown:
        words += f" of {type_in_words(shown['items'])}"
    low, high = shown.get("minimum"), shown.get("maximum")
    if low is not None and high is not None:
        words += f", {low} to {high}"
    return words


def acl(prefix: str = DEFAULT_PREFIX) -> str:
    """mosquitto's ACL file: each user may publish and read what its messages need, and nothing else.

    Home Assistant is a client whose discovery topics are beside ours.
    """
    lines = ["# Generated from the message catalogue; `./migpt messages --write` makes it anew."]
    for user, party in (*((party, party) for party in PARTIES), ("home_assistant", "client")):
        lines += ["", f"user {user}"]
        lines += [f"topic {right}" for right in _DISCOVERY.get(user, ())]
        for kind in CATALOGUE:
            traffic = traffic_of(kind)
            own = {"service": party} if kind is Presence else {}
            if party in traffic.writers:
                lines.append(f"topic write {kind.channel.filter(prefix, **own)}")
            if party in traffic.readers:
                lines.append(f"topic read {kind.channel.filter(prefix)}")
        if (access := _HOME_STATES_ACCESS.get(user)) is not None:
            lines.append(f"topic {access} {HOME_STATES.filter(prefix)}")
    return "\n".join(lines) + "\n"


def outdated(checkout: Path) -> list[Path]:
    """Generated files that are missing or differ from what the catalogue says, and schemas of kinds that are gone."""
    files = generated_files()
    stale = [path for path, content in files.items() if not _is(checkout / path, content)]
    known = {checkout / path for path in files}
    return stale + [p.relative_to(checkout) for p in sorted((checkout / SCHEMAS).glob("*.json")) if p not in known]


def write(checkout: Path) -> None:
    """Write all generated files into the checkout."""
    for path in outdated(checkout):
        (checkout / path).unlink(missing_ok=True)
    for path, content in generated_files().items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(content, encoding="utf-8")


def _is(file: Path, content: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == content
