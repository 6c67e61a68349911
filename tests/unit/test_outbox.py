"""What is not confirmed is sent again, in order, unless nobody can use it any more."""

from __future__ import annotations

from migpt_shared.bus.outbox import MAX_AGE_S, MAX_PENDING, Outbox, Publication
from migpt_shared.bus.reconnect import MAX_DELAY_S, QUICK_JITTER_S, reconnect_delay_s


def publication(
    topic: str = "t", *, at: float = 0.0, retain: bool = False, expires_at: float | None = None
) -> Publication:
    return Publication(topic, topic.encode(), retain, at, expires_at)


def topics(outbox: Outbox, now: float = 1.0) -> list[str]:
    return [pending.topic for _, pending in outbox.after_reconnect(now)]


def test_the_unconfirmed_is_sent_again_in_order() -> None:
    outbox = Outbox()
    for packet, topic in enumerate("abc"):
        outbox.sent(outbox.add(publication(topic)), packet)
    outbox.confirmed(1)
    assert topics(outbox) == ["a", "c"]


def test_confirmations_of_an_old_connection_mean_nothing() -> None:
    outbox = Outbox()
    outbox.sent(outbox.add(publication("a")), 1)
    outbox.after_reconnect(1)
    assert outbox.confirmed(1) is None
    assert topics(outbox) == ["a"]


def test_the_expired_and_the_old_are_dropped_and_counted() -> None:
    outbox = Outbox()
    outbox.add(publication("expired", expires_at=5.0))
    outbox.add(publication("old", at=0.0))
    outbox.add(publication("fresh", at=10.0))
    assert topics(outbox, now=MAX_AGE_S + 1) == ["fresh"]
    assert outbox.dropped == 2


def test_a_newer_state_replaces_one_that_was_never_sent() -> None:
    outbox = Outbox()
    outbox.add(publication("s", retain=True))
    outbox.add(publication("other"))
    outbox.add(publication("s", retain=True))
    assert topics(outbox) == ["other", "s"]


def test_a_broker_that_stays_away_does_not_fill_the_memory() -> None:
    outbox = Outbox()
    for number in range(MAX_PENDING + 5):
        outbox.add(publication(str(number)))
    assert len(outbox) == MAX_PENDING
    assert topics(outbox)[0] == "5"


def test_the_remaining_expiry_goes_out_with_the_message() -> None:
    assert publication(expires_at=30.0).expires_in_s(now=10.0) == 20
    assert publication(expires_at=10.2).expires_in_s(now=10.0) == 1
    assert publication().expires_in_s(now=10.0) is None


def test_reconnects_are_quick_at_first_and_random() -> None:
    for chance in (0.0, 0.5, 0.999):
        assert reconnect_delay_s(0, 0, chance) <= 0.25
        assert reconnect_delay_s(10, 5, chance) <= QUICK_JITTER_S
        assert reconnect_delay_s(3600, 50, chance) <= MAX_DELAY_S
    assert reconnect_delay_s(10, 5, 0.1) != reconnect_delay_s(10, 5, 0.9)
