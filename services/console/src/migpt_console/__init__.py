"""The web console and the OpenAI-compatible API."""
