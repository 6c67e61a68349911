"""Settings of speaking: how answers are spoken and what happens when a speaker does not take them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from migpt_shared.messages import name_problem
from migpt_shared.settings.base import Section


class SpeechSettings(Section):
    """How the speakers speak."""

    answer_on: tuple[str, ...] = Field(
        default=(),
        description="speakers of the household that speak every answer in unison, such as"
        ' ["living_room", "kitchen"]; empty: the one that was asked',
    )
    max_chars: int = Field(
        default=120, ge=30, le=200, description="longest text of one request; about 100 to 200 characters are safe"
    )
    assumed_seconds_per_character: float = Field(
        default=0.22, ge=0.08, le=0.6, description="rate of speech until it has been measured; seconds per character"
    )
    retry_delays_s: tuple[Annotated[float, Field(gt=0, le=60)], ...] = Field(
        default=(0.3, 0.8, 2.0, 4.0, 8.0),
        min_length=1,
        max_length=12,
        description="waits between the attempts when a speaker does not take a text, seconds;"
        " XiaoAI's own listening mode blocks it for about 15 s",
    )
    resume_media: bool = Field(default=True, description="go on with the music that was interrupted by speech")

    @field_validator("answer_on")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        problems = [problem for problem in map(name_problem, names) if problem]
        if problems:
            raise ValueError("; ".join(problems))
        if len(set(names)) != len(names):
            raise ValueError("names each speaker once")
        return names
