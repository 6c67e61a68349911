"""Who is responsible for a speaker, in every order of events."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from migpt_shared.membership import Membership
from migpt_shared.messages import Address
from migpt_shared.ownership import Bury, LetGo, Lose, Ownership, Take, rendezvous_first

A = Address("home", "a")
SPEAKERS = [Address("home", f"s{number}") for number in range(12)]


def never_busy(_: Address) -> bool:
    return False


def one(me: str = "brain/1", now: float = 100.0) -> Ownership:
    ownership = Ownership(me)
    ownership.members.seen(me, now, established=False)
    ownership.synchronised(now, first_time=True)
    return ownership


def first_of(address: Address, *instances: str) -> str:
    first = rendezvous_first(address, instances)
    assert first is not None
    return first


def test_a_single_instance_takes_what_there_is_at_once() -> None:
    ownership = one()
    ownership.offer(A)
    assert ownership.decide(100.0, never_busy) == [Take(A)]
    assert ownership.decide(100.1, never_busy) == []
    assert ownership.owns(A)


def test_nothing_is_decided_before_the_retained_messages_are_known() -> None:
    ownership = Ownership("brain/1")
    ownership.members.seen("brain/1", 0, established=False)
    ownership.offer(A)
    assert ownership.decide(1, never_busy) == []


def test_a_newcomer_counts_after_five_seconds() -> None:
    members = Membership()
    members.seen("old", 0, established=True)
    members.seen("new", 10, established=False)
    assert members.counted(14.9) == {"old"}
    members.seen("old", 14, established=False)
    members.seen("new", 14, established=False)
    assert members.counted(15.1) == {"old", "new"}


def test_the_silent_stop_counting() -> None:
    members = Membership()
    members.seen("x", 0, established=True)
    members.expire(15.1)
    assert not members.is_live("x")


def takes_of(ownership: Ownership, now: float, busy: Callable[[Address], bool] = never_busy) -> set[Address]:
    return {decision.address for decision in ownership.decide(now, busy) if isinstance(decision, Take)}


def test_a_speaker_moves_to_a_newcomer_only_when_nothing_is_open() -> None:
    other = next(f"brain/{n}" for n in range(2, 50) if first_of(A, "brain/1", f"brain/{n}") != "brain/1")
    old = one()
    old.offer(A)
    old.decide(100.0, never_busy)
    old.members.seen(other, 100.0, established=False)
    for now in (104.0, 108.0):
        old.members.seen("brain/1", now, established=False)
        old.members.seen(other, now, established=False)
    assert old.decide(108.0, lambda _: True) == []
    assert old.decide(108.0, never_busy) == [LetGo(A)]
    assert not old.owns(A)


def test_a_speaker_is_taken_only_from_the_free_or_dead() -> None:
    me = next(f"brain/{n}" for n in range(2, 50) if first_of(A, "brain/1", f"brain/{n}") == f"brain/{n}")
    mine = Ownership(me)
    mine.members.seen(me, 90.0, established=True)
    mine.members.seen("brain/1", 90.0, established=True)
    mine.synchronised(90.0, first_time=True)
    mine.offer(A)
    mine.stands(A, "brain/1")
    assert mine.decide(91.0, never_busy) == []
    mine.members.gone("brain/1")
    assert mine.decide(91.1, never_busy) == [Take(A)]


def test_of_two_owners_the_one_that_is_not_first_yields_at_once() -> None:
    first = first_of(A, "brain/1", "brain/2")
    second = "brain/2" if first == "brain/1" else "brain/1"
    for me, other, expected in ((second, first, [Lose(A)]), (first, second, [])):
        ownership = Ownership(me)
        ownership.members.seen(me, 0, established=True)
        ownership.synchronised(0, first_time=True)
        ownership.offer(A)
        ownership.decide(0, never_busy)
        ownership.members.seen(other, 1, established=True)
        ownership.stands(A, other)
        assert ownership.decide(1, lambda _: True) == expected


def test_after_a_reconnect_nothing_new_is_taken_for_a_while() -> None:
    ownership = one()
    ownership.offer(A)
    ownership.disconnected()
    assert ownership.decide(101, never_busy) == []
    ownership.members.seen("brain/1", 102, established=False)
    ownership.synchronised(102, first_time=False)
    assert ownership.decide(103, never_busy) == []
    ownership.members.seen("brain/1", 107, established=False)
    assert ownership.decide(107.1, never_busy) == [Take(A)]


def test_what_is_owned_stays_owned_over_a_reconnect() -> None:
    ownership = one()
    ownership.offer(A)
    ownership.decide(100, never_busy)
    ownership.disconnected()
    ownership.members.seen("brain/1", 102, established=False)
    ownership.synchronised(102, first_time=False)
    assert ownership.decide(102, never_busy) == []
    assert ownership.owns(A)


def test_a_speaker_that_is_gone_is_let_go() -> None:
    ownership = one()
    ownership.offer(A)
    ownership.decide(100, never_busy)
    ownership.withdraw(A)
    assert ownership.decide(100, never_busy) == [LetGo(A)]


def test_targets_of_a_command() -> None:
    ownership = one()
    for address in (A, Address("home", "b"), Address("flat", "a")):
        ownership.offer(address)
    ownership.decide(100, never_busy)
    assert ownership.targets("home", "a") == [A]
    assert ownership.targets("home", "all") == [A, Address("home", "b")]
    assert len(ownership.targets("all", "all")) == 3
    assert ownership.targets("home", "nobody") == []


@given(st.sets(st.integers(0, 30), min_size=2, max_size=6), st.data())
def test_when_one_goes_only_its_speakers_move(numbers: set[int], data: st.DataObject) -> None:
    instances = {f"brain/{number}" for number in numbers}
    gone = data.draw(st.sampled_from(sorted(instances)))
    for speaker in SPEAKERS:
        before, after = rendezvous_first(speaker, instances), rendezvous_first(speaker, instances - {gone})
        assert after == before or before == gone


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from(["up", "down"])), max_size=12))
def test_in_the_end_every_speaker_has_exactly_one_owner(events: list[tuple[str, str]]) -> None:
    """Any sequence of instances that come and go, with perfect messaging: once it is quiet, one owner each."""
    now = 0.0
    live: dict[str, Ownership] = {}
    standing: dict[Address, str | None] = {}

    def settle(seconds: float) -> None:
        nonlocal now
        for _ in range(int(seconds)):
            now += 1.0
            for ownership in live.values():
                for name in live:
                    ownership.members.seen(name, now, established=False)
            for name, ownership in live.items():
                for address, owner in standing.items():
                    ownership.stands(address, owner)
                for decision in ownership.decide(now, never_busy):
                    if isinstance(decision, Take):
                        standing[decision.address] = name
                    elif isinstance(decision, LetGo):
                        standing[decision.address] = None
                    for other in live.values():
                        other.stands(decision.address, standing.get(decision.address))

    for name, event in [*events, ("1", "up")]:
        if event == "up" and name not in live:
            ownership = Ownership(name)
            for speaker in SPEAKERS:
                ownership.offer(speaker)
            for other in live:
                ownership.members.seen(other, now, established=True)
            ownership.members.seen(name, now, established=False)
            ownership.synchronised(now, first_time=True)
            live[name] = ownership
        elif event == "down" and name in live:
            del live[name]
            for ownership in live.values():
                ownership.members.gone(name)
        settle(2)
    settle(20)
    for speaker in SPEAKERS:
        assert [name for name, ownership in live.items() if ownership.owns(speaker)] == [
            rendezvous_first(speaker, live)
        ]


def test_a_speaker_that_exists_no_more_is_buried_by_its_owner_once() -> None:
    ownership = one()
    ownership.offer(A)
    ownership.decide(100.0, never_busy)
    ownership.retire(A)
    assert ownership.decide(100.1, never_busy) == [Bury(A, was_owned=True)]
    assert ownership.decide(100.2, never_busy) == []
    assert not ownership.owns(A)


def test_one_that_nobody_owns_is_buried_by_the_first_alone() -> None:
    names = ("brain/1", "brain/2")
    burying = []
    for name in names:
        ownership = Ownership(name)
        for other in names:
            ownership.members.seen(other, 90.0, established=True)
        ownership.synchronised(90.0, first_time=True)
        ownership.stands(A, None)
        ownership.retire(A)
        burying += [name for decision in ownership.decide(91.0, never_busy) if decision == Bury(A, was_owned=False)]
    assert burying == [first_of(A, *names)]


def test_one_that_a_living_owner_has_is_left_to_it() -> None:
    ownership = one()
    ownership.members.seen("brain/2", 100.0, established=True)
    ownership.stands(A, "brain/2")
    ownership.retire(A)
    assert ownership.decide(100.1, never_busy) == []


def test_one_that_comes_back_is_not_buried() -> None:
    ownership = one()
    ownership.retire(A)
    ownership.offer(A)
    assert ownership.decide(100.0, never_busy) == [Take(A)]
