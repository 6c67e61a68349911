"""Containers of the compose file, seen through a Docker engine; only where one is there."""
