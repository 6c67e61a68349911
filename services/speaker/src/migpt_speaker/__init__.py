"""Speaks sentences through XiaoAI speakers without losing or cutting a word."""
