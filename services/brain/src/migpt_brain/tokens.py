"""Tokens used per speaker since midnight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from migpt_shared.messages import Address


class TokenCounter:
    """`calendar` says which day it is, locally."""

    def __init__(self, calendar: Callable[[], date]) -> None:
        self._calendar = calendar
        self._day = calendar()
        self._used: dict[Address, int] = {}

    def add(self, address: Address, tokens: int) -> None:
        self._turn_page()
        self._used[address] = self._used.get(address, 0) + tokens

    def today(self, address: Address) -> int:
        self._turn_page()
        return self._used.get(address, 0)

    def _turn_page(self) -> None:
        day = self._calendar()
        if day != self._day:
            self._day = day
            self._used.clear()
