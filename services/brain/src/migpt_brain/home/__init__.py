"""Turns about the home: what Home Assistant answers, and what the language model does with its devices."""
