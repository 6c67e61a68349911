"""Decides who answers an utterance and streams the language model's answer in sentences."""
