"""Commands made from what a person typed."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError
from migpt_shared.language import Phrase
from migpt_shared.messages import Command

Kind = TypeVar("Kind", bound=Command)

_INVALID = Phrase(zh="这样不行：{problems}", en="that is not possible: {problems}")


def command_from(kind: type[Kind], **fields: object) -> Kind:
    """The command with these fields. Raises CommandFailedError in words for the person who typed them."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors(include_url=False))
        raise CommandFailedError(_INVALID, exit_code=EXIT_UNUSABLE, problems=problems) from error
