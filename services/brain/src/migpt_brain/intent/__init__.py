"""Decides by itself who an utterance is for: the corpus it learns from, the model, and how it is trained."""
