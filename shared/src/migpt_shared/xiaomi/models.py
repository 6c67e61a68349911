"""What a speaker of a given hardware can do, and how it wants to be asked."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, NamedTuple


class SpeakPath(StrEnum):
    """The two ways to make a speaker say a text."""

    MINA = "mina"
    MIOT = "miot"


class Action(NamedTuple):
    """A MIoT action."""

    siid: int
    aiid: int


class SilentValues(NamedTuple):
    """The second argument of the execute action: a truth value on most models, a value list (0 = silent) on some."""

    silent: bool | int
    spoken: bool | int


_TRUTH = SilentValues(silent=True, spoken=False)


@dataclass(frozen=True, slots=True)
class Model:
    """One hardware. Actions are None where the model has none or none is known.

    `speak_path`: the way that is known to be heard. `wake_up_takes_text`: the wake-up action insists on one string.
    `pause_is_effective`: False where only stop ends playback. `has_usable_status`: False where the play status does not
    tell when speech ends. `can_be_silenced`: False where XiaoAI's own answer cannot be cut off. `needs_play_music`:
    URLs are played by `player_play_music` only. `has_history`: False where the transcript service knows nothing of it.
    """

    hardware: str
    name: str
    speak_path: SpeakPath = SpeakPath.MINA
    play_text: Action | None = None
    wake_up: Action | None = None
    wake_up_takes_text: bool = False
    execute_text: Action | None = None
    execute_silent: SilentValues = _TRUTH
    pause_is_effective: bool = True
    has_usable_status: bool = True
    can_be_silenced: bool = True
    needs_play_music: bool = False
    has_history: bool = True


def model_of(hardware: str) -> Model:
    """The model of a device's `hardware`; for one that nobody has described, what most models have."""
    return _MODELS.get(hardware) or Model(
        hardware, hardware, play_text=Action(5, 1), wake_up=Action(5, 3), execute_text=Action(5, 5)
    )


def known_hardware() -> tuple[str, ...]:
    """Every hardware of the table, in its order."""
    return tuple(_MODELS)


def _read_models() -> dict[str, Model]:
    table = tomllib.loads(resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))
    return {hardware: _model(hardware, dict(fields)) for hardware, fields in table.items()}


def _model(hardware: str, fields: dict[str, Any]) -> Model:
    for key in ("play_text", "wake_up", "execute_text"):
        if key in fields:
            fields[key] = Action(*fields[key])
    if "execute_silent" in fields:
        fields["execute_silent"] = SilentValues(*fields["execute_silent"])
    if "speak_path" in fields:
        fields["speak_path"] = SpeakPath(fields["speak_path"])
    return Model(hardware, **fields)


_MODELS = _read_models()
