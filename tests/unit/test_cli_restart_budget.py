"""How soon a dead service is started again."""

from __future__ import annotations

from migpt_cli.up.restart_budget import DEATHS_ALLOWED, WINDOW_S, RestartBudget


def test_a_few_deaths_are_mended_at_once() -> None:
    budget = RestartBudget()
    assert [budget.died(now, 1.0) for now in range(DEATHS_ALLOWED)] == [0.3] * DEATHS_ALLOWED


def test_more_than_the_budget_makes_the_pauses_grow() -> None:
    budget = RestartBudget()
    now, pauses = 0.0, []
    for _ in range(DEATHS_ALLOWED + 8):
        pause = budget.died(now, 0.5)
        pauses.append(pause)
        now += pause + 0.5
    grown = pauses[DEATHS_ALLOWED:]
    assert grown[:4] == [5.0, 10.0, 20.0, 40.0]
    assert max(grown) == grown[-1] == 120.0


def test_a_life_of_a_minute_is_forgiven() -> None:
    budget = RestartBudget()
    for now in range(DEATHS_ALLOWED + 3):
        budget.died(float(now), 0.5)
    assert budget.died(500.0, WINDOW_S) == 0.3


def test_deaths_far_apart_never_exhaust_it() -> None:
    budget = RestartBudget()
    assert {budget.died(now * 20.0, 19.0) for now in range(50)} == {0.3}
