"""Turns that are over, kept for the page 对话."""

from migpt_console.history.store import HistoryStore, HistoryUnavailableError
from migpt_console.history.turns import Filter, PastTurn, past_turn

__all__ = ["Filter", "HistoryStore", "HistoryUnavailableError", "PastTurn", "past_turn"]
