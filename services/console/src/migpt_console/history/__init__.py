"""Turns that are over, kept for the page 对话."""

from migpt_console.history.store import HistoryStore, HistoryUnavailableError, history_file
from migpt_console.history.turns import Filter, PastTurn, past_turn

__all__ = ["Filter", "HistoryStore", "HistoryUnavailableError", "PastTurn", "history_file", "past_turn"]
