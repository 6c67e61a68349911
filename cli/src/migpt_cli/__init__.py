"""The migpt command: starts, watches and talks to all services."""
