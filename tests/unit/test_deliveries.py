"""An utterance is told again until a turn answers for it, and never when it is too old."""

from migpt_poller.deliveries import Deliveries
from migpt_shared.messages import Heard


def heard(name: str, answer: str | None = None) -> Heard:
    return Heard(id=name, turn=name, text="为什么", native_answer=answer)


def told_again(deliveries: Deliveries, until: float) -> list[tuple[float, str]]:
    again: list[tuple[float, str]] = []
    while (at := deliveries.next_at()) is not None and at <= until:
        again += [(at, one.id) for one in deliveries.due(at)]
    return again


def test_it_is_told_again_after_1_5_4_8_and_12_s() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 100.0, age_s=1.0)
    assert told_again(deliveries, 200.0) == [(101.5, "a"), (104.0, "a"), (108.0, "a"), (112.0, "a")]


def test_a_turn_ends_it() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 0.0, age_s=0.0)
    deliveries.turn_seen("a")
    assert deliveries.next_at() is None
    assert deliveries.brain_appeared(1.0) == ()
    assert deliveries.is_answered("a")


def test_it_ends_when_the_utterance_is_15_s_old() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 0.0, age_s=10.0)
    assert told_again(deliveries, 100.0) == [(1.5, "a"), (4.0, "a")]
    assert [one.id for one in deliveries.brain_appeared(4.9)] == ["a"]
    assert deliveries.brain_appeared(5.0) == ()


def test_it_says_how_old_the_utterance_is_whenever_it_is_told() -> None:
    deliveries = Deliveries()
    assert deliveries.told(heard("a"), 100.0, age_s=1.25).age_s == 1.25
    assert [one.age_s for one in deliveries.due(101.5)] == [2.75]
    deliveries.amend(heard("a", "我不太明白"))
    assert [one.age_s for one in deliveries.brain_appeared(103.0)] == [4.25]
    assert deliveries.told(heard("b"), 0.0, age_s=-3.0).age_s == 0.0, "the cloud's clock may be behind"


def test_a_brain_that_appears_is_told_all_in_order() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 0.0, age_s=0.0)
    deliveries.told(heard("b"), 0.1, age_s=0.0)
    assert [one.id for one in deliveries.brain_appeared(3.0)] == ["a", "b"]


def test_repeats_that_were_slept_through_are_told_once() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 0.0, age_s=0.0)
    assert [one.id for one in deliveries.due(9.0)] == ["a"]
    assert deliveries.next_at() == 12.0


def test_what_became_known_since_is_in_the_repeat() -> None:
    deliveries = Deliveries()
    deliveries.told(heard("a"), 0.0, age_s=0.0)
    deliveries.amend(heard("a", "我不太明白"))
    assert [one.native_answer for one in deliveries.due(1.5)] == ["我不太明白"]


def test_of_turns_only_the_latest_are_remembered() -> None:
    deliveries = Deliveries()
    for number in range(1000):
        deliveries.turn_seen(str(number))
    assert deliveries.is_answered("999")
    assert not deliveries.is_answered("0")
