"""Labels what was said last as having been for somebody else."""

from __future__ import annotations

import structlog

from migpt_brain import phrases
from migpt_brain.corrections import Correction
from migpt_brain.desk import Desk
from migpt_brain.store import StoreUnavailableError
from migpt_shared.language import Phrase
from migpt_shared.messages import Address, Target

log = structlog.get_logger(__name__)


async def correct(desk: Desk, address: Address, utterance: str | None, target: Target) -> Correction:
    """The utterance should have gone there. Raises ValueError (there is none) or StoreUnavailableError (not kept)."""
    if utterance is None:
        raise ValueError("nothing was said yet that could be corrected")
    return await desk.intent.correct(address, utterance, target)


async def correction_problem(desk: Desk, address: Address, utterance: str | None, target: Target) -> Phrase | None:
    """Correct it; what to say to the person where that cannot be, None where it was done."""
    try:
        await correct(desk, address, utterance, target)
    except ValueError:
        return phrases.NOTHING_TO_CORRECT
    except StoreUnavailableError as error:
        log.warning("correction_not_kept", reason=str(error))
        return phrases.NOT_CORRECTED
    return None
