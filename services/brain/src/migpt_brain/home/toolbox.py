"""The tools that the language model has for a home, and what it wants done with them; pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from migpt_brain.home.awaited import PlannedCall
from migpt_brain.llm import Tool, ToolCall
from migpt_shared.messages import HomeEntity
from migpt_shared.spoken_form import normalise

CONTROL = "control_devices"
LOOK = "look_at_devices"
#: A tool call for more entities than this is a mistake.
_MOST_ENTITIES = 60


class Service(BaseModel):
    """A service as `services.toml` has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: tuple[str, ...] = ()
    hint: str = ""


class _ControlArguments(BaseModel):
    model_config = ConfigDict(extra="ignore")

    service: str
    entities: list[str] = Field(min_length=1, max_length=_MOST_ENTITIES)
    data: dict[str, Any] | None = None
    say: str = ""


class _LookArguments(BaseModel):
    model_config = ConfigDict(extra="ignore")

    entities: list[str] = Field(min_length=1, max_length=_MOST_ENTITIES)


@dataclass(frozen=True, slots=True)
class Control:
    """`say`: what the model wants said once it is confirmed."""

    call: PlannedCall
    say: str


@dataclass(frozen=True, slots=True)
class Look:
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """The call cannot be carried out; `problem` is for the model to read."""

    problem: str


Wanted = Control | Look | Mistake


@cache
def services() -> Mapping[str, Service]:
    """All services the model may use, by `domain.service`."""
    text = resources.files(__package__).joinpath("services.toml").read_text(encoding="utf-8")
    domains = TypeAdapter(dict[str, dict[str, Service]]).validate_python(tomllib.loads(text))
    return {f"{domain}.{name}": service for domain, names in domains.items() for name, service in names.items()}


def tools_for(entities: Iterable[HomeEntity]) -> tuple[Tool, ...]:
    """The tools for a home with these entities."""
    domains = {entity.domain for entity in entities}
    usable = {name: service for name, service in services().items() if name.partition(".")[0] in domains}
    known = "\n".join(
        f"{name}: {', '.join(service.data) or 'no data'}{f' ({service.hint})' if service.hint else ''}"
        for name, service in usable.items()
    )
    ids = {"type": "array", "items": {"type": "string"}, "description": "entity ids from the list"}
    control = Tool(
        CONTROL,
        f"Operate devices now. Services and the data they take:\n{known}",
        {
            "type": "object",
            "properties": {
                "service": {"type": "string", "enum": list(usable)},
                "entities": ids,
                "data": {"type": "object", "description": "the service's data; leave out what is not asked for"},
                "say": {
                    "type": "string",
                    "description": "one short sentence to be spoken once the devices confirm, in the person's language",
                },
            },
            "required": ["service", "entities", "say"],
        },
    )
    look = Tool(
        LOOK,
        "Read the current state of devices that stand in the list without one.",
        {"type": "object", "properties": {"entities": ids}, "required": ["entities"]},
    )
    return (control, look) if usable else (look,)


def wanted(call: ToolCall, entities: Sequence[HomeEntity]) -> Wanted:
    """What the model wants, checked against what there is. Names stand for ids, as models mix them up."""
    try:
        match call.name:
            case "control_devices":
                return _control(_ControlArguments.model_validate_json(call.arguments), entities)
            case "look_at_devices":
                looked = _LookArguments.model_validate_json(call.arguments)
                found, unknown = _resolved(looked.entities, entities)
                return Look(found) if found else Mistake(_unknown(unknown))
            case other:
                return Mistake(f"there is no tool {other!r}; use {CONTROL} or {LOOK}")
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors()
        )
        return Mistake(problems)


def _control(arguments: _ControlArguments, entities: Sequence[HomeEntity]) -> Wanted:
    service = services().get(arguments.service)
    if service is None:
        return Mistake(f"there is no service {arguments.service!r}")
    data = {name: value for name, value in (arguments.data or {}).items() if value is not None}
    if strange := [name for name in data if name not in service.data]:
        takes = ", ".join(service.data) or "no data"
        return Mistake(f"{arguments.service} does not take {', '.join(strange)}; it takes {takes}")
    found, unknown = _resolved(arguments.entities, entities)
    if unknown:
        return Mistake(_unknown(unknown))
    domain = arguments.service.partition(".")[0]
    if others := [entity for entity in found if not entity.startswith(f"{domain}.")]:
        return Mistake(f"{arguments.service} does not fit {', '.join(others)}; use services of their own domain")
    return Control(PlannedCall(arguments.service, found, data), arguments.say.strip())


def _resolved(names: Iterable[str], entities: Sequence[HomeEntity]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids = {entity.id for entity in entities}
    by_name: dict[str, str] = {}
    for entity in entities:
        for name in (entity.name, *entity.aliases):
            by_name.setdefault(normalise(name), entity.id)
    found: dict[str, None] = {}
    unknown = []
    for name in names:
        entity_id = name if name in ids else by_name.get(normalise(name))
        if entity_id is None:
            unknown.append(name)
        else:
            found[entity_id] = None
    return tuple(found), tuple(unknown)


def _unknown(names: Iterable[str]) -> str:
    return f"not in the list: {', '.join(names)}"
