"""The identity of a transcript record, and the message that tells of it."""

from __future__ import annotations

import hashlib

from ulid import ULID

from migpt_shared.messages import Heard
from migpt_shared.xiaomi import Record

_ULID_TIME_LIMIT_MS = 2**48
_LONGEST_TEXT = 2000


def record_id(device_id: str, record: Record) -> str:
    """The record's ULID: the same for the same record for ever, on every poller.

    Made of the record's time and a hash of deviceID and requestId. A record without a requestId is told apart by its
    text.
    """
    mark = f"request {record.request_id}" if record.request_id else f"query {record.query}"
    digest = hashlib.sha256(f"{device_id}\n{mark}".encode("utf-8", "surrogatepass")).digest()
    time_ms = min(max(record.time_ms, 0), _ULID_TIME_LIMIT_MS - 1)
    return str(ULID.from_bytes(time_ms.to_bytes(6, "big") + digest[:10]))


def heard_of(utterance_id: str, record: Record) -> Heard | None:
    """The message for a record; None when it holds no words."""
    text = record.query.strip()[:_LONGEST_TEXT]
    if not text:
        return None
    # A music request is answered by a spoken text and an AUDIO part: the latter says what really happened.
    kinds = [answer.kind for answer in record.answers]
    texts = [answer.text.strip() for answer in record.answers if answer.text.strip()]
    return Heard(
        id=utterance_id,
        turn=utterance_id,
        text=text,
        spoken_at=max(record.time_ms, 0),
        native_answer=texts[0] if texts else None,
        native_type="none" if not kinds else "AUDIO" if "AUDIO" in kinds else kinds[0],
        source="speaker",
    )
