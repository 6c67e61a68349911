"""A failing login never becomes a storm."""

from dataclasses import replace

import pytest

from migpt_shared.xiaomi.cool_down import cool_down_left_s, fresh_token_pause_s, unreachable_pause_s
from migpt_shared.xiaomi.login_gate import LoginGate
from migpt_shared.xiaomi.tokens import Failure, FailureKind, Sid, mark_of

REJECTED = Failure(FailureKind.REJECTED, at=1000.0, count=1, mark="ab12", reason="wrong")


def test_at_least_60_s_after_a_failure_and_longer_after_each_further_one() -> None:
    assert cool_down_left_s(None, "ab12", 1000.0) == 0
    assert cool_down_left_s(REJECTED, "ab12", 1000.0) == 60
    assert cool_down_left_s(REJECTED, "ab12", 1059.5) == 0.5
    assert cool_down_left_s(REJECTED, "ab12", 1060.0) == 0
    pauses = [cool_down_left_s(replace(REJECTED, count=count), "ab12", 1000.0) for count in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[:3] == [60, 120, 240]
    assert pauses[-1] == 3600


@pytest.mark.parametrize("kind", [FailureKind.CAPTCHA, FailureKind.VERIFICATION, FailureKind.CONSENT])
def test_longer_where_a_person_must_act(kind: FailureKind) -> None:
    assert cool_down_left_s(replace(REJECTED, kind=kind), "ab12", 1000.0) == 900


def test_something_new_to_try_ends_the_pause() -> None:
    assert cool_down_left_s(REJECTED, mark_of("1", "new password", None, None), 1000.0) == 0
    assert mark_of("1", "a") != mark_of("1", "b")
    assert mark_of("1", None, "a") != mark_of("1", "a", None)


def test_a_clock_set_back_does_not_lengthen_the_pause() -> None:
    assert cool_down_left_s(REJECTED, "ab12", 0.0) == 60


def test_pauses_grow_to_a_minute() -> None:
    assert [unreachable_pause_s(count) for count in (1, 2, 3, 7, 99)] == [1, 2, 4, 60, 60]
    assert [fresh_token_pause_s(count) for count in (0, 2, 3, 4, 99)] == [0, 0, 5, 10, 60]


def test_unreachable_login_pages_are_left_alone_for_a_while() -> None:
    gate = LoginGate()
    gate.unreachable(0.0)
    gate.unreachable(1.0)
    assert gate.pause(Sid.MINA, None, "", 1.5).left_s == 1.5  # type: ignore[union-attr]
    assert gate.pause(Sid.MINA, None, "", 3.0) is None
    gate.logged_in(Sid.MINA, by_password=False, now=3.0)
    gate.token_works(Sid.MINA)
    gate.unreachable(10.0)
    assert gate.pause(Sid.MINA, None, "", 11.0) is None


def test_tokens_that_never_work_are_renewed_ever_more_rarely() -> None:
    gate = LoginGate()
    for _ in range(2):
        gate.logged_in(Sid.MINA, by_password=False, now=100.0)
        assert gate.pause(Sid.MINA, None, "", 100.0) is None
    gate.logged_in(Sid.MINA, by_password=False, now=100.0)
    assert gate.pause(Sid.MINA, None, "", 100.0).left_s == 5.0  # type: ignore[union-attr]
    assert gate.pause(Sid.MIOT, None, "", 100.0) is None
    gate.token_works(Sid.MINA)
    assert gate.pause(Sid.MINA, None, "", 100.0) is None


def test_a_person_may_ask_for_one_more_try_but_only_one() -> None:
    gate = LoginGate()
    gate.permit(1010.0)
    assert gate.pause(Sid.MINA, REJECTED, "ab12", 1010.0) is None
    again = replace(REJECTED, at=1010.0, count=2)
    assert gate.pause(Sid.MINA, again, "ab12", 1011.0) is not None
    gate.end_permit()
    assert gate.pause(Sid.MINA, REJECTED, "ab12", 1011.0) is not None


def test_a_password_that_works_again_and_again_for_nothing() -> None:
    gate = LoginGate()
    for now in (0.0, 10.0, 20.0):
        assert gate.password_pause(now) is None
        gate.logged_in(Sid.MINA, by_password=True, now=now)
    assert gate.password_pause(30.0).left_s == 570.0  # type: ignore[union-attr]
    assert gate.password_pause(601.0) is None
