"""Which models there are, and what a name means."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_console.api.errors import ApiError
from migpt_console.console import Console
from migpt_console.house import Speaker
from migpt_shared.providers import PresetError, ResolvedPreset, resolve

BRAIN = "migpt"
HOME = "home-assistant"


@dataclass(frozen=True, slots=True)
class TheBrain:
    """The brain, with the memory of that speaker. `speaks`: the answer is spoken there, too."""

    speaker: Speaker
    speaks: bool


@dataclass(frozen=True, slots=True)
class TheHome:
    """Home Assistant's conversation agent in that household."""

    household: str
    speaker: str


@dataclass(frozen=True, slots=True)
class APreset:
    """A provider, asked as it is."""

    preset: ResolvedPreset


def model_names(console: Console) -> list[str]:
    """The names that can be asked now."""
    speakers = [one for one in console.house.sorted_speakers() if one.is_served]
    names = [BRAIN] if speakers else []
    names += [f"{BRAIN}:{_short_name(one, speakers)}" for one in speakers]
    if console.house.connected_home() is not None:
        names.append(HOME)
    return names + [name for name in _configured(console) if name not in names and _resolved(console, name)]


def find_model(console: Console, name: str) -> TheBrain | TheHome | APreset:
    """What that name means. Raises ApiError: 404 when it means nothing, 503 when it cannot be asked now."""
    house = console.house
    if name == BRAIN:
        speaker = house.default_speaker()
        if speaker is None:
            raise ApiError(503, "no speaker is known yet, so nobody can be asked", code="not_ready")
        return TheBrain(speaker, speaks=False)
    if name.startswith(f"{BRAIN}:"):
        return TheBrain(_speaker_called(console, name.partition(":")[2]), speaks=True)
    if name == HOME:
        household = house.connected_home()
        if household is None:
            raise ApiError(503, "Home Assistant is not connected", code="not_ready")
        speaker = house.default_speaker(household)
        return TheHome(household, speaker.address.speaker if speaker else "api")
    if name in _configured(console):
        try:
            return APreset(resolve(name, console.settings.llm))
        except PresetError as error:
            raise ApiError(503, str(error), code="preset_unusable") from None
    raise ApiError(404, f"there is no model {name!r}", param="model", code="model_not_found")


def _configured(console: Console) -> list[str]:
    llm = console.settings.llm
    return list(dict.fromkeys((*llm.chain, *llm.presets)))


def _resolved(console: Console, name: str) -> bool:
    try:
        resolve(name, console.settings.llm)
    except PresetError:
        return False
    return True


def _speaker_called(console: Console, wanted: str) -> Speaker:
    fits = [
        one for one in console.house.sorted_speakers() if wanted in (one.address.speaker, str(one.address), one.name)
    ]
    if not fits:
        raise ApiError(404, f"there is no speaker {wanted!r}", param="model", code="model_not_found")
    if len(fits) > 1:
        names = ", ".join(str(one.address) for one in fits)
        raise ApiError(404, f"{wanted!r} fits several speakers: {names}", param="model", code="model_not_found")
    return fits[0]


def _short_name(speaker: Speaker, among: list[Speaker]) -> str:
    same = [one for one in among if one.address.speaker == speaker.address.speaker]
    return speaker.address.speaker if len(same) == 1 else str(speaker.address)
