"""Reads what was said to XiaoAI speakers from the Xiaomi cloud and publishes it."""
