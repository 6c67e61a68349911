"""The direction speaker → Home Assistant: what a household's speakers ask of its Home Assistant."""

from migpt_ha_bridge.home.side import HomeSide

__all__ = ["HomeSide"]
