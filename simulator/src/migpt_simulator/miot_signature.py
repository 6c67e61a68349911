"""The signature of plain (not RC4) MIoT requests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

__all__ = ["is_signed"]


def is_signed(uri: str, *, nonce: str, data: str, signature: str, ssecurity: str) -> bool:
    """Whether a request to `uri` (without `/app`) was signed with `ssecurity`; malformed base64 is not."""
    try:
        secret, seed = base64.b64decode(ssecurity), base64.b64decode(nonce, validate=True)
    except binascii.Error:
        return False
    key = hashlib.sha256(secret + seed).digest()
    text = "&".join((uri, base64.b64encode(key).decode(), nonce, f"data={data}"))
    expected = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest())
    return hmac.compare_digest(signature.encode(), expected)
