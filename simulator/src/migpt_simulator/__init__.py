"""A Xiaomi cloud with speakers and an OpenAI-compatible LLM, over the real wire protocols."""
