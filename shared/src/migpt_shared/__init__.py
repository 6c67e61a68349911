"""What all migpt services share: messages, bus, ownership, service runner, settings, logs, and the Xiaomi session."""
