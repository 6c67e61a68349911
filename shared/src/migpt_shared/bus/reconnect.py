"""When to try the broker again; pure."""

from __future__ import annotations

#: A broker that restarts is back within seconds: until then a person waits for an answer.
QUICK_FOR_S = 30.0
QUICK_JITTER_S = 2.0
MAX_DELAY_S = 30.0


def reconnect_delay_s(down_for_s: float, attempt: int, chance: float) -> float:
    """Seconds to wait before the next try: random, so that clients do not come back all at once.

    `attempt` counts from 0, `chance` is uniform in [0, 1). The first try comes within 0.25 s.
    """
    if attempt == 0:
        return 0.05 + 0.2 * chance
    if down_for_s < QUICK_FOR_S:
        return 0.1 + (QUICK_JITTER_S - 0.1) * chance
    return 1.0 + min(MAX_DELAY_S - 1.0, down_for_s / 4) * chance
