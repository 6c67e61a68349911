"""Texts as they compare when spoken: two utterances are the same when a listener hears no difference in writing."""

from __future__ import annotations

import re
import unicodedata

_UNHEARD = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """`text` for comparing: compatibility forms unified (full-width, ligatures), lower case, letters and digits only.

    Empty when nothing of it is spoken. Normalising again changes nothing.
    """
    unified = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", _UNHEARD.sub("", unified))
